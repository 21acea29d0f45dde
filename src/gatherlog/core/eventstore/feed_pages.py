"""The feed of all partitions in pages, with a cursor that holds one position per partition.

Within a partition, events keep their order. Between partitions there is no order.
"""

import base64
import binascii
from collections.abc import Callable
from typing import Final

import msgspec

from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads, Store

__all__ = [
    "EventFilter",
    "FeedPage",
    "feed_cursor",
    "feed_page",
    "feed_page_backwards",
    "feed_positions",
]

_SCANNED: Final = 10_000
"""The most events that are read for one page, however few of them are wanted."""

EventFilter = Callable[[Recorded], bool]
"""Whether a reader wants an event."""


class FeedPage(msgspec.Struct, frozen=True):
    """A part of the feed. It may be empty before the end is reached, if few events are wanted."""

    events: list[Recorded]
    positions: Heads
    """The positions after which the next page begins."""
    is_end: bool
    """Whether there was nothing more when the page was read."""


def feed_cursor(store: Store, positions: Heads) -> str:
    """The positions as text for this store only; safe in a URL and in server-sent events."""
    packed = msgspec.msgpack.encode((store.id, positions))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def feed_positions(store: Store, cursor: str) -> Heads:
    """The positions in a cursor. Raises CursorInvalid if it is malformed or of another store."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        id, positions = msgspec.msgpack.decode(packed, type=tuple[str, tuple[int, ...]])
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError):
        raise CursorInvalid("this is no cursor of a feed") from None
    if id != store.id or len(positions) != store.limits.partitions or min(positions) < 0:
        raise CursorInvalid("this cursor is of another store")
    return positions


async def feed_page(
    store: Store, after: Heads, *, limit: int, wanted: EventFilter | None = None
) -> FeedPage:
    """Up to `limit` wanted events after the positions `after`, one partition after the other."""
    heads, positions = await store.heads(), list(after)
    events: list[Recorded] = []
    scanned = 0
    for partition, head in enumerate(heads):
        while positions[partition] < head and len(events) < limit and scanned < _SCANNED:
            size = limit - len(events) if wanted is None else min(1000, store.limits.page)
            page = await store.read_feed(
                partition, after=positions[partition], limit=min(size, store.limits.page)
            )
            if not page:
                break
            for event in page:
                scanned += 1
                positions[partition] = event.position
                if wanted is None or wanted(event):
                    events.append(event)
                    if len(events) == limit:
                        break
    is_end = all(here >= head for here, head in zip(positions, heads, strict=True))
    return FeedPage(events, tuple(positions), is_end)


async def feed_page_backwards(
    store: Store, before: Heads, *, limit: int, wanted: EventFilter | None = None
) -> FeedPage:
    """Up to `limit` wanted events at or before the positions `before`, newest first.

    The partitions are read one after the other.
    """
    heads = await store.heads()
    positions = [min(one, head) for one, head in zip(before, heads, strict=True)]
    events: list[Recorded] = []
    scanned = 0
    for partition in range(len(positions)):
        while positions[partition] > 0 and len(events) < limit and scanned < _SCANNED:
            found, start = await _window(store, partition, positions[partition])
            scanned += positions[partition] - start
            positions[partition] = start
            for event in reversed(found):
                if wanted is None or wanted(event):
                    events.append(event)
                    if len(events) == limit:
                        positions[partition] = event.position - 1
                        break
    return FeedPage(events, tuple(positions), not any(positions))


async def _window(store: Store, partition: int, end: int) -> tuple[list[Recorded], int]:
    """The events in a range of positions that ends with `end`, and where that range begins."""
    size = min(1000, store.limits.page)
    start = max(0, end - size)
    page = await store.read_feed(partition, after=start, limit=size)
    return [event for event in page if event.position <= end], start
