"""Events that fail are retried, block the later ones of their key, and become dead letters."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatherlog.core import Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.core.subscriptions.delivery import Delivery, DeliveryFailed, RetryPolicy, delivery_id
from gatherlog.core.subscriptions.handlers import Handlers
from gatherlog.core.subscriptions.retry_pauses import pause_after
from gatherlog.core.subscriptions.subscription import Destination
from gatherlog.testing import StandingClock
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

THRICE = RetryPolicy(attempts=3, age=None, first_pause=0.1, longest_pause=1.0)


def place(receiver: Receiver, name: str = "place", **about: Any) -> Destination:
    return Destination(name=name, target=receiver, **{"retry": THRICE, **about})


def dead_letters(store: Store) -> Callable[[], Coroutine[Any, Any, Any]]:
    async def all_dead_letters() -> Any:
        return list((await bodies(store, DEAD_LETTERS)).values())

    return all_dead_letters


def admin(store: Store) -> SubscriptionAdmin:
    return SubscriptionAdmin(store, clock=system_clock, ids=IDS)


def test_the_later_events_of_a_key_wait_for_one_that_fails_and_others_do_not() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails()] * 9})
        async with working(store, Following(place(receiver, holds=True))):
            await say(store, "card-1", "bad", "next", subject="ada")
            await say(store, "card-1", "other", subject="ben")
            await say(store, "card-2", "another", subject="ada")
            [dead_letter] = await eventually(dead_letters(store))
            await receiver.has(2)
        assert receiver.words == ["other", "another"]
        assert (dead_letter.attempts, dead_letter.kind, dead_letter.state) == (3, "status", "dead")
        assert (dead_letter.stream, dead_letter.version, dead_letter.about) == ("card-1", 1, "ada")
        bad = [call[0] for call in receiver.calls if call[0].event.data == b"bad"]
        assert [delivery.attempt for delivery in bad] == [1, 2, 3]
        assert {delivery.id for delivery in bad} == {dead_letter.delivery}

    run_scenario(scenario())


@pytest.mark.parametrize("generations", [[], ["2"]])
def test_nothing_is_retried_after_its_destination_was_removed(generations: list[str]) -> None:
    """Not even before the processor reads on, which nothing wakes here."""

    async def scenario() -> None:
        store, receiver, other = (
            new_store(),
            Receiver({"bad": [fails(retry_after=1.0)]}),
            Receiver(),
        )
        following = Following(place(receiver))
        async with working(store, following):
            await say(store, "card-1", "bad")
            await eventually(lambda: was_called(receiver))
            following.places = [place(other, generation=one) for one in generations]
            following.version = 1
            await asyncio.sleep(100)
        assert [len(call) for call in receiver.calls] == [1]
        assert other.calls == []

    run_scenario(scenario())


def test_a_retry_goes_to_its_destination_as_it_is_by_then() -> None:
    async def scenario() -> None:
        store, before, now = new_store(), Receiver({"bad": [fails(retry_after=1.0)]}), Receiver()
        following = Following(place(before))
        async with working(store, following):
            await say(store, "card-1", "bad")
            await eventually(lambda: was_called(before))
            following.places, following.version = [place(now)], 1
            await now.has(1)
        assert (now.words, before.words) == (["bad"], [])

    run_scenario(scenario())


class CountingReads(Following):
    """Counts how often it is asked to read its destinations."""

    reads = 0

    async def refresh(self, store: Store) -> int:
        self.reads += 1
        return await super().refresh(store)


class CountingPages:
    """A store that counts the pages of the feed that were read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.pages = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read_feed(self, *args: Any, **options: Any) -> Any:
        self.pages += 1
        return await self._store.read_feed(*args, **options)


@pytest.mark.parametrize("subjects", [1, 50])
def test_a_backlog_of_a_thousand_events_takes_few_reads_of_the_destinations(subjects: int) -> None:
    async def scenario() -> None:
        store: Any = CountingPages(new_store())
        receiver = Receiver({f"w{n}": [fails()] for n in range(subjects)})
        following = CountingReads(place(receiver, at_once=8), place(Receiver(), "other"))
        events = [happened(f"w{n}", f"s{n % subjects}") for n in range(1_000)]
        await say_all(store, "card-1", events)
        async with working(store, following):
            await receiver.has(1_000)
        assert following.reads - store.pages < 100, "before each page they are read once"

    run_scenario(scenario())


async def was_called(receiver: Receiver) -> bool:
    return bool(receiver.calls)


def test_after_a_redrive_the_waiting_events_come_in_order() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails()] * 3})
        async with working(store, Following(place(receiver, holds=True))):
            await say(store, "card-1", "bad", "2", "3")
            [dead_letter] = await eventually(dead_letters(store))
            await say(store, "card-1", "4")
            await admin(store).redrive(dead_letter.id, by="me")
            await receiver.has(4)
            await say(store, "card-1", "5")
            await receiver.has(5)
        assert receiver.words == ["bad", "2", "3", "4", "5"]
        assert (await bodies(store, DEAD_LETTERS), await scanned(store, "backlog")) == ({}, [])

    run_scenario(scenario())


def test_after_a_discard_the_waiting_events_come_without_it() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails()] * 99})
        async with working(store, Following(place(receiver, holds=True))):
            await say(store, "card-1", "bad", "2", "3")
            [dead_letter] = await eventually(dead_letters(store))
            await admin(store).discard(dead_letter.id, "the address is gone", by="me")
            await receiver.has(2)
        [kept] = await dead_letters(store)()
        assert receiver.words == ["2", "3"]
        assert (kept.state, kept.reason, kept.by) == ("discarded", "the address is gone", "me")

    run_scenario(scenario())


def test_a_destination_that_does_not_hold_gets_the_later_events_after_a_dead_letter() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails()] * 3})
        async with working(store, Following(place(receiver))):
            await say(store, "card-1", "bad", "2", "3")
            await receiver.has(2)
        [dead_letter] = await dead_letters(store)()
        assert (receiver.words, dead_letter.holds, dead_letter.state) == (["2", "3"], False, "dead")
        async with working(store, Following(place(receiver))):
            await admin(store).redrive(dead_letter.id, by="me")
            await receiver.has(3)
        assert receiver.words == ["2", "3", "bad"]
        assert await dead_letters(store)() == []

    run_scenario(scenario())


def test_a_final_failure_is_given_up_at_once() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails("gone", final=True, status=410)]})
        async with working(store, Following(place(receiver))):
            await say(store, "card-1", "bad", "2")
            await receiver.has(1)
        [dead_letter] = await dead_letters(store)()
        assert (dead_letter.attempts, dead_letter.kind, dead_letter.status) == (1, "gone", 410)
        assert receiver.words == ["2"]

    run_scenario(scenario())


def test_a_retry_waits_for_as_long_as_the_receiver_asked() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"busy": [fails(retry_after=90.0)]})
        began = asyncio.get_running_loop().time()
        async with working(store, Following(place(receiver))):
            await say(store, "card-1", "busy")
            await receiver.has(1)
            assert 90 <= asyncio.get_running_loop().time() - began < 95

    run_scenario(scenario())


def test_pauses_are_drawn_evenly_below_a_bound_that_doubles() -> None:
    policy = RetryPolicy(first_pause=1.0, longest_pause=60.0)
    bounds = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]

    for failures, bound in enumerate(bounds, 1):
        drawn = [pause_after(failures, policy, fails()) for _ in range(2_000)]
        assert 0 <= min(drawn) < 0.02 * bound
        assert 0.98 * bound < max(drawn) <= bound
        assert 0.45 * bound < sum(drawn) / len(drawn) < 0.55 * bound


def test_an_event_is_given_up_at_the_age_of_the_policy() -> None:
    async def scenario() -> None:
        policy = RetryPolicy(attempts=None, age=60.0, first_pause=5.0, longest_pause=5.0)
        store, receiver = new_store(), Receiver({"bad": [fails()] * 999})
        began = asyncio.get_running_loop().time()
        async with working(store, Following(place(receiver, retry=policy))):
            await say(store, "card-1", "bad")
            await eventually(dead_letters(store))
            assert 50 < asyncio.get_running_loop().time() - began < 65

    run_scenario(scenario())


@pytest.mark.parametrize("days", [3, -3])
def test_a_wall_clock_that_jumps_neither_ends_nor_delays_retries(days: int) -> None:
    async def scenario() -> None:
        clock = StandingClock("2026-11-24T12:00:00Z")
        policy = RetryPolicy(attempts=None, age=3600.0, first_pause=1.0, longest_pause=10.0)
        store, receiver = new_store(), Receiver({"bad": [fails()] * 20})
        following = Following(place(receiver, retry=policy))
        began = asyncio.get_running_loop().time()
        async with working(store, following, clock=clock):
            await say(store, "card-1", "bad", "2")
            await receiver_was_called(receiver, 5)
            clock.advance(days=days)
            await receiver_was_called(receiver, 10)
        clock.advance(days=-days)
        async with working(store, following, clock=clock):
            await receiver.has(2)
        assert asyncio.get_running_loop().time() - began < 25 * 10
        assert receiver.words == ["bad", "2"]

    run_scenario(scenario())


async def receiver_was_called(receiver: Receiver, times: int) -> None:
    async def often_enough() -> bool:
        return len(receiver.calls) >= times

    await eventually(often_enough)


def test_attempts_are_counted_across_restarts() -> None:
    async def scenario() -> None:
        policy = RetryPolicy(attempts=4, age=None, first_pause=300.0, longest_pause=300.0)
        store, receiver = new_store(), Receiver({"bad": [fails()] * 9})
        following = Following(place(receiver, retry=policy))
        await say(store, "card-1", "bad")
        for tries in (1, 2, 3):
            async with working(store, following):
                await receiver_was_called(receiver, tries)
        async with working(store, following):
            await eventually(dead_letters(store))
        assert [call[0].attempt for call in receiver.calls] == [1, 2, 3, 4]

    run_scenario(scenario())


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize(
    "count", [100_000, pytest.param(1_000_000, marks=[pytest.mark.heavy, pytest.mark.timeout(600)])]
)
def test_a_poison_event_delays_no_other_stream(count: int, holds: bool) -> None:
    async def scenario() -> None:
        poison = f"w{count // 2}"
        store, receiver = new_store(), Receiver({poison: [ValueError("poison")] * 99})
        streams = count // 2_000
        for start in range(0, count, 1_000):
            events = [happened(f"w{n}") for n in range(start, start + 1_000)]
            await say_all(store, f"card-{start // 1_000 % streams}", events)
        async with working(store, Following(place(receiver, holds=holds))) as running:
            waiting = 1_000 if holds else 1  # in its stream
            await receiver.has(count - waiting)
            await eventually(dead_letters(store))
            assert running.worker.metrics["following"].failed == 3
        assert len(set(receiver.words)) == len(receiver.words) == count - waiting

    run_scenario(scenario())


# What handlers do.


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("I cannot even say what I am")


@pytest.mark.parametrize(
    ("raised", "detail"),
    [
        (ValueError("no"), "ValueError: no"),
        (SystemExit(3), "SystemExit: 3"),
        (ValueError("half \ud83c a pair"), "ValueError: half \N{REPLACEMENT CHARACTER} a pair"),
        (ValueError("m" * 5_000_000), "ValueError: " + "m" * 988),
        (ValueError("two\nlines\0"), "ValueError: two\ufffdlines\ufffd"),
        (Unspeakable(), "Unspeakable"),
        (asyncio.CancelledError("mine"), "CancelledError: mine"),
        (TimeoutError("its own"), "TimeoutError: its own"),
        (RecursionError("deep"), "RecursionError: deep"),
    ],
    ids=["plain", "exits", "half", "megabytes", "lines", "mute", "cancelled", "late", "deep"],
)
def test_whatever_a_handler_raises_becomes_a_reason_and_fails_no_other_event(
    raised: BaseException, detail: str
) -> None:
    async def scenario() -> None:
        store, taken = new_store(), Receiver()

        async def handle(delivery: Delivery) -> None:
            if delivery.event.data == b"bad":
                raise raised
            await taken.deliver([delivery])

        async with working(store, Handlers("eager", {"*": handle}, retry=THRICE)):
            await say(store, "card-1", "bad", "next", subject="ada")
            await say(store, "card-1", "other", subject="ben")
            [dead_letter] = await eventually(dead_letters(store))
            await taken.has(1)
        assert (dead_letter.kind, dead_letter.detail, dead_letter.attempts) == ("raised", detail, 3)
        assert max(map(len, dead_letter.trace)) <= 200
        assert taken.words == ["other"]

    run_scenario(scenario())


def test_a_handler_that_takes_too_long_is_cancelled() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"slow": [1e9, 1e9, 1e9]})
        handlers = Handlers(
            "eager", {"*": lambda d: receiver.deliver([d])}, retry=THRICE, timeout=7.0
        )
        async with working(store, handlers):
            await say(store, "card-1", "slow", subject="ada")
            await say(store, "card-1", "other", subject="ben")
            [dead_letter] = await eventually(dead_letters(store))
        assert (dead_letter.kind, dead_letter.detail) == ("timeout", "not taken within 7 s")
        assert receiver.words == ["other"]

    run_scenario(scenario())


def test_an_unknown_type_fails_unless_it_is_skipped_on_purpose() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        handler = {"tests.other": lambda d: receiver.deliver([d])}
        strict = Handlers("strict", handler, categories={"card"}, retry=THRICE)
        skipping = Handlers("skipping", handler, categories={"card"}, skips={"tests.happened"})
        elsewhere = Handlers("elsewhere", handler, categories={"sheet"})
        async with working(store, strict, skipping, elsewhere):
            await say(store, "card-1", "what is this?")
            [dead_letter] = await eventually(dead_letters(store))
        assert dead_letter.subscription == "strict"
        assert dead_letter.detail == (
            "EventUnknown: 'strict' neither handles 'tests.happened' nor skips it on purpose"
        )

    run_scenario(scenario())


@given(st.text(), st.text(), st.integers(1))
def test_a_delivery_id_is_the_uuid5_of_rule_stream_and_version(
    rule: str, stream: str, version: int
) -> None:
    space = UUID("0d2c6f4e-6b1f-5a36-9d53-5b1e3b0c7a10")

    assert delivery_id(rule, stream, version) == str(uuid5(space, f"{rule}\n{stream}\n{version}"))


def test_two_subscriptions_give_the_same_event_different_delivery_ids() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        both = [Handlers(name, {"*": lambda d: receiver.deliver([d])}) for name in ("one", "two")]
        async with working(store, *both):
            await say(store, "card-1", "word")
            await receiver.has(2)
        assert {delivery.rule for delivery in receiver.taken} == {"one", "two"}
        assert len({delivery.id for delivery in receiver.taken}) == 2

    run_scenario(scenario())


def test_of_a_refused_batch_only_the_refused_event_is_given_up() -> None:
    async def scenario() -> None:
        final = fails("refused", final=True)
        store, receiver = new_store(), Receiver({"w3": [final] * 99}, batch=10)
        await say(store, "card-1", *[f"w{n}" for n in range(6)])
        async with working(store, Following(place(receiver, retry=FOREVER))):
            await receiver.has(5)
        [dead_letter] = await dead_letters(store)()
        assert (dead_letter.version, receiver.words) == (4, ["w0", "w1", "w2", "w4", "w5"])

    run_scenario(scenario())


def test_an_event_that_cannot_be_transformed_fails_with_the_reason() -> None:
    async def scenario() -> None:
        def transform(event: Any) -> Any:
            raise DeliveryFailed("transform", "there is no $.detail.name", final=True)

        store, receiver = new_store(), Receiver()
        async with working(store, Following(place(receiver, transform=transform))):
            await say(store, "card-1", "word")
            [dead_letter] = await eventually(dead_letters(store))
        assert (dead_letter.kind, dead_letter.detail) == ("transform", "there is no $.detail.name")

    run_scenario(scenario())
