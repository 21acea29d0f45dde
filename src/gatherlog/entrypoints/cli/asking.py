"""Asks a site as its operator: a store that this process opens, or a server, with --url.

Both answer the same requests in the same form, so that a command need not know which it is.
"""

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from cyclopts import Parameter

from gatherlog.entrypoints.cli.failures import CommandRefused
from gatherlog.entrypoints.cli.opening import finish, open_platform, settings_of_store
from gatherlog.entrypoints.cli.options import StoreUrl

if TYPE_CHECKING:
    import msgspec

    from gatherlog.interfaces.platform import Platform

__all__ = ["Answer", "Place", "Site", "all_items", "asked", "struct_of"]

T = TypeVar("T")


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """Which site a command is about: options that are the same for all who ask."""

    store: StoreUrl = None
    url: Annotated[
        str | None,
        Parameter(
            name="--url",
            help="Address of a running site to ask instead of opening a store, as in "
            "https://party.example. Default: GATHERLOG_URL.",
        ),
    ] = None
    key: Annotated[
        str | None,
        Parameter(
            name="--key",
            help="An operator's key for that site. Default: GATHERLOG_KEY, which other users of "
            "this machine cannot see.",
        ),
    ] = None


class Answer(NamedTuple):
    """The answer to a request: its JSON, and the cursor of the next part if there is one."""

    body: bytes
    cursor: str | None = None


class Site(Protocol):
    """A site that is asked as its operator."""

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] = {},
        body: "msgspec.Struct | None" = None,
    ) -> Answer:
        """The answer to a request to an endpoint, as `docs` of the site describes it.

        Raises Invalid with the flaws of what was sent, and CommandRefused or an error of the tree
        for everything else that is refused.
        """
        ...


def asked(
    place: Place | None, work: Callable[[Site], Awaitable[T]], *, read_only: bool = False
) -> T:
    """What `work` returns for the site, of which nothing is changed with `read_only`."""

    async def run() -> T:
        async with _site(place or Place(), read_only=read_only) as site:
            return await work(site)

    return finish(run())


def struct_of(answer: Answer, kind: type[T]) -> T:
    """The answer as a value of its type."""
    import msgspec

    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError as error:
        raise CommandRefused(f"the site is of another release: {error}", 1) from None


async def all_items(
    site: Site, path: str, kind: type[T], query: Mapping[str, str], *, most: int | None = None
) -> list[T]:
    """The items of a list that is answered in parts, `most` of them at most."""
    found: list[T] = []
    part = dict(query)
    while True:
        part["limit"] = str(min(1000, 1000 if most is None else most - len(found)))
        answer = await site.ask("GET", path, query=part)
        found += struct_of(answer, list[kind])  # type: ignore[valid-type]
        if answer.cursor is None or (most is not None and len(found) >= most):
            return found
        part["cursor"] = answer.cursor


@asynccontextmanager
async def _site(place: Place, *, read_only: bool) -> AsyncIterator[Site]:
    url = _url_of(place)
    if url is None:
        settings = settings_of_store(place.store)
        async with open_platform(settings, read_only=read_only) as platform:
            yield _Store(platform)
        return
    key = place.key or os.environ.get("GATHERLOG_KEY")
    if not key:
        raise CommandRefused(f"a key of {url}'s operator is needed: --key or GATHERLOG_KEY")
    if not re.fullmatch("[!-~]+", key):  # it is not shown: the rest of it may be right
        raise CommandRefused(
            "the key has characters that no key has, such as a space or a line break"
        )
    from gatherlog.entrypoints.cli.remote import Server

    yield Server(url, key)


def _url_of(place: Place) -> str | None:
    """The address of the server that is meant; None: a store is."""
    if place.url is not None and place.store is not None:
        raise CommandRefused("--url and --store exclude each other")
    given = place.url
    if given is None and place.store is None:
        given = os.environ.get("GATHERLOG_URL") or None
        if given is not None and os.environ.get("GATHERLOG_STORE"):
            raise CommandRefused(
                "GATHERLOG_URL and GATHERLOG_STORE are both set: say which with --url or --store"
            )
    if given is None:
        if place.key is not None:
            raise CommandRefused("--key goes with --url")
        return None
    if not _is_address(given):
        raise CommandRefused(f"{given!r} is not the address of a site, like https://party.example")
    return given.rstrip("/")


def _is_address(given: str) -> bool:
    """Whether a site can be at this address: its scheme, host and port can be used."""
    try:
        parts = urlsplit(given)
        usable = parts.port != 0  # a port that is no number up to 65,535 raises ValueError
    except ValueError:
        return False
    plain = given.isprintable() and not (parts.query or parts.fragment or "@" in parts.netloc)
    return bool(usable and plain and parts.scheme in ("http", "https") and parts.hostname)


class _Store:
    """A store that this process has opened."""

    def __init__(self, platform: "Platform") -> None:
        from gatherlog.interfaces.rest.in_process import Endpoints

        self._endpoints = Endpoints(platform)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] = {},
        body: "msgspec.Struct | None" = None,
    ) -> Answer:
        from gatherlog.core.eventstore.exact_json import encode

        sent = None if body is None else encode(body)
        reply = await self._endpoints.call(method, path, query, sent)
        headers: dict[bytes, Any] = dict(reply.headers)
        return Answer(reply.body, cursor_in(headers.get(b"link", b"").decode()))


def cursor_in(link: str) -> str | None:
    """The cursor in a `Link` header to the next part; None if there is none."""
    found = re.search(r'<([^>]*)>; rel="next"', link)
    if found is None:
        return None
    return parse_qs(urlsplit(found[1]).query).get("cursor", [None])[0]
