"""Destinations that hang, are slow or are down: they are suspended, and delay no other one."""

import asyncio
import random
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from gatherlog.core import Append, Commit, Recorded, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.checkpoints import BACKLOGS, Backlog
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.core.subscriptions.delivery import RetryPolicy
from gatherlog.core.subscriptions.destination_state import MOST_BLOCKED
from gatherlog.core.subscriptions.page_dispatch import GRACE, PATIENCE
from gatherlog.core.subscriptions.page_size import LARGEST_PAGE
from gatherlog.core.subscriptions.subscription import Destination
from tests.core.subscriptions.followers import (
    FOREVER,
    IDS,
    Following,
    Receiver,
    bodies,
    eventually,
    fails,
    happened,
    new_store,
    run_scenario,
    say,
    say_all,
    working,
)
from tests.stores import scanned

LAG = 0.2
"""Seconds, at most, that a feed which lags and comes in short pages takes for a hundred events."""


def place(receiver: Receiver, name: str, **about: object) -> Destination:
    return Destination(name=name, target=receiver, retry=FOREVER, **about)  # type: ignore[arg-type]


async def say_in_turn(store: Store, count: int, keys: int, start: int = 0) -> None:
    """Events in turn for so many subjects of three streams."""
    for n in range(start, start + count):
        event = happened(f"w{n}", f"s{n % keys}")
        await store.commit(Commit(appends=[Append(f"card-{n % 3}", [event])]))


def backlog(store: Store, name: str) -> Callable[[], Awaitable[Backlog | None]]:
    async def its() -> Backlog | None:
        found = await bodies(store, BACKLOGS)
        return next((one for one in found.values() if one.destination == name), None)

    return its


def is_suspended(store: Store, name: str) -> Callable[[], Awaitable[bool]]:
    async def suspended() -> bool:
        found = await backlog(store, name)()
        return found is not None and found.suspended_from is not None

    return suspended


class Switch(Receiver):
    """Takes nothing until it is on, but hangs, refuses, or is slow to refuse."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.on = asyncio.Event()

    async def deliver(self, deliveries: object) -> None:
        if self.how == "hangs":
            await self.on.wait()
        elif not self.on.is_set():
            if self.how == "is slow to refuse":
                await asyncio.sleep(5.0)
            raise fails("refused")
        await super().deliver(deliveries)  # type: ignore[arg-type]


HOWS = ["hangs", "refuses", "is slow to refuse"]


def sequences(receiver: Receiver) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    for delivery in receiver.taken:
        event: Recorded = delivery.event
        found.setdefault((event.stream, event.subject), []).append(event.version)
    return found


def test_a_destination_that_does_not_work_delays_others_by_the_patience_at_most() -> None:
    async def scenario(how: str, at_once: int) -> None:
        store, dead, alive = new_store(), Switch(how), Receiver()
        following = Following(place(dead, "dead", at_once=at_once), place(alive, "alive"))
        async with working(store, following) as running:
            for round in range(5):
                began = asyncio.get_running_loop().time()
                await say_in_turn(store, 100, keys=40, start=100 * round)
                await alive.has(100 * (round + 1))
                assert asyncio.get_running_loop().time() - began <= PATIENCE + LAG
            kept = await eventually(backlog(store, "dead"))
            assert kept is not None
            assert len(kept.parked) <= MOST_BLOCKED + at_once
            await running.kill()
        assert dead.taken == []

    for how in HOWS:
        for at_once in (1, 8):
            run_scenario(scenario(how, at_once))


def test_a_destination_that_works_again_gets_what_it_missed_in_order_and_once() -> None:
    async def scenario(how: str, at_once: int, count: int) -> None:
        store, dead, alive = new_store(), Switch(how), Receiver()
        following = Following(place(dead, "dead", at_once=at_once), place(alive, "alive"))
        async with working(store, following):
            await say_in_turn(store, count, keys=300)
            await eventually(is_suspended(store, "dead"))
            await alive.has(count)
            dead.on.set()
            await say_in_turn(store, 50, keys=300, start=count)
            await dead.has(count + 50)
            await say_in_turn(store, 50, keys=300, start=count + 50)
            await dead.has(count + 100)
            await eventually(lambda: nothing_waits(store))
        assert sequences(dead) == sequences(alive)

    for how in HOWS:
        for at_once in (1, 8):
            run_scenario(scenario(how, at_once, 2_000))


async def nothing_waits(store: Store) -> bool:
    return await scanned(store, "backlog") == []


def test_a_suspended_destination_survives_a_crash() -> None:
    async def scenario() -> None:
        store, dead = new_store(), Switch("refuses")
        alive = Receiver()
        following = Following(place(dead, "dead"), place(alive, "alive"))
        await say_in_turn(store, 1_000, keys=200)
        async with working(store, following) as running:
            await eventually(is_suspended(store, "dead"))
            await running.kill()
        dead.on.set()
        async with working(store, following):
            await dead.has(1_000)
            await eventually(lambda: nothing_waits(store))
        firsts = {key: list(dict.fromkeys(seen)) for key, seen in sequences(alive).items()}
        assert sequences(dead) == firsts  # the crash may have repeated some for `alive`
        assert len(set(dead.words)) == 1_000

    run_scenario(scenario())


def test_a_destination_that_is_suspended_again_and_again_loses_no_event() -> None:
    async def scenario(seed: int) -> None:
        chance = random.Random(seed)
        store, flaky, alive = new_store(), Receiver(), Receiver()
        for n in range(3_000):
            flaky.cues[f"w{n}"] = [fails() for _ in range(chance.choice((0, 0, 0, 0, 1, 3)))]
        following = Following(place(flaky, "flaky", at_once=seed % 8 + 1), place(alive, "alive"))
        async with working(store, following):
            for start in range(0, 3_000, 500):
                await say_in_turn(store, 500, keys=500, start=start)
                await asyncio.sleep(chance.uniform(0, 3))
            await flaky.has(3_000)
        assert sequences(flaky) == sequences(alive)

    for seed in range(8):
        run_scenario(scenario(seed))


def test_dead_letters_do_not_keep_a_destination_suspended() -> None:
    async def scenario() -> None:
        poison = {f"w{n}": [fails(final=True)] for n in range(40)}
        store, place_ = new_store(), Receiver(poison)
        following = Following(place(place_, "place", holds=True))
        async with working(store, following):
            await say_in_turn(store, 40, keys=600)
            await eventually(lambda: dead_letters(store, 40))
            for n in range(40, 300):
                place_.cues[f"w{n}"] = [fails(), fails()]
            await say_in_turn(store, 260, keys=600, start=40)
            await place_.has(260)
        assert place_.words == list(dict.fromkeys(place_.words))

    run_scenario(scenario())


async def dead_letters(store: Store, count: int) -> bool:
    return len(await scanned(store, DEAD_LETTERS.name)) == count


def test_a_batch_that_was_taken_late_is_not_delivered_again() -> None:
    async def scenario() -> None:
        store, slow = new_store(), Receiver({"w0": [5.0]}, batch=10)
        following = Following(place(slow, "slow"), place(Receiver(), "quick"))
        await say(store, "card-1", "w0", "w1", "w2", subject="a")
        await say(store, "card-1", "w3", "w4", subject="b")
        async with working(store, following):
            await slow.has(5)
            await say(store, "card-1", "w5", subject="a")
            await slow.has(6)
            await asyncio.sleep(60)
        assert sequences(slow) == {("card-1", "a"): [1, 2, 3, 6], ("card-1", "b"): [4, 5]}

    run_scenario(scenario())


def test_of_a_batch_that_was_refused_late_only_the_refused_event_is_given_up() -> None:
    async def scenario() -> None:
        final = fails("refused", final=True)
        store, slow = new_store(), Receiver({"w2": [5.0, *[final] * 9]}, batch=10)
        following = Following(place(slow, "slow"), place(Receiver(), "quick"))
        for n in range(5):
            await say(store, "card-1", f"w{n}", subject=f"s{n}")
        async with working(store, following):
            await slow.has(4)
            await eventually(lambda: dead_letters(store, 1))
        assert sorted(slow.words) == ["w0", "w1", "w3", "w4"]

    run_scenario(scenario())


def test_a_stop_waits_for_the_attempt_under_way_and_no_longer() -> None:
    async def scenario() -> None:
        store, slow = new_store(), Receiver({"w0": [3.0]})
        following = Following(place(slow, "slow"))
        async with working(store, following) as running:
            await say(store, "card-1", "w0", "w1", "w2")
            await eventually(lambda: was_called(slow))
            began = asyncio.get_running_loop().time()
            await running.stop()
            assert 2.9 < asyncio.get_running_loop().time() - began <= 4.0
        assert slow.words == ["w0"]
        async with working(store, following):
            await slow.has(3)
        assert slow.words == ["w0", "w1", "w2"]

    run_scenario(scenario())


def test_an_attempt_that_ends_while_a_stop_waits_for_it_is_not_repeated() -> None:
    async def scenario() -> None:
        store, slow = new_store(), Receiver({"w0": [GRACE + 2.0]})
        following = Following(place(slow, "slow"))
        async with working(store, following) as running:
            await say(store, "card-1", "w0", "w1")
            await eventually(lambda: was_called(slow))
            await running.stop()
        assert slow.words == ["w0"]
        async with working(store, following):
            await slow.has(2)
        assert slow.words == ["w0", "w1"]

    run_scenario(scenario())


def test_a_stop_does_not_wait_for_a_destination_that_hangs() -> None:
    async def scenario() -> None:
        store, stuck = new_store(), Switch("hangs")
        following = Following(place(stuck, "stuck", timeout=1e6))
        async with working(store, following) as running:
            await say(store, "card-1", "w0")
            await asyncio.sleep(10)
            began = asyncio.get_running_loop().time()
            await running.stop()
            assert asyncio.get_running_loop().time() - began <= 2 * GRACE + PATIENCE + 0.1
        stuck.on.set()
        async with working(store, following):
            await stuck.has(1)

    run_scenario(scenario())


async def was_called(receiver: Receiver) -> bool:
    return bool(receiver.calls)


def test_a_pause_takes_effect_within_a_slow_page_and_no_event_comes_twice() -> None:
    async def scenario() -> None:
        store = new_store()
        slow = Receiver({f"w{n}": [2.0] for n in range(30)})
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        await say_in_turn(store, 30, keys=5)
        async with working(store, Following(place(slow, "slow"))):
            await slow.has(3)
            await admin.pause("following", by="me")
            await asyncio.sleep(10)
            came = len(slow.taken)
            assert came <= 6
            await asyncio.sleep(1_000)
            assert len(slow.taken) == came
            await admin.resume("following", by="me")
            await slow.has(30)
        versions = sequences(slow)
        assert all(v == sorted(set(v)) for v in versions.values())
        assert len(slow.taken) == 30

    run_scenario(scenario())


class Routed(Following):
    """Each event is for one of the destinations, by its subject."""

    def __init__(self, *places: Destination) -> None:
        super().__init__(*places)
        self._by_subject = {f"s{n}": (destination,) for n, destination in enumerate(places)}

    def route(
        self, event: Recorded, suspended: frozenset[str] = frozenset()
    ) -> tuple[Destination, ...]:
        return self._by_subject.get(event.subject, ())


@pytest.mark.parametrize("engine", ["memory"], indirect=True)  # it takes real time
def test_of_ten_thousand_destinations_only_those_that_get_events_cost_time() -> None:
    async def rate(destinations: int) -> tuple[float, float]:
        """Seconds for 20,000 events to 50 of them, and megabytes of memory."""
        store, receiver = new_store(), Receiver()
        places = [place(receiver, f"rule-{n}") for n in range(destinations)]
        for _ in range(20):
            events = [happened("w", f"s{n % 50}") for n in range(LARGEST_PAGE)]
            await say_all(store, "card-1", events)
        began, before = asyncio.get_running_loop().time(), tracemalloc.get_traced_memory()[0]
        async with working(store, Routed(*places)):
            await receiver.has(1)
            began = asyncio.get_running_loop().time()
            memory_used = tracemalloc.get_traced_memory()[0] - before
            await receiver.has(20_000)
            return asyncio.get_running_loop().time() - began, memory_used / 1e6

    few, _ = asyncio.run(rate(50))
    many, _ = asyncio.run(rate(10_000))
    tracemalloc.start()
    try:
        _, megabytes = asyncio.run(rate(10_000))
    finally:
        tracemalloc.stop()
    assert many < 4 * few + 0.5
    assert megabytes < 60


def test_the_longest_names_fit_into_the_smallest_document() -> None:
    async def scenario() -> None:
        store = new_store()
        long = Receiver()
        following = Following(place(long, "long"))
        reason = fails("\N{GRINNING FACE}" * 5_000)
        policy = RetryPolicy(attempts=None, first_pause=1e6, longest_pause=1e6, age=None)
        following.places = [Destination(name="long", target=long, retry=policy)]
        for n in range(200):
            word, subject = f"w{n}", f"{n:03}" + "\N{GRINNING FACE}" * 99
            long.cues[word] = [reason]
            await say(store, "card-" + "\N{GRINNING FACE}" * 98, word, subject=subject)
        async with working(store, following):
            await eventually(is_suspended(store, "long"))
        [document] = await scanned(store, "backlog")
        assert document.body is not None
        assert len(document.body) <= 300 * 1024

    run_scenario(scenario())
