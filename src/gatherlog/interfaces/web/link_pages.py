"""Pages of hosts that make links for many guests at once, and show them once."""

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.guests import Guest
from gatherlog.apps.guests.sheets import write_links
from gatherlog.apps.people import Action
from gatherlog.core.eventstore.errors import Invalid
from gatherlog.interfaces.web.forms import text
from gatherlog.interfaces.web.host_frame import GatheringAccess, HostFrame
from gatherlog.interfaces.web.messages import SHEET_LOST
from gatherlog.interfaces.web.packing import packed, unpacked
from gatherlog.interfaces.web.rendering import HEADERS

__all__ = ["LinkPages"]

_SHEET: Final = {**HEADERS, "Content-Disposition": 'attachment; filename="links.csv"'}


class NewLinks(msgspec.Struct, frozen=True):
    """Links that were just made, as rows and as a packed sheet."""

    rows: list[tuple[str, str, str, str]]
    """Name, address, household and link of each guest."""
    packed: str


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
            return self._page(access, await self._guests.all_guests(access.id), whole)
        sent = await self._frame.form(request, access.visitor)
        guests = await self._guests.all_guests(access.id)
        if (chosen := text(sent, "which")) not in ("missing", "all"):
            return self._page(access, guests, whole)
        tokens = await self._guests.issue_links(
            access.id,
            [guest.id for guest in guests],
            anew=chosen == "all",
            actor=access.by,
            names_co_hosts=whole,
        )
        if not tokens:
            return self._page(access, await self._guests.all_guests(access.id), whole)
        site = self._frame.platform.settings.base_url
        links = [(one, f"{site}/r/{tokens[one.id]}") for one in guests if one.id in tokens]
        # In a thread, because the longest lists take some seconds.
        return await asyncio.to_thread(lambda: self._page(access, guests, whole, _new_links(links)))

    async def sheet(self, request: Request) -> Response:
        """The sheet that the page held, as a file."""
        access = await self._frame.access(request, Action.ISSUE_LINK)
        sent = await self._frame.form(request, access.visitor)
        try:
            data = unpacked(text(sent, "packed"))
        except Invalid:
            return self._frame.message(SHEET_LOST, 422)
        return Response(data, 200, _SHEET, media_type="text/csv; charset=utf-8")

    def _page(
        self,
        access: GatheringAccess,
        guests: list[Guest],
        whole: bool,
        made: NewLinks | None = None,
    ) -> Response:
        """The page; unless it is for the `whole` list, it is about all guests but co-hosts."""
        theirs = [guest for guest in guests if whole or not guest.is_co_host]
        settings = self._frame.platform.settings
        return self._frame.page(
            "links.html",
            access.visitor,
            gathering=access.gathering.body,
            invited=len(theirs),
            have=sum(guest.link is not None for guest in theirs),
            left_out=len(guests) - len(theirs),
            site=settings.base_url if settings.public_url is None else "",
            made=made,
        )


def _new_links(links: list[tuple[Guest, str]]) -> NewLinks:
    rows = [
        (f"{guest.first_name} {guest.last_name}", guest.email or "", guest.group_id or "", link)
        for guest, link in links
    ]
    return NewLinks(rows, packed(write_links(links)))
