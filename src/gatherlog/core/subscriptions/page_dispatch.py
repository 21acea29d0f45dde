"""Dispatch of a page: each event goes to the destinations that the subscription names for it.

A page waits for its destinations for a moment only. Those that take longer go on beside it, and
the next pages do not wait for them until they have caught up. Where events have many destinations,
a page is dispatched in parts, so that those that fail are found out early.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.admin_commands import AdminCommands
from gatherlog.core.subscriptions.blocked_key import ordering_key
from gatherlog.core.subscriptions.destination_state import DestinationState
from gatherlog.core.subscriptions.page_delivery import PageDelivery
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.retry_queues import RetryQueues

__all__ = ["GRACE", "PATIENCE", "PageDispatch"]

PATIENCE: Final = 0.3
"""Seconds that a page waits for its slowest destination, if there are others."""
MOST_DELIVERIES: Final = 5_000
"""Deliveries of one part of a page, beyond which the next events are left for the next part."""
GRACE: Final = 5.0
"""Seconds that attempts under way have to end, once no other may begin."""


_Routed = dict[DestinationState, list[Recorded]]


class PageDispatch:
    """Delivers the pages of a partition to all destinations of a subscription."""

    is_stuck = False
    """A page can always be dispatched: a destination that fails is suspended."""

    def __init__(
        self, state: PartitionState, retries: RetryQueues, commands: AdminCommands
    ) -> None:
        self._state = state
        self._retries = retries
        self._commands = commands
        self._deliveries: Mapping[DestinationState, PageDelivery] = {}

    def stop(self) -> None:
        """Begin no further attempt."""
        for delivery in self._deliveries.values():
            delivery.stop()

    async def process(self, page: Sequence[Recorded]) -> int:
        """Deliver a page; what fails or takes too long blocks its keys.

        Returns how many events that was: all, unless it is stopped or paused meanwhile.
        """
        state, done = self._state, 0
        while done < len(page):
            if done:
                if not state.may_attempt.is_set():
                    break
                if await state.refresh():
                    self._retries.start()
            done += await self._process_part(page[done:])
        return done

    async def _process_part(self, page: Sequence[Recorded]) -> int:
        """Deliver the first events of a page; returns how many."""
        state = self._state
        count, routed = self._route(page)
        end = page[count - 1].position
        deliveries = {
            destination: PageDelivery(state, destination, events)
            for destination, events in routed.items()
        }
        self._deliveries = deliveries
        await self._run(deliveries)
        self._deliveries = {}
        for destination, delivery in deliveries.items():
            if state.destinations.get(destination.config.name) is not destination:
                delivery.close(end)  # it was removed meanwhile
                continue
            reached = self._retries.block_unfinished(destination, delivery, end)
            if reached < end or destination.breaker.is_open:
                destination.suspend(reached, end)
                self._retries.catch_up(destination)
        state.position = end
        if deliveries:
            state.unsaved.set()
        return count

    def _route(self, page: Sequence[Recorded]) -> tuple[int, _Routed]:
        """How many events of the page to deal with now, and which of them to deliver where.

        Others wait for their blocked key, or are skipped while the destination is suspended.
        """
        route, destinations = self._state.subscription.route, self._state.destinations
        routed: _Routed = {}
        suspended, deliveries, count = self._state.suspended.names, 0, 0
        for event in page:
            if deliveries > MOST_DELIVERIES:
                break
            count += 1
            found = route(event, suspended)
            deliveries += len(found)
            for config in found:
                destination = destinations[config.name]
                if config.name in suspended:
                    continue
                if (
                    destination.blocked
                    and (blocked := destination.blocked.get(ordering_key(event))) is not None
                ):
                    blocked.until = max(blocked.until, event.position)
                    if destination.breaker.is_open:
                        routed.setdefault(destination, [])  # to be suspended
                else:
                    routed.setdefault(destination, []).append(event)
        for destination in self._state.suspended:
            destination.skipped_to = page[count - 1].position
        return count, routed

    async def _run(self, deliveries: Mapping[DestinationState, PageDelivery]) -> None:
        """Run the deliveries, but those to slow destinations, until they end or take too long."""
        tasks = {
            self._state.tasks.start(delivery.run()): destination
            for destination, delivery in deliveries.items()
            if not destination.is_slow
        }
        if tasks:
            for task in await self._wait(set(tasks)):
                tasks[task].is_slow = True

    async def _wait(self, running: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
        """Wait, and carry out commands meanwhile; returns the tasks that take too long."""
        state = self._state
        while True:
            _, running = await asyncio.wait(running, timeout=PATIENCE)
            if not running:
                return running
            if not state.is_stopping:
                await self._commands.carry_out()
            if state.is_stopping or not state.may_attempt.is_set():
                self.stop()
                await asyncio.wait(running, timeout=GRACE)
                return set()
            if len(state.destinations) > 1:
                return running
            if await state.is_outdated():
                self.stop()
