"""A destination as one partition's reader sees it: what waits for it, and since where.

A stream and subject whose event failed is a `BlockedKey`: it tries that event again and delivers
what came after it, in order, while everything else goes past. If too many lanes are open, the
outlet is held: nothing new is brought until they are fewer, and then from where it was held.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from gatherlog.core.eventstore.events import Recorded
from gatherlog.core.eventstore.retrying import pause_bound
from gatherlog.core.subscriptions.checkpoints import Backlog, ParkedKey
from gatherlog.core.subscriptions.delivery import DeliveryFailed, RetryPolicy
from gatherlog.core.subscriptions.subscription import Destination

__all__ = [
    "MOST_BLOCKED",
    "BatchInFlight",
    "BlockedKey",
    "DestinationState",
    "Key",
    "Metrics",
    "PageSize",
    "key_of",
    "pause_after",
]

MOST_BLOCKED: Final = 64
"""Blocked keys that one destination may have in one partition before it is held: as many as fit
into one document, whatever their names."""
PAGE: Final = 1000
_LONGEST_DETAIL: Final = 200
"""Characters of a reason that are kept while an event waits."""
_FIRST_PAGE: Final = 32
_LONG: Final = 1.0
_SHORT: Final = 0.25

Key = tuple[str, str]
"""A stream and a subject: what is kept in order, and waits together."""


def key_of(event: Recorded) -> Key:
    """What the event is kept in order with."""
    return (event.stream, event.subject)


def pause_after(failures: int, policy: RetryPolicy, error: DeliveryFailed) -> float:
    """Seconds until the next try, with full jitter; at least what the receiver asked for."""
    bound = pause_bound(failures, first=policy.first_pause, longest=policy.longest_pause)
    return max(random.uniform(0, bound), error.retry_after or 0.0)


class PageSize:
    """How many events are read at a time: as many as are brought in about a second.

    A page is what a dying process may have brought without a trace.
    """

    def __init__(self) -> None:
        self.size = _FIRST_PAGE

    def took(self, seconds: float) -> None:
        """Learn from how long the last page took."""
        if seconds > _LONG:
            self.size = max(1, self.size // 2)
        elif seconds < _SHORT:
            self.size = min(PAGE, self.size * 2)


class BatchInFlight:
    """An attempt that is under way, of one event or of several together."""

    def __init__(self, events: Sequence[Recorded]) -> None:
        self.events = events
        self._error: DeliveryFailed | None = None
        self._landed: asyncio.Future[None] | None = None

    def land(self, error: DeliveryFailed | None) -> None:
        """It is over: what went wrong, or None."""
        self._error = error
        if self._landed is not None:
            self._landed.set_result(None)

    def crash(self) -> None:
        """Nobody will know how it went: it was broken off."""
        if self._landed is not None:
            self._landed.cancel()

    def watch(self) -> None:
        """Have it waited for, by a lane for each stream and subject in it."""
        if self._landed is None:
            self._landed = asyncio.get_running_loop().create_future()

    async def landed(self) -> DeliveryFailed | None:
        """What went wrong, or None, once it is over."""
        if self._landed is not None:
            await asyncio.wait([self._landed])
            self._landed.result()
        return self._error


class BlockedKey:
    """The events of one stream and subject that wait for one destination, in order."""

    def __init__(
        self, key: Key, version: int, position: int, *, until: int, letter: str | None = None
    ) -> None:
        self.key = key
        self.version = version
        """Of the event that is tried next."""
        self.position = position
        self.read_to = version
        """Version up to which the stream was read for what follows."""
        self.until = until
        """Events up to this position wait here; those beyond it come from the feed."""
        self.letter = letter
        """The dead letter that this lane redrives, and nothing else."""
        self.event: Recorded | None = None
        """The event that is tried next, once it was read."""
        self.is_past = False
        """Whether nothing is to be done about that event any more."""
        self.failures = 0
        self.first_try: int | None = None
        self.began: float | None = None
        """When it was tried first, by the loop's clock, which does not jump."""
        self.given_up = False
        self.kind = self.detail = ""
        self.flight: BatchInFlight | None = None
        """An attempt that was under way when the lane was opened."""
        self.ahead: deque[Recorded] = deque()
        """Events read already."""
        self.next_try: float | None = 0.0
        """By the loop's clock; None: an operator is waited for."""
        self.is_flying = False
        """Whether an attempt is under way."""
        self.task: asyncio.Task[None] | None = None
        self._stirred = asyncio.Event()

    @classmethod
    def at(cls, event: Recorded, *, until: int) -> "BlockedKey":
        """A lane that begins with this event, now."""
        lane = cls(key_of(event), event.version, event.position, until=until)
        lane.event = event
        return lane

    @classmethod
    def of(cls, park: ParkedKey, *, until: int, wall: int, longest: float) -> "BlockedKey":
        """As it was parked. A clock that jumped back delays it by no more than `longest`."""
        lane = cls((park.stream, park.subject), park.version, park.position, until=until)
        lane.failures, lane.first_try = park.attempts, park.first_try
        lane.given_up, lane.is_past = park.given_up, park.past
        lane.kind, lane.detail = park.kind, park.detail
        now = asyncio.get_running_loop().time()
        if park.first_try is not None:
            lane.began = now - max(wall - park.first_try, 0) / 1_000_000
        lane.next_try = None
        if park.next_try is not None:
            lane.next_try = now + min(max(park.next_try - wall, 0) / 1_000_000, longest)
        return lane

    def park(self, wall: int) -> ParkedKey:
        """How it is kept in the store. `wall` is the present."""
        next_try = None
        if self.next_try is not None:
            wait = max(0.0, self.next_try - asyncio.get_running_loop().time())
            next_try = wall + round(wait * 1_000_000)
        return ParkedKey(
            stream=self.key[0],
            subject=self.key[1],
            version=self.version,
            position=self.position,
            attempts=self.failures,
            first_try=self.first_try,
            next_try=next_try,
            given_up=self.given_up,
            past=self.is_past,
            kind=self.kind,
            detail=self.detail[:_LONGEST_DETAIL],
        )

    def stir(self) -> None:
        """Try now, whatever was planned."""
        self.next_try = 0.0
        self._stirred.set()

    def try_anew(self) -> None:
        """Try now, as if it had never been tried."""
        self.failures, self.first_try, self.began = 0, None, None
        self.stir()

    def move_to(self, event: Recorded) -> None:
        """The events before this one are done with."""
        self.event, self.version, self.position = event, event.version, event.position
        self.failures, self.first_try, self.began = 0, None, None
        self.given_up, self.is_past = False, False
        self.read_to = max(self.read_to, event.version)
        self.kind = self.detail = ""
        self.next_try = 0.0

    async def due(self) -> None:
        """Wait until the next try is due."""
        while True:
            now = asyncio.get_running_loop().time()
            if self.next_try is not None and self.next_try <= now:
                return
            self._stirred.clear()
            wait = None if self.next_try is None else self.next_try - now
            try:
                async with asyncio.timeout(wait):
                    await self._stirred.wait()
            except TimeoutError:
                continue


class DestinationState:
    """A destination in one partition."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self.lanes: dict[Key, BlockedKey] = {}
        self.turns: dict[Key, asyncio.Lock] = {}
        """Held by the redrive whose turn it is, of a stream and subject."""
        self.redrives: dict[str, BlockedKey] = {}
        """By dead letter."""
        self.held_from: int | None = None
        self.skipped_to = 0
        """While it is held, the last position that was passed over."""
        self.done: set[int] = set()
        """Positions that are done with although the outlet, or the reader, is not there yet."""
        self.is_slow = False
        """Whether it did not answer in time: nobody waits for it until it does."""
        self.slots = asyncio.Semaphore(destination.at_once)
        """For what is tried again; what is new does not wait for it."""
        self.version = 0
        """Of the backlog's document; 0: there is none."""
        self.is_dirty = False
        self.catching_up: asyncio.Task[None] | None = None
        self.leave: Callable[[], None] | None = None
        """While it catches up, how what it does is broken off."""
        self._moved = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether too many lanes are open for new ones."""
        return len(self.lanes) >= MOST_BLOCKED

    @property
    def is_busy(self) -> bool:
        """Whether there is more to do than to wait for an operator."""
        return (
            self.held_from is not None
            or bool(self.redrives)
            or any(lane.next_try is not None for lane in self.lanes.values())
        )

    @property
    def is_eased(self) -> bool:
        """Whether so few lanes are tried, and wait for an operator, that new events may come."""
        tried = sum(lane.next_try is not None for lane in self.lanes.values())
        return tried <= MOST_BLOCKED // 2 and not self.is_full

    def turn_to(self, destination: Destination) -> None:
        """The destination has changed, but for its name."""
        if self.destination.at_once != destination.at_once:
            self.slots = asyncio.Semaphore(destination.at_once)
        self.destination = destination

    def open(self, lane: BlockedKey) -> None:
        """From now on, what follows of its stream and subject waits in the lane."""
        self.lanes[lane.key] = lane
        self.is_dirty = True

    def close(self, lane: BlockedKey) -> None:
        """Nothing waits in the lane any more."""
        if self.lanes.get(lane.key) is lane:
            del self.lanes[lane.key]
        self.moved()

    def moved(self) -> None:
        """Something about the lanes has changed."""
        self.is_dirty = True
        self._moved.set()

    def was_taken(self, lane: BlockedKey) -> None:
        """A lane handed its event over: where too much waits, those that failed alike may try."""
        self.is_slow = False
        if self.held_from is not None and lane.failures:
            for other in self.lanes.values():
                if other.next_try is not None and other.kind == lane.kind:
                    other.stir()

    def is_done(self, position: int, reached: int) -> None:
        """The event is not to be brought when the outlet catches up; the reader has `reached`."""
        reached = reached if self.held_from is None else self.held_from
        if position > reached:
            self.done.add(position)
        if len(self.done) > PAGE:
            self.done = {position for position in self.done if position > reached}

    async def eased(self) -> None:
        """Wait until `is_eased`."""
        while not self.is_eased:
            self._moved.clear()
            await self._moved.wait()

    def backlog(self, subscription: str, partition: int, wall: int) -> Backlog | None:
        """What is kept of it in the store; None where nothing waits."""
        if not self.lanes and self.held_from is None:
            return None
        return Backlog(
            subscription=subscription,
            partition=partition,
            destination=self.destination.name,
            made=self.destination.made,
            parks=tuple(lane.park(wall) for lane in self.lanes.values()),
            held_from=self.held_from,
        )


Attempt = Callable[[Destination, list[Recorded], int], Awaitable[DeliveryFailed | None]]
"""Brings events to a destination, for the n-th time; what went wrong, or None."""


class Metrics(msgspec.Struct):
    """What happened since the process started; only ever grows."""

    delivered: int = 0
    failed: int = 0
    given_up: int = 0
    redriven: int = 0
    pages: int = 0
    events: int = 0
