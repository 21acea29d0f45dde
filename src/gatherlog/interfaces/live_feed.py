"""The live feed: one task reads the log for all clients that follow it in this process.

New events are read and encoded once, and kept in a ring buffer that all followers send from. A
follower that has fallen behind the buffer reads the store itself until it has caught up. It keeps
the last position it was sent in each partition, so no event is missed or sent twice.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import EventFilter, feed_cursor, feed_page
from gatherlog.core.eventstore.store import Heads, Store

__all__ = ["FeedHub"]

RING: Final = 4096
"""Events in the buffer."""
PAGE: Final = 500
LAG_PAUSE: Final = 0.01
"""Seconds until the feed is read again where it lags behind the heads."""
KEEP_ALIVE: Final = 15.0
"""Seconds without an event after which a follower is sent its cursor in an empty event."""
RETRY: Final = b"retry: 1000\n\n"
"""Tells the client after how many milliseconds to reconnect when the stream broke off."""

Written = Callable[[Recorded], bytes]
"""Gives an event's JSON in one line."""


class _Entry:
    """One event in the buffer, and the text of it for followers at the buffer's own positions."""

    __slots__ = ("event", "frame", "positions")

    def __init__(self, event: Recorded, positions: Heads, frame: bytes) -> None:
        self.event = event
        self.positions = positions
        self.frame = frame


class FeedHub:
    """Reads the feed of one store on behalf of any number of followers."""

    def __init__(self, store: Store, written: Written) -> None:
        self._store = store
        self._written = written
        self._ring: deque[_Entry] = deque(maxlen=RING)
        self._first = 0
        """The number of the buffer's first entry, counted since the hub was made."""
        self._positions: Heads = ()
        """How far the log has been read into the buffer, per partition."""
        self._appended = asyncio.Event()
        """Set, and replaced by a new one, when entries are added."""
        self._followers = 0
        self._reading: asyncio.Task[None] | None = None

    async def follow(self, after: Heads, wanted: EventFilter | None) -> AsyncGenerator[bytes]:
        """Server-sent events for all wanted events after these positions, without end.

        The id of each is the cursor with which a client resumes right after it.
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
        """Start the task that reads the log from its present end, unless it runs."""
        heads = await self._store.heads()
        if self._reading is None or self._reading.done():
            self._ring.clear()
            self._positions = heads
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        heads = self._positions
        while True:
            places = enumerate(zip(self._positions, heads, strict=True))
            behind = [partition for partition, (here, head) in places if here < head]
            if not behind:
                heads = await self._store.wait(self._positions, KEEP_ALIVE)
            elif not await self._read_once(behind):
                await asyncio.sleep(LAG_PAUSE)

    async def _read_once(self, partitions: Sequence[int]) -> bool:
        """Read one page of each; False if they were all empty, as the feed lags.

        Partitions take turns, so that none waits for another one that lags or grows.
        """
        has_read = False
        for partition in partitions:
            after, limit = self._positions[partition], min(PAGE, self._store.limits.page)
            page = await self._store.read_feed(partition, after=after, limit=limit)
            if page:
                self._add(page)
                has_read = True
        return has_read

    def _add(self, page: Sequence[Recorded]) -> None:
        positions = list(self._positions)
        for event in page:
            positions[event.partition] = event.position
            if len(self._ring) == RING:
                self._first += 1
            now = tuple(positions)
            self._ring.append(_Entry(event, now, self._frame(event, now)))
        self._positions = tuple(positions)
        self._appended.set()
        self._appended = asyncio.Event()

    async def _catch_up(
        self, positions: list[int], goal: Heads, wanted: EventFilter | None
    ) -> AsyncIterator[bytes]:
        """Events from the store between `positions`, which are updated on the way, and `goal`."""
        while any(here < there for here, there in zip(positions, goal, strict=True)):
            page = await feed_page(self._store, tuple(positions), limit=PAGE)
            for event in page.events:
                positions[event.partition] = event.position
                if wanted is None or wanted(event):
                    yield self._frame(event, tuple(positions))
            if not page.events:
                await asyncio.sleep(LAG_PAUSE)

    async def _from_ring(
        self, number: int, positions: list[int], wanted: EventFilter | None
    ) -> AsyncIterator[bytes]:
        """Entries of the buffer from this number on, until the next one was dropped from it."""
        while number >= self._first:
            if number == self._first + len(self._ring):
                if not await self._wait():
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

    async def _wait(self) -> bool:
        """Wait for a new entry; False if there was none for KEEP_ALIVE seconds.

        Raises the error of the reading task, if it has failed.
        """
        if self._reading is not None and self._reading.done():
            self._reading.result()
        try:
            async with asyncio.timeout(KEEP_ALIVE):
                await self._appended.wait()
        except TimeoutError:
            return False
        return True

    def _frame(self, event: Recorded, positions: Heads) -> bytes:
        cursor = feed_cursor(self._store, positions).encode()
        return b"id: %b\ndata: %b\n\n" % (cursor, self._written(event))
