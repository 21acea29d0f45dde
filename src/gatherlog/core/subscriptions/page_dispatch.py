"""Dispatch of a page: each event goes to the destinations that the subscription names for it.

A page waits for its destinations for a moment only. Those that take longer go on beside it, and
the next pages do not wait for them until they have caught up.
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

PATIENCE: Final = 1.0
"""Seconds that a page waits for its slowest destination, if there are others."""
GRACE: Final = 5.0
"""Seconds that attempts under way have to end, once no other may begin."""


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
        """Deliver a page; what fails or takes too long blocks its keys. Returns its length."""
        state, end = self._state, page[-1].position
        deliveries = {
            destination: PageDelivery(state, destination, events)
            for destination, events in self._route(page).items()
        }
        self._deliveries = deliveries
        await self._run(deliveries)
        self._deliveries = {}
        for destination, delivery in deliveries.items():
            reached = self._retries.block_unfinished(destination, delivery, end)
            if reached < end:
                destination.suspend(reached, end)
                self._retries.catch_up(destination)
        state.position = end
        if deliveries:
            state.unsaved.set()
        return len(page)

    def _route(self, page: Sequence[Recorded]) -> dict[DestinationState, list[Recorded]]:
        """The events to deliver now; others wait for their blocked key, or are skipped while the
        destination is suspended."""
        route, destinations = self._state.subscription.route, self._state.destinations
        routed: dict[DestinationState, list[Recorded]] = {}
        for event in page:
            for config in route(event):
                destination = destinations[config.name]
                if destination.suspended_from is not None:
                    destination.skipped_to = event.position
                elif (
                    destination.blocked
                    and (blocked := destination.blocked.get(ordering_key(event))) is not None
                ):
                    blocked.until = max(blocked.until, event.position)
                else:
                    routed.setdefault(destination, []).append(event)
        return routed

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
