"""Renders pages: the template environment, the static files, and the headers of all pages."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from starlette.responses import HTMLResponse, Response

from gatherlog.core.eventstore.giving_way import Steps, in_turns
from gatherlog.core.texts import Language, language
from gatherlog.interfaces.compression import Fixed
from gatherlog.interfaces.web.messages import Message, translated
from gatherlog.interfaces.web.translating import Translating
from gatherlog.interfaces.web.words import number

__all__ = ["HEADERS", "SCRIPTED", "Renderer", "renderer"]

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Headers of every page: no script may run, and nothing is loaded from another host."""
SCRIPTED: Final[Mapping[str, str]] = {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"]
    + "; script-src 'self'; connect-src 'self'",
}
"""Added for pages of hosts: our own script may run, and may only send requests to this server."""
_ASSETS: Final = {
    "gatherlog.css": "text/css",
    "desk.css": "text/css",
    "print.css": "text/css",
    "reference.css": "text/css",
    "messages.css": "text/css",
    "host.js": "text/javascript",
    "messages.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_PIECES: Final = 16
"""Pieces of a page that are made in one step; a row of a table has about ten."""
_A_YEAR: Final = "public, max-age=31536000, immutable"


class Renderer:
    """Templates and static files, read once. Everything that a template prints is escaped."""

    def __init__(self) -> None:
        static = files("gatherlog.interfaces") / "static"
        contents = {name: (static / name).read_bytes() for name in _ASSETS}
        self._assets = {name: Fixed(content) for name, content in contents.items()}
        self._addresses = {name: _address(name, content) for name, content in contents.items()}
        self._environments: dict[Language, Environment] = {}

    def page(
        self,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] = {},
        **values: Any,  # each template needs others
    ) -> HTMLResponse:
        """The page as an answer with HEADERS; `headers` adds others, or overrides them."""
        return HTMLResponse(self.html(template, **values), status, {**HEADERS, **headers})

    async def long_page(
        self,
        template: str,
        *,
        headers: Mapping[str, str] = {},
        **values: Any,  # each template needs others
    ) -> HTMLResponse:
        """As `page`, for a page of any length: others go first while it is made."""
        content = await in_turns(self._rendering(template, values))
        return HTMLResponse(content, 200, {**HEADERS, **headers})

    def _rendering(self, template: str, values: Mapping[str, Any]) -> Steps[bytes]:
        pieces = self._template(template).generate(values)
        parts: list[bytes] = []
        while some := list(islice(pieces, _PIECES)):
            parts.append("".join(some).encode())
            yield
        return b"".join(parts)

    def html(self, template: str, **values: Any) -> str:
        """The page as text."""
        return self._template(template).render(values)

    def _template(self, name: str) -> Template:
        """The template in the language that is in use; compiled once for each language."""
        chosen = language()
        environment = self._environments.get(chosen)
        if environment is None:
            environment = self._environments[chosen] = self._environment(chosen)
        return environment.get_template(name)

    def _environment(self, chosen: Language) -> Environment:
        made = Environment(
            loader=PackageLoader("gatherlog.interfaces"),
            autoescape=True,
            auto_reload=False,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        Translating.into(made, chosen)
        made.filters["number"] = number
        made.globals["version"] = ""  # overridden on pages for operators
        made.globals["asset"] = self._addresses.__getitem__
        return made

    def message(
        self, message: Message, status: int, headers: Mapping[str, str] = {}
    ) -> HTMLResponse:
        """A page with nothing but a message."""
        return self.page(
            "message.html",
            status=status,
            headers=headers,
            message=translated(message),
            status_code=status,
        )

    def asset(self, name: str, accept_encoding: str) -> Response | None:
        """A file of `static/`, which browsers may cache for a year; None if there is none."""
        if name not in _ASSETS:
            return None
        content, encoding = self._assets[name].answer(accept_encoding)
        headers = {**HEADERS, "Cache-Control": _A_YEAR, **encoding}
        return Response(content, 200, headers, media_type=_ASSETS[name])


def _address(name: str, content: bytes) -> str:
    """The URL of a file of `static/`. It changes with the content, so that it can be cached."""
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


@cache
def renderer() -> Renderer:
    """The renderer of this process, which compiles each template once."""
    return Renderer()
