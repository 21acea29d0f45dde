"""The live feed: one task reads the log for all clients that follow it in this process.

New events are read and encoded once, and kept in a ring that all followers send from. A follower
that has fallen behind the ring reads the store itself until it has caught up. It keeps the last
position it was sent in each partition, so no event is missed or sent twice, also if reading fails:
the task tries again from where it was, and if it has to give up, the streams of its followers end,
whose clients resume after the last event that they got. docs/decisions/0022-live-feed.md.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec

from gatherlog.core.eventstore.errors import StoreClosed, StoreError
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import (
    EventFilter,
    FeedPage,
    feed_cursor,
    feed_page,
    follow_feed,
)
from gatherlog.core.eventstore.retrying import Backoff
from gatherlog.core.eventstore.store import Heads, Store
from gatherlog.core.retention import erases
from gatherlog.interfaces.event_ring import Entry, EventRing

__all__ = ["FeedHub"]

PAGE: Final = 500
LAG_PAUSE: Final = 0.01
"""Seconds until the feed is read again where it lags behind the heads."""
KEEP_ALIVE: Final = 15.0
"""Seconds without a frame after which a follower is sent its cursor in an empty event."""
RETRY: Final = b"retry: 1000\n\n"
"""Tells the client after how many milliseconds to reconnect when the stream broke off."""

Written = Callable[[Recorded], bytes]
"""Gives an event's JSON in one line."""


class FeedHub:
    """Reads the feed of one store on behalf of any number of followers."""

    def __init__(self, store: Store, written: Written) -> None:
        self._store = store
        self._written = written
        self._ring: EventRing | None = None
        self._followers = 0
        self._reading: asyncio.Task[None] | None = None

    async def follow(self, after: Heads, wanted: EventFilter | None) -> AsyncGenerator[bytes]:
        """Server-sent events for all wanted events after these positions, without end.

        The id of each is the cursor with which a client resumes right after it. A follower without
        a frame for KEEP_ALIVE seconds is sent its cursor alone, also while there are events that it
        does not want. Raises what the store raises if reading fails for a while.
        """
        yield RETRY
        with self._counted():
            follower = _Follower(self._store, after, wanted, self._frame)
            while True:
                ring = await self._joined()
                number = ring.end
                async for frame in follower.from_store(ring.positions):
                    yield frame
                async for frame in follower.from_ring(ring, number):
                    yield frame

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a follower; the last one who leaves ends the reading."""
        self._followers += 1
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers and self._reading is not None:
                self._reading.cancel()
                self._reading = self._ring = None

    async def _joined(self) -> EventRing:
        """The ring that is read into, which is a new one, from the present end, if there is none.

        A ring that has ended is left to the followers who still send from it: the numbers of one
        mean nothing in the other.
        """
        heads = await self._store.heads()
        if self._ring is None or self._ring.has_ended:
            self._ring = EventRing(heads)
            self._reading = asyncio.create_task(self._read(self._ring))
        return self._ring

    async def _read(self, ring: EventRing) -> None:
        """Read the log into the ring. Any failure that lasts ends it, so that followers hear."""
        backoff = Backoff()
        try:
            while True:
                try:
                    async for page in follow_feed(self._store, ring.positions, limit=PAGE):
                        ring.add(self._entries(ring.positions, page))
                        if any(map(erases, page.events)):
                            ring.forget()
                        backoff = Backoff()
                except StoreError as error:
                    await _pause(backoff, error)
        except Exception as error:  # noqa: BLE001 - each follower raises it
            ring.fail(error)

    def _entries(self, after: Heads, page: FeedPage) -> Iterator[Entry]:
        positions = list(after)
        for event in page.events:
            positions[event.partition] = event.position
            now = tuple(positions)
            yield Entry(event, now, self._frame(event, now))

    def _frame(self, event: Recorded, positions: Heads) -> bytes:
        """The frame of an event. One that cannot be shown is told by its place, and ends nobody."""
        try:
            line = self._written(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, all others go on
            line = _place(event, error)
        return b"id: %b\ndata: %b\n\n" % (feed_cursor(self._store, positions).encode(), line)


class _Follower:
    """How far one client has been sent the feed."""

    def __init__(
        self,
        store: Store,
        after: Heads,
        wanted: EventFilter | None,
        frame: Callable[[Recorded, Heads], bytes],
    ) -> None:
        self._store = store
        self._positions = list(after)
        self._wanted = wanted
        self._frame = frame
        self._clock = asyncio.get_running_loop().time
        self._sent_at = self._clock()

    async def from_store(self, goal: Heads) -> AsyncIterator[bytes]:
        """Frames of events from the store up to the positions `goal`."""
        backoff = Backoff()
        while any(here < there for here, there in zip(self._positions, goal, strict=True)):
            try:
                page = await feed_page(self._store, tuple(self._positions), limit=PAGE)
            except StoreError as error:
                await _pause(backoff, error)
                continue
            backoff = Backoff()
            for event in page.events:
                if self._takes(event):
                    yield self._sent(self._frame(event, tuple(self._positions)))
            if self._seconds_left() <= 0:
                yield self._sent(self._still_here())
            if not page.events:
                await asyncio.sleep(LAG_PAUSE)

    async def from_ring(self, ring: EventRing, number: int) -> AsyncIterator[bytes]:
        """Frames of entries from this number on, until the next one was dropped from the ring."""
        while number >= ring.first:
            if number == ring.end:
                if not await ring.wait(self._seconds_left()):
                    yield self._sent(self._still_here())
                continue
            entry = ring.entry(number)
            number += 1
            event = entry.event
            if event.position > self._positions[event.partition] and self._takes(event):
                now = tuple(self._positions)
                same = now == entry.positions
                yield self._sent(entry.frame if same else self._frame(event, now))

    def _takes(self, event: Recorded) -> bool:
        """Go on to this event; whether it is wanted."""
        self._positions[event.partition] = event.position
        return self._wanted is None or self._wanted(event)

    def _seconds_left(self) -> float:
        """Until the client has to be sent something."""
        return max(0.0, self._sent_at + KEEP_ALIVE - self._clock())

    def _sent(self, frame: bytes) -> bytes:
        self._sent_at = self._clock()
        return frame

    def _still_here(self) -> bytes:
        """No event, but the cursor after those that were not wanted."""
        return f"id: {feed_cursor(self._store, tuple(self._positions))}\n: still here\n\n".encode()


async def _pause(backoff: Backoff, error: StoreError) -> None:
    """Wait before the log is read again. Raises if that has failed for long, or for good."""
    if isinstance(error, StoreClosed):
        raise error
    await backoff.pause(error)


def _place(event: Recorded, error: Exception) -> bytes:
    """What is shown of an event that cannot be shown."""
    place = {"stream": event.stream, "version": event.version}
    where = {"partition": event.partition, "position": event.position}
    return msgspec.json.encode({**place, **where, "unreadable": type(error).__name__})
