"""What an operator asks and commands: lag, dead letters, redrive, pause, resume, reset."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest

from gatherlog.core import Append, Commit, Page, Query, Store
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.errors import CursorInvalid, Invalid, NotFound
from gatherlog.core.projections.rebuild import verify
from gatherlog.core.subscriptions.administration import Status, SubscriptionAdmin
from gatherlog.core.subscriptions.checkpoints import CHECKPOINTS
from gatherlog.core.subscriptions.dead_letters import CATEGORY, DEAD_LETTERS, DeadLetter
from gatherlog.core.subscriptions.delivery import RetryPolicy
from gatherlog.core.subscriptions.handlers import Handlers
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
    is_shown,
    new_store,
    run_scenario,
    say,
    say_all,
    usurp,
    working,
)
from tests.stores import eventually as soon
from tests.stores import scanned

ONCE = RetryPolicy(attempts=1, age=None)


def admin(store: Store) -> SubscriptionAdmin:
    return SubscriptionAdmin(store, clock=system_clock, ids=IDS)


def following(receiver: Receiver, name: str = "following", *, holds: bool = False) -> Following:
    place = Destination(name="place", target=receiver, retry=ONCE, holds=holds)
    return Following(place, name=name)


async def all_dead_letters(store: Store, count: int) -> list[str]:
    """The ids of all dead letters if there are `count`, or none."""
    ids = list(await bodies(store, DEAD_LETTERS))
    return ids if len(ids) == count else []


def test_lag_says_how_far_behind_each_partition_is() -> None:
    async def scenario() -> None:
        store, receiver = new_store(4), Receiver()
        async with working(store, following(receiver)):
            for n in range(20):
                await say(store, f"card-{n}", "word")
            await receiver.has(20)
        before = await admin(store).status("following")
        for n in range(20):
            await say(store, f"card-{n}", "more")
        after = await eventually(lambda: is_behind(store, 20))
        assert (before.behind, after.behind, after.parked, after.is_paused) == (0, 20, 0, False)
        assert [lag.partition for lag in after.lags] == [0, 1, 2, 3]
        assert await admin(store).names() == ["following"]

    run_scenario(scenario())


async def is_behind(store: Store, events: int) -> Status | None:
    status = await admin(store).status("following")
    return status if status.behind == events else None


def test_lag_is_counted_up_to_a_bound_and_told_as_the_age_of_the_oldest_event() -> None:
    async def scenario() -> None:
        store, clock = new_store(), StandingClock("2026-11-24T12:00:00Z")
        asking = SubscriptionAdmin(store, clock=clock, ids=IDS, known=["following"])

        async def behind() -> tuple[int, bool, float | None]:
            status = await asking.status("following")
            return status.behind, status.behind_is_least, status.oldest_seconds

        assert await behind() == (0, False, None)
        first = msgspec.structs.replace(happened("first"), recorded=clock() - 90_000_000)
        await say_all(store, "card-1", [first, *[happened(f"w{n}") for n in range(999)]])
        await soon(behind, (1_000, False, 90.0))
        await say(store, "card-1", "one more")
        await soon(behind, (1_000, True, 90.0))

    run_scenario(scenario())


@pytest.mark.parametrize("given_up", [True, False], ids=["given up", "tried again"])
def test_lag_counts_a_poison_and_what_waits_behind_it(given_up: bool) -> None:
    async def scenario() -> None:
        store, clock = new_store(), StandingClock("2026-11-24T12:00:00Z")
        receiver = Receiver({"bad": [fails(final=given_up, retry_after=900.0)]})
        asking = SubscriptionAdmin(store, clock=clock, ids=IDS)

        async def lag() -> tuple[int, bool, float | None]:
            status = await asking.status("following")
            return status.behind, status.behind_is_least, status.oldest_seconds

        async with working(store, following(receiver, holds=True)):
            bad = msgspec.structs.replace(happened("bad", "s"), recorded=clock() - 90_000_000)
            others = [happened(f"w{n}", f"s{n}") for n in range(8)]
            await say_all(store, "card-1", [happened("good", "s"), bad, *others])
            await receiver.has(9)
            await soon(lag, (1, False, 90.0))
            await say(store, "card-1", *"abcde", subject="s")
            await say(store, "card-2", "f", subject="s")
            await receiver.has(10)
            await soon(lag, (6, False, 90.0))
            await admin(store).resume("following", by="me")
            for id in await all_dead_letters(store, 1):
                await admin(store).redrive(id, by="me")
            await receiver.has(16)
            await soon(lag, (0, False, None))

    run_scenario(scenario())


def test_lag_counts_an_event_once_however_many_destinations_it_waits_for() -> None:
    async def scenario() -> None:
        store = new_store()
        places = [
            Destination(
                name=f"place-{n}", target=Receiver({"bad": [fails(final=True)]}), holds=True
            )
            for n in range(3)
        ]
        async with working(store, Following(*places)):
            await say(store, "card-1", "bad", "a", "b")
            await all_dead_letters_soon(store, 3)
            await eventually(lambda: is_behind(store, 3))

    run_scenario(scenario())


def test_lag_counts_what_a_suspended_destination_has_still_to_get() -> None:
    async def scenario() -> None:
        store = new_store()
        down = Receiver({f"w{n}": [fails(final=True)] for n in range(64)})
        place = Destination(name="place", target=down, holds=True)
        async with working(store, Following(place)):
            for n in range(100):
                await say(store, "card-1", f"w{n}", subject=f"s{n}")
            await all_dead_letters_soon(store, 64)
            await eventually(lambda: is_behind(store, 100))
            for id in await all_dead_letters(store, 64):
                await admin(store).redrive(id, by="me")
            await down.has(100)
            await eventually(lambda: is_behind(store, 0))

    run_scenario(scenario())


def test_lag_behind_a_poison_is_counted_up_to_a_bound() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails(final=True)]})
        async with working(store, following(receiver, holds=True)):
            await say(store, "card-1", "bad", subject="s")
            await all_dead_letters_soon(store, 1)
            await say_all(store, "card-1", [happened(f"w{n}", f"s{n % 2}") for n in range(1_200)])
            await receiver.has(1_200)
            await eventually(lambda: is_behind(store, 1))
            assert (await admin(store).status("following")).behind_is_least

    run_scenario(scenario())


async def all_dead_letters_soon(store: Store, count: int) -> None:
    await eventually(lambda: all_dead_letters(store, count))


def test_a_subscription_that_never_ran_is_not_found() -> None:
    async def scenario() -> None:
        for asked in (
            admin(new_store()).status("nobody"),
            admin(new_store()).pause("nobody", by="me"),
            admin(new_store()).reset("nobody", [0], by="me"),
            admin(new_store()).dead_letter("none"),
            admin(new_store()).redrive("none", by="me"),
            admin(new_store()).discard("none", "why", by="me"),
        ):
            with pytest.raises(NotFound):
                await asked

    run_scenario(scenario())


def test_dead_letters_are_listed_by_page_subscription_destination_and_state() -> None:
    async def scenario() -> None:
        store = new_store()
        receivers = [Receiver({f"w{n}": [fails()] for n in range(7)}) for _ in range(2)]
        names = ["first", "second"]
        subscriptions = [following(r, name) for r, name in zip(receivers, names, strict=True)]
        async with working(store, *subscriptions):
            for n in range(7):
                await say(store, "card-1", f"w{n}", subject=f"s{n}")
            await eventually(lambda: all_dead_letters(store, 14))
            await asyncio.sleep(1)  # for queries to show them
        found, cursor = [], None
        while True:
            page = await admin(store).dead_letters(subscription="first", limit=3, cursor=cursor)
            found.append([dead_letter.version for dead_letter in page.dead_letters])
            if (cursor := page.cursor) is None:
                break
        assert max(map(len, found)) <= 3
        assert [version for versions in found for version in versions] == [1, 2, 3, 4, 5, 6, 7]
        everything = await listed(store)
        assert Counter(one.subscription for one in everything) == {"first": 7, "second": 7}
        its_own = await listed(store, subscription="second", destination="place")
        assert len(its_own) == 7
        assert await listed(store, subscription="second", destination="none") == []
        await admin(store).discard(its_own[0].id, "no use", by="me")
        [discarded] = await eventually(
            lambda: listed(store, subscription="second", state="discarded")
        )
        assert len(await listed(store, subscription="second")) == 6
        assert discarded.reason == "no use"
        with pytest.raises(Invalid, match="/subscription"):
            await listed(store, destination="place")
        with pytest.raises(CursorInvalid):
            await listed(store, cursor="nonsense")

    run_scenario(scenario())


async def listed(store: Store, *, cursor: str | None = None, **which: Any) -> list[DeadLetter]:
    """The dead letters that an operator asks for, from all pages."""
    found: list[DeadLetter] = []
    while True:
        page = await admin(store).dead_letters(cursor=cursor, **which)
        found += page.dead_letters
        if (cursor := page.cursor) is None:
            return found


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501])
def test_a_discard_without_a_reason_is_refused(reason: str) -> None:
    async def scenario() -> None:
        store = new_store()
        async with working(store, following(Receiver({"bad": [fails()]}))):
            await say(store, "card-1", "bad")
            [id] = await eventually(lambda: all_dead_letters(store, 1))
        with pytest.raises(Invalid, match="/reason"):
            await admin(store).discard(id, reason, by="me")

    run_scenario(scenario())


@pytest.mark.parametrize("holds", [True, False])
@pytest.mark.parametrize("partitions", [1, 4])
def test_commands_given_while_no_worker_runs_are_carried_out_later(
    holds: bool, partitions: int
) -> None:
    async def scenario() -> None:
        store = new_store(partitions)
        receiver = Receiver({"bad": [fails()], "worse": [fails()] * 9})
        subscription = following(receiver, holds=holds)
        async with working(store, subscription):
            await say(store, "card-1", "bad", "after bad")
            await say(store, "card-2", "worse", "after worse")
            await eventually(lambda: all_dead_letters(store, 2))
            await receiver.has(0 if holds else 2)
        for dead_letter in (await bodies(store, DEAD_LETTERS)).values():
            if dead_letter.stream == "card-1":
                await admin(store).redrive(dead_letter.id, by="me")
            else:
                await admin(store).discard(dead_letter.id, "let it go", by="me")
        async with working(store, subscription):
            await receiver.has(3)
            await eventually(lambda: all_dead_letters(store, 1))
        assert sorted(receiver.words) == ["after bad", "after worse", "bad"]
        [kept] = (await bodies(store, DEAD_LETTERS)).values()
        assert (kept.stream, kept.state) == ("card-2", "discarded")
        assert await scanned(store, "backlog") == []
        assert [d async for d in verify(store, [CATEGORY])] == []

    run_scenario(scenario())


def test_a_redrive_that_fails_again_is_a_dead_letter_again() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails("first"), fails("second")]})
        async with working(store, following(receiver)):
            await say(store, "card-1", "bad")
            [id] = await eventually(lambda: all_dead_letters(store, 1))
            await admin(store).redrive(id, by="me")
            dead_letter = await eventually(lambda: is_of_kind(store, id, "second"))
            assert dead_letter.state == "dead"
            await admin(store).redrive(id, by="me")
            await receiver.has(1)
            await eventually(lambda: has_none(store))

    run_scenario(scenario())


@pytest.mark.parametrize("calls", [1, 2])
def test_a_redrive_ends_with_that_reason_when_its_destination_is_removed(calls: int) -> None:
    """Before its first attempt, and between two of them."""

    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails(final=True)] + [fails()] * 99})
        subscription = Following(Destination(name="place", target=receiver, retry=FOREVER))
        async with working(store, subscription):
            await say(store, "card-1", "bad")
            [id] = await eventually(lambda: all_dead_letters(store, 1))
            if calls == 1:
                subscription.places, subscription.version = (), 1
            await admin(store).redrive(id, by="me")
            await eventually(lambda: was_called(receiver, calls))
            subscription.places, subscription.version = (), 1
            dead_letter = await eventually(lambda: is_of_kind(store, id, "no_destination"))
        assert dead_letter.state == "dead"
        assert receiver.taken == []

    run_scenario(scenario())


def test_a_redrive_under_way_is_not_forgotten_by_a_crash_though_queries_lag() -> None:
    async def scenario() -> None:
        store = new_store()
        receiver = Receiver({"bad": [fails(final=True), fails(), fails(retry_after=50.0)]})
        place = Destination(name="place", target=receiver, retry=FOREVER)
        async with working(store, Following(place)) as running:
            await say(store, "card-1", "bad")
            [id] = await eventually(lambda: all_dead_letters(store, 1))
            await admin(store).redrive(id, by="me")
            await eventually(lambda: was_called(receiver, 3))
            await asyncio.sleep(1)  # so that it has saved how far it is with its commands
            await running.kill()
        blind: Any = WithoutQueries(store)
        async with working(blind, Following(place)):
            await receiver.has(1)
            await eventually(lambda: has_none(store))

    run_scenario(scenario())


def test_a_redrive_under_way_is_work_that_another_worker_takes_over_without_an_event() -> None:
    async def scenario() -> None:
        store = new_store()
        receiver = Receiver({"bad": [fails(final=True), fails(retry_after=50.0)]})
        place = Destination(name="place", target=receiver, retry=FOREVER)
        async with working(store, Following(place)) as running:
            await say(store, "card-1", "bad")
            [id] = await eventually(lambda: all_dead_letters(store, 1))
            await admin(store).redrive(id, by="me")
            await eventually(lambda: was_called(receiver, 2))
            await asyncio.sleep(1)  # so that it has saved how far it is with its commands
            await running.kill()
        await usurp(store, "a worker that died")
        blind: Any = WithoutQueries(store)
        async with working(blind, Following(place)):
            await asyncio.sleep(120)
            assert await has_none(store)

    run_scenario(scenario())


class WithoutQueries:
    """A store whose queries show nothing yet."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def query(self, query: Query) -> Page:
        return Page([], None)


async def was_called(receiver: Receiver, times: int) -> bool:
    return len(receiver.calls) >= times


async def is_of_kind(store: Store, id: str, kind: str) -> object:
    dead_letter = await admin(store).dead_letter(id)
    return dead_letter if dead_letter.kind == kind else None


async def has_none(store: Store) -> bool:
    return await scanned(store, "dead_letter") == []


def test_a_discarded_dead_letter_is_not_tried_again_after_a_crash() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails()]})
        subscription = following(receiver, holds=True)
        async with working(store, subscription) as running:
            await say(store, "card-1", "bad", "next")
            [id] = await eventually(lambda: all_dead_letters(store, 1))
            await admin(store).pause("following", by="me")
            await admin(store).discard(id, "never mind", by="me")
            await asyncio.sleep(1)  # both are carried out, and the next event was not attempted
            await running.kill()
        async with working(store, subscription):
            await admin(store).resume("following", by="me")
            await receiver.has(1)
        assert receiver.words == ["next"]

    run_scenario(scenario())


def test_a_discard_ends_a_redrive_that_keeps_failing() -> None:
    async def scenario() -> None:
        store = new_store()
        receiver = Receiver({"bad": [fails(final=True)] + [fails()] * 9_999})
        subscription = Following(Destination(name="place", target=receiver, retry=FOREVER))
        async with working(store, subscription):
            await say(store, "card-1", "bad")
            [id] = await eventually(lambda: all_dead_letters(store, 1))
            await admin(store).redrive(id, by="me")
            await asyncio.sleep(100)
            await admin(store).discard(id, "enough", by="me")
            await asyncio.sleep(10)
            calls = len(receiver.calls)
            await asyncio.sleep(1_000)
            assert len(receiver.calls) == calls > 3

    run_scenario(scenario())


def test_a_pause_survives_a_restart_until_the_resume() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        subscription = following(receiver)
        async with working(store, subscription):
            await say(store, "card-1", "one")
            await receiver.has(1)
            await admin(store).pause("following", by="me")
            await eventually(lambda: is_paused(store))
        async with working(store, subscription):
            await say(store, "card-1", "two")
            await asyncio.sleep(100)
            assert receiver.words == ["one"]
            await admin(store).resume("following", by="me")
            await receiver.has(2)
        assert receiver.words == ["one", "two"]

    run_scenario(scenario())


async def is_paused(store: Store) -> bool:
    return (await admin(store).status("following")).is_paused


def test_a_resume_retries_parked_events_at_once_but_no_dead_letters() -> None:
    async def scenario() -> None:
        store = new_store()
        cues = {"later": [fails(retry_after=5_000)], "dead": [fails(final=True)]}
        receiver = Receiver(cues)
        place = Destination(name="place", target=receiver, retry=FOREVER, holds=True)
        async with working(store, Following(place)):
            await say(store, "card-1", "later", subject="a")
            await say(store, "card-1", "dead", subject="b")
            await eventually(lambda: all_dead_letters(store, 1))
            await admin(store).pause("following", by="me")
            await admin(store).resume("following", by="me")
            await receiver.has(1)
            assert asyncio.get_running_loop().time() < 100
            await asyncio.sleep(1_000)
        assert receiver.words == ["later"]

    run_scenario(scenario())


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_reset_delivers_the_later_events_to_handlers_once_more(partitions: int) -> None:
    async def scenario() -> None:
        store, receiver = new_store(partitions), Receiver()
        handlers = Handlers("following", {"tests.happened": lambda d: receiver.deliver([d])})
        for n in range(20):
            await say(store, f"card-{n}", "old")
        async with working(store, handlers):
            await receiver.has(20)
            middle = await store.heads()
            for n in range(20):
                await say(store, f"card-{n}", "new")
            await receiver.has(40)
            await admin(store).reset("following", middle, by="me")
            await receiver.has(60)
        async with working(store, handlers):
            await asyncio.sleep(100)
        assert Counter(receiver.words) == {"old": 20, "new": 40}
        assert len({delivery.id for delivery in receiver.taken}) == 40

    run_scenario(scenario())


def test_a_reset_drops_parked_events_and_cancels_attempts_under_way() -> None:
    async def scenario() -> None:
        store = new_store()
        receiver = Receiver({"stuck": [1e6], "bad": [fails()] * 9}, batch=1)
        place = Destination(
            name="place", target=receiver, retry=FOREVER, timeout=1e7, at_once=4, holds=True
        )
        async with working(store, Following(place)):
            await say(store, "card-1", "stuck", "next", subject="a")
            await say(store, "card-1", "bad", "then", subject="b")
            await asyncio.sleep(10)
            receiver.cues.clear()
            await admin(store).reset("following", [0], by="me")
            await receiver.has(4)
            await asyncio.sleep(100)
        versions = [(d.event.subject, d.event.version) for d in receiver.taken]
        assert sorted(versions) == [("a", 1), ("a", 2), ("b", 3), ("b", 4)]
        assert await scanned(store, "backlog") == []

    run_scenario(scenario())


@pytest.mark.parametrize("positions", [[], [0, 0], [-1], [9]])
def test_a_reset_to_positions_that_the_log_does_not_have_is_refused(positions: list[int]) -> None:
    async def scenario() -> None:
        store = new_store()
        async with working(store, following(Receiver())):
            await say(store, "card-1", "word")
            await eventually(lambda: scanned(store, CHECKPOINTS.name))
        with pytest.raises(Invalid, match="/positions"):
            await admin(store).reset("following", positions, by="me")

    run_scenario(scenario())


def test_from_now_means_after_the_first_start_even_after_a_crash() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        place = Destination(name="place", target=receiver, retry=FOREVER)
        before = await say(store, "card-1", "before")
        await eventually(lambda: is_shown(store, before))
        async with working(store, Following(place, from_now=True)) as running:
            await eventually(lambda: scanned(store, CHECKPOINTS.name))
            await running.kill()
        await say(store, "card-1", "meanwhile")
        async with working(store, Following(place, from_now=True)):
            await receiver.has(1)
        assert receiver.words == ["meanwhile"]

    run_scenario(scenario())


def test_the_backlog_of_a_removed_destination_is_deleted() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver({"bad": [fails()] * 999})
        subscription = Following(
            Destination(name="stays", target=Receiver(), retry=FOREVER),
            Destination(name="removed", target=receiver, retry=FOREVER),
        )
        async with working(store, subscription):
            await say(store, "card-1", "bad")
            await eventually(lambda: scanned(store, "backlog"))
            subscription.places, subscription.version = subscription.places[:1], 1
            await say(store, "card-1", "wakes it")
            await eventually(lambda: nothing_waits(store))
        removed = Destination(name="removed", target=receiver)
        subscription.places, subscription.version = (*subscription.places, removed), 2
        receiver.cues["again"] = [fails()] * 999
        async with working(store, subscription):
            await say(store, "card-1", "again")
            await eventually(lambda: scanned(store, "backlog"))
        subscription.places, subscription.version = subscription.places[:1], 3
        async with working(store, subscription):
            await eventually(lambda: nothing_waits(store))

    run_scenario(scenario())


async def nothing_waits(store: Store) -> bool:
    return await scanned(store, "backlog") == []


def test_events_of_rules_and_subscriptions_are_not_delivered() -> None:
    async def scenario() -> None:
        store, receiver = new_store(), Receiver()
        handlers = Handlers("eager", {"*": lambda d: receiver.deliver([d])})
        async with working(store, handlers):
            rules = Commit(appends=[Append("rules-1", [happened("a rule")])])
            await store.commit(rules)
            await eventually(lambda: scanned(store, CHECKPOINTS.name))
            await admin(store).pause("eager", by="me")
            await admin(store).resume("eager", by="me")
            await say(store, "card-1", "word")
            await receiver.has(1)
        assert receiver.words == ["word"]

    run_scenario(scenario())
