"""A hold: one partition of one subscription while this worker has its lease.

What is known of it is in memory and changes between two awaits only; `save` writes a snapshot
of it, fenced by the lease. Whatever goes wrong with the store ends the hold: the next one begins
with what is in the store.
"""

import asyncio
import contextlib
import traceback
from collections.abc import Coroutine, Sequence
from typing import Any, Final

import msgspec

from gatherlog.core.checkpoints import (
    BACKLOGS,
    CHECKPOINTS,
    Checkpoint,
    backlog_id,
    checkpoint_id,
    stream_of,
    succeed,
)
from gatherlog.core.clock import Clock, Ids
from gatherlog.core.dead_letters import (
    CODEC,
    DEAD_LETTERS,
    FOLD,
    DeadLetter,
    DeliveryGivenUp,
    RedriveDone,
    dead_letter_id,
)
from gatherlog.core.delivery import Delivery, DeliveryFailed, delivery_id
from gatherlog.core.errors import Conflict
from gatherlog.core.events import Event, Recorded
from gatherlog.core.leases import LeaseHolder
from gatherlog.core.outlets import Lane, Meter, Outlet, key_of, pause_after
from gatherlog.core.store import ANY, DELETE, Append, Commit, Store, Write
from gatherlog.core.subscriptions import Destination, Subscription
from gatherlog.core.views import Happened

__all__ = ["Hold"]

PAGE: Final = 1000
_ROOM: Final = 8
"""Actions that a commit needs besides those that are counted out: fence, checkpoint, stream."""
_TRACE: Final = 20
"""Lines of a traceback that are kept."""


class Hold:
    """What is known of a held partition, how it is kept, and how events are attempted."""

    def __init__(
        self,
        store: Store,
        subscription: Subscription,
        partition: int,
        lease: LeaseHolder,
        meter: Meter,
        *,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.store = store
        self.subscription = subscription
        self.partition = partition
        self.lease = lease
        self.meter = meter
        self.clock = clock
        self.ids = ids
        self.position = 0
        self.obeyed = 0
        self.outlets: dict[str, Outlet] = {}
        self.is_paused = False
        self.going = asyncio.Event()
        """Set while attempts may begin."""
        self.unsaved = asyncio.Event()
        self.writes: list[Write] = []
        """Of a projection, to be saved with what they belong to."""
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._known = -1
        self._saved: Checkpoint | None = None
        self._version = 0
        self._pending: list[tuple[str, msgspec.Struct]] = []
        self._saving = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def name(self) -> str:
        return self.subscription.name

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way or waits, so that the lease has to be kept."""
        return any(o.lanes or o.redrives or o.held_from is not None for o in self.outlets.values())

    # Tasks.

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something that ends with the hold; what it raises ends the hold."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self.broken.done():
            self.broken.set_exception(error)

    async def cancel(self) -> None:
        """End everything that was started."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.broken.done():
            self.broken.exception()  # looked at, so that nobody complains that nobody did

    # What is kept in the store.

    async def load(self) -> list[DeadLetter]:
        """Know what the store knows; the dead letters that are being redriven are given back."""
        id = checkpoint_id(self.name, self.partition)
        [document] = await self.store.get(CHECKPOINTS.name, [id])
        kept = CHECKPOINTS.read(document)
        self._version = 0 if document is None else document.version
        if kept is not None:
            self.position, self.obeyed, self.is_paused = kept.position, kept.obeyed, kept.paused
        elif self.subscription.from_now:
            self.position = (await self.store.heads())[self.partition]
        self._saved = kept
        if not self.is_paused:
            self.going.set()
        await self.refresh()
        return await self._redriving()

    async def refresh(self) -> bool:
        """Learn where events go now; whether that has changed since this hold last asked."""
        is_new = False
        while (known := await self.subscription.refresh(self.store)) != self._known:
            self._known, is_new = known, True
            await self._know(self.subscription.destinations())
        return is_new

    async def _know(self, destinations: Sequence[Destination]) -> None:
        """Have an outlet for each destination, with what waits for it, and none for others."""
        names = {destination.name for destination in destinations}
        for name in [name for name in self.outlets if name not in names]:
            await self._forget(self.outlets.pop(name))
        new = []
        for destination in destinations:
            outlet = self.outlets.get(destination.name)
            if outlet is None:
                new.append(Outlet(destination))
            else:
                outlet.destination = destination
        for start in range(0, len(new), 100):
            await self._load_backlogs(new[start : start + 100])

    async def _load_backlogs(self, outlets: Sequence[Outlet]) -> None:
        ids = [backlog_id(self.name, self.partition, o.destination.name) for o in outlets]
        documents = await self.store.get(BACKLOGS.name, ids)
        for outlet, document in zip(outlets, documents, strict=True):
            self.outlets[outlet.destination.name] = outlet
            backlog = BACKLOGS.read(document)
            if document is None or backlog is None:
                continue
            outlet.version, outlet.held_from = document.version, backlog.held_from
            until = self.position if backlog.held_from is None else backlog.held_from
            longest = outlet.destination.retry.longest_pause
            for park in backlog.parks:
                lane = Lane.of(
                    park, until=max(until, park.position), wall=self.clock(), longest=longest
                )
                lane.is_past = lane.given_up and not outlet.destination.holds
                outlet.lanes[lane.key] = lane

    async def _forget(self, outlet: Outlet) -> None:
        """The destination is no more, nor is what waited for it."""
        for lane in (*outlet.lanes.values(), *outlet.redrives.values()):
            if lane.task is not None:
                lane.task.cancel()
        if outlet.version:
            id = backlog_id(self.name, self.partition, outlet.destination.name)
            self.writes.append(succeed(BACKLOGS, id, self.name, outlet.version, DELETE))
            self.unsaved.set()

    async def _redriving(self) -> list[DeadLetter]:
        letters, cursor = [], None
        while True:
            query = DEAD_LETTERS.query(
                "by_subscription", self.name, prefix=("redriving",), limit=100, cursor=cursor
            )
            page = await self.store.query(query)
            found = [DEAD_LETTERS.read(document) for document in page.documents]
            letters += [letter for letter in found if letter and letter.partition == self.partition]
            if (cursor := page.cursor) is None:
                return letters

    async def save(self) -> None:
        """Write down what has changed, all of it or, where limits split it, backlogs first."""
        async with self._saving:
            self.unsaved.clear()
            dirty = [outlet for outlet in self.outlets.values() if outlet.is_dirty]
            most = max(1, self.store.limits.commit_actions // 2 - _ROOM)
            for start in range(0, max(0, len(dirty) - most), most):
                await self._save_some(dirty[start : start + most], last=False)
            await self._save_some([outlet for outlet in dirty if outlet.is_dirty], last=True)

    async def _save_some(self, outlets: Sequence[Outlet], *, last: bool) -> None:
        most = max(1, self.store.limits.commit_actions // 4 - _ROOM)
        pending, self._pending = self._pending[:most], self._pending[most:]
        events, writes = self._told(pending)
        versions = []
        for outlet in outlets:
            outlet.is_dirty = False
            write, version = self._backlog(outlet)
            writes += [] if write is None else [write]
            versions.append(version)
        kept = self._checkpoint()
        moved = last and not self._pending and kept != self._saved
        if last:
            writes, self.writes = [*writes, *self.writes], []
        if moved:
            id = checkpoint_id(self.name, self.partition)
            writes.append(succeed(CHECKPOINTS, id, self.name, self._version, kept))
        if events or writes:
            appends = [Append(stream_of(self.name), events, ANY)] if events else []
            await self._commit(appends, writes)
        for outlet, version in zip(outlets, versions, strict=True):
            outlet.version = version
        if moved:
            self._saved, self._version = kept, self._version + 1
        if self._pending and last:
            await self._save_some([], last=True)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            subscription=self.name,
            partition=self.partition,
            position=self.position,
            obeyed=self.obeyed,
            paused=self.is_paused,
        )

    def _backlog(self, outlet: Outlet) -> tuple[Write | None, int]:
        """The write that keeps what waits for it, and the version it then has."""
        body = outlet.backlog(self.name, self.partition, self.clock())
        id = backlog_id(self.name, self.partition, outlet.destination.name)
        if body is None and not outlet.version:
            return None, 0
        after = DELETE if body is None else body
        write = succeed(BACKLOGS, id, self.name, outlet.version, after)
        return write, 0 if body is None else outlet.version + 1

    def _told(self, pending: Sequence[tuple[str, msgspec.Struct]]) -> tuple[list[Event], list[Any]]:
        """Events about dead letters, and the letters as they leave them."""
        now, stream = self.clock(), stream_of(self.name)
        events, letters = [], {}
        for id, payload in pending:
            type, schema, data = CODEC.encode(payload)
            events.append(Event(self.ids(), type, now, now, data, schema, id))
            known = dict.fromkeys(FOLD.keys(Happened(stream, id, now, payload)))
            if isinstance(payload, RedriveDone):
                letters[id] = DEAD_LETTERS.write(id, stream, DELETE)
            for change in FOLD.evolve(known, Happened(stream, id, now, payload)):
                letters[id] = DEAD_LETTERS.write(change.id, stream, change.body)  # type: ignore[arg-type]
        return events, list(letters.values())

    async def _commit(self, appends: Sequence[Append], writes: Sequence[Write]) -> None:
        """Commit under the lease; LeaseLost if that is another's. Being asked for it is no loss."""
        while True:
            commit = Commit(appends=appends, writes=[*writes, self.lease.demand()])
            try:
                await self.store.commit(commit)
            except Conflict as conflict:
                if not conflict.name.startswith("lease/"):
                    raise
                await self.lease.check()
            else:
                return

    async def renew(self) -> None:
        """Keep the lease, in turn with what is being saved."""
        async with self._saving:
            await self.lease.renew()

    # Attempts, and what becomes of failures.

    async def attempt(
        self, destination: Destination, events: list[Recorded], nth: int
    ) -> DeliveryFailed | None:
        """Bring events to a destination; why it did not take them, or None if it did."""
        if not self.lease.is_good():
            await self.renew()
        try:
            transform = destination.transform
            deliveries = [
                Delivery(
                    id=delivery_id(destination.name, event.stream, event.version),
                    rule=destination.name,
                    event=event,
                    attempt=nth,
                    input=None if transform is None else transform(event),
                )
                for event in events
            ]
            async with asyncio.timeout(destination.timeout):
                await destination.target.deliver(deliveries)
        except DeliveryFailed as failed:
            error = failed
        except TimeoutError:
            error = DeliveryFailed("timeout", f"not taken within {destination.timeout:g} s")
        except (Exception, SystemExit) as raised:  # noqa: BLE001 - a handler may raise anything
            error = raised_failure(raised)
        else:
            self.meter.delivered += len(events)
            return None
        self.meter.failed += len(events)
        return error

    def failed(self, outlet: Outlet, lane: Lane, error: DeliveryFailed) -> None:
        """The lane's event was not taken: plan the next try, or give it up."""
        policy, now = outlet.destination.retry, self.clock()
        lane.failures += 1
        lane.first_try = now if lane.first_try is None else lane.first_try
        lane.kind, lane.detail = error.kind, str(error)
        outlet.is_dirty = True
        self.unsaved.set()
        pause = pause_after(lane.failures, policy, error)
        is_last = policy.attempts is not None and lane.failures >= policy.attempts
        is_old = policy.age is not None and (now - lane.first_try) / 1_000_000 + pause > policy.age
        if error.final or is_last or is_old:
            self._give_up(outlet, lane, error)
        else:
            lane.next_try = asyncio.get_running_loop().time() + pause

    def _give_up(self, outlet: Outlet, lane: Lane, error: DeliveryFailed) -> None:
        destination, event = outlet.destination, lane.event
        if event is None:
            raise AssertionError("a lane fails with the event that it tried")
        given_up = DeliveryGivenUp(
            destination=destination.name,
            partition=self.partition,
            position=event.position,
            stream=event.stream,
            version=event.version,
            about=event.subject,
            event_type=event.type,
            delivery=delivery_id(destination.name, event.stream, event.version),
            attempts=lane.failures,
            first_try=lane.first_try or self.clock(),
            kind=error.kind,
            detail=str(error)[:1000],
            status=error.status,
            trace=error.trace,
            holds=destination.holds,
        )
        id = dead_letter_id(self.name, destination.name, event.stream, event.version)
        self._pending.append((id, given_up))
        self.meter.given_up += 1
        lane.given_up, lane.next_try = True, None
        if not destination.holds or lane.letter is not None:
            lane.is_past, lane.next_try = True, 0.0

    def taken(self, outlet: Outlet, lane: Lane) -> None:
        """The lane's event was taken at last; a letter about it is settled."""
        outlet.was_taken(lane)
        if lane.given_up or lane.letter is not None:
            stream, _ = lane.key
            id = dead_letter_id(self.name, outlet.destination.name, stream, lane.version)
            self._pending.append((id, RedriveDone()))
            self.meter.redriven += 1
        lane.is_past = True

    # What lanes need.

    async def event(self, lane: Lane) -> Recorded:
        """The event that the lane tries next."""
        if lane.event is None:
            [lane.event] = await self.store.read_stream(
                lane.key[0], after=lane.version - 1, limit=1
            )
        return lane.event

    async def following(self, outlet: Outlet, lane: Lane) -> Recorded | None:
        """The next event that waits in the lane; None if there is none at this very moment."""
        while not lane.ahead:
            until, size = lane.until, min(PAGE, self.store.limits.page)
            stream, _ = lane.key
            page = await self.store.read_stream(stream, after=lane.read_to, limit=size)
            if page:
                lane.read_to = page[-1].version
            lane.ahead.extend(
                event
                for event in page
                if key_of(event) == lane.key
                and event.position <= until
                and self._goes_to(event, outlet)
            )
            if page and page[-1].position > until:  # what lies beyond comes from the feed
                beyond = next(event for event in page if event.position > until)
                lane.read_to = beyond.version - 1
            elif len(page) == size:
                continue
            if not lane.ahead and lane.until == until:
                return None
        return lane.ahead.popleft()

    def _goes_to(self, event: Recorded, outlet: Outlet) -> bool:
        name = outlet.destination.name
        return any(destination.name == name for destination in self.subscription.route(event))


def raised_failure(raised: BaseException) -> DeliveryFailed:
    """What a handler raised, with where, in the words of its own code."""
    lines = traceback.format_exception(raised)
    trace = "".join(lines).splitlines()[-_TRACE:]
    detail = f"{type(raised).__name__}: {raised}"
    with contextlib.suppress(UnicodeEncodeError):
        detail.encode()
        return DeliveryFailed("raised", detail, trace=trace)
    return DeliveryFailed("raised", type(raised).__name__)
