"""The list of one's conversations, which orders itself anew as messages arrive."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import Line, NewsPage
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.interfaces.web.conversations.frame import HOME, ConversationFrame, Member
from gatherlog.interfaces.web.conversations.list_rows import Row, row
from gatherlog.interfaces.web.conversations.live import LivePages
from gatherlog.interfaces.web.conversations.settings_pages import first
from gatherlog.interfaces.web.fields import ZONES

__all__ = ["ListPages"]

SHOWN: Final = 20
"""Conversations on one page, as the API has by default: so both read the same part of the list."""


class ListPages:
    def __init__(self, frame: ConversationFrame, live: LivePages) -> None:
        self._frame = frame
        self._live = live

    async def home(self, request: Request) -> Response:
        """The conversations; where something was written last comes first.

        Whoever has no handle is asked for one, because nobody could write to them.
        """
        member = await self._frame.member(request)
        cursor = request.query_params.get("cursor")
        place = await self._frame.messages.newest_place(member.account)
        found = await self._frame.messages.conversations(member.account, limit=SHOWN, cursor=cursor)
        return await self._frame.page(
            "list.html",
            member,
            rows=await self._rows(member, found.items),
            more=f"{HOME}?{urlencode({'cursor': found.cursor})}" if found.cursor else "",
            is_first=cursor is None,
            live=f"{HOME}/live?{urlencode({'cursor': str(place)})}",
            fields=first(member.profile),
            zones=ZONES,
            note=self._frame.done(request),
        )

    async def live(self, request: Request) -> Response:
        """The rows that change, and the unread count, as server-sent events."""
        member = await self._frame.member(request)

        async def told(page: NewsPage) -> dict[str, Any]:
            ids = dict.fromkeys(news.conversation for news in page.items)
            return {"rows": [await self._told(member, id) for id in ids]}

        return await self._live.follow(request, member, told)

    async def _told(self, member: Member, id: str) -> dict[str, Any]:
        """A row as the page takes it; without text for a conversation that is not there."""
        try:
            line = await self._frame.messages.conversation(member.account, id)
        except NotFound:
            return {"id": id, "html": ""}
        [shown] = await self._rows(member, [line])
        return {"id": id, "html": self._live.html("one_row.html", row=shown)}

    async def _rows(self, member: Member, lines: Sequence[Line]) -> list[Row]:
        now = self._frame.platform.clock()
        topics = await self._frame.topics(member.account, lines)
        return [row(one, topics.get(one.conversation.id), now, member.zone) for one in lines]
