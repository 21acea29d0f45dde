"""How many events a subscription has still to process in a partition.

These are the events that it has not read, the events of blocked keys, which wait for the first of
them, and the events that suspended destinations have still to catch up with. What counts is the
event: it counts once, however many destinations it waits for.
"""

from collections.abc import Iterable, Mapping
from contextlib import aclosing

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.feed_pages import feed_events
from gatherlog.core.eventstore.store import Store
from gatherlog.core.eventstore.streams import INTERNAL, category_of
from gatherlog.core.subscriptions.checkpoints import Backlog

__all__ = ["Waiting", "count_waiting"]

_Versions = dict[str, int]
"""By subject: from which version on the events of a stream wait."""


class Waiting(msgspec.Struct, frozen=True):
    """Events that wait in one partition."""

    events: int
    is_least: bool
    """Whether there may be more of them than were counted."""
    oldest: int | None
    """When the first of them was recorded: microseconds since the epoch; None if there is none."""


async def count_waiting(
    store: Store, partition: int, position: int, head: int, backlogs: Iterable[Backlog], most: int
) -> Waiting:
    """Count what waits up to `head`, where every event up to `position` was read.

    `backlogs` are those of the partition. Not much more than `most` events are counted, and of the
    streams of blocked keys not much more than `most` are read.
    """
    backlogs = list(backlogs)
    suspended = [one.suspended_from for one in backlogs if one.suspended_from is not None]
    start, found = min([position, *suspended]), _Found(most)
    await found.read_feed(store, partition, start, head, read_to=position)
    await found.read_streams(store, _blocked(backlogs), until=start)
    first = min(found.recorded, default=None)
    return Waiting(
        events=min(len(found.recorded), most),
        is_least=found.is_full or found.is_cut,
        oldest=None if first is None else found.recorded[first],
    )


class _Found:
    """The events found so far."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.recorded: dict[int, int] = {}
        """By position: when the event was recorded."""
        self.is_cut = False
        """Whether a stream was not read to its end."""

    @property
    def is_full(self) -> bool:
        return len(self.recorded) > self._most

    async def read_feed(
        self, store: Store, partition: int, after: int, head: int, *, read_to: int
    ) -> None:
        """The events up to `head`, but of bookkeeping only those after `read_to`."""
        pages = feed_events(store, partition, after, head, limit=self._most)
        async with aclosing(pages):
            async for page in pages:
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
        left, size = self._most, min(self._most, store.limits.page)
        for stream, versions in blocked.items():
            after = min(versions.values()) - 1
            while not self.is_full:
                if left <= 0:
                    self.is_cut = True
                    return
                page = await store.read_stream(stream, after=after, limit=min(size, left))
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
