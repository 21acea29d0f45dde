"""A run: the events of one page on their way to one destination.

Whoever waits for it may leave it after a while. Then it finishes what is under way and begins
nothing more; what it leaves behind goes into lanes, or, if that is too much, holds the outlet.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Sequence

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.destination_state import (
    MOST_BLOCKED,
    Attempt,
    BatchInFlight,
    BlockedKey,
    DestinationState,
    Key,
    key_of,
)

__all__ = ["PageDelivery"]


class PageDelivery:
    """Brings `events`, in the order of the feed, of which none is of an open lane."""

    def __init__(
        self, outlet: DestinationState, events: Sequence[Recorded], attempt: Attempt
    ) -> None:
        self._outlet = outlet
        self._events = events
        self._attempt = attempt
        self._failures: dict[Key, tuple[Recorded, DeliveryFailed]] = {}
        self._flights: dict[Key, tuple[Recorded, BatchInFlight]] = {}
        self._done: set[int] = set()
        self._is_left = False
        self._is_settled = False

    async def run(self) -> None:
        """Bring them until all are taken or have failed, so many fail that it is held, or left."""
        destination = self._outlet.destination
        if destination.at_once == 1 or destination.target.batch > 1:
            await self._in_turn(destination.target.batch)
        else:
            await self._side_by_side(destination.at_once)

    def leave(self) -> None:
        """Begin nothing more."""
        self._is_left = True

    def settle(self, end: int) -> tuple[list[BlockedKey], int]:
        """After it ended or was left: the lanes to open, and how far everything is accounted for.

        `end` is the last position of the page. Up to the position given back, every event was
        taken or is of a lane; it is less than `end` where there is too much for lanes. What is
        under way from now on is the business of its lane.
        """
        self._is_left = self._is_settled = True
        lanes = {key: BlockedKey.at(event, until=end) for key, (event, _) in self._failures.items()}
        for key, (event, flight) in self._flights.items():
            lanes[key] = BlockedKey.at(event, until=end)
            lanes[key].flight = flight
            flight.watch()
        room = MOST_BLOCKED - len(self._outlet.lanes)
        reached = end
        for event in self._events:
            key = key_of(event)
            if event.position in self._done or key in lanes:
                continue
            if len(lanes) >= room:
                reached = event.position - 1
                break
            lanes[key] = BlockedKey.at(event, until=end)
        for lane in lanes.values():
            lane.until = max(lane.position, reached)
        self._outlet.done |= {position for position in self._done if position > reached}
        return list(lanes.values()), reached

    def errors(self) -> dict[Key, DeliveryFailed]:
        """What went wrong, by stream and subject."""
        return {key: error for key, (_, error) in self._failures.items()}

    @property
    def _is_over(self) -> bool:
        """Whether nothing more may be begun."""
        return self._is_left or len(self._failures) + len(self._outlet.lanes) >= MOST_BLOCKED

    async def _in_turn(self, batch: int) -> None:
        for start in range(0, len(self._events), batch):
            if self._is_over:
                return
            chunk = [e for e in self._events[start : start + batch] if self._may_go(e)]
            if chunk and not await self._bring(chunk) and len(chunk) > 1:
                await self._one_by_one(chunk)

    async def _one_by_one(self, events: Sequence[Recorded]) -> None:
        """After several were refused together: find those that are to blame."""
        for event in events:
            if not self._is_over and self._may_go(event):
                await self._bring([event])

    async def _side_by_side(self, at_once: int) -> None:
        """Several at once, each stream and subject in order, the earliest first."""
        queues: dict[Key, deque[Recorded]] = {}
        for event in self._events:
            queues.setdefault(key_of(event), deque()).append(event)
        ready = [(queue[0].position, key) for key, queue in queues.items()]
        heapq.heapify(ready)

        async def work() -> None:
            while ready and not self._is_over:
                _, key = heapq.heappop(ready)
                queue = queues[key]
                if await self._bring([queue.popleft()]) and queue:
                    heapq.heappush(ready, (queue[0].position, key))

        workers = [asyncio.create_task(work()) for _ in range(min(at_once, len(queues)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()

    def _may_go(self, event: Recorded) -> bool:
        return not self._failures or key_of(event) not in self._failures

    async def _bring(self, events: list[Recorded]) -> bool:
        """One attempt; whether it was taken. What flies is noted: a lane may have to wait."""
        flight = BatchInFlight(events)
        for event in events:
            self._flights.setdefault(key_of(event), (event, flight))
        try:
            error = await self._attempt(self._outlet.destination, events, 1)
        except BaseException:
            flight.crash()
            raise
        flight.land(error)
        if self._is_settled:
            return error is None
        for event in events:
            self._flights.pop(key_of(event), None)
        if error is None:
            self._done.update(event.position for event in events)
        elif len(events) == 1:
            self._failures[key_of(events[0])] = (events[0], error)
        return error is None
