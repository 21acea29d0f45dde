"""The feed over HTTP: all events of the log, in pages, or live as server-sent events."""

from typing import Annotated

import msgspec
from msgspec import Meta

from gatherlog.core.eventstore.commit_checks import NAME_BYTES
from gatherlog.core.eventstore.errors import Flaw
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.exact_json import encode
from gatherlog.core.eventstore.feed_pages import (
    EventFilter,
    feed_cursor,
    feed_page,
    feed_positions,
)
from gatherlog.core.eventstore.giving_way import gently
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.routing import InvalidPattern, Pattern, compile_pattern, document
from gatherlog.interfaces.live_streams import HEADERS
from gatherlog.interfaces.rest.answers import json
from gatherlog.interfaces.rest.endpoint import Call, Reply, StreamedReply
from gatherlog.interfaces.rest.queries import Limit
from gatherlog.interfaces.rest.streams import EventAnswer, event_answer

__all__ = ["FeedAnswer", "FeedFilter", "FeedQuery", "event_line", "follow_feed", "read_feed"]

MAX_FOLLOWERS = 2000
"""Live feeds that one credential may have open."""


Cursor = Annotated[
    str, Meta(max_length=4096, description="Where to begin: `start`, `end`, or a cursor.")
]
LogName = Annotated[str, Meta(max_length=NAME_BYTES, description="Only streams of this category.")]
EventType = Annotated[str, Meta(max_length=NAME_BYTES, description="Only events of this type.")]
PatternText = Annotated[
    str, Meta(max_length=16_384, description="Only events that match this pattern, as JSON.")
]


class FeedFilter(msgspec.Struct, frozen=True):
    """Which events to read: those that every given filter matches."""

    cursor: Cursor | None = None
    log: LogName | None = None
    type: EventType | None = None
    pattern: PatternText | None = None


class FeedQuery(FeedFilter, frozen=True):
    """Which events to read, and how many at most."""

    limit: Limit = 100


class FeedAnswer(msgspec.Struct, frozen=True):
    """A page of the feed, maybe empty before the end: read on from `cursor` until `is_end`."""

    events: list[EventAnswer]
    cursor: str
    is_end: bool


async def read_feed(call: Call[None, FeedQuery]) -> Reply:
    store, query = call.platform.store, call.query
    after = await _start_positions(store, query.cursor or "start")
    found = await feed_page(store, after, limit=query.limit, wanted=_filter(query))
    events = [event_answer(event) async for event in gently(found.events)]
    return json(FeedAnswer(events, feed_cursor(store, found.positions), found.is_end))


async def follow_feed(call: Call[None, FeedFilter]) -> StreamedReply:
    store, query = call.platform.store, call.query
    last = call.headers.get(b"last-event-id", b"").decode("latin-1")
    after = await _start_positions(store, last or query.cursor or "end")
    parts = call.feed.follow(after, _filter(query))
    return StreamedReply(parts, HEADERS, MAX_FOLLOWERS)


def event_line(event: Recorded) -> bytes:
    """An event as JSON without line breaks, for a server-sent event."""
    return encode(event_answer(event))


async def _start_positions(store: Store, cursor: str) -> Heads:
    if cursor == "start":
        return (0,) * store.limits.partitions
    if cursor == "end":
        return await store.heads()
    return feed_positions(store, cursor)


def _compiled(pattern: str) -> Pattern:
    """The pattern of the parameter, which its flaws name. Raises InvalidPattern."""
    try:
        return compile_pattern(pattern)
    except InvalidPattern as wrong:
        flaws = [Flaw(f"/pattern{flaw.pointer}", flaw.detail) for flaw in wrong.flaws]
        raise InvalidPattern(*flaws) from None


def _filter(given: FeedFilter) -> EventFilter | None:
    """The test of all filters, or None without any. Raises InvalidPattern."""
    if given.log is None and given.type is None and given.pattern is None:
        return None
    pattern = None if given.pattern is None else _compiled(given.pattern)

    def wanted(event: Recorded) -> bool:
        return (
            (given.type is None or event.type == given.type)
            and (given.log is None or category_of(event.stream) == given.log)
            and (pattern is None or pattern.matches(document(event)))
        )

    return wanted
