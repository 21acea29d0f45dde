"""Following one's inbox: what happened in it, in order, from any place on.

An inbox is a stream of the log, so a place in it is a version. Whoever goes on from the place of
the last news misses nothing, and is told nothing twice, on whichever server.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from gatherlog.apps.messages.answers import Line, ShownMessage
from gatherlog.apps.messages.events import (
    CODEC,
    Arrived,
    Joined,
    Left,
    MarkedRead,
    MuteChanged,
    ReadByOther,
    Revised,
    Withdrawn,
)
from gatherlog.apps.messages.fold import inbox_stream
from gatherlog.apps.messages.service_reading import ReadingCommands
from gatherlog.core.eventstore.errors import CursorInvalid

__all__ = ["START", "FollowingCommands", "InboxPlace", "News", "NewsPage"]

_PAGE: Final = 100
_PLACE: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))?")
Kind = Literal["message", "edited", "deleted", "read", "group"]


_Number = tuple[str, int]
_KINDS: Final[Mapping[type, Kind]] = {
    Arrived: "message",
    Revised: "edited",
    Withdrawn: "deleted",
    MarkedRead: "read",
    ReadByOther: "read",
}
_OF_GROUPS: Final = (Joined, Left, MuteChanged)


class InboxPlace(msgspec.Struct, frozen=True, order=True):
    """A place in an inbox: after an event, and after so many of the news of the next one."""

    version: int
    told: int = 0

    def __str__(self) -> str:
        return f"{self.version}.{self.told}" if self.told else f"{self.version}"

    @classmethod
    def parsed(cls, text: str) -> "InboxPlace":
        """The place that `str` wrote. Raises CursorInvalid for any other text."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise CursorInvalid("this is not a place in an inbox")
        return cls(int(found[1]), int(found[2] or 0))


START: Final = InboxPlace(0)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened in an inbox, and the place right after it."""

    place: InboxPlace
    kind: Kind
    conversation: str
    shown: ShownMessage | None = None
    """The message, as it is now."""
    reader: str = ""
    """Who has read the conversation up to this message, with `read`."""
    line: Line | None = None
    """The conversation, with `group`; None if the member takes part no more."""


class NewsPage(msgspec.Struct, frozen=True):
    """The next news, and the place from which to go on. It is the same place if there are none."""

    items: list[News]
    place: InboxPlace


class FollowingCommands(ReadingCommands):
    """Part of `MessageService`; what all of its commands have in common is documented there."""

    async def newest_place(self, account: str) -> InboxPlace:
        """The end of an inbox."""
        last = await self._store.read_stream(inbox_stream(account), limit=1, backwards=True)
        return InboxPlace(last[0].version) if last else START

    async def news(self, account: str, after: InboxPlace) -> NewsPage:
        """What has happened in an inbox after a place, the oldest first, in pages.

        Of conversations that the account has left since, it tells only that.
        """
        events = await self._store.read_stream(
            inbox_stream(account), after=after.version, limit=min(_PAGE, self._store.limits.page)
        )
        if not events:
            return NewsPage([], after)
        happened = [(event.version, CODEC.decode(event)) for event in events]
        if self._lists is not None and any(_moves(payload) for _, payload in happened):
            await self._lists.drop(account)
        facts = await self._facts(account, [payload for _, payload in happened])
        found = [news for version, payload in happened for news in facts.news(version, payload)]
        if after.told:
            found = [one for one in found if one.place > after]
        return NewsPage(found, InboxPlace(events[-1].version))

    async def _facts(self, account: str, payloads: Sequence[Any]) -> "_Facts":
        """The documents that the news of these events show, as they are now."""
        numbers = [one for payload in payloads for one in _numbers(payload)]
        shown = await self.shown_to(account, numbers)
        groups = [one.conversation for one in payloads if isinstance(one, _OF_GROUPS)]
        lines = await self._lines(account, list(dict.fromkeys(groups)))
        return _Facts(account, shown, {line.conversation.id: line for line in lines})


class _Facts(msgspec.Struct, frozen=True):
    """What the news of some events show; messages by conversation and number."""

    account: str
    messages: Mapping[_Number, ShownMessage]
    lines: Mapping[str, Line]

    def news(self, version: int, payload: Any) -> list[News]:
        """The news of the event with this version."""
        if isinstance(payload, _OF_GROUPS):
            id, line = payload.conversation, self.lines.get(payload.conversation)
            return [News(place=InboxPlace(version), kind="group", conversation=id, line=line)]
        numbers = _numbers(payload)
        reader = payload.account if isinstance(payload, ReadByOther) else self.account
        return [
            News(
                place=InboxPlace(version)
                if told == len(numbers)
                else InboxPlace(version - 1, told),
                kind=_KINDS[type(payload)],
                conversation=number[0],
                shown=self.messages[number],
                reader=reader,
            )
            for told, number in enumerate(numbers, start=1)
            if number in self.messages
        ]


def _moves(payload: Any) -> bool:
    """Whether a list of conversations that was kept before this event is wrong after it."""
    return isinstance(payload, Left) or (
        isinstance(payload, Arrived | Joined) and payload.ahead > 0
    )


def _numbers(payload: Any) -> list[_Number]:
    """The messages that an event is about, by conversation and number."""
    if type(payload) not in _KINDS:
        return []
    last: int = payload.number
    first = last - payload.count + 1 if isinstance(payload, Arrived) else last
    return [(payload.conversation, number) for number in range(first, last + 1)]
