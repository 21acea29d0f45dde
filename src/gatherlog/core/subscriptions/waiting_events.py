"""How many events a subscription has still to process in a partition.

These are the events that it has not read, the events of blocked keys, which wait for the first of
them, and the events that suspended destinations have still to catch up with. What counts is the
event: it counts once, however many destinations it waits for.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Final

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import feed_events
from gatherlog.core.eventstore.page_sizes import event_bytes
from gatherlog.core.eventstore.store import Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.subscriptions.checkpoints import Backlog

__all__ = ["MOST_BEHIND", "MOST_BYTES", "Waiting", "WaitingEvents"]

MOST_BEHIND: Final = 1_000
"""Events up to which it is counted how many wait in a partition."""
MOST_BYTES: Final = 32 * 1024 * 1024
"""Bytes of events that are about the most that is read to count them."""
FRESH: Final = 1.0
"""Seconds for which a count is given again, though there may be more events by now."""

_Versions = dict[str, int]
"""By subject: from which version on the events of a stream wait."""


class Waiting(msgspec.Struct, frozen=True):
    """The events that wait in a partition."""

    events: int
    """Counted up to MOST_BEHIND, or until MOST_BYTES are read."""
    is_least: bool
    """Whether there may be more of them than were counted."""
    oldest: int | None
    """When the first of them was recorded, in microseconds since the epoch; None: there is none."""


class _Counted(msgspec.Struct, frozen=True):
    position: int
    head: int
    backlogs: Sequence[Backlog]
    at: float
    waiting: Waiting

    def serves(self, position: int, head: int, backlogs: Sequence[Backlog], now: float) -> bool:
        """Whether it is the count for these places, or was a moment ago."""
        if (position, head, backlogs) == (self.position, self.head, self.backlogs):
            return True
        return now - self.at < FRESH and self.position <= position < head


class WaitingEvents:
    """Counts the events of a log that wait for subscriptions, one partition after the other.

    At most two pages of events are in memory, however many ask at the same time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: dict[tuple[str, int], _Counted] = {}
        self._lock = asyncio.Lock()

    async def count(
        self,
        subscription: str,
        partition: int,
        position: int,
        head: int,
        backlogs: Sequence[Backlog] = (),
    ) -> Waiting:
        """The events of a partition that a subscription has still to process, up to its head.

        Every event up to `position` was read; `backlogs` are those of the partition. The count may
        be a second old, unless nothing waits.
        """
        if position >= head and not backlogs:
            return Waiting(0, is_least=False, oldest=None)
        async with self._lock:
            now = asyncio.get_running_loop().time()
            counted = self._counted.get((subscription, partition))
            if counted is None or not counted.serves(position, head, backlogs, now):
                waiting = await self._count(partition, position, head, backlogs)
                counted = _Counted(position, head, backlogs, now, waiting)
                self._counted[subscription, partition] = counted
            return counted.waiting

    async def _count(
        self, partition: int, position: int, head: int, backlogs: Sequence[Backlog]
    ) -> Waiting:
        suspended = [one.suspended_from for one in backlogs if one.suspended_from is not None]
        start, found = min([position, *suspended]), _Found()
        await found.read_feed(self._store, partition, start, head, read_to=position)
        await found.read_streams(self._store, _blocked(backlogs), until=start)
        first = min(found.recorded, default=None)
        return Waiting(
            events=min(len(found.recorded), MOST_BEHIND),
            is_least=found.is_full or found.is_cut,
            oldest=None if first is None else found.recorded[first],
        )


class _Found:
    """The events found so far."""

    def __init__(self) -> None:
        self._bytes = 0
        self.recorded: dict[int, int] = {}
        """By position: when the event was recorded."""
        self.is_cut = False
        """Whether a stream was not read to its end."""

    @property
    def is_full(self) -> bool:
        return len(self.recorded) > MOST_BEHIND or self._bytes >= MOST_BYTES

    async def read_feed(
        self, store: Store, partition: int, after: int, head: int, *, read_to: int
    ) -> None:
        """The events up to `head`, but of bookkeeping only those after `read_to`."""
        pages = feed_events(store, partition, after, head, limit=MOST_BEHIND)
        async with aclosing(pages):
            async for page in pages:
                self._bytes += sum(map(event_bytes, page))
                self._add(
                    event
                    for event in page
                    if event.position <= head
                    and (event.position > read_to or category_of(event.stream) not in INTERNAL)
                )
                if self.is_full:
                    break

    async def read_streams(
        self, store: Store, blocked: Mapping[str, _Versions], until: int
    ) -> None:
        """The events of blocked keys up to the position `until`; later ones are in the feed."""
        left, size = MOST_BEHIND, min(MOST_BEHIND, store.limits.page)
        for stream, versions in blocked.items():
            after = min(versions.values()) - 1
            while not self.is_full:
                if left <= 0:
                    self.is_cut = True
                    return
                page = await store.read_stream(stream, after=after, limit=min(size, left))
                self._bytes += sum(map(event_bytes, page))
                waiting = [event for event in page if event.position <= until]
                self._add(e for e in waiting if e.version >= versions.get(e.subject, e.version + 1))
                if not page or len(waiting) < len(page):
                    break
                left, after = left - len(page), page[-1].version

    def _add(self, events: Iterable[Recorded]) -> None:
        self.recorded.update((event.position, event.recorded) for event in events)


def _blocked(backlogs: Iterable[Backlog]) -> dict[str, _Versions]:
    """By stream: the subjects that wait for any destination."""
    blocked: dict[str, _Versions] = {}
    for parked in (one for backlog in backlogs for one in backlog.parked):
        versions = blocked.setdefault(parked.stream, {})
        first = parked.version + parked.is_done
        versions[parked.subject] = min(first, versions.get(parked.subject, first))
    return blocked
