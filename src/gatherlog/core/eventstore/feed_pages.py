"""The feed of all partitions in pages, with a cursor that holds one position per partition.

Within a partition, events keep their order. Between partitions there is no order. A page has at
most as many bytes as the store's own pages, and at least one event of each partition whose turn it
is.
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
from gatherlog.core.eventstore.giving_way import Pace
from gatherlog.core.eventstore.page_sizes import event_bytes
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
    "follow_feed",
    "latest_events",
]

_SCANNED: Final = 10_000
"""About the most events that are read for one page, however few of them are wanted."""
_PAGE: Final = 1000
"""Events that are read at a time where it is not known how many of them are wanted."""
_FIRST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.5
"""Seconds until the feed is read again where it lags behind the head, at first and at most."""
_LONGEST_WAIT: Final = 30.0
"""Seconds after which the end of the feed is looked at again although nobody told of an event."""

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


async def follow_feed(
    store: Store, after: Heads, *, limit: int = _PAGE
) -> AsyncGenerator[FeedPage, None]:
    """All events after the positions `after`, without end, in pages that are not empty.

    It waits for events where there are no more. Raises what the store raises; whoever follows again
    from the positions of the last page misses nothing.
    """
    positions, failures = after, 0
    while True:
        heads = await store.wait(positions, _LONGEST_WAIT)
        page = await _page(_Forwards(store, heads), list(positions), limit, None)
        if page.events:
            positions, failures = page.positions, 0
            yield page
        elif not page.is_end:
            failures += 1
            await _pause(failures)


async def latest_events(
    store: Store, *, limit: int, wanted: EventFilter
) -> AsyncGenerator[Recorded, None]:
    """The last `limit` wanted events of all partitions, newest first by their recorded times.

    They may be fewer where many others, some 10,000, are between them. Of each partition, only one
    page is in memory.
    """
    heads = await store.heads()
    readers = [_newest_first(store, one, heads, limit, wanted) for one in range(len(heads))]
    newest: dict[int, Recorded] = {}

    async def read_on(partition: int) -> None:
        async for event in readers[partition]:
            newest[partition] = event
            break

    for partition in range(len(heads)):
        await read_on(partition)
    for _ in range(limit):
        if not newest:
            break
        partition = max(newest, key=lambda one: (newest[one].recorded, one))
        yield newest.pop(partition)
        await read_on(partition)


async def _newest_first(
    store: Store, partition: int, heads: Heads, limit: int, wanted: EventFilter
) -> AsyncGenerator[Recorded, None]:
    """The wanted events of a partition, newest first, among the last `limit` + _SCANNED of it."""
    direction, position, scanned = _Backwards(store, heads), heads[partition], 0
    pace = Pace()
    while position and scanned < limit + _SCANNED:
        found, position = await direction.read(partition, position, limit)
        scanned += len(found)
        for event in found:
            if pace.is_over():
                await pace.give_way()
            if wanted(event):
                yield event


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
            await _pause(failures)


async def _pause(failures: int) -> None:
    """Wait until the feed is read again that lagged behind its head so often in a row."""
    bound = pause_bound(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
    await asyncio.sleep(random.uniform(bound / 2, bound))


class _Forwards:
    """Reads from a position towards the head of its partition."""

    def __init__(self, store: Store, heads: Heads) -> None:
        self._store = store
        self._heads = heads
        self.most_bytes = store.limits.page_bytes

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
        self.most_bytes = store.limits.page_bytes
        self._widths: dict[int, int] = {}
        self._pace = Pace()

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
        head, most, size = self._heads[partition], min(_PAGE, end - start), 0
        pages = feed_events(self._store, partition, start, head, limit=most)
        async with aclosing(pages):
            async for page in pages:
                for event in page:
                    await self._pace.give_way()
                    size += event_bytes(event)
                    if event.position <= end:
                        found.append(event)
                if page[-1].position >= end:
                    break
                if len(found) > _PAGE or size > self._store.limits.page_bytes:
                    return None
        return found


async def _page(
    direction: _Forwards | _Backwards, positions: list[int], limit: int, wanted: EventFilter | None
) -> FeedPage:
    """Events from these positions on; every partition gets its share of the page."""
    events: list[Recorded] = []
    scanned, turns, room, pace = 0, _turns(positions), direction.most_bytes, Pace()
    while len(events) < limit and scanned < _SCANNED and room > 0:
        turns = [one for one in turns if not direction.is_done(one, positions[one])]
        chosen = turns[: limit - len(events)]
        if not chosen:
            break
        share, its_room = (limit - len(events)) // len(chosen), room // len(chosen)
        size = share if wanted is None else _PAGE
        reads = [direction.read(one, positions[one], size) for one in chosen]
        for partition, (found, reached) in zip(chosen, await asyncio.gather(*reads), strict=True):
            taken, seen, taken_bytes = await _share(found, share, its_room, wanted, pace)
            events += taken
            scanned += seen
            room -= taken_bytes
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


async def _share(
    found: Sequence[Recorded], share: int, room: int, wanted: EventFilter | None, pace: Pace
) -> tuple[list[Recorded], int, int]:
    """The first `share` wanted events, fewer if they have more than `room` bytes, but one at least.

    Also how many events that covers, and the bytes of those that are taken.
    """
    taken: list[Recorded] = []
    size = 0
    for number, event in enumerate(found):
        if len(taken) == share or (size >= room and taken):
            return taken, number, size
        if pace.is_over():
            await pace.give_way()
        if wanted is None or wanted(event):
            taken.append(event)
            size += event_bytes(event)
    return taken, len(found), size
