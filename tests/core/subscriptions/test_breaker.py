"""Destinations that fail all the time: one attempt at a time probes them, and little is kept."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest

from gatherlog.core import Recorded, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.breaker import OPENS_AT, Breaker
from gatherlog.core.subscriptions.checkpoints import BACKLOGS, Backlog
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, RetryPolicy
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
    word_of,
    working,
)

AT_ONCE = 8


class Dead(Receiver):
    """Refuses everything until it is `alive`, and takes a moment for that."""

    alive = False
    seconds = 0.01
    running = 0
    most_running = 0

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        self.calls.append(list(deliveries))
        if self.alive:
            self.taken += deliveries
            return
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.running -= 1
        raise fails("refused")


def dead_and_alive(at_once: int = AT_ONCE) -> tuple[Dead, Receiver, Following]:
    dead, alive = Dead(), Receiver()
    places = {"dead": dead, "alive": alive}
    return (
        dead,
        alive,
        Following(
            *(
                Destination(name=name, target=target, retry=FOREVER, at_once=at_once)
                for name, target in places.items()
            )
        ),
    )


async def say_many(store: Store, count: int, start: int = 0) -> None:
    """Events of so many subjects of three streams."""
    for n in range(3):
        words = range(start + n, start + count, 3)
        await say_all(store, f"card-{n}", [happened(f"w{n}", f"s{n}") for n in words])


async def backlogs(store: Store) -> list[Backlog]:
    return list((await bodies(store, BACKLOGS)).values())


async def fails_in_all(store: Store, partitions: int) -> bool:
    return sum(one.failing_since is not None for one in await backlogs(store)) == partitions


def test_a_destination_that_fails_all_the_time_is_probed_by_one_attempt_at_a_time() -> None:
    async def scenario() -> None:
        store, (dead, alive, following) = new_store(), dead_and_alive()
        async with working(store, following) as running:
            await say_many(store, 600)
            await eventually(lambda: fails_in_all(store, 1))
            dead.most_running = 0
            await asyncio.sleep(600)
            before = len(dead.calls)
            await asyncio.sleep(600)
            assert dead.most_running == 1
            assert len(dead.calls) - before < 2 * 600 / (FOREVER.longest_pause / 4)
            await alive.has(600)
            [kept] = await backlogs(store)
            assert len(kept.parked) <= OPENS_AT
            assert running.told == [
                "all deliveries to dead fail (refused): one attempt at a time probes it, and its"
                " events wait. See: gatherlog subscriptions show following"
            ]
        assert dead.taken == []

    run_scenario(scenario())


@pytest.mark.parametrize("crashes", [False, True])
def test_it_gets_everything_in_order_once_it_takes_deliveries_again(crashes: bool) -> None:
    async def scenario() -> None:
        store, (dead, alive, following) = new_store(), dead_and_alive()
        async with working(store, following) as running:
            await say_many(store, 600)
            await eventually(lambda: fails_in_all(store, 1))
            await asyncio.sleep(600)
            if crashes:
                await running.kill()
            dead.alive = True
        async with working(store, following) as running:
            await say_many(store, 30, start=600)
            await eventually(lambda: took(dead, 630))
            await eventually(lambda: nothing_waits(store))
        assert sequences(dead) == sequences(alive)

    run_scenario(scenario())


async def took(receiver: Receiver, count: int) -> bool:
    return len(receiver.taken) == count


async def nothing_waits(store: Store) -> bool:
    return await backlogs(store) == []


def sequences(receiver: Receiver) -> dict[tuple[str, str], list[int]]:
    """The versions that came of each stream and subject, without repeats of whole pages."""
    found: dict[tuple[str, str], dict[int, None]] = {}
    for delivery in receiver.taken:
        event: Recorded = delivery.event
        found.setdefault((event.stream, event.subject), {})[event.version] = None
    return {key: list(versions) for key, versions in found.items()}


def test_events_of_one_stream_that_fail_delay_no_other_though_nothing_else_came_before() -> None:
    async def scenario() -> None:
        receiver = Receiver({"bad": [fails()] * 10_000})
        store = new_store()
        place = Destination(name="place", target=receiver, retry=FOREVER)
        async with working(store, Following(place)):
            await say(store, "card-1", "bad", "next")
            await asyncio.sleep(3_600)
            for n in range(10):
                began = asyncio.get_running_loop().time()
                await say(store, f"card-{n + 2}", f"good-{n}")
                await receiver.has(n + 1)
                assert asyncio.get_running_loop().time() - began < 1.0
                await asyncio.sleep(600)
        assert receiver.words == [f"good-{n}" for n in range(10)]

    run_scenario(scenario())


def test_events_of_a_destination_that_is_down_are_given_up_by_their_policy() -> None:
    async def scenario() -> None:
        policy = RetryPolicy(attempts=3, age=None, first_pause=1.0, longest_pause=10.0)
        store, dead = new_store(), Dead()
        place = Destination(name="place", target=dead, retry=policy)
        async with working(store, Following(place)):
            await say_many(store, 60)
            await eventually(lambda: all_are_dead_letters(store, 60))
        assert min(attempts_by_word(dead).values()) == 3
        assert [one.attempts for one in (await bodies(store, DEAD_LETTERS)).values()] == [3] * 60

    run_scenario(scenario())


async def all_are_dead_letters(store: Store, count: int) -> bool:
    return len(await bodies(store, DEAD_LETTERS)) == count


def attempts_by_word(receiver: Receiver) -> Counter[str]:
    return Counter(word_of(delivery) for [delivery] in receiver.calls)


def test_refusals_that_are_final_say_nothing_about_other_events() -> None:
    async def scenario() -> None:
        store = new_store()
        receiver = Receiver({f"w{n}": [fails("gone", final=True)] for n in range(40)})
        place = Destination(name="place", target=receiver, retry=FOREVER)
        began = asyncio.get_running_loop().time()
        async with working(store, Following(place)):
            await say_many(store, 60)
            await receiver.has(20)
            assert asyncio.get_running_loop().time() - began < 2.0
            await eventually(lambda: all_are_dead_letters(store, 40))

    run_scenario(scenario())


def test_a_resumed_destination_is_attempted_at_once() -> None:
    async def scenario() -> None:
        store, (dead, alive, following) = new_store(), dead_and_alive()
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        async with working(store, following):
            await say_many(store, 60)
            await eventually(lambda: fails_in_all(store, 1))
            await asyncio.sleep(600)
            dead.alive = True
            await admin.resume("following", by="me")
            began = asyncio.get_running_loop().time()
            await eventually(lambda: took(dead, 60))
            assert asyncio.get_running_loop().time() - began < 2.0
        assert sequences(dead) == sequences(alive)

    run_scenario(scenario())


class Switched(Following):
    """As the bus does it: a destination that takes no new events is in no route."""

    def route(self, event: Recorded, suspended: frozenset[str] = frozenset()) -> list[Destination]:
        return [one for one in super().route(event) if one.takes_new]

    def routes_to(self, destination: str, event: Recorded) -> bool:
        return event.type == "tests.happened"

    def switch(self, *, takes_new: bool) -> None:
        [dead, alive] = self.places
        self.places = [msgspec.structs.replace(dead, takes_new=takes_new), alive]
        self.version += 1


@pytest.mark.parametrize("crashes", [False, True])
def test_what_came_while_a_destination_took_no_new_events_is_left_out_when_it_catches_up(
    crashes: bool,
) -> None:
    async def scenario() -> None:
        store, (dead, alive, places) = new_store(), dead_and_alive()
        following = Switched(*places.places)
        async with working(store, following) as running:
            await say_many(store, 60)
            await eventually(lambda: fails_in_all(store, 1))
            await alive.has(60)
            following.switch(takes_new=False)
            await say_many(store, 60, start=60)
            for n in range(3):
                await say(store, f"card-{n}", "missed", subject=f"s{n}")
            await alive.has(123)
            if crashes:
                await asyncio.sleep(1)
                await running.kill()
        async with working(store, following):
            following.switch(takes_new=True)
            await say_many(store, 60, start=120)
            await eventually(lambda: took(alive, 183))
            dead.alive = True
            await eventually(lambda: took(dead, 120))
            await eventually(lambda: nothing_waits(store))
        expected = {f"w{n}" for n in (*range(60), *range(120, 180))}
        assert set(dead.words) == expected
        assert len(dead.words) == len(expected)

    run_scenario(scenario())


async def test_an_attempt_that_comes_too_early_says_nothing_about_the_destination() -> None:
    early, failed = DeliveryFailed("day", "later", is_early=True), DeliveryFailed("x", "refused")
    breaker = Breaker()

    for _ in range(3 * OPENS_AT):
        breaker.note_failure(FOREVER, early)
    breaker.note_page(FOREVER)
    assert (breaker.is_open, breaker.is_failing) == (False, False)

    for _ in range(OPENS_AT):
        breaker.note_failure(FOREVER, failed)
    assert (breaker.is_open, breaker.is_failing) == (True, True)
