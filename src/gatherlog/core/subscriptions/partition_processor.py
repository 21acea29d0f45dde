"""A reader: follows one partition for one subscription, whenever it is this worker's turn."""

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from typing import Final

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Heads
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.admin_commands import AdminCommands, ResetDone
from gatherlog.core.subscriptions.dead_letters import DeadLetter
from gatherlog.core.subscriptions.destination_state import (
    MOST_BLOCKED,
    BlockedKey,
    DestinationState,
    PageSize,
    key_of,
)
from gatherlog.core.subscriptions.page_delivery import PageDelivery
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.projection_runner import EventWithRefs, fold, slices
from gatherlog.core.subscriptions.retry_queues import RetryQueues

__all__ = ["PartitionProcessor"]

PATIENCE: Final = 1.0
"""Seconds that a page waits for its slowest destination while there are others."""
SAVE_SECONDS: Final = 0.1
"""What was merely handed over is written down after so long, together with what came since."""
GRACE: Final = 5.0
"""Seconds that attempts under way have to end once the reader is told to stop."""
LAZY_EVENTS: Final = 5_000
"""So many events that concern nobody are passed by until that is written down."""
_LONGEST_GAP: Final = 1.0
"""Seconds at most until a page is asked for again that ought to have something in it."""


class PartitionProcessor:
    """What is done with a held partition: pages are carried, lanes followed, orders obeyed.

    `seconds` is the lease's length; `folding` is held by whoever writes the projection's documents.
    """

    def __init__(self, hold: PartitionState, seconds: float, folding: asyncio.Lock) -> None:
        self._hold = hold
        self._seconds = seconds
        self._folding = folding
        self._lanes = RetryQueues(hold, folding)
        self._orders = AdminCommands(hold, self._lanes)
        self._pace = PageSize()
        self._runs: list[PageDelivery] = []
        self._main: asyncio.Task[None] | None = None
        self._is_idle = False
        self._is_ending = False
        self._gap = 0.0
        self._lazy = 0

    def stop(self) -> None:
        """Begin nothing more."""
        self._is_ending = True
        self._lanes.end()
        for run in self._runs:
            run.leave()
        if self._is_idle and self._main is not None:
            self._main.cancel()

    async def run(self) -> bool:
        """Read on until stopped, or asked for the partition by another worker; or until it is
        reset: then True, and it is to be begun anew.

        Raises LeaseLost, and whatever the store raises.
        """
        hold = self._hold
        try:
            letters = await hold.load()
            await self._orders.obey()
            await self._go_on(letters)
        except ResetDone:
            return True
        else:
            return False
        finally:
            if self._main is not None:
                self._main.cancel()
                await asyncio.gather(self._main, return_exceptions=True)
            await hold.cancel()

    async def _go_on(self, letters: Sequence[DeadLetter]) -> None:
        hold = self._hold
        for letter in letters:
            self._orders.redrive(letter, "redriving")
        self._lanes.start()
        hold.start(self._keep_lease())
        hold.start(self._keep_saved())
        self._main = asyncio.create_task(self._read())
        await asyncio.wait([self._main, hold.broken], return_when=asyncio.FIRST_COMPLETED)
        if hold.broken.done():
            hold.broken.result()
        with contextlib.suppress(asyncio.CancelledError):
            self._main.result()
        await self._lanes.close(GRACE)
        await hold.save()

    # The feed.

    async def _read(self) -> None:
        hold, store = self._hold, self._hold.store
        heads = await store.heads()
        await self._orders.obey()  # what was ordered before these heads
        while not self._is_ending:
            if not hold.going.is_set() or self._is_stuck:
                heads = await self._idle(heads)
                await self._orders.obey()
                continue
            size = min(self._pace.size, store.limits.page)
            page = await store.read_feed(hold.partition, after=hold.position, limit=size)
            if await hold.refresh():
                self._lanes.start()
            if page:
                self._gap = 0.0
                await self._take(page)
            await self._orders.obey()  # events first: orders need not be quick
            if not page:
                heads = await self._nothing_there(heads)

    async def _take(self, page: Sequence[Recorded]) -> None:
        hold, began = self._hold, asyncio.get_running_loop().time()
        if not hold.lease.is_good():
            await hold.ledger.renew()
        projection = hold.subscription.fold
        if projection is None:
            await self._carry(page)
            read = len(page)
        else:
            read = await self._fold(projection, page)
        hold.meter.pages += 1
        hold.meter.events += read
        self._lazy += read
        if self._lazy >= LAZY_EVENTS:
            self._lazy = 0
            hold.unsaved.set()
        self._pace.took(asyncio.get_running_loop().time() - began)

    async def _nothing_there(self, heads: Heads) -> Heads:
        """Wait for more; a page that ought to have something in it is asked for again."""
        hold = self._hold
        now = await hold.store.heads()
        if now[hold.partition] <= hold.position:
            return await self._idle(heads, hold.subscription.gather)
        self._gap = min(_LONGEST_GAP, 2 * self._gap or 0.01)
        await asyncio.sleep(random.uniform(self._gap / 2, self._gap))
        return heads

    async def _idle(self, heads: Heads, gather: float = 0.0) -> Heads:
        """Wait until there is something new; see now and then whether the lease is still ours."""
        hold = self._hold
        self._is_idle = True
        try:
            moved = await hold.store.wait(heads, self._seconds)
            if gather and moved != heads:
                await asyncio.sleep(gather)
        finally:
            self._is_idle = False
        if moved == heads:
            await hold.ledger.check()
            if hold.lease.is_asked_for:
                self.stop()
        return moved

    # Destinations.

    async def _carry(self, page: Sequence[Recorded]) -> None:
        """Bring a page to all who want it; what goes wrong or takes too long waits in lanes."""
        hold, end = self._hold, page[-1].position
        runs = {
            o: PageDelivery(o, events, hold.attempt) for o, events in self._routed(page).items()
        }
        tasks = {
            hold.start(run.run()): outlet for outlet, run in runs.items() if not outlet.is_slow
        }
        self._runs = list(runs.values())
        late = await self._patiently(tasks) if tasks else []
        self._runs = []
        for outlet in late:
            outlet.is_slow = True
        for outlet, run in runs.items():
            reached = self._lanes.settle(outlet, run, end)
            if reached < end:
                outlet.held_from, outlet.skipped_to = reached, end
                outlet.moved()
                self._lanes.catch_up(outlet)
        hold.position = end
        if runs:
            hold.unsaved.set()

    async def _patiently(
        self, tasks: Mapping[asyncio.Task[None], DestinationState]
    ) -> list[DestinationState]:
        """Wait for runs, and obey orders meanwhile; the outlets that took too long are given."""
        hold = self._hold
        waiting: set[asyncio.Task[None]] = set(tasks)
        while True:
            _, waiting = await asyncio.wait(waiting, timeout=PATIENCE)
            if not waiting:
                return []
            if not self._is_ending:
                await self._orders.obey()
            if self._is_ending or not hold.going.is_set():
                for run in self._runs:
                    run.leave()
                await asyncio.wait(waiting, timeout=GRACE)
                return []
            if len(hold.outlets) > 1:
                return [tasks[task] for task in waiting]

    def _routed(self, page: Sequence[Recorded]) -> dict[DestinationState, list[Recorded]]:
        """What is new for each outlet; the rest joins the lanes, or waits with a held outlet."""
        hold = self._hold
        route, outlets = hold.subscription.route, hold.outlets
        routed: dict[DestinationState, list[Recorded]] = {}
        for event in page:
            for destination in route(event):
                outlet = outlets[destination.name]
                if outlet.held_from is not None:
                    outlet.skipped_to = event.position
                elif outlet.lanes and (lane := outlet.lanes.get(key_of(event))) is not None:
                    lane.until = max(lane.until, event.position)
                else:
                    routed.setdefault(outlet, []).append(event)
        return routed

    # A projection.

    @property
    def _is_stuck(self) -> bool:
        """Whether a projection waits for an operator: too many events could not be folded."""
        if self._hold.subscription.fold is None:
            return False
        return all(outlet.is_full for outlet in self._hold.outlets.values())

    async def _fold(self, projection: EventFold, page: Sequence[Recorded]) -> int:
        """Fold a page, as far as it goes; how many events that was."""
        hold, folded = self._hold, 0
        [outlet] = hold.outlets.values()
        most = max(1, hold.store.limits.commit_actions // 2 - 10)
        route = hold.subscription.route
        for part in slices(projection, ((event, bool(route(event))) for event in page), most):
            async with self._folding:
                if self._is_ending or outlet.is_full or not hold.going.is_set():
                    break
                seen = await self._fold_part(projection, outlet, part)
            folded += seen
            if seen < len(part):
                break
        return folded

    async def _fold_part(
        self, projection: EventFold, outlet: DestinationState, part: Sequence[EventWithRefs]
    ) -> int:
        """Fold some events in one commit with the checkpoint; how many of them it has passed.

        Those that cannot be folded wait in lanes, of which there may be only so many.
        """
        hold = self._hold
        folded = await fold(
            hold.store,
            projection,
            hold.name,
            part,
            epoch=hold.epoch,
            most=MOST_BLOCKED - len(outlet.lanes),
            waiting=outlet.lanes,
        )
        passed = [named.event for named in part[: folded.seen]]
        for event in passed:
            if (lane := outlet.lanes.get(key_of(event))) is not None:
                lane.until = max(lane.until, event.position)
        hold.position = passed[-1].position
        for event, error in folded.failures.values():
            self._lanes.open(outlet, BlockedKey.at(event, until=hold.position), error)
        hold.writes += folded.writes
        if folded.writes or folded.failures:
            await hold.save()
        return folded.seen

    # What goes on meanwhile.

    async def _keep_lease(self) -> None:
        """Stir it while there is anything to do, also by what others see of the checkpoint."""
        hold = self._hold
        while True:
            await asyncio.sleep(self._seconds / 3)
            if not self._is_idle or hold.is_busy or self._is_stuck:
                await hold.ledger.renew()
            elif hold.is_behind:
                await hold.save()
            if hold.lease.is_asked_for:
                self.stop()

    async def _keep_saved(self) -> None:
        clock, pause = asyncio.get_running_loop().time, SAVE_SECONDS
        while True:
            await self._hold.unsaved.wait()
            await asyncio.sleep(pause)
            began = clock()
            await self._hold.save()
            pause = max(SAVE_SECONDS, 4 * (clock() - began))  # a fifth of the time, at most
