"""Pages of hosts that make links for many guests at once, and show them once."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.guests import Guest
from gatherlog.apps.guests.sheets import writing_links
from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.core.eventstore.giving_way import Steps, consumed, gently, in_turns
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.host_frame import GatheringAccess, HostFrame
from gatherlog.interfaces.web.messages import SHEET_LOST
from gatherlog.interfaces.web.packing import packing, unpacking
from gatherlog.interfaces.web.rendering import HEADERS

__all__ = ["LinkPages"]

_SHEET: Final = {**HEADERS, "Content-Disposition": 'attachment; filename="links.csv"'}


class NewLinks(msgspec.Struct, frozen=True):
    """Links that were just made, as rows and as a packed sheet."""

    count: int
    rows: Iterator[tuple[str, str, str, str]]
    """Name, address, household and link of each guest."""
    packed: list[str]
    """Parts of a text."""


class LinkPages:
    """The pages about all links of a gathering.

    The server stores only hashes of links and cannot show them again. So the page that shows new
    links holds the sheet that can be downloaded from it.
    """

    def __init__(self, frame: HostFrame) -> None:
        self._frame = frame
        self._guests = frame.guests

    async def links(self, request: Request) -> Response:
        """GET says how many links would be made and would end; POST makes and shows them."""
        access = await self._frame.access(request, Action.ISSUE_LINK)
        whole = await self._frame.names_co_hosts(access)
        if request.method != "POST":
            return await self._frame.long_read(request, access, lambda: self._asked(access, whole))
        sent = await self._frame.form(request, access.visitor)
        if (chosen := text(sent, "which")) not in ("missing", "all"):
            return await self._frame.long_read(request, access, lambda: self._asked(access, whole))
        async with self._frame.long_write(access):
            return await self._issued(access, whole, anew=chosen == "all")

    async def _asked(self, access: GatheringAccess, whole: bool) -> Response:
        return await self._page(access, await self._guests.all_guests(access.id), whole)

    async def _issued(self, access: GatheringAccess, whole: bool, *, anew: bool) -> Response:
        guests = await self._guests.all_guests(access.id)
        tokens = await self._guests.issue_links(
            access.id,
            [guest.id for guest in guests],
            anew=anew,
            actor=access.by,
            names_co_hosts=whole,
        )
        if not tokens:
            return await self._asked(access, whole)
        site = self._frame.platform.settings.base_url
        links = [
            (one, f"{site}/r/{tokens.pop(one.id)}")
            async for one in gently(guests)
            if one.id in tokens
        ]
        return await self._page(access, guests, whole, await in_turns(_showing(links)))

    async def sheet(self, request: Request) -> Response:
        """The sheet that the page held, as a file."""
        access = await self._frame.access(request, Action.ISSUE_LINK)
        sent = await self._frame.form(request, access.visitor)
        try:
            data = await in_turns(unpacking(text(sent, "packed")))
        except Invalid:
            return self._frame.message(SHEET_LOST, 422)
        return Response(data, 200, _SHEET, media_type="text/csv; charset=utf-8")

    async def _page(
        self,
        access: GatheringAccess,
        guests: list[Guest],
        whole: bool,
        made: NewLinks | None = None,
    ) -> Response:
        """The page; unless it is for the `whole` list, it is about all guests but co-hosts."""
        invited, have = await in_turns(_counting(guests, whole))
        settings = self._frame.platform.settings
        return await self._frame.long_page(
            "links.html",
            access.visitor,
            gathering=access.gathering.body,
            invited=invited,
            have=have,
            left_out=len(guests) - invited,
            site=settings.base_url if settings.public_url is None else "",
            made=made,
        )


def _counting(guests: Iterable[Guest], whole: bool) -> Steps[tuple[int, int]]:
    """How many guests the page is about, and how many of them have a link."""
    invited = have = 0
    for guest in guests:
        if whole or not guest.is_co_host:
            invited += 1
            have += guest.link is not None
        yield
    return invited, have


def _showing(links: list[tuple[Guest, str]]) -> Steps[NewLinks]:
    rows: list[tuple[str, str, str, str]] = []
    for guest, link in links:
        name = guest.name
        rows.append((name, guest.email or "", guest.group_id or "", link))
        yield
    sheet = yield from writing_links(consumed(links))
    return NewLinks(len(rows), consumed(rows), (yield from packing(sheet)))
