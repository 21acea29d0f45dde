"""Logs over HTTP, whose events are items in the form of a DynamoDB log: `pk`, `sk`, `payload`.

A log is all streams of one category. Clients of `dynamodb-logs`, an older system that keeps its log
in DynamoDB, know this form.
"""

import base64
import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gatherlog.core.commands.appending import Appended
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.core.eventstore.cursors import fingerprint, read_cursor, write_cursor
from gatherlog.core.eventstore.errors import NotFound
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import (
    feed_cursor,
    feed_page,
    feed_page_backwards,
    feed_positions,
)
from gatherlog.core.eventstore.giving_way import gently, in_turns
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.routing.bus_form import item_key
from gatherlog.core.subscriptions.log_counts import log_totals
from gatherlog.interfaces.rest.answers import Time, json, location, page
from gatherlog.interfaces.rest.batches import LINES, media_of, reading_batch
from gatherlog.interfaces.rest.endpoint import Call, Reply
from gatherlog.interfaces.rest.item_batches import append_batch
from gatherlog.interfaces.rest.items import made_item, read_item
from gatherlog.interfaces.rest.parameters import LOG_PATTERN
from gatherlog.interfaces.rest.queries import Limit, Nothing, Paging
from gatherlog.interfaces.rest.streams import append_events, raw_json

__all__ = [
    "ItemAnswer",
    "LogAnswer",
    "LogPage",
    "LogQuery",
    "append_items",
    "list_logs",
    "read_log",
]


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An event as an item of a DynamoDB log; `position` is its position in the whole log."""

    pk: str
    sk: int
    type: str
    log: str
    payload: Any
    position: int | UnsetType = UNSET
    time: Time | UnsetType = UNSET
    expired: Literal[True] | UnsetType = UNSET
    """True where the event says nothing any more; its payload is the `id` alone."""


class LogAnswer(msgspec.Struct, frozen=True):
    """All streams of one category: their number of events, and the last one's position and time."""

    log: str
    events: int
    last: int
    last_time: Time


class LogQuery(msgspec.Struct, frozen=True):
    """Which events of a log to read, and in which order."""

    since: (
        Annotated[
            str, Meta(max_length=4096, description="A position, or the `next` of a page before.")
        ]
        | None
    ) = None
    limit: Limit = 100
    reverse: Annotated[bool, Meta(description="The newest first.")] = False


class LogPage(msgspec.Struct, frozen=True):
    """A page of a log, which may be empty before the end: read on from `next` until `is_end`."""

    items: list[ItemAnswer]
    next: str
    """The `since` that gives the next page."""
    is_end: bool


async def append_items(call: Call[bytes, Nothing]) -> Reply:
    is_lines = media_of(call.headers) == LINES
    batch = await in_turns(reading_batch(call.body, is_lines=is_lines, what="items"))
    return await (_append_one(call) if batch.is_one else append_batch(call, batch.texts))


async def _append_one(call: Call[bytes, Nothing]) -> Reply:
    made = made_item(call.id, read_item(call.body))

    def answered(appended: Appended) -> Reply:
        item = ItemAnswer(
            pk=made.pk,
            sk=appended.version,
            type=made.event.type,
            log=call.id,
            payload=msgspec.Raw(made.event.data),
        )
        return json(item, 201, location("streams", appended.stream))

    return await append_events(call, made.stream, [made.event], made.expected, answered)


async def list_logs(call: Call[None, Paging]) -> Reply:
    store, query, of = call.platform.store, call.query, fingerprint("logs")
    after = "" if query.cursor is None else read_cursor(query.cursor, store.id, of, str)
    logs: list[LogAnswer] = []
    async for total in log_totals(store, after=after):
        if len(logs) == query.limit:
            return await page(call.path, query, logs, write_cursor(store.id, of, logs[-1].log))
        last_time = rfc3339(total.last_time)
        logs.append(LogAnswer(total.log, total.events, total.last_position, last_time))
    return await page(call.path, query, logs, None)


async def read_log(call: Call[None, LogQuery]) -> Reply:
    store, query, log = call.platform.store, call.query, call.id
    if not re.fullmatch(LOG_PATTERN, log):
        raise NotFound("No log can have this name.")
    positions = await _start_positions(call, query)
    read = feed_page_backwards if query.reverse else feed_page
    found = await read(
        store, positions, limit=query.limit, wanted=lambda event: category_of(event.stream) == log
    )
    items = [_item_answer(event) async for event in gently(found.events)]
    return json(LogPage(items, feed_cursor(store, found.positions), found.is_end))


async def _start_positions(call: Call[Any, Any], query: LogQuery) -> tuple[int, ...]:
    store = call.platform.store
    if query.since is None:
        return await store.heads() if query.reverse else (0,) * store.limits.partitions
    if query.since.isdecimal() and query.since.isascii() and store.limits.partitions == 1:
        position = min(int(query.since[:19]), 2**63 - 1)
        return (max(0, position - 1) if query.reverse else position,)
    return feed_positions(store, query.since)


def _item_answer(event: Recorded) -> ItemAnswer:
    log, _, id = event.stream.partition("-")
    raw: Any = {"id": id} if event.is_blank else raw_json(event.data)
    return ItemAnswer(
        pk=item_key(log, id),
        sk=event.version,
        type=event.type,
        log=log,
        payload={"base64": base64.b64encode(event.data).decode()} if raw is None else raw,
        position=event.position,
        time=rfc3339(event.time),
        expired=True if event.is_blank else UNSET,
    )
