"""Leases: workers share the partitions of a subscription, and take over from dead ones only."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from gatherlog.core import Append, Commit, Committed, Store
from gatherlog.core.subscriptions.checkpoints import checkpoint_id
from gatherlog.core.subscriptions.delivery import RetryPolicy
from gatherlog.core.subscriptions.leases import LEASES, LeaseHolder, LeaseLost
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.subscription import Destination
from gatherlog.core.subscriptions.worker import VIEWS
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import StandingClock
from tests.core.subscriptions.followers import (
    COUNTS,
    FOREVER,
    Count,
    Counting,
    Following,
    Receiver,
    bodies,
    eventually,
    happened,
    new_store,
    run_scenario,
    say,
    usurp,
    working,
)
from tests.stores import scanned

SECONDS = 5.0


def following(receiver: Receiver, **about: Any) -> Following:
    return Following(Destination(name="place", target=receiver, retry=FOREVER, **about))


async def holders(store: Store) -> Counter[str]:
    leases = (await bodies(store, LEASES)).values()
    return Counter(lease.holder for lease in leases if lease.holder)


async def say_everywhere(store: Store, word: str) -> None:
    for n in range(16):
        await say(store, f"card-{n}", word)


class Counted:
    """A store that counts its commits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        self.commits += 1
        await asyncio.sleep(0.001)
        return await self._store.commit(commit)


@pytest.mark.parametrize("is_busy", [True, False], ids=["busy", "idle"])
def test_two_workers_share_four_partitions_evenly(is_busy: bool) -> None:
    async def scenario() -> None:
        store, receiver = new_store(4), Receiver()
        counted: Any = Counted(store)
        async with working(counted, following(receiver)) as first:
            await eventually(lambda: is_shared(store, [4]))
            async with working(counted, following(receiver)) as second:
                for n in range(60):
                    if is_busy:
                        await say_everywhere(store, f"w{n}")
                    await asyncio.sleep(1)
                assert await holders(store) == {first.worker.id: 2, second.worker.id: 2}
            await receiver.has(16 * 60 if is_busy else 0)
            await eventually(lambda: is_shared(store, [4]))
        assert len({d.id for d in receiver.taken}) == len(receiver.taken)

    run_scenario(scenario())


def test_three_partitions_stay_with_the_two_workers_that_have_them() -> None:
    async def scenario() -> None:
        store, receiver = new_store(3), Receiver()
        async with working(store, following(receiver)), working(store, following(receiver)):
            await eventually(lambda: is_shared(store, [1, 2]))
            await asyncio.sleep(60)
            before = await scanned(store, LEASES.name)
            await asyncio.sleep(600)
            assert await scanned(store, LEASES.name) == before

    run_scenario(scenario())


async def is_shared(store: Store, shares: list[int]) -> bool:
    return sorted((await holders(store)).values()) == shares


def test_the_partition_of_a_dead_worker_is_taken_over_after_about_a_leases_length() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        async with working(store, following(receiver)):
            await say(store, "card-1", "first")
            await receiver.has(1)
            await asyncio.sleep(0.2)
            await usurp(store, "a worker that died")
            async with working(store, following(receiver)):
                await asyncio.sleep(3 * SECONDS)
                began = asyncio.get_running_loop().time()
                await say(store, "card-1", "second")
                await receiver.has(2)
                assert asyncio.get_running_loop().time() - began < 1.5 * SECONDS
        assert receiver.words == ["first", "second"]

    run_scenario(scenario())


def test_no_partition_is_taken_over_from_a_live_worker() -> None:
    async def scenario() -> None:
        store = new_store()
        slow = Receiver({"slow": [30.0], "wrong": [ValueError("no")] * 5})
        async with working(store, following(slow, timeout=100.0)) as first:
            await eventually(lambda: is_shared(store, [1]))
            async with working(store, following(slow)):
                for _ in range(20):
                    await say(store, "card-1", "other", subject="x")
                    await asyncio.sleep(3.1)
                await say(store, "card-1", "slow", "wrong", subject="a")
                await asyncio.sleep(200)
                other = happened("x", type="tests.other")
                await store.commit(Commit(appends=[Append("card-1", [other])]))
                for _ in range(100):
                    await asyncio.sleep(2.3)
                    assert await holders(store) == {first.worker.id: 1}
        assert slow.words.count("slow") == 1

    run_scenario(scenario())


def test_a_worker_that_lost_its_lease_while_asleep_can_write_nothing() -> None:
    async def scenario() -> None:
        store = new_store()
        lease = LeaseHolder(store, "following", 0, "asleep", SECONDS)
        assert await lease.take()
        fence = lease.fence()
        await usurp(store, "awake")
        with pytest.raises(Exception, match="is at version 2, not 1") as refused:
            await store.commit(Commit(writes=[fence]))
        with pytest.raises(LeaseLost):
            await lease.renew()
        assert type(refused.value).__name__ == "Conflict"
        assert lease.is_valid() is False

    run_scenario(scenario())


def test_a_projection_that_lost_its_lease_without_noticing_counts_no_event_twice() -> None:
    async def scenario() -> None:
        store = new_store()
        async with working(store, Projection("following", Counting())):
            await say(store, "card-1", "a")
            await eventually(lambda: counts(store, 1))
            await usurp(store, "another")
            await say(store, "card-1", "b")
            await asyncio.sleep(1)
            assert (await bodies(store, COUNTS))["all"] == Count(1)
            await eventually(lambda: counts(store, 2))
        assert (await bodies(store, COUNTS))["all"] == Count(2)

    run_scenario(scenario())


async def counts(store: Store, events: int) -> bool:
    found: dict[str, Count] = await bodies(store, COUNTS)
    return found.get("all", Count()).events == events


@pytest.mark.parametrize("days", [40, -40])
def test_wall_clocks_that_jump_change_no_lease(days: int) -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        clock = StandingClock("2026-11-24T12:00:00Z")
        async with working(store, following(receiver), clock=clock) as first:
            await eventually(lambda: holders(store))
            async with working(store, following(receiver)):
                for n in range(40):
                    clock.advance(days=days * (-1) ** n)
                    await say(store, "card-1", f"w{n}")
                    await asyncio.sleep(1)
                assert await holders(store) == {first.worker.id: 1}
        assert receiver.words == [f"w{n}" for n in range(40)]

    run_scenario(scenario())


def test_a_stopped_worker_releases_its_lease_at_once() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        async with working(store, following(receiver)) as first:
            await say(store, "card-1", "one")
            await receiver.has(1)
            began = asyncio.get_running_loop().time()
            await first.stop()
        assert await holders(store) == {}
        async with working(store, following(receiver)):
            await say(store, "card-1", "two")
            await receiver.has(2)
        assert asyncio.get_running_loop().time() - began < 0.5
        assert receiver.words == ["one", "two"]

    run_scenario(scenario())


def test_a_requested_lease_is_released_once_attempts_have_ended_and_no_event_comes_twice() -> None:
    async def scenario() -> None:
        store, receiver = new_store(2), Receiver({f"w{n}": [0.4] for n in range(300)})
        async with working(store, following(receiver, at_once=4)) as first:
            await eventually(lambda: is_shared(store, [2]))
            for n in range(300):
                await say(store, f"card-{n % 7}", f"w{n}", subject=f"s{n % 11}")
            other = LeaseHolder(store, "following", 0, "another", SECONDS)
            await other.read()
            await other.request()
            await eventually(other.take)
            assert await holders(store) == {first.worker.id: 1, "another": 1}
            await other.release()
            await receiver.has(300)
        sequences: dict[tuple[str, str], list[int]] = {}
        for d in receiver.taken:
            sequences.setdefault((d.event.stream, d.event.subject), []).append(d.event.version)
        assert all(versions == sorted(set(versions)) for versions in sequences.values())
        assert len(receiver.taken) == 300

    run_scenario(scenario())


def test_an_idle_worker_commits_nothing() -> None:
    async def scenario(waiting: bool) -> None:
        store = new_store(4)
        counted: Any = Counted(store)
        receiver = Receiver({"bad": [ValueError("no")] * 99})
        place = following(receiver)
        twice = RetryPolicy(attempts=2)
        place.places = [Destination(name="place", target=receiver, retry=twice, holds=True)]
        async with working(counted, place, Projection("counting", Counting())):
            await say(store, "card-1", "bad" if waiting else "good")
            await asyncio.sleep(60)
            before = counted.commits
            await asyncio.sleep(3_000)
            assert counted.commits == before

    run_scenario(scenario(False))
    run_scenario(scenario(True))


class Read:
    """A store that counts what it is asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        if name in ("get", "query", "read_stream", "read_feed", "heads", "commit"):
            self.asked += 1
        return getattr(self._store, name)


@pytest.mark.parametrize("is_paused", [False, True], ids=["done", "nothing but a dead letter"])
def test_two_workers_with_nothing_to_do_ask_for_nothing_until_an_event_comes(
    is_paused: bool,
) -> None:
    """Where there is one partition, and a query shows everything."""

    async def scenario() -> None:
        store = MemoryStore([*VIEWS, COUNTS])
        first, second = Read(store), Read(store)
        receiver = Receiver({"bad": [ValueError("no")] * 2})
        place = following(receiver)
        once = RetryPolicy(attempts=1)
        place.places = [Destination(name="place", target=receiver, retry=once)]
        async with working(first, place), working(second, place):
            await say(store, "card-1", "bad" if is_paused else "good")
            await asyncio.sleep(60)
            before = first.asked, second.asked
            await asyncio.sleep(3_000)
            assert (first.asked, second.asked) == before
            await usurp(store, "a worker that died")
            began = asyncio.get_running_loop().time()
            await say(store, "card-2", "next")
            await receiver.has(len(receiver.taken) + 1)
            assert asyncio.get_running_loop().time() - began < 1.5 * SECONDS

    run_scenario(scenario())


def test_events_without_a_destination_do_not_cost_a_commit_each() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        counted: Any = Counted(store)
        async with working(counted, following(receiver)):
            await eventually(lambda: is_shared(store, [1]))
            for n in range(1_000):
                other = happened(f"w{n}", type="tests.other")
                await store.commit(Commit(appends=[Append("card-1", [other])]))
                await asyncio.sleep(0.02)
            assert counted.commits < 40
            await asyncio.sleep(10)
            [document] = await store.get([("checkpoint", checkpoint_id("following", 0))])
            assert document is not None
            assert b'"position":1000' in (document.body or b"")

    run_scenario(scenario())
