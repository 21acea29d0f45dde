"""The way of commits into an engine whose writes go as a test says, in virtual time."""

import asyncio
from collections.abc import Sequence

import pytest

from gatherlog.core import NEW, Commit, Committed, Limits
from gatherlog.core.eventstore.commit_queue import (
    LONG,
    QUEUE_BYTES,
    SHARED_COLLISIONS,
    CommitQueue,
)
from gatherlog.core.eventstore.engine import Collision, GroupLimits, OutcomeUnknown, Planned
from gatherlog.core.eventstore.errors import (
    Busy,
    Conflict,
    DiskFull,
    StoreClosed,
    StoreError,
    StoreFailed,
)
from gatherlog.core.eventstore.planner import State, Wanted
from gatherlog.core.eventstore.retrying import DEADLINE
from gatherlog.engines.memory import MemoryEngine
from gatherlog.testing import run_instantly
from tests.contracts.commits import commit

Step = Exception | None
HAPPENED = OutcomeUnknown("the answer was lost, and it happened")
LOST = OutcomeUnknown("the answer was lost, and nothing happened")


class ScriptedEngine(MemoryEngine):
    """Each write does the next step: it happens (None), or an error is raised instead."""

    def __init__(self, *steps: Step, answers: Sequence[bool | Exception] = ()) -> None:
        super().__init__(Limits())
        self.group = GroupLimits()
        self.steps = list(steps)
        self.answers = list(answers)
        """What `happened` answers; the last one for ever."""
        self.groups: list[int] = []
        """How many commits each write had."""
        self.anew: list[bool] = []
        self.abandoned = 0
        self.old: State | None = None
        """What is loaded as long as nothing is read anew."""

    async def load(self, wanted: Wanted, now: int, *, anew: bool) -> State:
        await asyncio.sleep(0)
        self.anew.append(anew)
        if self.old is not None and not anew:
            return self.old
        return await super().load(wanted, now, anew=anew)

    async def write(self, planned: Planned) -> None:
        self.groups.append(len(planned.commits))
        await asyncio.sleep(0.001)
        step = self.steps.pop(0) if len(self.steps) > 1 else (self.steps or [None])[0]
        if step is None or step is HAPPENED:
            await super().write(planned)
        if step is not None:
            raise step

    async def abandon(self) -> None:
        self.abandoned += 1

    async def happened(self, planned: Planned, unknown: OutcomeUnknown) -> bool:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class HotEngine(ScriptedEngine):
    """Whatever appends to the stream `card-hot` collides."""

    async def write(self, planned: Planned) -> None:
        if "card-hot" in planned.changes.streams:
            self.groups.append(len(planned.commits))
            await asyncio.sleep(0.001)
            raise Collision("others are faster")
        await super().write(planned)


class AlwaysOldEngine(ScriptedEngine):
    """What it loads may always be old, and says that the stream is there already."""

    async def load(self, wanted: Wanted, now: int, *, anew: bool) -> State:
        return old_state(streams={"card-1": 7})


def committed(
    engine: ScriptedEngine, *commits: Commit, size: int = 1, actions: int = 1
) -> list[Committed | BaseException]:
    """What becomes of commits that are queued at once; it takes no time."""

    async def story() -> list[Committed | BaseException]:
        queue = CommitQueue(engine, clock=lambda: 5)
        futures = [queue.submit(one, size, actions) for one in commits]
        done = await asyncio.gather(*futures, return_exceptions=True)
        await queue.close()
        return done

    return run_instantly(story())


def errors(done: Sequence[Committed | BaseException]) -> list[type[object]]:
    return [type(one) for one in done]


def test_what_collides_is_read_anew_and_written() -> None:
    engine = ScriptedEngine(Collision(), Collision(), None)

    [done] = committed(engine, commit("card-1"))

    assert done == Committed({"card-1": 1}, positions={0: 1})
    assert (engine.anew, engine.positions()) == ([False, True, True], (1,))


def test_what_collides_until_the_deadline_is_busy() -> None:
    engine = ScriptedEngine(Collision("somebody else was first"))

    async def story() -> float:
        queue = CommitQueue(engine, clock=lambda: 5)
        loop = asyncio.get_running_loop()
        with pytest.raises(Busy, match="somebody else was first"):
            await queue.submit(commit("card-1"), 1, 1)
        return loop.time()

    assert DEADLINE < run_instantly(story()) < DEADLINE + 1
    assert engine.positions() == (0,)


def test_a_commit_that_keeps_colliding_holds_up_no_other() -> None:
    engine = HotEngine()

    async def story() -> None:
        queue = CommitQueue(engine, clock=lambda: 5)
        loop = asyncio.get_running_loop()
        names = ["card-0", "card-1", "card-2", "card-hot", "card-4", "card-5", "card-6"]
        hot, *others = [
            queue.submit(commit(name), 1, 1)
            for name in sorted(names, key=lambda n: n != "card-hot")
        ]
        await asyncio.gather(*others)
        assert loop.time() < 1
        begun = loop.time()
        await queue.submit(commit("card-7"), 1, 1)
        assert loop.time() - begun < 0.1
        with pytest.raises(Busy, match="others are faster"):
            await hot
        assert DEADLINE < loop.time() < DEADLINE + 1

    run_instantly(story())
    assert engine.groups[0] == 7
    assert engine.positions() == (7,)


def test_a_group_that_collides_comes_again_in_halves() -> None:
    engine = ScriptedEngine(Collision(), None)

    done = committed(engine, *[commit(f"card-{n}") for n in range(5)])

    assert errors(done) == [Committed] * 5
    assert (engine.groups[0], sorted(engine.groups[1:])) == (5, [2, 3])


def test_a_group_whose_commits_share_their_collisions_is_divided_only_in_the_end() -> None:
    shared = [Collision(shared=True) for _ in range(SHARED_COLLISIONS + 1)]
    engine = ScriptedEngine(*shared, None)

    done = committed(engine, *[commit(f"card-{n}") for n in range(5)])

    assert errors(done) == [Committed] * 5
    assert engine.groups[: SHARED_COLLISIONS + 1] == [5] * (SHARED_COLLISIONS + 1)
    assert sorted(engine.groups[SHARED_COLLISIONS + 1 :]) == [2, 3]


def test_an_unknown_outcome_holds_up_no_other() -> None:
    engine = ScriptedEngine(LOST, None, answers=[StoreFailed("no line")])

    async def story() -> None:
        queue = CommitQueue(engine, clock=lambda: 5)
        unknown = queue.submit(commit("card-1"), 1, 1)
        await asyncio.sleep(0.1)
        await queue.submit(commit("card-2"), 1, 1)
        assert asyncio.get_running_loop().time() < 1
        with pytest.raises(StoreFailed):
            await unknown

    run_instantly(story())


def test_groups_that_wait_to_be_tried_again_count_against_the_bounds_of_the_queue() -> None:
    async def story() -> None:
        queue = CommitQueue(HotEngine(), clock=lambda: 5)
        colliding = queue.submit(commit("card-hot"), QUEUE_BYTES, 1)
        await asyncio.sleep(1)
        with pytest.raises(Busy, match="too many"):
            queue.submit(commit("card-1"), 1, 1)
        with pytest.raises(Busy, match="others are faster"):
            await colliding
        await queue.submit(commit("card-1"), 1, 1)

    run_instantly(story())


def test_what_stays_old_when_it_is_read_anew_is_tried_again_after_a_pause() -> None:
    engine = AlwaysOldEngine()

    async def story() -> float:
        queue = CommitQueue(engine, clock=lambda: 5)
        with pytest.raises(Busy):
            await queue.submit(commit("card-1", expected=NEW), 1, 1)
        return asyncio.get_running_loop().time()

    assert DEADLINE < run_instantly(story()) < DEADLINE + 1
    assert engine.abandoned < 1000


def test_an_unknown_outcome_that_happened_is_answered_and_written_once() -> None:
    engine = ScriptedEngine(HAPPENED, answers=[Busy("later"), StoreFailed("no line"), True])

    [done] = committed(engine, commit("card-1"))

    assert done == Committed({"card-1": 1}, positions={0: 1})
    assert (engine.groups, engine.positions()) == ([1], (1,))


def test_an_unknown_outcome_that_did_not_happen_is_written_again() -> None:
    engine = ScriptedEngine(LOST, None, answers=[False])

    [done] = committed(engine, commit("card-1"))

    assert done == Committed({"card-1": 1}, positions={0: 1})
    assert (engine.anew, engine.positions()) == ([False, True], (1,))


@pytest.mark.parametrize("answer", [Busy("later"), StoreFailed("no line"), LOST])
def test_an_outcome_that_stays_unknown_is_store_failed_and_never_busy(answer: StoreError) -> None:
    engine = ScriptedEngine(LOST, answers=[answer])

    done = committed(engine, commit("card-1"), commit("card-2"))

    assert errors(done) == [StoreFailed, StoreFailed]
    assert engine.groups == [2]


def test_answers_that_are_lost_again_and_again_end_at_the_deadline() -> None:
    engine = ScriptedEngine(LOST, answers=[False])

    assert errors(committed(engine, commit("card-1"))) == [Busy]
    assert engine.positions() == (0,)


def old_state(*, streams: dict[str, int]) -> State:
    return State(5, (0,), {}, streams, {}, is_current=False)


def test_a_refusal_on_rows_that_may_be_old_is_planned_anew() -> None:
    engine = ScriptedEngine()
    engine.old = old_state(streams={"card-1": 7})

    done = committed(engine, commit("card-1", expected=NEW), commit("card-2"))

    assert errors(done) == [Committed, Committed]
    assert (engine.anew, engine.abandoned, engine.groups) == ([False, True], 1, [2])


def test_a_refusal_on_rows_that_are_current_is_final() -> None:
    engine = ScriptedEngine()

    done = committed(engine, commit("card-1", expected=7), commit("card-2"))

    assert errors(done) == [Conflict, Committed]
    assert (engine.anew, engine.abandoned) == ([False], 0)


def test_what_is_accepted_on_old_rows_is_written_at_once() -> None:
    engine = ScriptedEngine()
    engine.old = old_state(streams={})

    assert errors(committed(engine, commit("card-1", expected=NEW))) == [Committed]
    assert engine.anew == [False]


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (RuntimeError("a bug"), StoreFailed),
        (StoreFailed("no line"), StoreFailed),
        (DiskFull("no room"), DiskFull),
        (Busy("later"), Busy),
    ],
)
def test_an_error_fails_its_group_and_not_the_queue(
    raised: Exception, told: type[StoreError]
) -> None:
    engine = ScriptedEngine(raised, None)

    async def story() -> None:
        queue = CommitQueue(engine, clock=lambda: 5)
        group = [queue.submit(commit(f"card-{n}"), 1, 1) for n in range(3)]
        failed = await asyncio.gather(*group, return_exceptions=True)
        assert errors(failed) == [told] * 3
        assert len({id(error) for error in failed}) == 3
        assert (await queue.submit(commit("card-1"), 1, 1)).streams == {"card-1": 1}

    run_instantly(story())


def test_a_plan_that_fails_gives_up_what_was_loaded() -> None:
    engine = ScriptedEngine()
    engine.old = State(5, (), {}, {}, {}, is_current=False)  # without any partition

    assert errors(committed(engine, commit("card-1"))) == [StoreFailed]
    assert engine.abandoned == 1


class Miscounting(ScriptedEngine):
    """Loses the last result of the first group that it writes."""

    async def write(self, planned: Planned) -> None:
        await super().write(planned)
        if len(self.groups) == 1:
            del planned.results[-1]  # type: ignore[attr-defined]  # a fault of the engine


class Cancelling(ScriptedEngine):
    """Its first write raises CancelledError, although nobody has cancelled the queue."""

    async def write(self, planned: Planned) -> None:
        await super().write(planned)
        if len(self.groups) == 1:
            raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("engine", "outcomes"),
    [
        (Miscounting(), [StoreFailed, StoreFailed, StoreFailed]),
        (Cancelling(), [StoreFailed, StoreFailed, StoreFailed]),
    ],
    ids=["a result is missing", "the engine was cancelled"],
)
def test_what_goes_wrong_when_a_group_is_settled_fails_its_callers_and_not_the_queue(
    engine: ScriptedEngine, outcomes: list[type[object]]
) -> None:
    async def story() -> None:
        queue = CommitQueue(engine, clock=lambda: 5)
        group = [queue.submit(commit(f"card-{n}"), 1, 1) for n in range(3)]
        while not engine.groups:
            await asyncio.sleep(0)
        following = queue.submit(commit("card-3"), 1, 1)
        async with asyncio.timeout(60):
            settled = await asyncio.gather(*group, following, return_exceptions=True)
        assert errors(settled) == [*outcomes, Committed]
        await queue.submit(commit("card-4"), 1, 1)
        await queue.close()

    run_instantly(story())


def test_a_queue_whose_loop_ends_fails_everybody_who_still_waits() -> None:
    engine = ScriptedEngine()

    async def story() -> None:
        queue = CommitQueue(engine, clock=lambda: 5)
        waiting = [queue.submit(commit(f"card-{n}"), 1, 1) for n in range(3)]
        while not engine.groups:
            await asyncio.sleep(0)
        waiting.append(queue.submit(commit("card-3"), 1, 1))
        [work] = asyncio.all_tasks() - {asyncio.current_task()}
        work.cancel()
        async with asyncio.timeout(60):
            settled = await asyncio.gather(*waiting, return_exceptions=True)
        assert errors(settled) == [StoreFailed] * 3 + [StoreClosed]
        with pytest.raises(StoreClosed):
            queue.submit(commit("card-4"), 1, 1)

    run_instantly(story())


@pytest.mark.parametrize(
    "limits",
    [GroupLimits(commits=3), GroupLimits(bytes=35), GroupLimits(actions=17)],
    ids=["commits", "bytes", "actions"],
)
def test_a_group_is_bounded_by_commits_bytes_and_actions(limits: GroupLimits) -> None:
    engine = ScriptedEngine()
    engine.group = limits

    done = committed(engine, *[commit(f"card-{n}") for n in range(8)], size=10, actions=5)

    assert errors(done) == [Committed] * 8
    assert engine.groups == [3, 3, 2]


def test_a_commit_beyond_a_groups_limits_goes_alone() -> None:
    engine = ScriptedEngine()
    engine.group = GroupLimits(bytes=5, actions=2)

    committed(engine, commit("card-1"), commit("card-2"), size=10, actions=5)

    assert engine.groups == [1, 1]


def test_while_a_group_is_written_the_next_one_forms() -> None:
    engine = ScriptedEngine()

    async def story() -> None:
        queue = CommitQueue(engine, clock=lambda: 5)
        first = queue.submit(commit("card-1"), 1, 1)
        while not engine.groups:
            await asyncio.sleep(0)
        rest = [queue.submit(commit(f"card-{n}"), 1, 1) for n in range(5)]
        await asyncio.gather(first, *rest)

    run_instantly(story())
    assert engine.groups == [1, 5]


def test_more_bytes_than_the_queue_takes_are_busy_and_less_is_taken_again() -> None:
    async def story() -> None:
        queue = CommitQueue(ScriptedEngine(), clock=lambda: 5)
        taken = queue.submit(commit("card-1"), QUEUE_BYTES, 1)
        with pytest.raises(Busy):
            queue.submit(commit("card-1"), 1, 1)
        await taken
        await queue.submit(commit("card-1"), 1, 1)

    run_instantly(story())


def test_closing_writes_what_was_accepted_and_refuses_more() -> None:
    engine = ScriptedEngine(Collision(), None)

    async def story() -> None:
        queue = CommitQueue(engine, clock=lambda: 5)
        accepted = [queue.submit(commit(f"card-{n}"), 1, 1) for n in range(3)]
        closing = asyncio.create_task(queue.close())
        await asyncio.sleep(0)
        with pytest.raises(StoreClosed):
            queue.submit(commit("card-1"), 1, 1)
        await closing
        assert [one.done() for one in accepted] == [True] * 3

    run_instantly(story())
    assert engine.positions() == (3,)


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (None, Committed),
        (Collision(), Committed),
        (LOST, Committed),
        (HAPPENED, Committed),
        (StoreFailed("no line"), StoreFailed),
    ],
)
def test_a_caller_who_left_harms_no_other(step: Step, outcome: type[object]) -> None:
    engine = ScriptedEngine(step, None, answers=[step is HAPPENED])

    async def story() -> Sequence[Committed | BaseException]:
        queue = CommitQueue(engine, clock=lambda: 5)
        leaving, staying = (queue.submit(commit(f"card-{n}"), 1, 1) for n in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        return await asyncio.gather(staying, return_exceptions=True)

    assert errors(run_instantly(story())) == [outcome]


def test_short_commits_pass_all_long_ones_but_the_one_that_is_written() -> None:
    async def story() -> None:
        engine = ScriptedEngine()
        queue = CommitQueue(engine, clock=lambda: 0)
        done: list[str] = []

        def submit(name: str, actions: int) -> "asyncio.Future[Committed]":
            future = queue.submit(commit(name), 10, actions)
            future.add_done_callback(lambda _: done.append(name.partition("-")[0]))
            return future

        long = [submit(f"long-{number}", LONG + 1) for number in range(3)]
        await asyncio.sleep(0.0005)
        short = [submit(f"short-{number}", LONG) for number in range(4)]
        await asyncio.gather(*long, *short)
        await queue.close()

        assert done == ["long", *["short"] * 4, "long", "long"]
        assert engine.groups == [1, 4, 1, 1]

    run_instantly(story())


def test_work_that_has_to_be_alone_takes_turns_with_groups() -> None:
    engine, under_way = ScriptedEngine(), list[bool]()

    async def story() -> None:
        queue = CommitQueue(engine, clock=lambda: 5)
        writing = False
        write = engine.write

        async def noted(planned: Planned) -> None:
            nonlocal writing
            writing = True
            await write(planned)
            writing = False

        async def work() -> None:
            under_way.append(writing)
            await asyncio.sleep(0.001)
            under_way.append(writing)

        engine.write = noted  # type: ignore[method-assign]
        commits = [queue.submit(commit("card-1"), 1, LONG + 1) for _ in range(4)]
        await asyncio.gather(*commits, *[queue.alone(work) for _ in range(3)])
        await queue.close()

    run_instantly(story())
    assert (engine.groups, under_way) == ([1] * 4, [False] * 6)


def test_work_that_fails_or_is_cancelled_does_not_affect_commits() -> None:
    async def story() -> tuple[Committed, list[str]]:
        queue, done = CommitQueue(ScriptedEngine(), clock=lambda: 5), list[str]()

        async def fail() -> None:
            raise ValueError("no")

        async def note() -> None:
            await asyncio.sleep(0.001)
            done.append("done")

        cancelled = asyncio.create_task(queue.alone(note))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(ValueError, match="no"):
            await queue.alone(fail)
        committed = await queue.submit(commit("card-1"), 1, 1)
        await queue.close()
        with pytest.raises(StoreClosed):
            await queue.alone(note)
        return committed, done

    committed, done = run_instantly(story())
    assert (committed.streams, done) == ({"card-1": 1}, ["done"])
