"""The live feed: one reader of the log for all who follow it in this process.

What is new is read and written as text once, and kept for a while in a ring. Whoever is behind the
ring reads the store by himself until he has caught up. Nothing is lost or doubled on the way:
a follower knows, per partition, the position that he was given last.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import feed_cursor, feed_page
from gatherlog.core.eventstore.store import Heads, Store

__all__ = ["FeedHub", "Wanted"]

RING: Final = 4096
"""Events that are kept at hand."""
PAGE: Final = 500
KEEP_ALIVE: Final = 15.0
"""Seconds without an event after which a follower is told where the stream is."""
RETRY: Final = b"retry: 1000\n\n"
"""Milliseconds after which a follower that lost the stream asks again."""

Wanted = Callable[[Recorded], bool]
Written = Callable[[Recorded], bytes]


class _Entry:
    """One event in the ring, as text for all whose cursor is that of the ring."""

    __slots__ = ("event", "frame", "positions")

    def __init__(self, event: Recorded, positions: Heads, frame: bytes) -> None:
        self.event = event
        self.positions = positions
        self.frame = frame


class FeedHub:
    """Follows the feed of one store for any number of followers. `written` is an event's JSON."""

    def __init__(self, store: Store, written: Written) -> None:
        self._store = store
        self._written = written
        self._ring: deque[_Entry] = deque(maxlen=RING)
        self._first = 0
        """The number of the ring's first entry, counted from when the hub began."""
        self._positions: Heads = ()
        self._moved = asyncio.Event()
        self._followers = 0
        self._reading: asyncio.Task[None] | None = None

    async def follow(self, after: Heads, wanted: Wanted | None) -> AsyncGenerator[bytes]:
        """Server-sent events for all wanted events beyond positions, for ever.

        Each carries as its id the cursor that resumes right behind it.
        """
        yield RETRY
        self._followers += 1
        try:
            await self._begin()
            positions = list(after)
            while True:
                number = self._first + len(self._ring)
                async for frame in self._catch_up(positions, self._positions, wanted):
                    yield frame
                async for frame in self._from_ring(number, positions, wanted):
                    yield frame
        finally:
            self._followers -= 1
            if not self._followers and self._reading is not None:
                self._reading.cancel()
                self._reading = None

    async def _begin(self) -> None:
        """Have the log read, from its present end on, unless it is already."""
        heads = await self._store.heads()
        if self._reading is None or self._reading.done():
            self._ring.clear()
            self._positions = heads
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        store = self._store
        heads = self._positions
        while True:
            for partition, head in enumerate(heads):
                while self._positions[partition] < head:
                    page = await store.read_feed(
                        partition, after=self._positions[partition], limit=PAGE
                    )
                    if not page:
                        await asyncio.sleep(0.01)
                        continue
                    self._add(page)
            heads = await store.wait(self._positions, KEEP_ALIVE)

    def _add(self, page: Sequence[Recorded]) -> None:
        positions = list(self._positions)
        for event in page:
            positions[event.partition] = event.position
            if len(self._ring) == RING:
                self._first += 1
            now = tuple(positions)
            self._ring.append(_Entry(event, now, self._frame(event, now)))
        self._positions = tuple(positions)
        self._moved.set()
        self._moved = asyncio.Event()

    async def _catch_up(
        self, positions: list[int], goal: Heads, wanted: Wanted | None
    ) -> AsyncIterator[bytes]:
        """What lies between a follower's positions, which move along, and the goal."""
        while any(here < there for here, there in zip(positions, goal, strict=True)):
            page = await feed_page(self._store, tuple(positions), limit=PAGE)
            for event in page.events:
                positions[event.partition] = event.position
                if wanted is None or wanted(event):
                    yield self._frame(event, tuple(positions))
            if not page.events:
                await asyncio.sleep(0.01)

    async def _from_ring(
        self, number: int, positions: list[int], wanted: Wanted | None
    ) -> AsyncIterator[bytes]:
        """Entries from the one with that number on, until the ring has lost the next one."""
        while number >= self._first:
            if number == self._first + len(self._ring):
                if not await self._is_moved():
                    cursor = feed_cursor(self._store, tuple(positions))
                    yield f"id: {cursor}\n: still here\n\n".encode()
                continue
            entry = self._ring[number - self._first]
            number += 1
            event = entry.event
            if event.position <= positions[event.partition]:
                continue
            positions[event.partition] = event.position
            if wanted is None or wanted(event):
                now = tuple(positions)
                yield entry.frame if now == entry.positions else self._frame(event, now)

    async def _is_moved(self) -> bool:
        """Wait for something new; False if there was nothing for a while.

        Raises what ended the reading, if it has ended.
        """
        if self._reading is not None and self._reading.done():
            self._reading.result()
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await self._moved.wait()
        except TimeoutError:
            return False
        return True

    def _frame(self, event: Recorded, positions: Heads) -> bytes:
        cursor = feed_cursor(self._store, positions).encode()
        return b"id: %b\ndata: %b\n\n" % (cursor, self._written(event))
