"""The feed over HTTP: everything that happens, in pages, or live as server-sent events."""

from typing import Annotated

import msgspec
from msgspec import Meta

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import feed_cursor, feed_page, feed_positions
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.eventstore.streams import category_of
from gatherlog.core.routing.event_document import document
from gatherlog.core.routing.patterns import compile_pattern
from gatherlog.interfaces.live_feed import Wanted
from gatherlog.interfaces.live_streams import HEADERS
from gatherlog.interfaces.rest.answers import json
from gatherlog.interfaces.rest.endpoint import Call, Reply, StreamedReply
from gatherlog.interfaces.rest.log import EventAnswer, of_event
from gatherlog.interfaces.rest.queries import Limit

__all__ = ["FeedAnswer", "FeedFilter", "FeedQuery", "follow_feed", "read_feed", "written"]

MOST_FOLLOWERS = 2000
"""Of one credential."""
_encode = msgspec.json.Encoder().encode


class FeedFilter(msgspec.Struct, frozen=True):
    """Which events; all that is given has to fit."""

    cursor: (
        Annotated[
            str,
            Meta(max_length=4096, description="Where to begin: `start`, `end`, or a cursor."),
        ]
        | None
    ) = None
    log: Annotated[str, Meta(max_length=255, description="Of streams of this category.")] | None = (
        None
    )
    type: Annotated[str, Meta(max_length=255, description="Of this type.")] | None = None
    pattern: (
        Annotated[str, Meta(max_length=16_384, description="An event pattern, as JSON.")] | None
    ) = None


class FeedQuery(FeedFilter, frozen=True):
    """Which page of which events."""

    limit: Limit = 100


class FeedAnswer(msgspec.Struct, frozen=True):
    """A page; it may be short, or empty, before the end: go on with `cursor` while not `is_end`."""

    events: list[EventAnswer]
    cursor: str
    is_end: bool


async def read_feed(call: Call[None, FeedQuery]) -> Reply:
    store, query = call.platform.store, call.query
    after = await _after(store, query.cursor or "start")
    found = await feed_page(store, after, limit=query.limit, wanted=_wanted(query))
    events = [of_event(event) for event in found.events]
    return json(FeedAnswer(events, feed_cursor(store, found.positions), found.is_end))


async def follow_feed(call: Call[None, FeedFilter]) -> StreamedReply:
    store, query = call.platform.store, call.query
    last = call.headers.get(b"last-event-id", b"").decode("latin-1")
    after = await _after(store, last or query.cursor or "end")
    parts = call.feed.follow(after, _wanted(query))
    return StreamedReply(parts, HEADERS, MOST_FOLLOWERS)


def written(event: Recorded) -> bytes:
    """An event in one line of JSON."""
    text = _encode(of_event(event))
    return text if b"\n" not in text and b"\r" not in text else _encode(msgspec.json.decode(text))


async def _after(store: Store, cursor: str) -> Heads:
    if cursor == "start":
        return (0,) * store.limits.partitions
    if cursor == "end":
        return await store.heads()
    return feed_positions(store, cursor)


def _wanted(given: FeedFilter) -> Wanted | None:
    """Raises InvalidPattern."""
    if given.log is None and given.type is None and given.pattern is None:
        return None
    pattern = None if given.pattern is None else compile_pattern(given.pattern)

    def wanted(event: Recorded) -> bool:
        return (
            (given.type is None or event.type == given.type)
            and (given.log is None or category_of(event.stream) == given.log)
            and (pattern is None or pattern.matches(document(event)))
        )

    return wanted
