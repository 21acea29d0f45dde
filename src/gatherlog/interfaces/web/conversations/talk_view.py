"""How the page of a conversation is made: which messages it shows, and whether one may write."""

import re
import secrets
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatherlog.apps.messages import Between, Line, MessagePage
from gatherlog.apps.messages.views import number_of
from gatherlog.core.eventstore.errors import CursorInvalid, GatherlogError, NotFound
from gatherlog.core.texts import _
from gatherlog.interfaces.problems import status_of
from gatherlog.interfaces.web.conversations.bubbles import Bubble, Reader, bubbles
from gatherlog.interfaces.web.conversations.frame import (
    ConversationFrame,
    Member,
    Place,
    checked_id,
)
from gatherlog.interfaces.web.conversations.writing import UNDELIVERABLE, refusal
from gatherlog.interfaces.web.words import zone

__all__ = ["TalkView", "Window", "reader"]

SHOWN: Final = 20
"""Messages on one page, unless more are new."""
MOST: Final = 100
_BESIDE: Final = ("before", "after", "upto")
_NUMBER: Final = re.compile(r"[0-9]{1,10}")


class Window(msgspec.Struct, frozen=True):
    """Which messages of a conversation a page shows: the newest, or those beside one."""

    before: str | None = None
    after: str | None = None
    upto: str | None = None
    read: int | None = None
    """The number after which messages are new, as the page had it that led here."""

    @classmethod
    def of(cls, request: Request) -> "Window":
        """By the parameters of the URL. Raises NotFound for what can be no message."""
        query = request.query_params
        read = query.get("read", "")
        return cls(
            **{name: checked_id(query[name]) for name in _BESIDE if name in query},
            read=int(read) if _NUMBER.fullmatch(read) else None,
        )

    @property
    def is_newest(self) -> bool:
        return self.before is self.after is self.upto is None


class TalkView:
    def __init__(self, frame: ConversationFrame) -> None:
        self._frame = frame
        self._messages = frame.messages

    async def page(
        self,
        place: Place,
        window: Window,
        *,
        peek: bool = False,
        note: str = "",
        text: str = "",
        error: GatherlogError | None = None,
    ) -> Response:
        """The page; with an error, it shows the text again that was not sent.

        The newest messages are read from now on, unless this is only a `peek`.
        """
        account = place.member.account
        newest = await self._messages.newest_place(account)
        line = await self._messages.conversation(account, place.id)
        between = await self._messages.between(account, line)
        topics = await self._frame.topics(account, [line])
        found = await self._found(place, window, line, peek)
        read = _read(window, line)
        made = bubbles(
            sorted(found.items, key=lambda one: number_of(one.message.id)),
            reader(place.member, self._frame.platform.clock(), read, between.seen),
        )
        return await self._frame.page(
            "talk.html",
            place.member,
            status=200 if error is None else status_of(error),
            place=place.path,
            line=line,
            topic=topics.get(place.id),
            messages=made,
            earlier=_earlier(place, window, line, made, read),
            later=_later(place, window, line, made),
            is_newest=window.is_newest,
            new_above=line.mine.unread if window.is_newest and _is_above(made, read) else 0,
            closed=_closed(line, between),
            has_blocked=between.has_blocked,
            text=text,
            wrong="" if error is None else refusal(error, UNDELIVERABLE),
            once=secrets.token_urlsafe(16),
            live=f"{place.path}/live?cursor={newest}",
            zone=zone(place.member.profile.time_zone),
            note=note,
        )

    async def _found(self, place: Place, window: Window, line: Line, peek: bool) -> MessagePage:
        """The messages of the window. Raises NotFound for one beside a message of elsewhere."""
        account, id = place.member.account, place.id
        if window.is_newest:
            most = max(SHOWN, min(MOST, line.mine.unread + 5))
            if peek:
                return await self._messages.messages(account, id, limit=most)
            return await self._messages.open(account, id, limit=most, actor=place.member.by)
        try:
            return await self._messages.messages(
                account,
                id,
                limit=SHOWN,
                before=window.before,
                after=window.after,
                upto=window.upto,
            )
        except CursorInvalid as error:
            raise NotFound(str(error)) from None


def reader(member: Member, now: int, read: int | None = None, seen: int = 0) -> Reader:
    """The member as the reader of messages."""
    return Reader(account=member.account, now=now, zone=member.zone, read=read, seen=seen)


def _read(window: Window, line: Line) -> int | None:
    """The number after which messages are new; None if none are."""
    if not window.is_newest:
        return window.read
    return line.mine.read if line.mine.unread else None


def _is_above(made: Sequence[Bubble], read: int | None) -> bool:
    """Whether the first new message is further up than these."""
    return read is not None and bool(made) and made[0].number > read + 1


def _earlier(
    place: Place, window: Window, line: Line, made: Sequence[Bubble], read: int | None
) -> str:
    """The URL of the messages before these; nothing if there are none."""
    if not made or made[0].number <= line.mine.since + 1:
        return ""
    query = {"before": made[0].id} | ({} if read is None else {"read": str(read)})
    return f"{place.path}?{urlencode(query)}"


def _later(place: Place, window: Window, line: Line, made: Sequence[Bubble]) -> str:
    """The URL of the messages after these; nothing if there are none."""
    if window.is_newest or not made or made[-1].number >= line.conversation.count:
        return ""
    return f"{place.path}?after={made[-1].id}"


def _closed(line: Line, between: Between) -> str:
    """Why the member cannot write into the conversation; nothing if they can."""
    if between.is_gone:
        return _("This account was removed, so nobody would read what you write.")
    if between.has_blocked:
        return _("You have blocked {name}.").format(name=line.name)
    if line.conversation.announce_only and line.conversation.owner != line.mine.account:
        return _("Only the owner of this conversation can write here.")
    return ""
