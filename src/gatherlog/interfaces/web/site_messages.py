"""Messages within the frame of the site: whoever reads them finds the sections, and a way on."""

from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.responses import Response

from gatherlog.apps.people import Actor
from gatherlog.interfaces.web.messages import Message
from gatherlog.interfaces.web.rendering import SCRIPTED, Renderer
from gatherlog.interfaces.web.sections import sections
from gatherlog.interfaces.web.visitors import Visitor

__all__ = ["site_message"]


class _Way(msgspec.Struct, frozen=True):
    """A link that leads on."""

    path: str
    label: str


_FIRST_PAGE: Final = _Way("/", "To the first page")


def site_message(
    renderer: Renderer,
    message: Message,
    status: int,
    visitor: Visitor | None,
    path: str,
    headers: Mapping[str, str] = {},
) -> Response:
    """The page for somebody who asked for `path`."""
    actor = None if visitor is None else visitor.actor
    return renderer.page(
        "site_message.html",
        status=status,
        headers={**SCRIPTED, **headers},
        message=message,
        status_code=status,
        token="" if visitor is None else visitor.form,
        sections=sections(actor),
        sign_in="/signin",
        way=_way(actor, path),
    )


def _way(actor: Actor | None, path: str) -> _Way:
    """To the section that the path is in, or else to the first one that is open to the actor."""
    first = f"/{path.split('/')[1]}"
    found = [one for one in sections(actor) if one.path != path]
    for one in sorted(found, key=lambda one: one.path != first):
        return _Way(one.path, f"To “{one.label}”")
    return _FIRST_PAGE
