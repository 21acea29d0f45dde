"""Lanes being followed: what failed is tried again, and what waits behind it comes after it."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.delivery import DeliveryFailed
from gatherlog.core.subscriptions.destination_state import (
    BatchInFlight,
    BlockedKey,
    DestinationState,
    PageSize,
    key_of,
)
from gatherlog.core.subscriptions.page_delivery import PageDelivery
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.projection_runner import EventWithRefs, fold

__all__ = ["RetryQueues"]

_LOOK_AGAIN: Final = 0.05
"""Seconds at most until an empty page is asked for again, where events are known to be."""


class RetryQueues:
    """Follows the lanes of a hold, and brings held outlets what they missed."""

    def __init__(self, hold: PartitionState, folding: asyncio.Lock) -> None:
        self._hold = hold
        self._folding = folding
        self._is_ending = False

    def start(self) -> None:
        """Follow every lane that nobody follows yet, and every outlet that is held."""
        for outlet in self._hold.outlets.values():
            for lane in (*outlet.lanes.values(), *outlet.redrives.values()):
                if lane.task is None:
                    self.follow(outlet, lane)
            self.catch_up(outlet)

    def follow(self, outlet: DestinationState, lane: BlockedKey) -> None:
        """Try the lane's events until none is left; a redrive ends with the one it is about."""
        work = self._follow(outlet, lane) if lane.letter is None else self._redrive(outlet, lane)
        lane.task = self._hold.start(work)

    async def _redrive(self, outlet: DestinationState, lane: BlockedKey) -> None:
        """One after the other of a stream and subject, as they were asked for."""
        async with outlet.turns.setdefault(lane.key, asyncio.Lock()):
            await self._follow(outlet, lane)
        if not outlet.redrives:
            outlet.turns.clear()

    def catch_up(self, outlet: DestinationState) -> None:
        """See to it that an outlet that is held is brought what it missed."""
        if outlet.held_from is not None and outlet.catching_up is None:
            outlet.catching_up = self._hold.start(self._catch_up(outlet))

    def open(
        self, outlet: DestinationState, lane: BlockedKey, error: DeliveryFailed | None = None
    ) -> None:
        """Open a lane; with an error, its event has just failed."""
        outlet.open(lane)
        if error is not None:
            self._hold.failed(outlet, lane, error)
        self.follow(outlet, lane)

    def settle(self, outlet: DestinationState, run: PageDelivery, end: int) -> int:
        """Open lanes for what a run left behind; how far it is accounted for."""
        lanes, reached = run.settle(end)
        errors = run.errors()
        for lane in lanes:
            self.open(outlet, lane, errors.get(lane.key))
        if lanes:
            self._hold.unsaved.set()
        return reached

    def leave(self) -> None:
        """Break off what held outlets are brought."""
        for outlet in self._hold.outlets.values():
            if outlet.leave is not None:
                outlet.leave()

    def end(self) -> None:
        """Begin nothing more."""
        self._is_ending = True
        self._hold.going.clear()
        self.leave()

    async def close(self, patience: float) -> None:
        """Begin nothing more, and let what is under way end, for a while."""
        self.end()
        outlets = self._hold.outlets.values()
        lanes = [lane for o in outlets for lane in (*o.lanes.values(), *o.redrives.values())]
        busy = [lane.task for lane in lanes if lane.is_flying or lane.flight is not None]
        busy += [outlet.catching_up for outlet in outlets if outlet.leave is not None]
        if tasks := [task for task in busy if task is not None]:
            await asyncio.wait(tasks, timeout=patience)

    # One lane.

    async def _follow(self, outlet: DestinationState, lane: BlockedKey) -> None:
        projection = self._hold.subscription.fold
        is_open = True
        while is_open and (lane.flight is not None or not self._is_ending):
            if lane.flight is None and not lane.is_past:
                await lane.due()
                await self._hold.going.wait()
            if projection is not None:
                is_open = await self._fold(projection, outlet, lane)
                continue
            await self._try(outlet, lane)
            if lane.is_past:
                is_open = await self._move_on(outlet, lane)

    async def _try(self, outlet: DestinationState, lane: BlockedKey) -> None:
        hold = self._hold
        if lane.is_past:
            return
        event = await hold.event(lane)
        if lane.flight is not None:
            return await self._land(outlet, lane, lane.flight)
        async with outlet.slots:
            if not hold.going.is_set():
                return
            lane.is_flying = True
            try:
                error = await hold.attempt(outlet.destination, [event], lane.failures + 1)
            finally:
                lane.is_flying = False
        if error is None:
            hold.taken(outlet, lane)
        else:
            hold.failed(outlet, lane, error)

    async def _land(
        self, outlet: DestinationState, lane: BlockedKey, flight: BatchInFlight
    ) -> None:
        """Wait for an attempt that was under way when the lane was opened."""
        error = await flight.landed()
        lane.flight = None
        if error is None:
            for event in flight.events:
                if key_of(event) == lane.key:
                    lane.read_to = event.version
                    outlet.is_done(event.position, self._hold.position)
            self._hold.taken(outlet, lane)
        elif len(flight.events) == 1:  # else another event may be to blame: try this one alone
            self._hold.failed(outlet, lane, error)

    async def _move_on(self, outlet: DestinationState, lane: BlockedKey) -> bool:
        """Go to the lane's next event; whether there is one. Without one the lane is closed."""
        following = None
        if lane.letter is None:
            following = await self._hold.following(outlet, lane)
            outlet.is_done(lane.position, self._hold.position)
        if following is None:
            outlet.close(lane)
            outlet.redrives.pop(lane.letter or "", None)
        else:
            lane.move_to(following)
            outlet.moved()
        self._hold.unsaved.set()
        return following is not None

    async def _fold(
        self, projection: EventFold, outlet: DestinationState, lane: BlockedKey
    ) -> bool:
        """As `_try` and `_move_on`, in one commit with the documents."""
        hold = self._hold
        async with self._folding:
            if not lane.is_past:
                named = EventWithRefs(projection, await hold.event(lane))
                folded = await fold(hold.store, projection, hold.name, [named], epoch=hold.epoch)
                for _, error in folded.failures.values():
                    hold.failed(outlet, lane, error)
                    return True
                following = await hold.following(outlet, lane)
                if following is not None:
                    lane.ahead.appendleft(following)
                hold.writes += folded.writes
                hold.taken(outlet, lane)
            is_open = await self._move_on(outlet, lane)
            await hold.save()
        return is_open

    # A held outlet.

    async def _catch_up(self, outlet: DestinationState) -> None:
        """Bring it what it missed, as lanes are closed, until it missed nothing."""
        hold, store, pace = self._hold, self._hold.store, PageSize()
        clock = asyncio.get_running_loop().time
        while outlet.held_from is not None and not self._is_ending:
            await outlet.eased()
            await hold.going.wait()
            size = min(pace.size, store.limits.page)
            page = await store.read_feed(hold.partition, after=outlet.held_from, limit=size)
            goal = max(hold.position, outlet.skipped_to)
            page = [event for event in page if event.position <= goal]
            began = clock()
            await self._bring(outlet, page)
            pace.took(clock() - began)
            if not page:
                await asyncio.sleep(random.uniform(0, _LOOK_AGAIN))
        outlet.catching_up = None

    async def _bring(self, outlet: DestinationState, page: Sequence[Recorded]) -> None:
        hold = self._hold
        end = page[-1].position if page else outlet.held_from or 0
        run = PageDelivery(outlet, self._missed(outlet, page), hold.attempt)
        outlet.leave = run.leave
        try:
            await run.run()
        finally:
            outlet.leave = None
        outlet.is_slow = False
        reached = self.settle(outlet, run, end)
        outlet.done = {position for position in outlet.done if position > reached}
        if reached >= max(hold.position, outlet.skipped_to):
            outlet.held_from = None
            outlet.done.clear()
        else:
            outlet.held_from = reached
        outlet.is_dirty = True
        hold.unsaved.set()

    def _missed(self, outlet: DestinationState, page: Sequence[Recorded]) -> list[Recorded]:
        missed = []
        for event in page:
            if event.position in outlet.done or not self._hold.goes_to(event, outlet):
                continue
            lane = outlet.lanes.get(key_of(event))
            if lane is None:
                missed.append(event)
            else:
                lane.until = max(lane.until, event.position)
        return missed
