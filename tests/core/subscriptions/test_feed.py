"""How the feed is read: with gaps, empty pages, errors of the store, and a store that closes."""

import asyncio
import random
from typing import Any

import pytest

from gatherlog.core import Commit, Committed, Recorded, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import Busy, DiskFull, StoreClosed, StoreFailed
from gatherlog.core.subscriptions.handlers import Handlers
from gatherlog.core.subscriptions.leases import LeaseHolder
from gatherlog.core.subscriptions.metrics import Metrics
from gatherlog.core.subscriptions.notices import Notices
from gatherlog.core.subscriptions.partition_state import PartitionState
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.subscription import Destination
from gatherlog.core.subscriptions.worker import Worker
from tests.core.subscriptions.followers import (
    COUNTS,
    FOREVER,
    IDS,
    Count,
    Counting,
    Following,
    Receiver,
    bodies,
    eventually,
    new_store,
    run_scenario,
    say,
    working,
)


class Lagging:
    """A store whose feed returns fewer events than there are, and at times none."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._chance = random.Random(seed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[Recorded]:
        await asyncio.sleep(self._chance.uniform(0, 0.01))
        page = await self._store.read_feed(partition, after=after, limit=limit)
        return page[: self._chance.choice((0, 0, 1, 3, len(page)))]


@pytest.mark.parametrize("seed", range(10))
def test_an_empty_page_below_the_head_is_read_again_until_it_has_events(seed: int) -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        lagging: Any = Lagging(store, seed)
        for n in range(150):
            receiver.cues[f"w{n}"] = [ValueError("no")] * (n % 2)
        place = Destination(name="place", target=receiver, retry=FOREVER)
        async with working(lagging, Following(place), Projection("counting", Counting())):
            for n in range(300):
                await say(store, "card-1", f"w{n}", subject=f"s{n % 150}")
            await receiver.has(300)
            await eventually(lambda: is_counted(store, 300))
        words = {f"s{n}": [f"w{n}", f"w{n + 150}"] for n in range(150)}
        found: dict[str, list[str]] = {}
        for delivery in receiver.taken:
            found.setdefault(delivery.event.subject, []).append(delivery.event.data.decode())
        assert found == words

    run_scenario(scenario())


async def is_counted(store: Store, events: int) -> bool:
    found: dict[str, Count] = await bodies(store, COUNTS)
    return found.get("all", Count()).events == events


class Unreliable:
    """A store in which any call may fail now and then."""

    def __init__(self, store: Store, seed: int, errors: list[Exception]) -> None:
        self._store = store
        self._chance = random.Random(seed)
        self._errors = errors
        self.is_well = False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name in ("limits", "id"):
            return call

        async def calling(*args: Any, **options: Any) -> Any:
            await asyncio.sleep(0.001)
            if not self.is_well and self._chance.random() < 0.1:
                raise self._chance.choice(self._errors)
            return await call(*args, **options)

        return calling


@pytest.mark.parametrize("seed", range(10))
def test_errors_of_the_store_are_reported_and_no_event_is_lost(seed: int) -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        errors: list[Exception] = [Busy("busy"), StoreFailed("failed"), DiskFull("full")]
        unreliable: Any = Unreliable(store, seed, errors)
        place = Destination(name="place", target=receiver, retry=FOREVER, at_once=4)
        subscriptions = [Following(place), Projection("counting", Counting())]
        async with working(unreliable, *subscriptions, may_report=True) as running:
            for n in range(200):
                await say(store, f"card-{n % 3}", f"w{n}", subject=f"s{n % 7}")
                await asyncio.sleep(0.2)
            unreliable.is_well = True
            await eventually(lambda: is_counted(store, 200))
            await eventually(lambda: has_all(receiver, 200))
        assert running.reported != []
        assert set(map(type, running.reported)) <= {Busy, StoreFailed, DiskFull}
        first: dict[tuple[str, str], list[int]] = {}
        for delivery in receiver.taken:
            event = delivery.event
            seen = first.setdefault((event.stream, event.subject), [])
            if event.version not in seen:
                seen.append(event.version)
        assert all(versions == sorted(versions) for versions in first.values())

    run_scenario(scenario())


async def has_all(receiver: Receiver, count: int) -> bool:
    return len(set(receiver.words)) == count


def test_a_closed_store_ends_the_worker() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        subscription = Following(Destination(name="place", target=receiver, retry=FOREVER))
        worker = Worker(store, [subscription], clock=system_clock, ids=IDS)
        running = asyncio.create_task(worker.run())
        await say(store, "card-1", "word")
        await receiver.has(1)
        await store.close()
        async with asyncio.timeout(60):
            await running
        with pytest.raises(StoreClosed):
            await store.heads()

    run_scenario(scenario())


class Refusing:
    """A store that refuses its next commit, and no other."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.refuses = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        refuses, self.refuses = self.refuses, False
        await asyncio.sleep(0.001)
        if refuses:
            raise Busy("busy")
        return await self._store.commit(commit)


def test_after_a_write_that_failed_nothing_more_is_written() -> None:
    async def scenario() -> None:
        store: Any = Refusing(new_store())
        lease = LeaseHolder(store, "counting", 0, "me", 5.0)
        assert await lease.take()
        state = PartitionState(
            store,
            Projection("counting", Counting()),
            0,
            lease,
            Metrics(),
            Notices("counting", lambda name, sentence: None),
            clock=system_clock,
            ids=IDS,
        )
        await state.load()
        async with state.checkpoint_store.lock:
            state.position = 7
            state.projection_writes.append(
                COUNTS.write("all", "subscription-counting", Count(7), at=1)
            )
            first = asyncio.create_task(state.save())
            second = asyncio.create_task(state.save())
            await asyncio.sleep(0)
            store.refuses = True
        results = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(result) for result in results] == [Busy, Busy]
        [document] = await store.get([("checkpoint", "counting/0")])
        assert b'"position":0' in document.body

    run_scenario(scenario())


def test_two_subscriptions_of_one_name_are_refused() -> None:
    async def scenario() -> None:
        both = [Handlers("twin", {}), Handlers("twin", {})]
        with pytest.raises(ValueError, match="two subscriptions have one name: twin, twin"):
            Worker(new_store(), both, clock=system_clock, ids=IDS)

    run_scenario(scenario())


@pytest.mark.parametrize("name", ["", "With Spaces", "9lives", "a" * 64, "a/b"])
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        Handlers(name, {})
