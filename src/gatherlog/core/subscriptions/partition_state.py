"""A hold: one partition of one subscription while this worker has its lease.

What is known of it is in memory and changes between two awaits only; `save` writes down a picture
of it, fenced by the lease. Whatever goes wrong with the store ends the hold: the next one begins
with what is in the store.
"""

import asyncio
import re
import traceback
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from gatherlog.core.eventstore.clock import Clock, Ids
from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.store import Store, Write
from gatherlog.core.subscriptions.checkpoint_store import CheckpointStore, DeadLetterEvent
from gatherlog.core.subscriptions.checkpoints import Checkpoint
from gatherlog.core.subscriptions.dead_letters import (
    DeadLetter,
    DeliveryGivenUp,
    RedriveDone,
    dead_letter_id,
)
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, delivery_id
from gatherlog.core.subscriptions.destination_state import (
    PAGE,
    BlockedKey,
    DestinationState,
    Metrics,
    key_of,
    pause_after,
)
from gatherlog.core.subscriptions.leases import LeaseHolder
from gatherlog.core.subscriptions.subscription import Destination, Subscription

__all__ = ["PartitionState", "raised_failure"]

_TRACE: Final = 20
"""Lines of a traceback that are kept."""
_LONGEST: Final = 1000
"""Characters of a reason that are kept."""
_LINE: Final = 200
"""Characters of a line of a traceback that are kept."""
_WORD: Final = 50
"""Characters of a kind of failure."""
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_GRACE: Final = 5.0
"""Seconds that those who do not heed being cancelled are waited for."""


class PartitionState:
    """What is known of a held partition, how it is kept, and how events are attempted."""

    def __init__(
        self,
        store: Store,
        subscription: Subscription,
        partition: int,
        lease: LeaseHolder,
        meter: Metrics,
        *,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self.store = store
        self.subscription = subscription
        self.name = subscription.name
        self.partition = partition
        self.lease = lease
        self.meter = meter
        self.clock = clock
        self.ledger = CheckpointStore(store, self.name, partition, lease, clock=clock, ids=ids)
        self.position = 0
        self.obeyed = 0
        self.epoch = 0
        self.outlets: dict[str, DestinationState] = {}
        self.going = asyncio.Event()
        """Set while attempts may begin; not while the subscription is paused, or at the end."""
        self.is_paused = False
        self.unsaved = asyncio.Event()
        self.writes: list[Write] = []
        """Of a projection, to be saved with what they belong to."""
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._known = -1
        self._told: list[DeadLetterEvent] = []
        self._gone: list[DestinationState] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_cancelled = False

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way or will be tried, so that the lease has to be kept."""
        return not self.is_paused and any(outlet.is_busy for outlet in self.outlets.values())

    @property
    def is_behind(self) -> bool:
        """Whether less is written down than is done."""
        return not self.ledger.has(self._checkpoint())

    # Tasks.

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """PageDelivery something that ends with the hold; what it raises ends the hold."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._is_cancelled and not self.broken.done():
            self.broken.set_exception(error)

    async def cancel(self) -> None:
        """End everything that was started; how it ends is of no interest."""
        self._is_cancelled = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
        if self.broken.done():
            self.broken.exception()  # looked at, so that nobody complains that nobody did

    # What is kept in the store.

    async def load(self) -> list[DeadLetter]:
        """Know what the store knows; the dead letters that are being redriven are given back."""
        kept = await self.ledger.checkpoint()
        if kept is not None:
            self.position, self.obeyed, self.epoch = kept.position, kept.obeyed, kept.epoch
            self.is_paused = kept.paused
        else:
            self.position = (await self.subscription.begin(self.store))[self.partition]
        if not self.is_paused:
            self.going.set()
        await self.refresh()
        await self._forget_strangers()
        if kept is None:  # from now on it is behind, and where it began is not asked again
            await self.save()
        return await self.ledger.redriving()

    async def refresh(self) -> bool:
        """Learn where events go now; whether that has changed since this hold last asked."""
        is_new = False
        while (known := await self.subscription.refresh(self.store)) != self._known:
            self._known, is_new = known, True
            await self._know(self.subscription.destinations())
        return is_new

    async def _know(self, destinations: Sequence[Destination]) -> None:
        """Have an outlet for each destination, with what waits for it, and none for others."""
        present = {destination.name: destination for destination in destinations}
        for name, outlet in list(self.outlets.items()):
            if name not in present or present[name].made != outlet.destination.made:
                self._forget(self.outlets.pop(name))
        new = [(name, one.made) for name, one in present.items() if name not in self.outlets]
        backlogs = await self.ledger.backlogs(new)
        for name, destination in present.items():
            if name not in self.outlets:
                self.outlets[name] = DestinationState(destination)
            self.outlets[name].turn_to(destination)
        for version, backlog in backlogs:
            outlet = self.outlets[backlog.destination]
            outlet.version, outlet.held_from = version, backlog.held_from
            until = self.position if backlog.held_from is None else backlog.held_from
            for park in backlog.parks:
                lane = BlockedKey.of(
                    park,
                    until=max(until, park.position),
                    wall=self.clock(),
                    longest=outlet.destination.retry.longest_pause,
                )
                lane.is_past |= lane.given_up and not outlet.destination.holds
                outlet.lanes[lane.key] = lane

    def _forget(self, outlet: DestinationState) -> None:
        """The destination is no more, nor is what waits for it."""
        for lane in (*outlet.lanes.values(), *outlet.redrives.values()):
            if lane.task is not None:
                lane.task.cancel()
        if outlet.catching_up is not None:
            outlet.catching_up.cancel()
        self._gone.append(outlet)
        self.unsaved.set()

    async def _forget_strangers(self) -> None:
        """Forget what waits for destinations that went while nobody read."""
        known = {(one.destination.name, one.destination.made) for one in self.outlets.values()}
        there = [(one.destination, one.made) for one in await self.ledger.all_backlogs()]
        strangers = [one for one in there if one not in known]
        for version, backlog in await self.ledger.backlogs(strangers):
            gone = DestinationState(
                Destination(name=backlog.destination, made=backlog.made, target=_NOBODY)
            )
            gone.version = version
            self._forget(gone)

    async def save(self) -> None:
        """Write down what has changed since the last time."""
        async with self.ledger.turn:
            self.unsaved.clear()
            dirty = [outlet for outlet in self.outlets.values() if outlet.is_dirty]
            for outlet in dirty:
                outlet.is_dirty = False
            told, self._told = self._told, []
            gone, self._gone = self._gone, []
            writes, self.writes = self.writes, []
            await self.ledger.write(self._checkpoint(), told, dirty, gone, writes)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            subscription=self.name,
            partition=self.partition,
            position=self.position,
            obeyed=self.obeyed,
            paused=self.is_paused,
            epoch=self.epoch,
        )

    # Attempts, and what becomes of failures.

    async def attempt(
        self, destination: Destination, events: list[Recorded], nth: int
    ) -> DeliveryFailed | None:
        """Bring events to a destination; why it did not take them, or None if it did."""
        if not self.lease.is_good():
            await self.ledger.renew()
        try:
            await _deliver(destination, events, nth)
        except DeliveryFailed as failed:
            error = failed
        except asyncio.CancelledError as raised:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            error = raised_failure(raised)  # the handler's own, not ours
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as raised:  # noqa: BLE001 - a handler may raise anything
            error = raised_failure(raised)
        else:
            self.meter.delivered += len(events)
            return None
        self.meter.failed += len(events)
        return error

    def failed(self, outlet: DestinationState, lane: BlockedKey, error: DeliveryFailed) -> None:
        """The lane's event was not taken: plan the next try, or give it up."""
        policy, now = outlet.destination.retry, asyncio.get_running_loop().time()
        lane.failures += 1
        if lane.began is None or lane.first_try is None:
            lane.began, lane.first_try = now, self.clock()
        lane.kind, lane.detail = _fit(error.kind, _WORD), _fit(str(error), _LONGEST)
        outlet.is_dirty = True
        self.unsaved.set()
        pause = pause_after(lane.failures, policy, error)
        is_last = policy.attempts is not None and lane.failures >= policy.attempts
        is_old = policy.age is not None and now - lane.began + pause > policy.age
        if is_old and not is_last and not error.final:
            lane.detail = _fit(f"{lane.detail} (too old for another try)", _LONGEST)
        if error.final or is_last or is_old:
            self._give_up(outlet, lane, error)
        else:
            lane.next_try = now + pause

    def _give_up(self, outlet: DestinationState, lane: BlockedKey, error: DeliveryFailed) -> None:
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
            kind=lane.kind,
            detail=lane.detail,
            status=error.status,
            trace=tuple(_fit(line, _LINE) for line in error.trace[-_TRACE:]),
            holds=destination.holds,
        )
        id = dead_letter_id(self.name, destination.name, event.stream, event.version)
        self._told.append((id, given_up))
        self.meter.given_up += 1
        lane.given_up, lane.next_try = True, None
        if not destination.holds or lane.letter is not None:
            lane.is_past, lane.next_try = True, 0.0
        outlet.moved()

    def taken(self, outlet: DestinationState, lane: BlockedKey) -> None:
        """The lane's event was taken at last; a letter about it is settled."""
        outlet.was_taken(lane)
        lane.is_past = True
        if lane.given_up or lane.letter is not None:
            stream, _ = lane.key
            self.settle(dead_letter_id(self.name, outlet.destination.name, stream, lane.version))

    def give_back(self, letter: DeadLetter) -> None:
        """A dead letter that is redriven to where nothing is any more stays dead, and says why."""
        fields = {name: getattr(letter, name) for name in DeliveryGivenUp.__struct_fields__}
        fields["kind"] = "no_destination"
        fields["detail"] = f"there is no destination {letter.destination!r} any more: discard it"
        self._told.append((letter.id, DeliveryGivenUp(**fields)))
        self.unsaved.set()

    def settle(self, letter: str) -> None:
        """There is nothing to be done about a dead letter any more."""
        self._told.append((letter, RedriveDone()))
        self.meter.redriven += 1
        self.unsaved.set()

    # What lanes need.

    async def event(self, lane: BlockedKey) -> Recorded:
        """The event that the lane tries next."""
        if lane.event is None:
            [lane.event] = await self.store.read_stream(
                lane.key[0], after=lane.version - 1, limit=1
            )
        return lane.event

    async def following(self, outlet: DestinationState, lane: BlockedKey) -> Recorded | None:
        """The next event that waits in the lane; None if there is none at this very moment."""
        while not lane.ahead:
            until, size = lane.until, min(PAGE, self.store.limits.page)
            page = await self.store.read_stream(lane.key[0], after=lane.read_to, limit=size)
            waiting = [event for event in page if event.position <= until]
            if waiting:
                lane.read_to = waiting[-1].version
            lane.ahead.extend(
                event
                for event in waiting
                if key_of(event) == lane.key and self.goes_to(event, outlet)
            )
            is_end = len(waiting) < size  # what lies beyond comes from the feed
            if is_end and not lane.ahead and lane.until == until:
                return None
        return lane.ahead.popleft()

    def goes_to(self, event: Recorded, outlet: DestinationState) -> bool:
        """Whether the event, which was passed by, is for this destination."""
        return self.subscription.takes(outlet.destination.name, event)


async def _deliver(destination: Destination, events: Sequence[Recorded], nth: int) -> None:
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
    limit = asyncio.timeout(destination.timeout)
    try:
        async with limit:
            await destination.target.deliver(deliveries)
    except TimeoutError as raised:
        if not limit.expired():  # the target's own
            raise
        late = f"not taken within {destination.timeout:g} s"
        raise DeliveryFailed("timeout", late) from raised


def raised_failure(raised: BaseException) -> DeliveryFailed:
    """What a handler raised, with where, in the words of its own code."""
    name = type(raised).__name__
    try:
        detail = f"{name}: {raised}"
    except Exception:  # noqa: BLE001 - an error may even fail to say what it is
        detail = name
    lines = "".join(traceback.format_exception(raised, limit=-_TRACE)).splitlines()
    trace = [_fit(line, _LINE) for line in lines[-_TRACE:]]
    return DeliveryFailed("raised", _fit(detail, _LONGEST), trace=trace)


def _fit(text: str, most: int) -> str:
    """The text as it can be kept and shown: cut, on one line, valid Unicode."""
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text[:most])


class _Nobody:
    """The target of a destination that is no more."""

    batch = 1

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        raise AssertionError("nothing is brought to a destination that is no more")

    async def close(self) -> None:
        """There is nothing to let go of."""


_NOBODY: Final = _Nobody()
