"""The feed of all partitions in pages, with a cursor that holds one position per partition.

Within a partition, events keep their order. Between partitions there is no order.
"""

import asyncio
import base64
import binascii
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final
from zlib import crc32

import msgspec

from gatherlog.core.eventstore.errors import CursorInvalid
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.core.eventstore.store import Heads, Store

__all__ = [
    "EventFilter",
    "FeedPage",
    "feed_cursor",
    "feed_events",
    "feed_page",
    "feed_page_backwards",
    "feed_positions",
    "latest_events",
]

_SCANNED: Final = 10_000
"""About the most events that are read for one page, however few of them are wanted."""
_PAGE: Final = 1000
"""Events that are read at a time where it is not known how many of them are wanted."""
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.5
"""Seconds until the feed is read again where it lags behind the head, at first and at most."""

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
        raise CursorInvalid("this is not a cursor of a feed") from None
    if id != store.id or len(positions) != store.limits.partitions or min(positions) < 0:
        raise CursorInvalid("this cursor is of another store")
    return positions


async def feed_page(
    store: Store, after: Heads, *, limit: int, wanted: EventFilter | None = None
) -> FeedPage:
    """Up to `limit` wanted events after the positions `after`.

    All partitions that have more are read in turn, so that none is held up by another that grows.
    """
    return await _page(_Forwards(store, await store.heads()), list(after), limit, wanted)


async def feed_page_backwards(
    store: Store, before: Heads, *, limit: int, wanted: EventFilter | None = None
) -> FeedPage:
    """Up to `limit` wanted events at or before the positions `before`, of each partition those
    that are newest, newest first. Partitions take turns."""
    heads = await store.heads()
    ends = [min(one, head) for one, head in zip(before, heads, strict=True)]
    return await _page(_Backwards(store, heads), ends, limit, wanted)


async def latest_events(
    store: Store, partition: int, heads: Heads, *, limit: int, wanted: EventFilter
) -> list[Recorded]:
    """The last `limit` wanted events of a partition, newest first.

    They may be fewer where many others, some 10,000, are between them.
    """
    direction, position = _Backwards(store, heads), heads[partition]
    events: list[Recorded] = []
    scanned = 0
    while position and len(events) < limit and scanned < limit + _SCANNED:
        found, position = await direction.read(partition, position, limit)
        scanned += len(found)
        events += [event for event in found if wanted(event)]
    return events[:limit]


async def feed_events(
    store: Store, partition: int, after: int, head: int, *, limit: int = _PAGE
) -> AsyncGenerator[Sequence[Recorded], None]:
    """All events of a partition after a position, up to its head or beyond, in pages.

    None of the pages is empty. Where the feed only lags below its head, it is read again after a
    moment.
    """
    failures, size = 0, min(limit, store.limits.page)
    while after < head:
        page = await store.read_feed(partition, after=after, limit=size)
        if page:
            failures, after = 0, page[-1].position
            yield page
        else:
            failures += 1
            bound = pause_bound(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
            await asyncio.sleep(random.uniform(bound / 2, bound))


class _Forwards:
    """Reads from a position towards the head of its partition."""

    def __init__(self, store: Store, heads: Heads) -> None:
        self._store = store
        self._heads = heads

    def is_done(self, partition: int, position: int) -> bool:
        return position >= self._heads[partition]

    def beyond(self, event: Recorded) -> int:
        """The position from which to read on after an event."""
        return event.position

    async def read(
        self, partition: int, position: int, size: int
    ) -> tuple[Sequence[Recorded], int]:
        """About `size` events from a position on, and the position from which to read on."""
        limit = min(size, self._store.limits.page)
        page = await self._store.read_feed(partition, after=position, limit=limit)
        return page, page[-1].position if page else position


class _Backwards:
    """Reads from a position towards the start of its partition.

    A store reads forwards only, and the distance of two positions says nothing about how many
    events are between them. So it reads ranges of positions, which become wider where they turn
    out to have few events, and narrower where they have many.
    """

    def __init__(self, store: Store, heads: Heads) -> None:
        self._store = store
        self._heads = heads
        self._widths: dict[int, int] = {}

    def is_done(self, partition: int, position: int) -> bool:
        return position <= 0

    def beyond(self, event: Recorded) -> int:
        return event.position - 1

    async def read(
        self, partition: int, position: int, size: int
    ) -> tuple[Sequence[Recorded], int]:
        """Events at and before a position, newest first, and the position from which to read on."""
        width = self._widths.get(partition, min(size, _PAGE))
        while True:
            start = max(0, position - width)
            found = await self._range(partition, start, position)
            if found is not None:
                self._widths[partition] = width if len(found) > _PAGE // 4 else 2 * width
                return found[::-1], start
            width = max(1, width // 2)

    async def _range(self, partition: int, start: int, end: int) -> list[Recorded] | None:
        """The events of a range of positions; None if they are more than a page should have."""
        found: list[Recorded] = []
        head, most = self._heads[partition], min(_PAGE, end - start)
        pages = feed_events(self._store, partition, start, head, limit=most)
        async with aclosing(pages):
            async for page in pages:
                found += [event for event in page if event.position <= end]
                if page[-1].position >= end:
                    break
                if len(found) > _PAGE:
                    return None
        return found


async def _page(
    direction: _Forwards | _Backwards, positions: list[int], limit: int, wanted: EventFilter | None
) -> FeedPage:
    """Events from these positions on; every partition gets its share of the page."""
    events: list[Recorded] = []
    scanned, turns = 0, _turns(positions)
    while len(events) < limit and scanned < _SCANNED:
        turns = [one for one in turns if not direction.is_done(one, positions[one])]
        chosen = turns[: limit - len(events)]
        if not chosen:
            break
        share = (limit - len(events)) // len(chosen)
        size = share if wanted is None else _PAGE
        reads = [direction.read(one, positions[one], size) for one in chosen]
        for partition, (found, reached) in zip(chosen, await asyncio.gather(*reads), strict=True):
            taken, seen = _share(found, share, wanted)
            events += taken
            scanned += seen
            if reached == positions[partition]:
                turns.remove(partition)  # it lags: the next page has more
            cut = seen < len(found)
            positions[partition] = direction.beyond(found[seen - 1]) if cut else reached
    is_end = all(direction.is_done(one, at) for one, at in enumerate(positions))
    return FeedPage(events, tuple(positions), is_end)


def _turns(positions: Sequence[int]) -> list[int]:
    """All partitions, beginning with one that differs from page to page."""
    first = crc32(repr(positions).encode()) % len(positions)
    return [*range(first, len(positions)), *range(first)]


def _share(
    found: Sequence[Recorded], share: int, wanted: EventFilter | None
) -> tuple[list[Recorded], int]:
    """The first `share` wanted events, and how many events that covers."""
    taken: list[Recorded] = []
    for number, event in enumerate(found):
        if len(taken) == share:
            return taken, number
        if wanted is None or wanted(event):
            taken.append(event)
    return taken, len(found)
