"""Projections: every event counts exactly once, whenever a worker dies or a fold fails."""

import asyncio
from collections import Counter
from collections.abc import Container, Mapping
from typing import Any

import msgspec
import pytest

from gatherlog.core import Change, Commit, Committed, Limits, Recorded, Ref, Store, View
from gatherlog.core.eventstore.clock import system_clock
from gatherlog.core.eventstore.commit_checks import actions_of
from gatherlog.core.eventstore.errors import Busy, Conflict, DiskFull, Refused, StoreFailed
from gatherlog.core.eventstore.planner import partition_of
from gatherlog.core.subscriptions.administration import SubscriptionAdmin
from gatherlog.core.subscriptions.checkpoints import BACKLOGS, CHECKPOINTS, checkpoint_id
from gatherlog.core.subscriptions.dead_letters import DEAD_LETTERS
from gatherlog.core.subscriptions.fenced_commits import RESERVED_ACTIONS
from gatherlog.core.subscriptions.handlers import Handlers
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.projection_folding import (
    EventWithRefs,
    first_version,
    fold_events,
)
from gatherlog.core.subscriptions.worker import VIEWS, Worker
from tests.core.subscriptions.followers import (
    COUNTS,
    ENGINES,
    IDS,
    Count,
    Counting,
    Distant,
    bodies,
    chosen,
    eventually,
    new_store,
    run_scenario,
    say,
    working,
)

TIGHT = Limits(commit_actions=40, commit_bytes=100_000, body_bytes=20_000, event_bytes=20_000)
READS = ("get", "query", "scan", "read_feed", "read_stream", "heads")
WORDS = {"card-1": ("a", "b"), "card-2": ("c",), "sheet-1": ("d", "e", "f")}


async def say_words(store: Store, rounds: int = 1) -> None:
    for _ in range(rounds):
        for stream, words in WORDS.items():
            for word in words:
                await say(store, stream, word, subject=f"of-{word}")


def counted(rounds: int) -> dict[str, Count]:
    each = {
        f"{stream}/of-{word}": Count(rounds, (word,) * rounds)
        for stream, words in WORDS.items()
        for word in words
    }
    return {**each, "all": Count(6 * rounds)}


async def is_counted(store: Store, events: int) -> bool:
    found = await bodies(store, COUNTS)
    return "all" in found and found["all"].events >= events


class Dying:
    """A store that hangs from the n-th call on, as if its process had died."""

    def __init__(
        self, store: Store, at: int, *, after: bool = False, calls: Container[str] = READS
    ) -> None:
        self._store = store
        self._left = at
        self._after = after
        self._calls = calls
        self.died = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name not in self._calls:
            return call

        async def calling(*args: Any, **options: Any) -> Any:
            await self._live_on()
            return await call(*args, **options)

        return calling

    async def commit(self, commit: Commit) -> Committed:
        if not self._after:
            await self._live_on()
        committed = await self._store.commit(commit)
        if self._after:
            await self._live_on()
        return committed

    def die(self) -> None:
        self._left = 0

    async def _live_on(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.died.set()
            await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("partitions", [1, 4])
def test_a_worker_that_dies_at_any_call_leaves_exact_counts(after: bool, partitions: int) -> None:
    async def scenario(at: int) -> bool:
        store = new_store(partitions)
        await say_words(store, 3)
        dying = Dying(store, at, after=after)
        projected = Projection("counting", Counting(stumbles=["e"]))
        worker = Worker(dying, [projected], clock=system_clock, ids=IDS)
        running = asyncio.ensure_future(worker.run())
        done = asyncio.ensure_future(eventually(lambda: is_counted(store, 15)))
        died = asyncio.ensure_future(dying.died.wait())
        await asyncio.wait([done, died], return_when=asyncio.FIRST_COMPLETED)
        has_died = dying.died.is_set()
        dying.die()
        for task in (done, died, running):
            task.cancel()
        await say_words(store, 1)
        async with working(store, Projection("counting", Counting())):
            async with asyncio.timeout(1_000):
                await eventually(lambda: is_counted(store, 20))
                for dead_letter in (await bodies(store, DEAD_LETTERS)).values():
                    admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
                    await admin.redrive(dead_letter.id, by="me")
                await eventually(lambda: is_counted(store, 24))
        assert await bodies(store, COUNTS) == counted(4)
        return has_died

    died = 0
    for at in range(1, 400):
        if not run_scenario(scenario(at)):
            break
        died += 1
    assert 15 < died < 399


def test_documents_and_their_checkpoint_are_in_one_commit_where_limits_split_a_save() -> None:
    async def scenario(at: int) -> None:
        store = new_store(limits=TIGHT)
        for n in range(60):
            word = "raises in keys" if n % 3 else "good"
            await say(store, f"card-{n}", word, subject=f"s{n}")
        dying: Any = Dying(store, at, after=True, calls=())
        worker = Worker(dying, [Projection("counting", Faulty())], clock=system_clock, ids=IDS)
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(5)
        dying.die()
        running.cancel()
        async with working(store, Projection("counting", Faulty())):
            await eventually(lambda: has_dead_letters(store, 40))
            await eventually(lambda: is_counted(store, 20))
            await asyncio.sleep(30)  # for the tasks of the dead worker to end
        assert (await bodies(store, COUNTS))["all"] == Count(20)

    for at in range(1, 16):
        run_scenario(scenario(at))


def test_documents_of_an_earlier_epoch_are_ignored_and_replaced() -> None:
    async def scenario() -> None:
        store, stream = new_store(), "subscription-counting"
        old = COUNTS.write("all", stream, Count(9), expects=0, at=7)
        await store.commit(Commit(writes=[old]))
        await say(store, "card-1", "word")
        [event] = await store.read_stream("card-1")
        events = [EventWithRefs(Counting(), event)]
        folded = await fold_events(store, Counting(), "counting", events, epoch=3)
        await store.commit(Commit(writes=folded.writes))
        assert (await bodies(store, COUNTS))["all"] == Count(1)
        [document] = await store.get([COUNTS.ref("all")])
        assert document is not None
        assert document.version == first_version(3) + 1
        with pytest.raises(Conflict):
            await fold_events(store, Counting(), "counting", events, epoch=2)

    run_scenario(scenario())


class Failing:
    """A store that fails at some commits, before or after it has done them."""

    def __init__(self, store: Store, failures: Mapping[int, tuple[Exception, bool]]) -> None:
        self._store = store
        self._failures = dict(failures)
        self.commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        self.commits += 1
        failure, is_done = self._failures.get(self.commits, (None, False))
        await asyncio.sleep(0.001)
        if failure is not None:
            if is_done:
                await self._store.commit(commit)
            raise failure
        return await self._store.commit(commit)


@pytest.mark.parametrize(
    "error", [Busy("busy"), StoreFailed("who knows"), DiskFull("full")], ids=lambda e: e.code
)
def test_errors_of_the_store_are_reported_and_no_event_is_lost_or_counted_twice(
    error: Exception,
) -> None:
    async def scenario(every: int, *, is_done: bool) -> None:
        store = new_store()
        failing = Failing(store, dict.fromkeys(range(every, 40, every), (error, is_done)))
        projected = Projection("counting", Counting())
        async with working(failing, projected, may_report=True) as running:
            for _ in range(10):
                await say_words(store)
                await asyncio.sleep(0.05)
            await eventually(lambda: is_counted(store, 60))
        assert error in running.reported
        assert await bodies(store, COUNTS) == counted(10)

    for every in (2, 3, 5):
        run_scenario(scenario(every, is_done=False))
        run_scenario(scenario(every, is_done=isinstance(error, StoreFailed)))


def test_an_event_that_cannot_be_folded_blocks_its_key_only_and_changes_nothing() -> None:
    async def scenario() -> None:
        store, counting = new_store(), Counting(stumbles=["e"])
        async with working(store, Projection("counting", counting)):
            await say_words(store, 2)
            await eventually(lambda: is_counted(store, 10))
            [dead_letter] = (await bodies(store, DEAD_LETTERS)).values()
            assert (dead_letter.about, dead_letter.detail) == (
                "of-e",
                "ValueError: stumbled over e",
            )
            found = await bodies(store, COUNTS)
            assert "sheet-1/of-e" not in found
            counting.stumbles.clear()
            await SubscriptionAdmin(store, clock=system_clock, ids=IDS).redrive(
                dead_letter.id, by="me"
            )
            await eventually(lambda: is_counted(store, 12))
        assert await bodies(store, COUNTS) == counted(2)

    run_scenario(scenario())


def test_a_discarded_event_is_left_out_and_the_later_ones_count() -> None:
    async def scenario() -> None:
        store = new_store()
        async with working(store, Projection("counting", Counting(stumbles=["bad"]))):
            await say(store, "card-1", "1", "bad", "2", "3")
            [dead_letter] = await eventually(lambda: dead_letters(store))
            admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
            await admin.discard(dead_letter.id, "never mind", by="me")
            await eventually(lambda: is_counted(store, 3))
        assert await bodies(store, COUNTS) == {
            "all": Count(3),
            "card-1/": Count(3, ("1", "2", "3")),
        }

    run_scenario(scenario())


def test_a_discard_says_what_the_total_lacks_and_only_a_reset_brings_it_back() -> None:
    async def scenario() -> None:
        store, counting = new_store(), Counting(stumbles=["bad"])
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        async with working(store, Projection("counting", counting)):
            await say(store, "card-1", "1", "bad", "2")
            [dead_letter] = await eventually(lambda: dead_letters(store))
            discarded = await admin.discard(dead_letter.id, "never mind", by="me")
            assert discarded.if_discarded == (
                "The documents of counting, and the totals in them, lack this event until the"
                " subscription is reset."
            )
            await eventually(lambda: is_counted(store, 2))
            counting.stumbles.clear()
            with pytest.raises(Refused, match="reset counting"):
                await admin.redrive(dead_letter.id, by="me")
            assert [one.state for one in await dead_letters(store)] == ["discarded"]
            await admin.reset("counting", [0], by="me")
            await eventually(lambda: is_counted(store, 3))
        assert (await bodies(store, COUNTS))["card-1/"] == Count(3, ("1", "bad", "2"))

    run_scenario(scenario())


def test_no_subscription_has_the_name_of_what_projections_keep() -> None:
    for make in (lambda name: Projection(name, Counting()), lambda name: Handlers(name, {})):
        with pytest.raises(ValueError, match="use another"):
            make("projection")


async def dead_letters(store: Store) -> list[Any]:
    return list((await bodies(store, DEAD_LETTERS)).values())


def test_a_redrive_of_an_event_that_a_reset_has_folded_does_not_count_it_twice() -> None:
    async def scenario() -> None:
        store, counting = new_store(), Counting(stumbles=["bad"])
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        async with working(store, Projection("counting", counting)):
            await say(store, "card-1", "bad", "next")
            [dead_letter] = await eventually(lambda: dead_letters(store))
            counting.stumbles.clear()
            await admin.reset("counting", [0], by="me")
            await eventually(lambda: is_counted(store, 2))
            await admin.redrive(dead_letter.id, by="me")
            await eventually(lambda: no_dead_letters(store))
        assert (await bodies(store, COUNTS))["all"] == Count(2)

    run_scenario(scenario())


async def no_dead_letters(store: Store) -> bool:
    return await dead_letters(store) == []


class Faulty(Counting):
    """Has every fault that a fold can have, by the word of the event."""

    def keys(self, event: Recorded) -> list[Ref]:
        match event.data:
            case b"raises in keys":
                raise LookupError("which one?")
            case b"is not known":
                raise KeyError("unknown")
            case b"names another view":
                return [("guest", "ada")]
            case b"names nothing":
                return []
            case b"names too long a document":
                return [COUNTS.ref("x" * 500), COUNTS.ref("all")]
            case b"names many":
                return [COUNTS.ref(str(n)) for n in range(200)]
        return super().keys(event)

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> list[Change]:
        match event.data:
            case b"changes what it did not name":
                return [Change(COUNTS, "elsewhere", Count(1))]
            case b"names too long a document":
                return [Change(COUNTS, "x" * 500, Count(1))]
            case b"grows too large":
                return [Change(COUNTS, "all", Count(0, ("x" * 30_000,)))]
            case b"names many":
                return [Change(COUNTS, ref[1], Count(1)) for ref in documents]
            case b"counts":
                return [Change(COUNTS, "all", Count(1), {"events": 1})]
            case b"exits":
                raise SystemExit(1)
        return super().evolve(documents, event)


REASONS = {
    "raises in keys": "LookupError: which one?",
    "names another view": "ValueError: guest/ada is of no view of this projection",
    "names too long a document": (
        "LimitExceeded: a document's id has 500 bytes; at most 400 are allowed"
    ),
    "names many": "LimitExceeded: a commit has 200 actions; at most 34 are allowed",
    "changes what it did not name": (
        "ValueError: count/elsewhere changes, but keys() did not name it"
    ),
    "grows too large": "LimitExceeded: a document has 30,025 bytes; at most 20,000 are allowed",
    "counts": "ValueError: count/all: a projection has no counters",
    "exits": "SystemExit: 1",
    "is not known": "KeyError: 'unknown'",
}


def test_every_fault_of_a_fold_fails_its_event_with_the_reason() -> None:
    async def scenario() -> None:
        store = new_store(limits=TIGHT)
        async with working(store, Projection("faulty", Faulty())):
            for n, word in enumerate(REASONS):
                await say(store, f"card-{n}", "before", word, "after", subject="s")
            await say(store, "card-99", "names nothing", "last")
            await eventually(lambda: is_counted(store, len(REASONS) + 1))
        found = {
            dead_letter.stream: dead_letter.detail for dead_letter in await dead_letters(store)
        }
        assert found == {f"card-{n}": reason for n, reason in enumerate(REASONS.values())}
        assert (await bodies(store, COUNTS))["all"] == Count(len(REASONS) + 1)

    run_scenario(scenario())


def test_too_many_failures_stop_a_projection_until_they_are_redriven() -> None:
    async def scenario() -> None:
        store = new_store(limits=TIGHT)
        counting = Counting(stumbles=["bad"])
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        for n in range(150):
            await say(store, "card-1", "bad", "good", subject=f"s{n}")
        async with working(store, Projection("counting", counting)):
            await eventually(lambda: has_dead_letters(store, 64))
            await say(store, "card-2", "fresh")
            await asyncio.sleep(100)
            assert len(await dead_letters(store)) == 64
            counting.stumbles.clear()
            for dead_letter in await dead_letters(store):
                await admin.redrive(dead_letter.id, by="me")
            await eventually(lambda: is_counted(store, 301))
        found = await bodies(store, COUNTS)
        assert {c.words for id, c in found.items() if id.startswith("card-1")} == {("bad", "good")}
        assert found["all"] == Count(301)

    run_scenario(scenario())


LISTED = View(
    "listed", Count, by_events=lambda c: (str(c.events),), by_words=lambda c: ("all", *c.words)
)


class Wide:
    """A projection that makes as many documents with index keys as the word of the event says."""

    views: tuple[View[Any], ...] = (LISTED,)

    def keys(self, event: Recorded) -> list[Ref]:
        return [LISTED.ref(f"{event.version}/{n}") for n in range(int(event.data))]

    def evolve(self, documents: Mapping[Ref, Any], event: Recorded) -> list[Change]:
        return [Change(LISTED, id, Count(1)) for _, id in documents]


@pytest.mark.parametrize("index_rows", [0, 1, 2, 3])
def test_an_event_with_more_documents_than_a_commit_takes_fails_and_no_other(
    index_rows: int,
) -> None:
    async def scenario() -> None:
        limits = msgspec.structs.replace(TIGHT, index_rows=index_rows)
        _, make = ENGINES[chosen[-1]]
        store = make([*VIEWS, LISTED], limits)
        for number in range(41):
            await say(store, "card-1", str(number), subject=f"s{number}")
        async with working(store, Projection("wide", Wide())):
            await eventually(lambda: is_past(store, "wide", 41))
        found = Counter(id.split("/")[0] for id in await bodies(store, LISTED))
        failed = {one.version for one in await dead_letters(store)}
        others = RESERVED_ACTIONS + actions_of(limits, views=[CHECKPOINTS, BACKLOGS])
        most = (40 - others) // actions_of(limits, views=[LISTED])
        assert found == {f"{number + 1}": number for number in range(1, most + 1)}
        assert failed == {number + 1 for number in range(most + 1, 41)}

    run_scenario(scenario())


async def is_past(store: Store, name: str, position: int) -> bool:
    """Whether the checkpoint of the only partition is at a position."""
    [document] = await store.get([CHECKPOINTS.ref(checkpoint_id(name, 0))])
    checkpoint = CHECKPOINTS.read(document)
    return checkpoint is not None and checkpoint.position >= position


async def has_dead_letters(store: Store, count: int) -> bool:
    return len(await dead_letters(store)) == count


def test_a_projection_that_waits_for_an_operator_stops_at_once() -> None:
    async def scenario() -> None:
        store = new_store()
        for n in range(100):
            await say(store, "card-1", "bad", subject=f"s{n}")
        async with working(store, Projection("counting", Counting(stumbles=["bad"]))) as running:
            await eventually(lambda: has_dead_letters(store, 64))
            began = asyncio.get_running_loop().time()
            await running.stop()
            assert asyncio.get_running_loop().time() - began < 1

    run_scenario(scenario())


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("partitions", [1, 4])
def test_a_reset_makes_the_same_documents_again(partitions: int, seed: int) -> None:
    async def scenario() -> None:
        store = new_store(partitions)
        distant: Any = Distant(store, seed)
        admin = SubscriptionAdmin(store, clock=system_clock, ids=IDS)
        projected = Projection("counting", Counting())
        async with (
            working(distant, projected, may_report=True) as first,
            working(distant, projected, may_report=True),
        ):
            await say_words(store, 5)
            await eventually(lambda: is_counted(store, 30))
            before = await bodies(store, COUNTS)
            stray = COUNTS.write("stray", "subscription-counting", Count(9), expects=0, at=1)
            await store.commit(Commit(writes=[stray]))
            for _ in range(3):
                await admin.reset("counting", [0] * partitions, by="me")
                await say_words(store, 1)
                await asyncio.sleep(seed / 50)
            await first.kill()
            await eventually(lambda: is_all(store, 8))
            await asyncio.sleep(60)
        assert before == counted(5)
        assert await bodies(store, COUNTS) == counted(8)

    run_scenario(scenario())


async def is_all(store: Store, rounds: int) -> bool:
    return await bodies(store, COUNTS) == counted(rounds)


def test_partitions_that_share_documents_count_exactly_with_several_workers() -> None:
    async def scenario() -> None:
        store = new_store(4)
        slow = Failing(store, {})  # commits take a moment, so that they interleave
        projected = [Projection("counting", Counting()) for _ in range(3)]
        async with (
            working(slow, projected[0], lease_seconds=2.0),
            working(slow, projected[1], lease_seconds=2.0),
            working(slow, projected[2], lease_seconds=2.0),
        ):
            for n in range(200):
                await say(store, f"card-{n % 17}", "word", subject=f"s{n % 5}")
                await asyncio.sleep(0.2)
            await eventually(lambda: is_counted(store, 200))
        found = await bodies(store, COUNTS)
        expected = Counter(f"card-{n % 17}/s{n % 5}" for n in range(200))
        assert {id: c.events for id, c in found.items() if id != "all"} == expected
        assert found["all"] == Count(200)

    run_scenario(scenario())


def test_events_and_dead_letters_split_by_limits_still_count_exactly() -> None:
    async def scenario() -> None:
        store = new_store(limits=TIGHT)
        counting = Counting(stumbles=["bad"], total=True)
        for n in range(60):
            await say(store, "card-1", "good", "bad", "x" * 500, subject=f"s{n}")
        async with working(store, Projection("counting", counting)):
            await eventually(lambda: has_dead_letters(store, 60))
        found = await bodies(store, COUNTS)
        assert found["all"] == Count(60)

    run_scenario(scenario())


class SlowCommits:
    """A store whose commits take a second, however many there are at the same time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, commit: Commit) -> Committed:
        await asyncio.sleep(1.0)
        return await self._store.commit(commit)


def test_partitions_of_a_projection_do_not_wait_for_each_other() -> None:
    """Only where they change the same documents, which other tests do."""

    async def scenario() -> None:
        store: Any = new_store(8)
        slow: Any = SlowCommits(store)
        streams = {partition_of(f"card-{n}", 8): f"card-{n}" for n in range(200)}
        assert len(streams) == 8
        async with working(slow, Projection("counting", Counting(total=False)), lease_seconds=60.0):
            await eventually(lambda: all_have_begun(store))
            began = asyncio.get_running_loop().time()
            for stream in streams.values():
                await say(store, stream, "word")
            await eventually(lambda: all_are_counted(store, 8))
            assert asyncio.get_running_loop().time() - began < 4.0

    run_scenario(scenario())


async def all_have_begun(store: Store) -> bool:
    return len(await bodies(store, CHECKPOINTS)) == store.limits.partitions


async def all_are_counted(store: Store, streams: int) -> bool:
    found = await bodies(store, COUNTS)
    return len([id for id in found if id != "all"]) == streams
