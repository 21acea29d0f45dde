"""Asks the server of a site over HTTP, with an operator's key."""

import asyncio
import http.client
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec

from gatherlog.core.eventstore.errors import (
    Flaw,
    GatherlogError,
    Invalid,
    NotFound,
    Refused,
)
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.entrypoints.cli.asking import Answer, cursor_in
from gatherlog.entrypoints.cli.failures import FAILED, CommandRefused

__all__ = ["Server"]

SECONDS: Final = 30.0
"""How long the server may be silent."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of an answer."""

_KINDS: Final[Mapping[int, type[GatherlogError]]] = {404: NotFound, 409: Refused}
"""Errors that mean the same as where a store is asked; all others are of no kind of their own."""


class _Stay(HTTPRedirectHandler):
    """Follows no redirection: the key is for the site that was named, and for no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Server:
    """A site's server. `url` has no slash at its end."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key
        self._opener = build_opener(_Stay())

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] = {},
        body: msgspec.Struct | None = None,
    ) -> Answer:
        sent = None if body is None else encode(body)
        return await asyncio.to_thread(self._ask, method, path, query, sent)

    def _ask(self, method: str, path: str, query: Mapping[str, str], body: bytes | None) -> Answer:
        asked = f"{self._url}{path}{'?' if query else ''}{urlencode(query)}"
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            request = Request(asked, data=body, method=method, headers=headers)
            with self._opener.open(request, timeout=SECONDS) as response:
                answer = response.read(MOST_BYTES)
                return Answer(answer, cursor_in(response.headers.get("link", "")))
        except HTTPError as error:
            with error:
                raise self._refusal(error) from None
        except URLError as error:
            raise CommandRefused(f"{self._url} cannot be reached: {error.reason}", FAILED) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise CommandRefused(f"{self._url} does not answer: {reason}", FAILED) from None

    def _refusal(self, error: HTTPError) -> Exception:
        """What a refusal means for whoever has typed the command."""
        if 300 <= error.code < 400:
            place = error.headers.get("location", "elsewhere")
            return CommandRefused(f"{self._url} has moved to {place}: name that address", FAILED)
        try:
            problem = msgspec.json.decode(error.read(MOST_BYTES), type=_Problem)
        except (msgspec.MsgspecError, OSError, http.client.HTTPException):
            said = f"{self._url} answered {error.code}, which no server of Gatherlog does here"
            return CommandRefused(said, FAILED)
        if problem.errors:
            return Invalid(*(Flaw(one.pointer, one.detail) for one in problem.errors))
        if error.code == http.client.UNAUTHORIZED:
            return CommandRefused(f"{self._url} does not know this key", FAILED)
        detail = problem.detail or problem.title
        kind = _KINDS.get(error.code, GatherlogError)
        return kind(detail[:1].lower() + detail[1:].rstrip("."))


class _Flaw(msgspec.Struct):
    pointer: str
    detail: str


class _Problem(msgspec.Struct):
    title: str = ""
    detail: str = ""
    errors: list[_Flaw] = []
