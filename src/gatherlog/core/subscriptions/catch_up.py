"""Catching up: a suspended destination gets what it missed, as its blocked keys become fewer."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.subscriptions.attempts import attempt
from gatherlog.core.subscriptions.blocked_key import BlockedKey, ordering_key
from gatherlog.core.subscriptions.breaker import OPENS_AT
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.destination_state import DestinationState
from gatherlog.core.subscriptions.outcomes import note_outcome
from gatherlog.core.subscriptions.page_delivery import PageDelivery
from gatherlog.core.subscriptions.page_size import PageSize
from gatherlog.core.subscriptions.partition_state import DestinationGone, PartitionState

__all__ = ["Block", "BlockUnfinished", "CatchUp"]

_FEW: Final = 8
"""Events that are read at first: a destination that takes nothing needs no more. If there is none
to attempt among them while all deliveries fail, twice as many are read after a pause."""
_LONGEST_PAUSE: Final = 0.05
"""Seconds at most before an empty page is read again; events are known to be there."""

Block = Callable[[DestinationState, BlockedKey, DeliveryFailed | None], None]
"""Blocks a key and retries it; see `RetryQueues.block`."""
BlockUnfinished = Callable[[DestinationState, PageDelivery, int], int]
"""Closes a delivery and blocks the keys of what it left; see `RetryQueues.block_unfinished`."""


class CatchUp:
    """Delivers to suspended destinations, each in a task of its own, until they have caught up."""

    def __init__(
        self, state: PartitionState, block: Block, block_unfinished: BlockUnfinished
    ) -> None:
        self._state = state
        self._block = block
        self._under_way: dict[DestinationState, tuple[PageDelivery, int]] = {}
        """Pages with the positions of their ends."""
        self._block_unfinished = block_unfinished

    def start(self, destination: DestinationState) -> None:
        """Begin to catch up, if the destination is suspended and nothing does so yet."""
        if destination.suspended_from is not None and destination.catch_up_task is None:
            destination.catch_up_task = self._state.tasks.start(self._run(destination))

    def close(self) -> None:
        """Note how far the pages under way have come: they are about to be cancelled."""
        while self._under_way:
            destination, (delivery, end) = self._under_way.popitem()
            self._go_on_from(destination, self._block_unfinished(destination, delivery, end))

    async def _run(self, destination: DestinationState) -> None:
        with suppress(DestinationGone):  # `start` goes on if it is there again
            await self._catch_up(destination)
        destination.catch_up_task = None

    async def _catch_up(self, destination: DestinationState) -> None:
        state, clock = self._state, asyncio.get_running_loop().time
        page_size, probed = PageSize(_FEW), PageSize(_FEW)
        while destination.suspended_from is not None and not state.is_stopping:
            await destination.wait_for_room()
            await state.may_attempt.wait()
            await state.current(destination)
            if destination.breaker.is_open:
                await self._probe(destination, probed)
                continue
            probed.size = _FEW
            page = await self._read(destination, destination.suspended_from, page_size.size)
            began = clock()
            await self._deliver(destination, page)
            page_size.took(clock() - began)
            if not page:
                await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))

    async def _probe(self, destination: DestinationState, size: PageSize) -> None:
        """Attempt the first event that was missed, alone, to learn whether others are taken.

        If it fails it waits like the others, without a place of its own; but a few events are
        retried at any time, so that those are given up whose time has come.
        """
        state, breaker = self._state, destination.breaker
        await breaker.wait_until_due(breaker.probes)
        await state.may_attempt.wait()
        async with breaker.turn():
            config = await state.current(destination)
            event = await self._first_missed(destination, size)
            if event is None:
                return
            if not breaker.is_open or not state.may_attempt.is_set():
                return
            destination.interrupt_catch_up = _finish_first
            try:
                error = await attempt(state, config, [event], 1)
            finally:
                destination.interrupt_catch_up = None
        note_outcome(state, destination, error)
        if error is not None:
            breaker.probes.note_failure(destination.config.retry, error)
            if destination.retried >= OPENS_AT:
                return
            blocked = BlockedKey.starting_with(event, until=event.position)
            self._block(destination, blocked, error)
        self._go_on_from(destination, event.position)

    async def _first_missed(self, destination: DestinationState, size: PageSize) -> Recorded | None:
        """The first event to deliver. Where there is none near, it goes on behind what it read."""
        after = destination.suspended_from
        if after is None:
            return None
        page = await self._read(destination, after, size.size)
        if missed := self._missed(destination, page):
            return missed[0]
        self._go_on_from(destination, page[-1].position if page else after)
        destination.breaker.probes.wait_again(destination.config.retry)
        size.took(0.0)
        return None

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
        self._under_way[destination] = delivery, end
        try:
            await delivery.run()
        finally:
            destination.interrupt_catch_up = None
            is_closed = self._under_way.pop(destination, None) is None
        destination.is_slow = False
        if not is_closed:
            self._go_on_from(destination, self._block_unfinished(destination, delivery, end))

    def _missed(self, destination: DestinationState, page: Sequence[Recorded]) -> list[Recorded]:
        """The events to deliver: not those that are done already, or have a blocked key."""
        missed = []
        for event in page:
            if event.position in destination.done_ahead or destination.is_left_out(event.position):
                continue
            blocked = destination.blocked.get(ordering_key(event))
            if blocked is not None:  # which asks itself whether the event is for the destination
                blocked.until = max(blocked.until, event.position)
            elif self._state.routes_to(destination, event):
                missed.append(event)
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


def _finish_first() -> None:
    """A single attempt needs no interruption: whoever stops waits for it."""
