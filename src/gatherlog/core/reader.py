"""A reader: follows one partition for one subscription, whenever it is this worker's turn."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from typing import Final

from gatherlog.core.checkpoints import stream_of
from gatherlog.core.dead_letters import (
    CODEC,
    DEAD_LETTERS,
    DeadLetter,
    DeliveryDiscarded,
    DeliveryRedriven,
    SubscriptionPaused,
    SubscriptionReset,
    SubscriptionResumed,
)
from gatherlog.core.delivery import DeliveryFailed
from gatherlog.core.events import Recorded
from gatherlog.core.folding import fold, slices
from gatherlog.core.hold import PAGE, Hold
from gatherlog.core.outlets import Lane, Outlet, key_of
from gatherlog.core.runs import Run
from gatherlog.core.store import DELETE, Commit, Heads
from gatherlog.core.subscriptions import Projection

__all__ = ["Reading"]

PATIENCE: Final = 1.0
"""Seconds that a page waits for its slowest destination while there are others."""
IDLE_SECONDS: Final = 5.0
"""A look at the log although nobody woke us."""
SAVE_SECONDS: Final = 0.1
"""What was merely handed over is written down after so long, together with what came since."""
LAZY_SECONDS: Final = 5.0
"""So is that events were passed by which concern nobody."""
GRACE: Final = 5.0
"""Seconds that attempts under way have to end once the reader is told to stop."""
LAZY_EVENTS: Final = 5_000
_CONTROL: Final = 100


class Reading:
    """What is done with a held partition: pages are carried, lanes followed, commands obeyed."""

    def __init__(self, hold: Hold, seconds: float) -> None:
        self._hold = hold
        self._seconds = seconds
        self._folding = asyncio.Lock()
        self._is_idle = False
        self._is_stopping = False
        self._main: asyncio.Task[None] | None = None
        self._lazy = 0

    def stop(self) -> None:
        """Begin no other page."""
        self._is_stopping = True
        if self._is_idle and self._main is not None:
            self._main.cancel()

    async def run(self) -> None:
        """Read on until stopped, or another worker asks for the partition; raises LeaseLost, and
        whatever the store raises."""
        hold = self._hold
        try:
            for letter in await hold.load():
                await self._redrive(letter)
            self._start_lanes()
            hold.start(self._keep_lease())
            hold.start(self._keep_saved())
            self._main = asyncio.create_task(self._read())
            await asyncio.wait({self._main, hold.broken}, return_when=asyncio.FIRST_COMPLETED)
            if hold.broken.done():
                hold.broken.result()
            with contextlib.suppress(asyncio.CancelledError):
                self._main.result()
            await self._finish()
        finally:
            if self._main is not None:
                self._main.cancel()
                await asyncio.gather(self._main, return_exceptions=True)
            await hold.cancel()

    async def _finish(self) -> None:
        """Let what is under way end, for a while; then write down how far it came."""
        hold = self._hold
        hold.going.clear()
        lanes = [lane for outlet in hold.outlets.values() for lane in outlet.lanes.values()]
        flying = [lane.task for lane in lanes if lane.task is not None and lane.is_flying]
        if flying:
            await asyncio.wait(flying, timeout=GRACE)
        await hold.save()

    # The feed.

    async def _read(self) -> None:
        hold, store = self._hold, self._hold.store
        heads: Heads = await store.heads()
        while not self._is_stopping and not hold.lease.is_asked_for:
            await self._obey()
            if not hold.going.is_set():
                heads = await self._idle(heads)
                continue
            if not hold.lease.is_good():
                await hold.renew()
            size = min(PAGE, store.limits.page)
            page = await store.read_feed(hold.partition, after=hold.position, limit=size)
            if not page:
                heads = await self._nothing_there(heads)
                continue
            if await hold.refresh():
                self._start_lanes()
            hold.meter.pages += 1
            hold.meter.events += len(page)
            projection = hold.subscription.projection
            if projection is None:
                await self._carry(page)
            else:
                await self._fold(projection, page)

    async def _nothing_there(self, heads: Heads) -> Heads:
        """Wait for more; a page that ought to have something in it is asked for again."""
        hold = self._hold
        now = await hold.store.heads()
        if now[hold.partition] > hold.position:
            await asyncio.sleep(random.uniform(0, 0.05))
            return now
        heads = await self._idle(heads)
        if hold.subscription.gather:
            await asyncio.sleep(hold.subscription.gather)
        return heads

    async def _idle(self, heads: Heads) -> Heads:
        self._is_idle = True
        try:
            return await self._hold.store.wait(heads, IDLE_SECONDS)
        finally:
            self._is_idle = False

    async def _carry(self, page: Sequence[Recorded]) -> None:
        """Bring a page to all who want it; what goes wrong or takes too long waits in lanes."""
        hold, end = self._hold, page[-1].position
        runs = [
            (outlet, Run(outlet, events, hold.attempt))
            for outlet, events in self._routed(page).items()
        ]
        tasks = {}
        for outlet, run in runs:
            if outlet.is_slow:
                run.leave()
            else:
                tasks[hold.start(run.run())] = run
        if tasks:
            patience = PATIENCE if len(hold.outlets) > 1 else None
            await asyncio.wait(tasks, timeout=patience)
        unfinished = {run for task, run in tasks.items() if not task.done()}
        if hold.broken.done():
            return
        for outlet, run in runs:
            outlet.is_slow = outlet.is_slow or run in unfinished
            reached = self._settle(outlet, run, end)
            if reached < end:
                outlet.held_from, outlet.skipped_to = reached, end
                outlet.is_dirty = True
                self._start_lanes()
        hold.position = end
        self._lazy += len(page)
        if runs or self._lazy >= LAZY_EVENTS:
            hold.unsaved.set()

    def _routed(self, page: Sequence[Recorded]) -> dict[Outlet, list[Recorded]]:
        """What is new for each outlet; the rest joins the lanes, or waits with a held outlet."""
        hold = self._hold
        route, outlets = hold.subscription.route, hold.outlets
        routed: dict[Outlet, list[Recorded]] = {}
        for event in page:
            for destination in route(event):
                outlet = outlets[destination.name]
                if outlet.held_from is not None:
                    outlet.skipped_to = event.position
                elif outlet.lanes and (lane := outlet.lanes.get(key_of(event))) is not None:
                    lane.until = event.position
                else:
                    routed.setdefault(outlet, []).append(event)
        return routed

    def _settle(self, outlet: Outlet, run: Run, end: int) -> int:
        """Open lanes for what a run left behind; how far it is accounted for."""
        lanes, reached = run.settle(end)
        errors = run.errors()
        for lane in lanes:
            outlet.open(lane)
            if (error := errors.get(lane.key)) is not None:
                self._hold.failed(outlet, lane, error)
            self._start(outlet, lane)
        if lanes:
            self._hold.unsaved.set()
        return reached

    async def _catch_up(self, outlet: Outlet) -> None:
        """Bring a held outlet what it missed, as lanes are closed, until it missed nothing."""
        hold, store = self._hold, self._hold.store
        while outlet.held_from is not None:
            await outlet.eased()
            await hold.going.wait()
            size = min(PAGE, store.limits.page)
            page = await store.read_feed(hold.partition, after=outlet.held_from, limit=size)
            goal = max(hold.position, outlet.skipped_to)
            page = [event for event in page if event.position <= goal]
            end = page[-1].position if page else outlet.held_from
            run = Run(outlet, self._missed(outlet, page), hold.attempt)
            await run.run()
            outlet.is_slow = False
            outlet.held_from = self._settle(outlet, run, end)
            outlet.done = {position for position in outlet.done if position > outlet.held_from}
            if outlet.held_from >= max(hold.position, outlet.skipped_to):
                outlet.held_from = None
                outlet.done.clear()
            outlet.is_dirty = True
            hold.unsaved.set()
            if not page:
                await asyncio.sleep(random.uniform(0, 0.05))
        outlet.catching_up = None

    def _missed(self, outlet: Outlet, page: Sequence[Recorded]) -> list[Recorded]:
        name, missed = outlet.destination.name, []
        for event in page:
            goes = any(d.name == name for d in self._hold.subscription.route(event))
            if not goes or event.position in outlet.done:
                continue
            lane = outlet.lanes.get(key_of(event))
            if lane is None:
                missed.append(event)
            else:
                lane.until = max(lane.until, event.position)
        return missed

    # A projection.

    async def _fold(self, projection: Projection, page: Sequence[Recorded]) -> None:
        """Fold a page; what cannot be folded waits in lanes, of which there may be only so many."""
        hold = self._hold
        [outlet] = hold.outlets.values()
        most = max(1, hold.store.limits.commit_actions // 2 - 10)
        for part in slices(projection, page, min(most, PAGE)):
            await outlet.eased(99)
            async with self._folding:
                free = []
                for event in part:
                    lane = outlet.lanes.get(key_of(event))
                    if lane is not None:
                        lane.until = event.position
                    elif hold.subscription.route(event):
                        free.append(event)
                folded = await fold(hold.store, projection, hold.name, free)
                hold.writes += folded.writes
                end = part[-1].position
                for event, error in folded.failures.values():
                    self._park(outlet, event, error, end)
                hold.position = end
                if folded.writes or folded.failures:
                    await hold.save()
        self._lazy += len(page)
        if self._lazy >= LAZY_EVENTS:
            hold.unsaved.set()

    def _park(self, outlet: Outlet, event: Recorded, error: DeliveryFailed, end: int) -> None:
        lane = Lane.at(event, until=end)
        outlet.open(lane)
        self._hold.failed(outlet, lane, error)
        self._start(outlet, lane)

    # Lanes.

    def _start_lanes(self) -> None:
        """Follow every lane that nobody follows yet, and every outlet that is held."""
        for outlet in self._hold.outlets.values():
            for lane in (*outlet.lanes.values(), *outlet.redrives.values()):
                if lane.task is None:
                    self._start(outlet, lane)
            if outlet.held_from is not None and outlet.catching_up is None:
                outlet.catching_up = self._hold.start(self._catch_up(outlet))

    def _start(self, outlet: Outlet, lane: Lane) -> None:
        lane.task = self._hold.start(self._follow(outlet, lane))

    async def _follow(self, outlet: Outlet, lane: Lane) -> None:
        """Try the lane's events until none is left; a redrive ends with the one it is about."""
        projection = self._hold.subscription.projection
        while True:
            if not lane.is_past:
                await lane.due()
                await self._hold.going.wait()
            if projection is None:
                await self._try(outlet, lane)
                is_open = not lane.is_past or await self._move_on(outlet, lane)
            else:
                is_open = await self._try_to_fold(projection, outlet, lane)
            if not is_open:
                return

    async def _try(self, outlet: Outlet, lane: Lane) -> None:
        hold = self._hold
        if lane.is_past:
            return
        event = await hold.event(lane)
        lane.is_flying = True
        try:
            if lane.flight is not None:
                error = await lane.flight
                lane.flight = None
            else:
                async with outlet.slots:
                    error = await hold.attempt(outlet.destination, [event], lane.failures + 1)
        finally:
            lane.is_flying = False
        if error is None:
            hold.taken(outlet, lane)
        else:
            hold.failed(outlet, lane, error)

    async def _move_on(self, outlet: Outlet, lane: Lane) -> bool:
        """Go to the lane's next event; whether there is one. Without one the lane is closed."""
        following = None
        if lane.letter is None:
            following = await self._hold.following(outlet, lane)
        if following is None:
            outlet.close(lane)
            outlet.redrives.pop(lane.letter or "", None)
        else:
            lane.move_to(following)
        outlet.is_dirty = True
        self._hold.unsaved.set()
        return following is not None

    async def _try_to_fold(self, projection: Projection, outlet: Outlet, lane: Lane) -> bool:
        """As `_try` and `_move_on`, in one commit with the documents."""
        hold = self._hold
        async with self._folding:
            if not lane.is_past:
                event = await hold.event(lane)
                folded = await fold(hold.store, projection, hold.name, [event])
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

    # Commands.

    async def _obey(self) -> None:
        """Carry out what operators told the subscription since the last look."""
        hold = self._hold
        stream = stream_of(hold.name)
        while events := await hold.store.read_stream(stream, after=hold.obeyed, limit=_CONTROL):
            for event in events:
                await self._carry_out(CODEC.decode(event), event.subject)
                hold.obeyed = event.version

    async def _carry_out(self, command: object, letter_id: str) -> None:
        hold = self._hold
        match command:
            case DeliveryRedriven() | DeliveryDiscarded():
                [document] = await hold.store.get(DEAD_LETTERS.name, [letter_id])
                letter = DEAD_LETTERS.read(document)
                if letter is not None and letter.partition == hold.partition:
                    await self._redrive(letter)
            case SubscriptionPaused():
                hold.is_paused = True
                hold.going.clear()
                hold.unsaved.set()
            case SubscriptionResumed():
                hold.is_paused = False
                hold.going.set()
                for outlet in hold.outlets.values():
                    for lane in outlet.lanes.values():
                        lane.stir()
                hold.unsaved.set()
            case SubscriptionReset(positions=positions):
                await self._reset(positions[hold.partition])

    async def _redrive(self, letter: DeadLetter) -> None:
        """Do what the letter's state asks for: try it again, or go on without it."""
        hold = self._hold
        outlet = hold.outlets.get(letter.destination)
        if outlet is None or letter.state == "dead":
            return
        lane = outlet.lanes.get((letter.stream, letter.about))
        if lane is not None and lane.given_up and lane.version == letter.version:
            lane.is_past = letter.state == "discarded"
            lane.failures, lane.first_try = 0, None
            lane.stir()
        elif letter.state == "redriving" and letter.id not in outlet.redrives:
            key, position = (letter.stream, letter.about), letter.position
            redrive = Lane(key, letter.version, position, until=position, letter=letter.id)
            outlet.redrives[letter.id] = redrive
            self._start(outlet, redrive)

    async def _reset(self, position: int) -> None:
        """Forget what waits, and what a projection made, and begin anew after a position."""
        hold = self._hold
        for outlet in hold.outlets.values():
            for lane in (*outlet.lanes.values(), *outlet.redrives.values()):
                if lane.task is not None:
                    lane.task.cancel()
            if outlet.catching_up is not None:
                outlet.catching_up.cancel()
            outlet.lanes.clear()
            outlet.redrives.clear()
            outlet.held_from, outlet.catching_up, outlet.is_dirty = None, None, True
            outlet.done.clear()
        if hold.subscription.projection is not None:
            async with self._folding:
                await self._forget_documents(hold.subscription.projection)
        hold.position = position
        await hold.save()

    async def _forget_documents(self, projection: Projection) -> None:
        hold, stream = self._hold, stream_of(self._hold.name)
        size = min(500, hold.store.limits.page, hold.store.limits.commit_actions // 2)
        for view in projection.views:
            after = ""
            while documents := await hold.store.scan(view.name, after=after, limit=size):
                writes = [
                    view.write(d.id, stream, DELETE, expects=d.version, at=d.version + 1)
                    for d in documents
                ]
                await hold.store.commit(Commit(writes=[*writes, hold.lease.demand()]))
                after = documents[-1].id

    # What goes on meanwhile.

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            if not self._is_idle or self._hold.is_busy:
                await self._hold.renew()

    async def _keep_saved(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAZY_SECONDS):
                    await self._hold.unsaved.wait()
            if self._hold.unsaved.is_set():
                await asyncio.sleep(SAVE_SECONDS)
            self._lazy = 0
            await self._hold.save()
