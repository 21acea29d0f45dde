"""Streams over HTTP: events are appended to a stream, and read from it, with all their fields."""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gatherlog.core.commands.appending import Appended, EventType, NewEvent, Subject
from gatherlog.core.commands.event_meta import actor_of, shown_meta
from gatherlog.core.eventstore.clock import rfc3339, to_micros
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.store import ANY, Store
from gatherlog.core.projections.paging import stream_events
from gatherlog.core.routing.event_data import json_line
from gatherlog.interfaces.rest.answers import Time, array, json, location, next_link, page
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.queries import InParts, Nothing, Paging

__all__ = [
    "MAX_VERSION",
    "AppendAnswer",
    "AppendRequest",
    "EventAnswer",
    "StreamAnswer",
    "StreamQuery",
    "StreamsQuery",
    "append_events",
    "append_to_stream",
    "event_answer",
    "list_streams",
    "raw_json",
    "read_stream",
]

MAX_VERSION = 2**63 - 1


class GivenEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event to append. Its payload is stored byte for byte."""

    type: EventType
    data: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    id: Annotated[str, Meta(pattern="^[!-~]{1,64}$")] | None = None
    time: datetime | None = None
    """When it happened, with an offset from UTC; None: now."""
    subject: Subject = ""
    schema: Annotated[int, Meta(ge=1, lt=2**31)] = 1
    meta: dict[str, Any] = {}
    """Context of your own, such as a trace id. It is given back; Gatherlog rests on none of it."""


class AppendRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events to append to one stream: all of them, or none."""

    events: Annotated[list[GivenEvent], Meta(min_length=1, max_length=1000)]
    expected: Annotated[int, Meta(ge=0, le=MAX_VERSION)] | Literal["any", "new"] = "any"
    """The version that the stream must have now; `new`: the stream must not exist."""


class AppendAnswer(msgspec.Struct, frozen=True):
    """The versions that the events have in the stream: from `first_version` to `version`."""

    stream: str
    first_version: int
    version: int
    ids: list[str]


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One event. Data that is not JSON is in `data_base64` instead of `data`, and so is meta."""

    id: str
    type: str
    schema: int
    stream: str
    version: int
    subject: str
    time: Time
    recorded: Time
    partition: int
    position: int
    actor: str | UnsetType = UNSET
    """Who appended it: a key, an account, a guest, or a part of the program."""
    meta: msgspec.Raw | UnsetType = UNSET
    meta_base64: str | UnsetType = UNSET
    data: msgspec.Raw | UnsetType = UNSET
    data_base64: str | UnsetType = UNSET
    expired: Literal[True] | UnsetType = UNSET
    """True where the event says nothing any more: it has neither data nor meta then."""


class StreamAnswer(msgspec.Struct, frozen=True):
    """A stream and the version of its last event."""

    stream: str
    version: int


class StreamQuery(InParts, frozen=True):
    """Which events of a stream to read, and in which order."""

    after: Annotated[int, Meta(ge=0, le=MAX_VERSION, description="Only later versions.")] = 0
    before: (
        Annotated[int, Meta(ge=1, le=MAX_VERSION, description="Only earlier versions.")] | None
    ) = None
    backwards: Annotated[bool, Meta(description="The newest first.")] = False


class StreamsQuery(Paging, frozen=True, kw_only=True):
    """Which streams of a log to list."""

    log: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$", description="Their category.")]


async def append_to_stream(call: Call[AppendRequest, Nothing]) -> Reply:
    body = call.body
    expected = {"any": ANY, "new": 0}.get(str(body.expected))
    expected = int(body.expected) if expected is None else expected
    events = [_new_event(event, f"/events/{n}") for n, event in enumerate(body.events)]

    def answered(appended: Appended) -> Reply:
        ids = [event.id for event in appended.events]
        answer = AppendAnswer(appended.stream, appended.first, appended.version, ids)
        return json(answer, 201, location("streams", appended.stream))

    return await append_events(call, call.id, events, expected, answered)


async def read_stream(call: Call[None, StreamQuery]) -> Reply:
    store, query = call.platform.store, call.query
    events, is_end = await _events(store, call.id, query)
    if not events and not await store.read_stream(call.id, limit=1):
        raise NotFound("There is no such stream.")
    answers = map(event_answer, events)
    if is_end:
        return await array(answers)
    place = {"before" if query.backwards else "after": events[-1].version}
    return await array(answers, next_link(call.path, query, place))


async def _events(store: Store, stream: str, query: StreamQuery) -> tuple[list[Recorded], bool]:
    """The events asked for, in no more bytes than a page may have, and whether they are all."""
    found: list[Recorded] = []
    size = 0
    events = stream_events(
        store,
        stream,
        after=query.after,
        before=query.before,
        limit=query.limit + 1,
        backwards=query.backwards,
    )
    async for event in events:
        size += event_bytes(event)
        if found and (len(found) == query.limit or size > store.limits.page_bytes):
            return found, False
        found.append(event)
    return found, True


async def list_streams(call: Call[None, StreamsQuery]) -> Reply:
    query = call.query
    limit = min(query.limit, call.platform.store.limits.page)
    found = await call.platform.store.streams(query.log, cursor=query.cursor, limit=limit)
    streams = (StreamAnswer(head.stream, head.version) for head in found.streams)
    return await page(call.path, query, streams, found.cursor)


def event_answer(event: Recorded) -> EventAnswer:
    """An event as REST shows it, whatever it holds."""
    data, actor = raw_json(event.data), actor_of(event)
    given = shown_meta(event.meta)
    meta = raw_json(given)
    return EventAnswer(
        id=event.id,
        type=event.type,
        schema=event.schema,
        stream=event.stream,
        version=event.version,
        subject=event.subject,
        time=rfc3339(event.time),
        recorded=rfc3339(event.recorded),
        partition=event.partition,
        position=event.position,
        actor=actor if isinstance(actor, str) else UNSET,
        meta=UNSET if meta is None else meta,
        meta_base64=_base64(given) if meta is None and given else UNSET,
        data=UNSET if data is None else data,
        data_base64=_base64(event.data) if data is None and not event.is_blank else UNSET,
        expired=True if event.is_blank else UNSET,
    )


async def append_events(
    call: Call[Any, Any],
    stream: str,
    events: list[NewEvent],
    expected: int,
    answered: Callable[[Appended], Reply],
) -> Reply:
    """Append events and answer; a request that is repeated with its key gets the first answer."""
    once = None
    if call.key is not None:
        key = call.key

        def once(appended: Appended) -> Any:
            return key.once(lambda handled: answered(appended))

    appended = await call.platform.appender.append(
        stream, events, by=call.by, expected=expected, once=once
    )
    return answered(appended)


def _new_event(event: GivenEvent, place: str) -> NewEvent:
    if event.time is not None and event.time.tzinfo is None:
        raise Invalid(Flaw(f"{place}/time", "needs an offset, as in 2027-06-05T15:00:00+02:00"))
    return NewEvent(
        type=event.type,
        data=bytes(event.data),
        id=event.id,
        time=None if event.time is None else to_micros(event.time),
        subject=event.subject,
        schema=event.schema,
        meta=event.meta,
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def raw_json(data: bytes) -> msgspec.Raw | None:
    """The bytes as they are if they are JSON, without line breaks; else None."""
    line = json_line(data)
    return None if line is None else msgspec.Raw(line)
