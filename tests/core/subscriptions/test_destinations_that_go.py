"""Destinations that are removed or set aside while they get events, retries and redrives too."""

import asyncio
from typing import Any

import msgspec
import pytest

from gatherlog.core import Commit, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.projections.rebuild import rebuild
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.checkpoints import BACKLOGS
from gatherlog.core.subscriptions.dead_letters import CATEGORY, DEAD_LETTERS
from gatherlog.core.subscriptions.delivery import RetryPolicy
from gatherlog.core.subscriptions.subscription import Destination
from tests.core.subscriptions.followers import (
    FOREVER,
    IDS,
    Changing,
    Distant,
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

ASIDE = {"place": "it cannot be read"}
ONCE = RetryPolicy(attempts=1, age=None)


def place(receiver: Receiver, name: str = "place", **about: Any) -> Destination:
    return Destination(name=name, target=receiver, **{"retry": FOREVER, **about})


def called(receiver: Receiver, times: int = 1) -> Any:
    async def is_called() -> bool:
        return len(receiver.calls) >= times

    return is_called


def test_a_page_that_is_slow_ends_when_its_only_destination_is_removed() -> None:
    async def scenario() -> None:
        store = new_store()
        receiver = Receiver({f"w{n}": [10.0] for n in range(305, 600)})
        following = Following(place(receiver))
        await say_all(store, "card-1", [happened(f"w{n}") for n in range(600)])
        async with working(store, following):
            await eventually(called(receiver, 310))
            following.places, following.version = [], 1
            before = len(receiver.calls)
            await asyncio.sleep(600)
            assert len(receiver.calls) <= before + 1

    run_scenario(scenario())


def test_what_is_found_to_be_set_aside_at_a_retry_is_tried_again_once_it_is_mended() -> None:
    """Even before the processor reads on, which nothing wakes here."""

    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails(retry_after=2.0)]})
        other = Receiver()
        following = Changing(place(receiver), place(other, "other"))
        async with working(store, following):
            await say(store, "card-1", "bad", "2")
            await eventually(called(receiver))
            await other.has(2)
            following.change(ASIDE)
            await asyncio.sleep(3)
            await say(store, "card-2", "missed")
            await other.has(3)
            following.change({})
            await say(store, "card-3", "3")
            async with asyncio.timeout(600):
                await eventually(lambda: has_all(receiver, {"bad", "2", "3"}))
        assert [word for word in receiver.words if word in ("bad", "2")] == ["bad", "2"]

    run_scenario(scenario())


def test_what_is_set_aside_and_mended_before_the_processor_reads_on_is_tried_again() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails(retry_after=2.0)]})
        other = Receiver()
        following = Changing(place(receiver), place(other, "other"))
        async with working(store, following):
            await say(store, "card-1", "bad", "2")
            await eventually(called(receiver))
            await other.has(2)
            following.change(ASIDE)
            await asyncio.sleep(3)
            following.change({})
            await say(store, "card-3", "3")
            async with asyncio.timeout(600):
                await eventually(lambda: has_all(receiver, {"bad", "2", "3"}))
        assert [word for word in receiver.words if word in ("bad", "2")] == ["bad", "2"]

    run_scenario(scenario())


@pytest.mark.parametrize("seed", range(20))
def test_what_is_set_aside_and_mended_at_once_loses_nothing_that_waits(seed: int) -> None:
    """Before anything is saved, and while what waits is being read."""

    async def scenario() -> None:
        store = new_store()
        receiver = Receiver({"bad": [fails(retry_after=1.0)] * 3})
        other = Receiver()
        following = Changing(place(receiver), place(other, "other"))
        distant = Distant(store, seed)
        async with working(distant, following):
            await say(store, "card-1", "bad", *[f"w{n}" for n in range(10)])
            await eventually(called(receiver))
            await other.has(11)
            for n in range(30):
                following.change(ASIDE)
                await asyncio.sleep(0.01 * (n % 5))
                following.change({})
                await asyncio.sleep(0.02 * (n % 7) + 0.01 * seed)
            await say(store, "card-3", "3")
            async with asyncio.timeout(600):
                await eventually(lambda: has_all(receiver, {"bad", *(f"w{n}" for n in range(10))}))
        words = [word for word in receiver.words if word != "3"]
        assert list(dict.fromkeys(words)) == ["bad", *[f"w{n}" for n in range(10)]]

    run_scenario(scenario())


async def has_all(receiver: Receiver, words: set[str]) -> bool:
    return words <= set(receiver.words)


@pytest.mark.parametrize("seed", range(20))
def test_a_suspended_destination_that_is_set_aside_skips_nothing_that_it_missed(seed: int) -> None:
    async def scenario() -> None:
        store = new_store()
        receiver = Receiver({"slow": [5.0], **{f"w{n}": [0.05] for n in range(60)}})
        other = Receiver()
        following = Changing(place(receiver), place(other, "other"))
        distant = Distant(store, seed)
        async with working(distant, following):
            await say(store, "card-0", "slow")
            for n in range(60):
                await say(store, f"card-{n % 7}", f"w{n}")
            await eventually(lambda: is_suspended(store))
            await other.has(61)
            expected = {"slow", *(f"w{n}" for n in range(60))}
            for _ in range(200):
                if await has_all(receiver, expected):
                    break
                following.change(ASIDE)
                await asyncio.sleep(0)
                await say(store, "card-9", "wake")
                await asyncio.sleep(0.05)
                following.change({})
                await say(store, "card-9", "wake")
                await asyncio.sleep(1.0)
            assert expected <= set(receiver.words)

    run_scenario(scenario())


async def is_suspended(store: Store) -> bool:
    return any(one.suspended_from is not None for one in (await bodies(store, BACKLOGS)).values())


def test_a_discard_while_a_redrive_is_attempted_stays_one_though_the_attempt_fails() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails(), 10.0, fails(), fails(), fails()]})
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        async with working(store, Following(place(receiver, retry=ONCE))):
            await say(store, "card-1", "bad")
            id = await eventually(lambda: first_dead_letter(store))
            await admin.redrive(id, by="me")
            await eventually(called(receiver, 2))
            await admin.discard(id, "the address is gone", by="me")
            await asyncio.sleep(60)
            assert (await admin.dead_letter(id)).state == "discarded"
        assert (await admin.dead_letter(id)).state == "discarded"
        assert len(receiver.calls) == 2

    run_scenario(scenario())


async def first_dead_letter(store: Store) -> str:
    return next(iter(await bodies(store, DEAD_LETTERS)), "")


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.05, 0.09, 0.1, 0.11, 0.15])
def test_a_redrive_that_follows_a_discard_at_once_is_not_forgotten_by_a_crash(
    pause: float,
) -> None:
    """Though the outcome of an earlier redrive is still to be saved when it is commanded."""

    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails(), 1.0, fails(), 99.0]})
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        following = Following(place(receiver, retry=ONCE))
        async with working(store, following) as running:
            await say(store, "card-1", "bad")
            id = await eventually(lambda: first_dead_letter(store))
            await admin.redrive(id, by="me")
            await eventually(called(receiver, 2))
            await asyncio.sleep(1.0 + pause)
            if (await admin.dead_letter(id)).state == "redriving":
                await admin.discard(id, "a mistake", by="me")
            await admin.redrive(id, by="me")
            await asyncio.sleep(10)
            await running.kill()
        receiver.cues = {}
        async with working(store, following):
            async with asyncio.timeout(600):
                await receiver.has(1)
            await eventually(lambda: no_dead_letter(store))

    run_scenario(scenario())


@pytest.mark.parametrize("runs_already", [True, False])
def test_a_redrive_ends_though_its_dead_letter_was_rebuilt_meanwhile(runs_already: bool) -> None:
    """A rebuild gives documents the version that the whole stream has."""

    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails(), 5.0]})
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        following = Following(place(receiver, retry=ONCE))
        async with working(store, following) as running:
            await say(store, "card-1", "bad")
            id = await eventually(lambda: first_dead_letter(store))
            if not runs_already:
                await running.stop()
            await admin.redrive(id, by="me")
            if runs_already:
                await eventually(called(receiver, 2))
            await admin.pause("following", by="me")
            await admin.resume("following", by="me")
            await rebuilt(store, id)
        async with working(store, following):
            async with asyncio.timeout(600):
                await eventually(lambda: no_dead_letter(store))
        assert receiver.words == ["bad"] * len(receiver.words)

    run_scenario(scenario())


async def rebuilt(store: Store, dead_letter: str) -> None:
    """Damage a dead letter, and repair it."""
    [found] = await store.get([DEAD_LETTERS.ref(dead_letter)])
    assert found is not None
    write = DEAD_LETTERS.write(dead_letter, found.stream, at=found.version)
    await store.commit(Commit(writes=[msgspec.structs.replace(write, body=b"{}")]))
    assert [one.id async for one in rebuild(store, [CATEGORY])] == [dead_letter]


async def no_dead_letter(store: Store) -> bool:
    return not await bodies(store, DEAD_LETTERS)
