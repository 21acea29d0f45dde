"""Pages of hosts on which links are made for many guests at once, and shown once."""

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


class Made(msgspec.Struct, frozen=True):
    """Links that were made just now, and the same as a packed sheet."""

    rows: list[tuple[str, str, str, str]]
    """Name, address, household, link."""
    packed: str


class LinkPages:
    """The server keeps no link that it could show again, so the page carries its own sheet."""

    def __init__(self, frame: HostFrame) -> None:
        self._frame = frame
        self._guests = frame.guests

    async def links(self, request: Request) -> Response:
        """GET says how many links would be made and end; POST makes them, and shows them once."""
        access = await self._frame.access(request, Action.ISSUE_LINK)
        if request.method != "POST":
            return self._page(access, await self._guests.all_guests(access.id))
        sent = await self._frame.form(request, access.visitor)
        guests = await self._guests.all_guests(access.id)
        if (which := text(sent, "which")) not in ("missing", "all"):
            return self._page(access, guests)
        tokens = await self._guests.issue_links(
            access.id, [guest.id for guest in guests], anew=which == "all", actor=access.by
        )
        if not tokens:
            return self._page(access, await self._guests.all_guests(access.id))
        site = self._frame.platform.settings.base_url
        made = [(one, f"{site}/r/{tokens[one.id]}") for one in guests if one.id in tokens]
        # Some seconds for the longest, so not on the loop.
        return await asyncio.to_thread(lambda: self._page(access, guests, _made(made)))

    async def sheet(self, request: Request) -> Response:
        """The sheet that the page carried, as a file."""
        access = await self._frame.access(request, Action.ISSUE_LINK)
        sent = await self._frame.form(request, access.visitor)
        try:
            data = unpacked(text(sent, "packed"))
        except Invalid:
            return self._frame.message(SHEET_LOST, 422)
        return Response(data, 200, _SHEET, media_type="text/csv; charset=utf-8")

    def _page(
        self, access: GatheringAccess, guests: list[Guest], made: Made | None = None
    ) -> Response:
        settings = self._frame.platform.settings
        return self._frame.page(
            "links.html",
            access.visitor,
            gathering=access.gathering.body,
            invited=len(guests),
            have=sum(guest.link is not None for guest in guests),
            site=settings.base_url if settings.public_url is None else "",
            made=made,
        )


def _made(links: list[tuple[Guest, str]]) -> Made:
    rows = [
        (f"{guest.first_name} {guest.last_name}", guest.email or "", guest.group_id or "", link)
        for guest, link in links
    ]
    return Made(rows, packed(write_links(links)))
