"""The delivery of a page's events to one destination.

It may be closed before it is finished, if it takes too long: it then begins no further attempt.
The events that failed or were still in flight block their keys. If any were not attempted, the
destination is suspended.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.attempts import attempt
from gatherlog.core.subscriptions.batch_in_flight import BatchInFlight
from gatherlog.core.subscriptions.blocked_key import BlockedKey, OrderingKey, ordering_key
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.destination_state import MOST_BLOCKED, DestinationState
from gatherlog.core.subscriptions.outcomes import note_outcome
from gatherlog.core.subscriptions.partition_state import PartitionState

__all__ = ["PageDelivery"]


class PageDelivery:
    """Delivers `events`, in the order of the feed; none of them has a blocked key."""

    def __init__(
        self, state: PartitionState, destination: DestinationState, events: Sequence[Recorded]
    ) -> None:
        self._state = state
        self._destination = destination
        self._events = events
        self._failures: dict[OrderingKey, tuple[Recorded, DeliveryFailed]] = {}
        self._in_flight: set[BatchInFlight] = set()
        self._taken: set[int] = set()
        """Positions."""
        self._is_stopped = False
        self._is_closed = False

    async def run(self) -> None:
        """Deliver until every event was taken or has failed, too many have failed, or `stop`."""
        config = self._destination.config
        if config.at_once == 1 or config.target.batch > 1:
            await self._deliver_in_batches(config.target.batch)
        else:
            await self._deliver_concurrently(config.at_once)
        if not self._is_over:
            self._destination.breaker.note_page(config.retry)

    def stop(self) -> None:
        """Begin no further attempt."""
        self._is_stopped = True

    def close(self, end: int) -> tuple[list[BlockedKey], int]:
        """Stop; returns the keys to block, and up to which position that covers everything.

        `end` is the last position of the page. Up to the position that is returned, every event
        was taken or has a blocked key. It is less than `end` if any event was not attempted. A
        batch in flight goes on, and its outcome is for its blocked keys.
        """
        self._is_stopped = self._is_closed = True
        blocked = self._unfinished(end)
        reached = self._block_up_to_the_last_taken(blocked, end)
        for one in blocked.values():
            one.until = max(one.position, reached)
        self._destination.done_ahead |= {done for done in self._taken if done > reached}
        return list(blocked.values()), reached

    def errors(self) -> dict[OrderingKey, DeliveryFailed]:
        """Why events were not taken."""
        return {key: error for key, (_, error) in self._failures.items()}

    def _unfinished(self, end: int) -> dict[OrderingKey, BlockedKey]:
        """Blocked keys for the events that have failed or are in flight."""
        blocked = {
            key: BlockedKey.starting_with(event, until=end)
            for key, (event, _) in self._failures.items()
        }
        for batch in self._in_flight:
            batch.allow_waiting()
            for event in reversed(batch.events):  # a key is blocked from its first event on
                blocked[ordering_key(event)] = starting = BlockedKey.starting_with(event, until=end)
                starting.in_flight = batch
        return blocked

    def _block_up_to_the_last_taken(self, blocked: dict[OrderingKey, BlockedKey], end: int) -> int:
        """Add keys for the events that were not attempted although a later one was taken.

        Returns the position up to which every event was taken or is blocked.
        """
        room, last = MOST_BLOCKED - len(self._destination.blocked), max(self._taken, default=0)
        for event in self._events:
            key = ordering_key(event)
            if event.position in self._taken or key in blocked:
                continue
            if event.position > last or len(blocked) >= room:
                return event.position - 1
            blocked[key] = BlockedKey.starting_with(event, until=end)
        return end

    @property
    def _is_over(self) -> bool:
        """Whether no further attempt may begin."""
        destination = self._destination
        return (
            self._is_stopped
            or destination.breaker.is_open
            or len(self._failures) + len(destination.blocked) >= MOST_BLOCKED
        )

    async def _deliver_in_batches(self, size: int) -> None:
        """One batch after the other, in the order of the feed."""
        for start in range(0, len(self._events), size):
            if self._is_over:
                return
            batch = list(self._events[start : start + size])
            if self._failures:
                batch = [event for event in batch if self._may_deliver(event)]
            if batch and not await self._attempt(batch) and len(batch) > 1:
                await self._deliver_one_by_one(batch)

    async def _deliver_one_by_one(self, events: Sequence[Recorded]) -> None:
        """After a batch was refused: find out which of its events are the reason."""
        for event in events:
            if not self._is_over and self._may_deliver(event):
                await self._attempt([event])

    async def _deliver_concurrently(self, at_once: int) -> None:
        """Several events at the same time, but one per key; the earliest first.

        As long as none was taken since one has failed, they are delivered one by one.
        """
        queues: dict[OrderingKey, deque[Recorded]] = {}
        for event in self._events:
            queues.setdefault(ordering_key(event), deque()).append(event)
        ready = [(queue[0].position, key) for key, queue in queues.items()]
        heapq.heapify(ready)

        async def deliver_next() -> None:
            _, key = heapq.heappop(ready)
            queue = queues[key]
            if await self._attempt([queue.popleft()]) and queue:
                heapq.heappush(ready, (queue[0].position, key))

        async def work() -> None:
            while ready and not self._is_over:
                await deliver_next()

        while ready and not self._is_over and not self._destination.breaker.is_proven:
            await deliver_next()
        workers = [asyncio.create_task(work()) for _ in range(min(at_once, len(queues)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()

    def _may_deliver(self, event: Recorded) -> bool:
        """Whether no earlier event of the same key has failed."""
        return not self._failures or ordering_key(event) not in self._failures

    async def _attempt(self, events: list[Recorded]) -> bool:
        """Make one attempt; whether the events were taken.

        The batch is kept while it is in flight: if this is closed meanwhile, keys wait for it.
        """
        batch, breaker = BatchInFlight(events), self._destination.breaker
        self._in_flight.add(batch)
        try:
            error = await attempt(self._state, self._destination.config, events, 1)
        except BaseException:
            batch.abort()
            raise
        batch.finish(error)
        if error is not None or not breaker.is_proven:
            note_outcome(self._state, self._destination, error)
        if self._is_closed:
            return error is None
        self._in_flight.discard(batch)
        if error is None:
            self._taken.update([event.position for event in events])
        elif len(events) == 1:
            self._failures[ordering_key(events[0])] = (events[0], error)
        return error is None
