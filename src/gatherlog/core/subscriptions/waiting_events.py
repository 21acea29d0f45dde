"""How many events wait for a subscription: counted page by page, and remembered for a moment."""

import asyncio
from contextlib import aclosing
from typing import Final

import msgspec

from gatherlog.core.eventstore.feed_pages import feed_events
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.store import Store

__all__ = ["MOST_BEHIND", "MOST_BYTES", "Waiting", "WaitingEvents"]

MOST_BEHIND: Final = 1_000
"""Events up to which it is counted how many wait in a partition."""
MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes of events that are about the most that is read to count them."""
FRESH: Final = 1.0
"""Seconds for which a count is given again, though there may be more events by now."""


class Waiting(msgspec.Struct, frozen=True):
    """The events that wait in a partition."""

    events: int
    """Counted up to MOST_BEHIND, or until MOST_BYTES are read."""
    is_least: bool
    """Whether there are more of them than were counted."""
    oldest: int | None
    """When the first of them was recorded, in microseconds since the epoch; None: there is none."""


class _Counted(msgspec.Struct, frozen=True):
    position: int
    head: int
    at: float
    waiting: Waiting

    def serves(self, position: int, head: int, now: float) -> bool:
        """Whether it is the count for these places, or was a moment ago."""
        if (position, head) == (self.position, self.head):
            return True
        return now - self.at < FRESH and self.position <= position < self.head


class WaitingEvents:
    """Counts the events of a log that wait for subscriptions, one partition after the other.

    At most two pages of events are in memory, however many ask at the same time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: dict[tuple[str, int], _Counted] = {}
        self._lock = asyncio.Lock()

    async def count(self, subscription: str, partition: int, position: int, head: int) -> Waiting:
        """The events of a partition after a subscription's position, up to the partition's head.

        The count may be a second old, unless nothing waits.
        """
        if position >= head:
            return Waiting(0, is_least=False, oldest=None)
        async with self._lock:
            now = asyncio.get_running_loop().time()
            counted = self._counted.get((subscription, partition))
            if counted is None or not counted.serves(position, head, now):
                waiting = await self._count(partition, position, head)
                counted = _Counted(position, head, now, waiting)
                self._counted[subscription, partition] = counted
            return counted.waiting

    async def _count(self, partition: int, position: int, head: int) -> Waiting:
        events = size = 0
        reached, oldest = position, None
        pages = feed_events(self._store, partition, position, head, limit=MOST_BEHIND)
        async with aclosing(pages):
            async for page in pages:
                oldest = page[0].recorded if oldest is None else oldest
                events += sum(event.position <= head for event in page)
                size += sum(map(event_bytes, page))
                reached = page[-1].position
                if events > MOST_BEHIND or size >= MOST_BYTES:
                    break
        is_least = events > MOST_BEHIND or reached < head
        return Waiting(min(events, MOST_BEHIND), is_least, oldest)
