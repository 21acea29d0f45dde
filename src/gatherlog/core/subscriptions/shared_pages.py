"""Pages of the feed that subscriptions of one worker share when they stand at the same place.

After a commit all of them read the same few events. One of them reads the page, and the others
take it as it is, with its events already made.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final, NamedTuple

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Store

__all__ = ["SharedPages"]

KEPT_SECONDS: Final = 1.0
"""How long a page may be taken again. What is erased later is not handed out again by this."""


class _Page(NamedTuple):
    after: int
    events: Sequence[Recorded]


class SharedPages:
    """Reads the feed for all subscriptions of one worker, each page once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._latest: dict[int, _Page] = {}
        """The page that was read last of each partition."""
        self._under_way: dict[tuple[int, int, int], asyncio.Future[list[Recorded]]] = {}

    async def read(
        self, partition: int, *, after: int, limit: int, head: int
    ) -> Sequence[Recorded]:
        """The events after a position, as `Store.read_feed` gives them.

        A page that another subscription has read is taken only if it reaches `head` or is full, so
        that what came later does not have to wait for the next one.
        """
        if shared := self._shared(partition, after, limit, head):
            return shared
        key = (partition, after, limit)
        reading = self._under_way.get(key)
        if reading is None:
            reading = self._under_way[key] = asyncio.ensure_future(self._read(*key))
            reading.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(reading)

    def _done(self, key: tuple[int, int, int], reading: asyncio.Future[list[Recorded]]) -> None:
        del self._under_way[key]
        if not reading.cancelled():
            reading.exception()  # all who waited may have been stopped meanwhile

    async def _read(self, partition: int, after: int, limit: int) -> list[Recorded]:
        events = await self._store.read_feed(partition, after=after, limit=limit)
        if events:
            page = self._latest[partition] = _Page(after, events)
            asyncio.get_running_loop().call_later(KEPT_SECONDS, self._forget, partition, page)
        return events

    def _shared(self, partition: int, after: int, limit: int, head: int) -> Sequence[Recorded]:
        """The part of the page that was read last which can be given; empty if there is none."""
        page = self._latest.get(partition)
        if page is None or not page.after <= after < page.events[-1].position:
            return ()
        start = bisect_right(page.events, after, key=_position)
        found = page.events[start : start + limit]
        return found if len(found) == limit or found[-1].position >= head else ()

    def _forget(self, partition: int, page: _Page) -> None:
        if self._latest.get(partition) is page:
            del self._latest[partition]


def _position(event: Recorded) -> int:
    return event.position
