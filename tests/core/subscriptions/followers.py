"""For tests of subscriptions: stores without files, workers, and targets that fail when told to."""

import asyncio
import random
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec

from gatherlog.core import (
    Append,
    Change,
    Commit,
    Committed,
    Event,
    Heads,
    Limits,
    Recorded,
    Ref,
    Store,
    View,
)
from gatherlog.core.commands.handler import CommandHandler, Decided
from gatherlog.core.commands.unit_of_work import UnitOfWork
from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.store import DELETE
from gatherlog.core.projections.folds import EventFold
from gatherlog.core.subscriptions.checkpoints import stream_of
from gatherlog.core.subscriptions.dead_letters import (
    CODEC,
    FOLD,
    DeliveryGivenUp,
    dead_letter_id,
)
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, RetryPolicy
from gatherlog.core.subscriptions.leases import LeaseHolder
from gatherlog.core.subscriptions.subscription import Destination, Unchanging
from gatherlog.core.subscriptions.worker import VIEWS, Worker
from gatherlog.engines.hostile import LIMITS as HOSTILE_LIMITS
from gatherlog.engines.hostile import HostileStore
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import CountingIds, run_instantly
from tests.stores import SEED, scanned

T = TypeVar("T")
NOON = 1_790_000_000_000_000
IDS = CountingIds()
FOREVER = RetryPolicy(attempts=None, age=None, first_pause=0.1, longest_pause=20.0)


class Count(msgspec.Struct, frozen=True):
    """How many events one stream and subject has had, and what they said."""

    events: int = 0
    words: tuple[str, ...] = ()


COUNTS = View("count", Count)


class Counting:
    """A projection that counts events, for each stream and subject and, with `total`, for all.

    It raises at the words in `stumbles`.
    """

    views: tuple[View[Any], ...] = (COUNTS,)

    def __init__(self, *, stumbles: Iterable[str] = (), total: bool = True) -> None:
        self.stumbles = set(stumbles)
        self._total = total

    def keys(self, event: Recorded) -> list[Ref]:
        if event.type != "tests.happened":
            return []
        its_own = COUNTS.ref(f"{event.stream}/{event.subject}")
        return [its_own, COUNTS.ref("all")] if self._total else [its_own]

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> list[Change]:
        word = event.data.decode()
        changes = []
        for ref in self.keys(event):
            before = documents[ref] or Count()
            words = (*before.words, word) if ref[1] != "all" else ()
            changes.append(Change(COUNTS, ref[1], Count(before.events + 1, words)))
        if word == "forget":
            changes[0] = Change(COUNTS, changes[0].id, DELETE)
        if word in self.stumbles:
            raise ValueError(f"stumbled over {word}")
        return changes


NewStore = Callable[[Sequence[View[Any]], Limits], Store]
ENGINES: dict[str, tuple[Limits, NewStore]] = {
    "memory": (Limits(), lambda views, limits: MemoryStore(views, limits=limits)),
    "hostile": (
        HOSTILE_LIMITS,
        lambda views, limits: HostileStore(views, seed=SEED, limits=limits),
    ),
}
"""Those that work in virtual time: the limits of each, and how a store of it is made."""
chosen = ["memory"]
"""The engine of `new_store`: set by a fixture for every test."""


def new_store(partitions: int = 1, *, limits: Limits | None = None) -> Any:
    """An empty store with the views of subscriptions and of `Counting`."""
    usual, make = ENGINES[chosen[-1]]
    return make([*VIEWS, COUNTS], msgspec.structs.replace(limits or usual, partitions=partitions))


class Distant:
    """A store whose calls take a moment before and after, so that calls of others interleave."""

    def __init__(self, store: Store, seed: int = 0) -> None:
        self._store = store
        self._chance = random.Random(seed)

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name in ("limits", "id"):
            return call

        async def calling(*args: Any, **options: Any) -> Any:
            await asyncio.sleep(self._chance.uniform(0, 0.01))
            answer = await call(*args, **options)
            await asyncio.sleep(self._chance.uniform(0, 0.01))
            return answer

        return calling


def happened(word: str, subject: str = "", *, type: str = "tests.happened") -> Event:
    """An event that says a word."""
    return Event(IDS(), type, NOON, NOON, word.encode(), 1, subject)


async def say(store: Store, stream: str, *words: str, subject: str = "") -> Committed:
    """Append events that say these words, together."""
    events = [happened(word, subject) for word in words]
    return await store.commit(Commit(appends=[Append(stream, events)]))


async def say_all(store: Store, stream: str, events: Sequence[Event]) -> None:
    """Append events, as many at a time as the store takes."""
    size = min(1_000, store.limits.commit_actions - actions_of(store.limits, streams=1))
    for start in range(0, len(events), size):
        await store.commit(Commit(appends=[Append(stream, events[start : start + size])]))


async def is_shown(store: Store, committed: Committed) -> bool:
    """Whether the feed shows all events of a commit."""
    heads = await store.heads()
    return all(heads[partition] >= at for partition, at in committed.positions.items())


class Receiver:
    """A target. `cues` maps words to what happens before an event that says it is taken, in turn.

    A cue is an exception to raise, or seconds to wait. `taken` has the deliveries that were taken;
    `calls` has those of every call.
    """

    def __init__(
        self, cues: Mapping[str, Sequence[BaseException | float]] | None = None, *, batch: int = 1
    ) -> None:
        self.batch = batch
        self.cues = {word: list(given) for word, given in (cues or {}).items()}
        self.calls: list[list[Delivery]] = []
        self.taken: list[Delivery] = []
        self.closed = 0
        self._has_changed = asyncio.Event()

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        self.calls.append(list(deliveries))
        for delivery in deliveries:
            cues = self.cues.get(word_of(delivery), [])
            while cues:
                match cues.pop(0):
                    case BaseException() as raised:
                        raise raised
                    case seconds:
                        await asyncio.sleep(float(str(seconds)))
        self.taken += deliveries
        self._has_changed.set()

    async def close(self) -> None:
        self.closed += 1

    @property
    def words(self) -> list[str]:
        """The words of the events that were taken."""
        return [word_of(delivery) for delivery in self.taken]

    async def has(self, count: int) -> None:
        """Wait until so many were taken."""
        while len(self.taken) < count:
            self._has_changed.clear()
            await self._has_changed.wait()


class Following(Unchanging):
    """A subscription that delivers every event that `happened` makes to all of its destinations.

    A test changes `places` and `version` to change the destinations.
    """

    gather = 0.0
    fold: EventFold | None = None

    def __init__(
        self, *places: Destination, name: str = "following", from_now: bool = False
    ) -> None:
        self.name = name
        self._from_now = from_now
        self.places: Sequence[Destination] = places
        self.version = 0

    async def begin(self, store: Store) -> Heads:
        return await store.heads() if self._from_now else (0,) * store.limits.partitions

    async def refresh(self, store: Store) -> int:
        return self.version

    def destinations(self) -> Sequence[Destination]:
        return self.places

    def route(
        self, event: Recorded, suspended: frozenset[str] = frozenset()
    ) -> Sequence[Destination]:
        return self.places if event.type == "tests.happened" else ()

    def routes_to(self, destination: str, event: Recorded) -> bool:
        return any(one.name == destination for one in self.route(event))


class Changing(Following):
    """A test sets aside its destinations, as the bus does, and changes `version` for that."""

    aside: Mapping[str, str] = {}

    def set_aside(self) -> Mapping[str, str]:
        return self.aside

    def is_set_aside(self, destination: str) -> bool:
        return destination in self.aside

    def route(self, event: Recorded, suspended: frozenset[str] = frozenset()) -> list[Destination]:
        return [one for one in super().route(event) if one.name not in self.aside]

    def destinations(self) -> list[Destination]:
        return [one for one in self.places if one.name not in self.aside]

    def change(self, aside: Mapping[str, str]) -> None:
        self.aside, self.version = aside, self.version + 1


def run_scenario(scenario: Coroutine[Any, Any, T]) -> T:
    """Run it on a loop whose time jumps instead of passing; it fails after a day of that time."""

    async def bounded() -> T:
        async with asyncio.timeout(86_400):
            return await scenario

    return run_instantly(bounded())


async def give_up(store: Store, subscription: str, destination: str) -> str:
    """Record that an event was given up, as a worker does; the id of its dead letter."""
    id = dead_letter_id(subscription, destination, "card-1", 1)
    given_up = DeliveryGivenUp(
        destination=destination,
        partition=0,
        position=1,
        stream="card-1",
        version=1,
        about="",
        event_type="tests.happened",
        delivery="d",
        attempts=1,
        first_try=NOON,
        kind="raised",
        detail="ValueError: no",
        status=None,
        trace=(),
        holds=True,
    )

    async def decide(unit: UnitOfWork) -> list[Decided]:
        return [Decided(given_up, subject=id)]

    handler = CommandHandler(store, CODEC, FOLD, clock=system_clock, ids=IDS)
    await handler.handle(stream_of(subscription), decide)
    return id


def word_of(delivery: Delivery) -> str:
    return delivery.event.data.decode()


def fails(kind: str = "status", **about: Any) -> DeliveryFailed:
    """A failure as a target raises it."""
    return DeliveryFailed(kind, f"it failed: {kind}", **about)


class RunningWorker:
    """A worker that runs, and the errors that it has reported."""

    def __init__(self, worker: Worker, task: asyncio.Task[None]) -> None:
        self.worker = worker
        self.task = task
        self.reported: list[BaseException] = []
        self.told: list[str] = []
        """The notices to the operator."""

    async def stop(self) -> None:
        """Stop it as a server does."""
        self.worker.stop()
        await self.task

    async def kill(self) -> None:
        """Cancel it, which is as near to a crash as one process allows: it writes nothing more."""
        self.task.cancel()
        await asyncio.wait([self.task], timeout=60)


async def usurp(store: Store, worker: str) -> LeaseHolder:
    """Take the lease as a worker in another process would that finds it stale."""
    lease = LeaseHolder(store, "following", 0, worker, 0.0)
    await lease.read()
    assert await lease.take()
    return lease


@asynccontextmanager
async def working(
    store: Store,
    *subscriptions: Any,
    clock: Clock = system_clock,
    lease_seconds: float = 5.0,
    may_report: bool = False,
) -> AsyncIterator[RunningWorker]:
    """A worker that is stopped at the end. It must report no error, unless it `may_report` some."""
    found: list[BaseException] = []
    told: list[str] = []
    worker = Worker(
        store,
        subscriptions,
        clock=clock,
        ids=IDS,
        lease_seconds=lease_seconds,
        report=lambda name, error: found.append(error),
        tell=lambda name, sentence: told.append(sentence),
    )
    running = RunningWorker(worker, asyncio.create_task(worker.run()))
    running.reported, running.told = found, told
    try:
        yield running
    except BaseException:
        await running.kill()
        raise
    if not running.task.done():
        await running.stop()
    if not may_report:
        assert found == []


async def eventually(holds: Callable[[], Awaitable[Any]]) -> Any:
    """Call `holds` until its answer is true, and return that."""
    pause = 0.01
    while not (answer := await holds()):
        await asyncio.sleep(pause)
        pause = min(0.5, 1.1 * pause)
    return answer


async def bodies(store: Store, view: View[Any]) -> dict[str, Any]:
    """All documents of a view."""
    return {document.id: view.read(document) for document in await scanned(store, view.name)}
