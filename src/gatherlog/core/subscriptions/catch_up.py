"""Catching up: a suspended destination gets what it missed, as its blocked keys become fewer."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.blocked_key import ordering_key
from gatherlog.core.subscriptions.destination_state import DestinationState
from gatherlog.core.subscriptions.page_delivery import PageDelivery
from gatherlog.core.subscriptions.page_size import PageSize
from gatherlog.core.subscriptions.partition_state import PartitionState

__all__ = ["BlockUnfinished", "CatchUp"]

_LONGEST_PAUSE: Final = 0.05
"""Seconds at most before an empty page is read again; events are known to be there."""

BlockUnfinished = Callable[[DestinationState, PageDelivery, int], int]
"""Closes a delivery and blocks the keys of what it left; see `RetryQueues.block_unfinished`."""


class CatchUp:
    """Delivers to suspended destinations, each in a task of its own, until they have caught up."""

    def __init__(self, state: PartitionState, block_unfinished: BlockUnfinished) -> None:
        self._state = state
        self._block_unfinished = block_unfinished

    def start(self, destination: DestinationState) -> None:
        """Begin to catch up, if the destination is suspended and nothing does so yet."""
        if destination.suspended_from is not None and destination.catch_up_task is None:
            destination.catch_up_task = self._state.tasks.start(self._run(destination))

    async def _run(self, destination: DestinationState) -> None:
        state, clock, page_size = self._state, asyncio.get_running_loop().time, PageSize()
        while destination.suspended_from is not None and not state.is_stopping:
            await destination.wait_for_room()
            await state.may_attempt.wait()
            if await state.current(destination) is None:
                break
            page = await self._read(destination, destination.suspended_from, page_size.size)
            began = clock()
            await self._deliver(destination, page)
            page_size.took(clock() - began)
            if not page:
                await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))
        destination.catch_up_task = None

    async def _read(self, destination: DestinationState, after: int, size: int) -> list[Recorded]:
        """The next page, without the events that the processor has not reached itself."""
        state = self._state
        limit = min(size, state.store.limits.page)
        page = await state.store.read_feed(state.partition, after=after, limit=limit)
        end = max(state.position, destination.skipped_to)
        return [event for event in page if event.position <= end]

    async def _deliver(self, destination: DestinationState, page: Sequence[Recorded]) -> None:
        end = page[-1].position if page else destination.suspended_from or 0
        delivery = PageDelivery(self._state, destination, self._missed(destination, page))
        destination.interrupt_catch_up = delivery.stop
        try:
            await delivery.run()
        finally:
            destination.interrupt_catch_up = None
        destination.is_slow = False
        self._go_on_from(destination, self._block_unfinished(destination, delivery, end))

    def _missed(self, destination: DestinationState, page: Sequence[Recorded]) -> list[Recorded]:
        """The events to deliver: not those that are done already, or have a blocked key."""
        routes_to, name = self._state.subscription.routes_to, destination.config.name
        missed = []
        for event in page:
            if event.position in destination.done_ahead or not routes_to(name, event):
                continue
            blocked = destination.blocked.get(ordering_key(event))
            if blocked is None:
                missed.append(event)
            else:
                blocked.until = max(blocked.until, event.position)
        return missed

    def _go_on_from(self, destination: DestinationState, reached: int) -> None:
        """Note how far it has caught up; it is suspended no more if that is all that it missed."""
        state = self._state
        if reached >= max(state.position, destination.skipped_to):
            destination.suspended_from = None
            destination.done_ahead.clear()
        else:
            destination.suspended_from = reached
            destination.done_ahead = {p for p in destination.done_ahead if p > reached}
        destination.is_dirty = True
        state.unsaved.set()
