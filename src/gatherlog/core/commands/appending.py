"""Appending to the log without an app: any stream, any payload, but for what an app owns."""

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.commands.event_meta import event_meta
from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.errors import Conflict, Flaw, Invalid
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.core.eventstore.store import ANY, Append, Commit, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of

__all__ = ["Appended", "Appender", "NewEvent", "RepeatedAppend", "stream_flaws"]

MOST_EVENTS: Final = 1_000
"""Of one append."""
_LONGEST: Final = 255
_STREAM: Final = re.compile(r"[a-z][a-z0-9_]*-.+", re.DOTALL)
_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event to append; what is left out, the log gives."""

    type: str
    data: bytes
    id: str | None = None
    time: int | None = None
    subject: str = ""
    schema: int = 1
    meta: dict[str, Any] = {}


class Appended(msgspec.Struct, frozen=True):
    """Where events came to stand."""

    stream: str
    events: tuple[Event, ...]
    version: int
    """Of the last one; the others are right before it."""

    @property
    def first(self) -> int:
        """The version of the first one."""
        return self.version - len(self.events) + 1


class RepeatedAppend(Exception):
    """The key was used before, for the same events: `answer` is what was answered then."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer


class Appender:
    """Appends to streams of one store. `owned` are the categories that apps write themselves."""

    def __init__(self, store: Store, *, owned: Collection[str], clock: Clock, ids: Ids) -> None:
        self._store = store
        self._owned = frozenset(owned) | INTERNAL
        self._clock = clock
        self._ids = ids

    async def append(
        self,
        stream: str,
        events: Sequence[NewEvent],
        *,
        by: str,
        expected: int = ANY,
        once: Callable[[Appended], Once] | None = None,
    ) -> Appended:
        """Append all of them, or nothing.

        Raises Invalid, naming every flaw; Conflict where the stream is not at `expected`;
        RepeatedAppend where it was done under the key of `once` before; KeyReused.
        """
        flaws = stream_flaws(stream, self._owned) + _flaws(events)
        if flaws:
            raise Invalid(*flaws)
        now = self._clock()
        made = tuple(self._event(event, now, by) for event in events)
        if once is None:
            append = Append(stream, made, expected)
            committed = await self._store.commit(Commit(appends=[append]))
            return Appended(stream, made, committed.streams[stream])
        return await self._append_once(stream, made, expected, once)

    async def _append_once(
        self,
        stream: str,
        events: tuple[Event, ...],
        expected: int,
        once: Callable[[Appended], Once],
    ) -> Appended:
        """The answer is kept with the commit and tells versions, so they are fixed beforehand."""
        backoff = Backoff()
        while True:
            head = await self._head(stream) if expected == ANY else expected
            appended = Appended(stream, events, head + len(events))
            given = once(appended)
            commit = Commit(
                appends=[Append(stream, events, head)],
                key=given.key,
                fingerprint=given.fingerprint,
                answer=given.answer(Handled()),
            )
            try:
                committed = await self._store.commit(commit)
            except Conflict as conflict:
                if expected != ANY:
                    raise
                await backoff.pause(conflict)
                continue
            if committed.repeated:
                raise RepeatedAppend(committed.answer)
            return appended

    async def _head(self, stream: str) -> int:
        last = await self._store.read_stream(stream, limit=1, backwards=True)
        return last[0].version if last else 0

    def _event(self, event: NewEvent, now: int, by: str) -> Event:
        return Event(
            id=event.id or self._ids(),
            type=event.type,
            time=now if event.time is None else event.time,
            recorded=now,
            data=event.data,
            schema=event.schema,
            subject=event.subject,
            meta=event_meta(by, event.meta),
        )


def stream_flaws(stream: str, owned: Collection[str]) -> list[Flaw]:
    """What forbids appending to a stream of this name."""
    if not _STREAM.fullmatch(stream) or len(stream) > _LONGEST or not _is_text(stream):
        return [Flaw("/stream", f"a stream reads like category-id, up to {_LONGEST} characters")]
    if category_of(stream) in owned:
        of = category_of(stream)
        return [Flaw("/stream", f"streams of {of!r} are written by Gatherlog alone")]
    return []


def _flaws(events: Sequence[NewEvent]) -> list[Flaw]:
    if not 1 <= len(events) <= MOST_EVENTS:
        return [Flaw("/events", f"from 1 to {MOST_EVENTS:,} events")]
    flaws = []
    for number, event in enumerate(events):
        place = f"/events/{number}"
        if not 0 < len(event.type) <= _LONGEST or not _is_text(event.type):
            flaws.append(Flaw(f"{place}/type", f"1 to {_LONGEST} characters"))
        if event.id is not None and not _ID.fullmatch(event.id):
            flaws.append(Flaw(f"{place}/id", "1 to 64 visible ASCII characters"))
        if len(event.subject) > _LONGEST or not _is_text(event.subject):
            flaws.append(Flaw(f"{place}/subject", f"at most {_LONGEST} characters"))
        if not 1 <= event.schema < 2**31:
            flaws.append(Flaw(f"{place}/schema", "a version, from 1"))
        if event.time is not None and event.time < 0:
            flaws.append(Flaw(f"{place}/time", "not before 1970"))
    return flaws


def _is_text(text: str) -> bool:
    """Whether every store can keep it: valid Unicode without NUL."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
