"""The raw log over HTTP: streams in our own shape, logs in section B's (`pk`, `sk`, `payload`)."""

import base64
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gatherlog.core.commands.appending import Appended, NewEvent, RepeatedAppend
from gatherlog.core.eventstore.clock import rfc3339, to_micros
from gatherlog.core.eventstore.errors import Flaw, Invalid, NotFound
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import (
    feed_cursor,
    feed_page,
    feed_page_backwards,
    feed_positions,
)
from gatherlog.core.eventstore.store import ANY
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.subscriptions.log_counts import LOGS
from gatherlog.interfaces.rest.answers import Time, json, location, page
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.idempotency import replay
from gatherlog.interfaces.rest.queries import MAX_PAGE, Limit, Nothing, Paging

__all__ = [
    "AppendAnswer",
    "AppendRequest",
    "EventAnswer",
    "Item",
    "ItemAnswer",
    "LogAnswer",
    "LogPage",
    "LogQuery",
    "StreamAnswer",
    "StreamQuery",
    "StreamsQuery",
    "append_item",
    "append_to_stream",
    "list_logs",
    "list_streams",
    "of_event",
    "read_log",
    "read_stream",
]

LAST = 2**63 - 1
"""No version is beyond it."""
Name = Annotated[str, Meta(min_length=1, max_length=255)]


class GivenEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event to append. Its payload is kept byte for byte."""

    type: Name
    data: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    id: Annotated[str, Meta(pattern="^[!-~]{1,64}$")] | None = None
    time: datetime | None = None
    """When it happened, with an offset; None: now."""
    subject: Annotated[str, Meta(max_length=255)] = ""
    schema: Annotated[int, Meta(ge=1, lt=2**31)] = 1
    meta: dict[str, Any] = {}


class AppendRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events for one stream: all of them are appended, or none."""

    events: Annotated[list[GivenEvent], Meta(min_length=1, max_length=1000)]
    expected: Annotated[int, Meta(ge=0, le=LAST)] | Literal["any", "new"] = "any"
    """The version that the stream has to be at."""


class AppendAnswer(msgspec.Struct, frozen=True):
    """Where the events came to stand: `first_version` to `version`."""

    stream: str
    first_version: int
    version: int
    ids: list[str]


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One event. Where its payload is no JSON, it stands in `data_base64`."""

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
    meta: msgspec.Raw | UnsetType = UNSET
    data: msgspec.Raw | UnsetType = UNSET
    data_base64: str | UnsetType = UNSET


class StreamAnswer(msgspec.Struct, frozen=True):
    """A stream and the version of its last event."""

    stream: str
    version: int


class StreamQuery(msgspec.Struct, frozen=True):
    """Which events of a stream."""

    after: Annotated[int, Meta(ge=0, le=LAST, description="Those with a higher version.")] = 0
    before: (
        Annotated[int, Meta(ge=1, le=LAST, description="Those with a lower version.")] | None
    ) = None
    limit: Limit = MAX_PAGE
    backwards: Annotated[bool, Meta(description="The newest first.")] = False


class StreamsQuery(msgspec.Struct, frozen=True):
    """Which streams."""

    log: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$", description="Their category.")]
    after: Annotated[str, Meta(max_length=255, description="Those with a later name.")] = ""
    limit: Limit = MAX_PAGE


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event as section B writes it; its stream is `<log>-<payload.id>`, its version `sk`."""

    type: str = ""
    payload: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    """An object with an `id`. It is kept byte for byte."""
    pk: str | None = None
    sk: Annotated[int, Meta(le=LAST)] | None = None
    """The version it is to have: refused if that is taken, or not the next. None: the next."""
    log: str | None = None


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An event in section B's shape; `position` is its place in the log as a whole."""

    pk: str
    sk: int
    type: str
    log: str
    payload: Any
    position: int | UnsetType = UNSET
    time: Time | UnsetType = UNSET


class LogAnswer(msgspec.Struct, frozen=True):
    """A log: the streams of one category, with the position of its last event."""

    log: str
    events: int
    last: int
    last_time: Time


class LogQuery(msgspec.Struct, frozen=True):
    """Which events of a log."""

    since: (
        Annotated[
            str, Meta(max_length=4096, description="A position, or the `next` of a page before.")
        ]
        | None
    ) = None
    limit: Limit = 100
    reverse: Annotated[bool, Meta(description="The newest first.")] = False


class LogPage(msgspec.Struct, frozen=True):
    """Part of a log. It may be short before the end, where other logs are busier: go on."""

    items: list[ItemAnswer]
    next: str
    """The `since` of the page that follows."""
    is_end: bool


async def append_to_stream(call: Call[AppendRequest, Nothing]) -> Reply:
    body = call.body
    expected = {"any": ANY, "new": 0}.get(str(body.expected))
    expected = int(body.expected) if expected is None else expected
    events = [_given(event, f"/events/{n}") for n, event in enumerate(body.events)]

    def answered(appended: Appended) -> Reply:
        ids = [event.id for event in appended.events]
        answer = AppendAnswer(appended.stream, appended.first, appended.version, ids)
        return json(answer, 201, location("streams", appended.stream))

    return await _append(call, call.id, events, expected, answered)


async def append_item(call: Call[Item, Nothing]) -> Reply:
    body, log = call.body, call.id
    payload = msgspec.json.decode(body.payload)
    id = payload.get("id") if isinstance(payload, dict) else None
    flaws = _item_flaws(body, log, id)
    if flaws:
        raise Invalid(*flaws)
    event = NewEvent(type=body.type, data=bytes(body.payload))
    expected = ANY if body.sk is None else body.sk - 1

    def answered(appended: Appended) -> Reply:
        item = ItemAnswer(
            pk=f"{log}#{id}#stream",
            sk=appended.version,
            type=body.type,
            log=log,
            payload=body.payload,
        )
        return json(item, 201, location("streams", appended.stream))

    return await _append(call, f"{log}-{id}", [event], expected, answered)


async def read_stream(call: Call[None, StreamQuery]) -> Reply:
    query = call.query
    limit = min(query.limit, call.platform.store.limits.page)
    events = await call.platform.store.read_stream(
        call.id,
        after=query.after,
        before=query.before,
        limit=limit,
        backwards=query.backwards,
    )
    if not events and not await call.platform.store.read_stream(call.id, limit=1):
        raise NotFound("There is no such stream.")
    return json([of_event(event) for event in events])


async def list_streams(call: Call[None, StreamsQuery]) -> Reply:
    query = call.query
    limit = min(query.limit, call.platform.store.limits.page)
    heads = await call.platform.store.streams(query.log, after=query.after, limit=limit)
    return json([StreamAnswer(head.stream, head.version) for head in heads])


async def list_logs(call: Call[None, Paging]) -> Reply:
    found = await call.platform.store.query(
        LOGS.query("by_all", "all", limit=call.query.limit, cursor=call.query.cursor)
    )
    logs: dict[str, LogAnswer] = {}
    for document in found.documents:
        head = LOGS.read(document)
        if head is None:
            continue
        before = logs.get(head.log)
        logs[head.log] = LogAnswer(
            log=head.log,
            events=head.events + (before.events if before else 0),
            last=max(head.last_position, before.last if before else 0),
            last_time=max(rfc3339(head.last_time), before.last_time if before else ""),
        )
    return page(call.path, call.query, list(logs.values()), found.cursor)


async def read_log(call: Call[None, LogQuery]) -> Reply:
    store, query, log = call.platform.store, call.query, call.id
    positions = await _since(call, query)
    read = feed_page_backwards if query.reverse else feed_page
    found = await read(
        store, positions, limit=query.limit, wanted=lambda event: category_of(event.stream) == log
    )
    items = [_item(event) for event in found.events]
    return json(LogPage(items, feed_cursor(store, found.positions), found.is_end))


def of_event(event: Recorded) -> EventAnswer:
    """An event as it is answered."""
    data = _raw(event.data)
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
        meta=_raw(event.meta) or UNSET,
        data=data or UNSET,
        data_base64=UNSET if data else base64.b64encode(event.data).decode(),
    )


async def _append(
    call: Call[Any, Any],
    stream: str,
    events: list[NewEvent],
    expected: int,
    answered: Any,
) -> Reply:
    once = None
    if call.key is not None:
        key = call.key

        def once(appended: Appended) -> Any:
            return key.once(lambda handled: answered(appended))

    try:
        appended = await call.platform.appender.append(
            stream, events, by=call.by, expected=expected, once=once
        )
    except RepeatedAppend as repeated:
        return replay(repeated.answer)
    reply: Reply = answered(appended)
    return reply


def _given(event: GivenEvent, place: str) -> NewEvent:
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


def _item_flaws(item: Item, log: str, id: object) -> list[Flaw]:
    """In the words that clients of the ancestor know."""
    flaws = []
    if not item.type:
        flaws.append(Flaw("/type", "type must be specified"))
    if id is None or id == "":
        flaws.append(Flaw("/payload/id", "payload.id must be specified"))
    elif not isinstance(id, str):
        flaws.append(Flaw("/payload/id", "payload.id must be a string"))
    elif item.pk is not None and item.pk != f"{log}#{id}#stream":
        flaws.append(Flaw("/pk", f"must be {log}#{id}#stream, or left out"))
    if item.log is not None and item.log != log:
        flaws.append(Flaw("/log", "is another than the path's"))
    if item.sk is not None and item.sk < 1:
        flaws.append(Flaw("/sk", "the first version is 1"))
    return flaws


async def _since(call: Call[Any, Any], query: LogQuery) -> tuple[int, ...]:
    store = call.platform.store
    if query.since is None:
        return await store.heads() if query.reverse else (0,) * store.limits.partitions
    if query.since.isdecimal() and query.since.isascii() and store.limits.partitions == 1:
        position = min(int(query.since[:19]), 2**63 - 1)
        return (max(0, position - 1) if query.reverse else position,)
    return feed_positions(store, query.since)


def _item(event: Recorded) -> ItemAnswer:
    log, _, id = event.stream.partition("-")
    raw = _raw(event.data)
    return ItemAnswer(
        pk=f"{log}#{id}#stream",
        sk=event.version,
        type=event.type,
        log=log,
        payload={"base64": base64.b64encode(event.data).decode()} if raw is None else raw,
        position=event.position,
        time=rfc3339(event.time),
    )


def _raw(data: bytes) -> msgspec.Raw | None:
    """The bytes as they are, if they are JSON."""
    if not data:
        return None
    try:
        msgspec.json.decode(data, type=_ANY)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return msgspec.Raw(data)


_ANY: Any = Any
