"""Appending events to the log without an app, to any stream that no app owns."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gatherlog.core.commands.event_meta import meta_with_given
from gatherlog.core.commands.handler import Handled, Once
from gatherlog.core.commands.service import Repeated
from gatherlog.core.eventstore.clock import FIRST_TIME, LAST_TIME, Clock, Ids
from gatherlog.core.eventstore.commit_checks import NAME_BYTES, check_name, check_stream
from gatherlog.core.eventstore.errors import Flaw, Invalid, LimitExceeded
from gatherlog.core.eventstore.events import Event
from gatherlog.core.eventstore.plain_text import PLAIN, check_plain
from gatherlog.core.eventstore.retrying import until_no_conflict
from gatherlog.core.eventstore.store import ANY, Append, Commit, Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of

__all__ = [
    "LONGEST",
    "STREAM_PATTERN",
    "Appended",
    "Appender",
    "EventType",
    "NewEvent",
    "StreamName",
    "Subject",
    "name_flaws",
    "stream_flaws",
    "type_flaws",
]

MOST_EVENTS: Final = 1_000
"""In one append."""
LONGEST: Final = f"At most {NAME_BYTES} bytes of UTF-8."
"""What an API's description says of a name; `maxLength` counts characters, which are not more."""
STREAM_PATTERN: Final = f"^[a-z][a-z0-9_]*-{PLAIN}+$"
_BOUND: Final = {"maxLength": NAME_BYTES, "description": LONGEST}
StreamName = Annotated[str, Meta(extra_json_schema={"pattern": STREAM_PATTERN, **_BOUND})]
EventType = Annotated[
    str, Meta(extra_json_schema={"pattern": f"^{PLAIN}+$", "minLength": 1, **_BOUND})
]
Subject = Annotated[str, Meta(extra_json_schema={"pattern": f"^{PLAIN}*$", **_BOUND})]
"""Names as an API's description has them; `stream_flaws` and `name_flaws` refuse all others."""
_ID: Final = re.compile(r"[\x21-\x7e]{1,64}")


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event to append."""

    type: str
    data: bytes
    id: str | None = None
    """None: a new id is made. Unique among the events of one append."""
    time: int | None = None
    """Microseconds since the epoch; None: the time at which it is recorded."""
    subject: str = ""
    schema: int = 1
    meta: dict[str, Any] = {}
    """Members of the caller's own; they are kept apart from those that Gatherlog notes."""


class Appended(msgspec.Struct, frozen=True):
    """The events of an append, which have consecutive versions."""

    stream: str
    events: tuple[Event, ...]
    version: int
    """The version of the last event."""

    @property
    def first(self) -> int:
        """The version of the first event."""
        return self.version - len(self.events) + 1


class Appender:
    """Appends to streams of one store, but for the categories `owned`, which apps write."""

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
        """Append all of the events in one commit; their meta names `by` as the actor.

        `once` gives the idempotency key, and the answer that is stored with it. Raises Invalid,
        naming every flaw; Conflict where the stream is not at version `expected`; Repeated where
        the same was appended before with the key of `once`; KeyReused.
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
        """As `append`. The stored answer has the events' versions, which therefore have to be known
        before the commit: it demands the stream's present version."""

        async def attempt() -> Appended:
            head = await self._head(stream) if expected == ANY else expected
            appended = Appended(stream, events, head + len(events))
            given = once(appended)
            commit = Commit(
                appends=[Append(stream, events, head)],
                key=given.key,
                fingerprint=given.fingerprint,
                answer=given.answer(Handled()),
            )
            committed = await self._store.commit(commit)
            if committed.repeated:
                raise Repeated(committed.answer)
            return appended

        return await (until_no_conflict(attempt) if expected == ANY else attempt())

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
            meta=meta_with_given(by, event.meta),
        )


def stream_flaws(stream: str, owned: Collection[str]) -> list[Flaw]:
    """Why events cannot be appended to a stream of this name; empty where they can."""
    flaws = _flaws_at(
        "/stream",
        lambda: check_stream(stream),
        lambda: check_plain("a stream's name", stream),
    )
    if not flaws and category_of(stream) in owned:
        of = category_of(stream)
        flaws.append(Flaw("/stream", f"streams of {of!r} are written by Gatherlog alone"))
    return flaws


def type_flaws(place: str, type: str) -> list[Flaw]:
    """Why no event can have this type; empty where one can."""
    return name_flaws(place, "an event's type", type)


def name_flaws(place: str, what: str, name: str) -> list[Flaw]:
    """Why nothing new can have this name; empty where it can. `what` is as for `check_name`."""
    return _flaws_at(place, lambda: check_name(what, name), lambda: check_plain(what, name))


def _flaws_at(place: str, *checks: Callable[[], None]) -> list[Flaw]:
    """What the first check that fails says, as a flaw at `place`."""
    try:
        for check in checks:
            check()
    except (LimitExceeded, ValueError) as error:
        return [Flaw(place, str(error))]
    return []


def _flaws(events: Sequence[NewEvent]) -> list[Flaw]:
    if not 1 <= len(events) <= MOST_EVENTS:
        return [Flaw("/events", f"from 1 to {MOST_EVENTS:,} events")]
    flaws: list[Flaw] = []
    first_with: dict[str, int] = {}
    for number, event in enumerate(events):
        found = list(_flaws_of(event))
        if event.id is not None and (first := first_with.setdefault(event.id, number)) < number:
            found.append(Flaw("/id", f"is that of /events/{first}, too: each event has its own"))
        flaws += [Flaw(f"/events/{number}{flaw.pointer}", flaw.detail) for flaw in found]
    return flaws


def _flaws_of(event: NewEvent) -> Iterator[Flaw]:
    """The flaws of one event, with pointers into it."""
    yield from type_flaws("/type", event.type)
    if event.id is not None and not _ID.fullmatch(event.id):
        yield Flaw("/id", "1 to 64 visible ASCII characters")
    if event.subject:
        yield from name_flaws("/subject", "an event's subject", event.subject)
    if not 1 <= event.schema < 2**31:
        yield Flaw("/schema", "a version, from 1")
    if event.time is not None and not FIRST_TIME <= event.time <= LAST_TIME:
        yield Flaw("/time", "from 1970 to the end of 9999, in UTC")
