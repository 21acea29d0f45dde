"""Long work gives way: by time, one at a time, and to all who are short."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gatherlog.core.eventstore import giving_way
from gatherlog.core.eventstore.giving_way import (
    PATIENCE,
    STEP,
    Pace,
    Steps,
    at_once,
    consumed,
    freeing,
    gently,
    in_turns,
    sorting,
)

PART = STEP / 4.5
"""Seconds that one thing takes; an iteration that takes them is not a quiet one."""


class WorkLoop(asyncio.SelectorEventLoop):
    """Its time goes on only by what is worked on it."""

    def __init__(self) -> None:
        super().__init__()
        self.worked = 0.0

    def time(self) -> float:
        return self.worked


class Desk:
    """Where work is done: who did each part, and the longest time without an iteration."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WorkLoop)
        self._loop = loop
        self.parts: list[str] = []
        self.longest = 0.0
        self._since = loop.worked
        self._ticking = loop.call_soon(self._tick)

    def _tick(self) -> None:
        self.longest = max(self.longest, self._loop.worked - self._since)
        self._since = self._loop.worked
        self._ticking = self._loop.call_soon(self._tick)

    def begin_anew(self) -> None:
        self.longest, self._since = 0.0, self._loop.worked

    def work(self, name: str) -> None:
        self._loop.worked += PART
        self.parts.append(name)

    def close(self) -> None:
        self._ticking.cancel()


def on_loop(story: Callable[[Desk], Awaitable[None]]) -> None:
    """Run a story on a `WorkLoop`."""

    async def whole() -> None:
        desk = Desk()
        try:
            await story(desk)
        finally:
            desk.close()

    with asyncio.Runner(loop_factory=WorkLoop) as runner:
        runner.run(whole())


async def through(desk: Desk, name: str, count: int) -> None:
    async for _ in gently(range(count)):
        desk.work(name)


def stepwise(desk: Desk, name: str, count: int) -> Steps[str]:
    for _ in range(count):
        desk.work(name)
        yield
    return name


def test_three_long_works_hold_the_loop_no_longer_than_one() -> None:
    async def story(desk: Desk) -> None:
        await asyncio.gather(
            through(desk, "a", 500), through(desk, "b", 500), in_turns(stepwise(desk, "c", 500))
        )
        assert desk.longest <= 3 * STEP + 3 * PART, "the first steps of all three may meet"
        first = desk.parts[:600]
        assert max(first.count(name) for name in "abc") - min(map(first.count, "abc")) <= 20

    on_loop(story)


def test_later_steps_are_never_in_one_iteration() -> None:
    async def story(desk: Desk) -> None:
        works = [asyncio.ensure_future(through(desk, name, 500)) for name in "abcdef"]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        desk.begin_anew()
        await asyncio.gather(*works)
        assert desk.longest <= STEP + PART

    on_loop(story)


def test_short_work_goes_first_and_long_work_goes_on_all_the_same() -> None:
    async def story(desk: Desk) -> None:
        long = asyncio.ensure_future(through(desk, "long", 100))
        while not long.done():
            desk.work("short")
            await asyncio.sleep(0)
        runs = "".join("L" if part == "long" else "s" for part in desk.parts).split("L")
        waits = [len(run) * PART for run in runs if run]
        assert max(waits) <= PATIENCE + 3 * PART
        assert desk.parts.count("short") > desk.parts.count("long")

    on_loop(story)


@pytest.mark.parametrize("others", [1, 40])
def test_work_that_others_wait_for_takes_twice_as_long_at_most(others: int) -> None:
    async def story(desk: Desk) -> None:
        async def shared() -> None:
            pace = Pace()
            for _ in range(400):
                desk.work("mine")
                await pace.share()

        mine = asyncio.ensure_future(shared())
        while not mine.done():
            for _ in range(others):
                desk.work("other")
            await asyncio.sleep(0)
        assert desk.parts.count("other") <= 400 + 2 * others
        longest = max(len(run) for run in "".join(part[0] for part in desk.parts).split("o"))
        assert longest <= max(others, 5) + 1

    on_loop(story)


def test_work_that_is_cancelled_leaves_its_turn_to_the_next() -> None:
    async def story(desk: Desk) -> None:
        steps = stepwise(desk, "gone", 10_000)
        work = asyncio.ensure_future(in_turns(steps))
        other = asyncio.ensure_future(in_turns(stepwise(desk, "other", 200)))
        while desk.parts.count("gone") < 20:
            await asyncio.sleep(0)
        work.cancel()
        assert await other == "other"
        assert work.cancelled()
        assert next(steps, "ended") == "ended"
        assert desk.parts.count("gone") < 200

    on_loop(story)


def test_what_is_short_never_waits() -> None:
    async def story(desk: Desk) -> None:
        long = asyncio.ensure_future(through(desk, "long", 200))
        await asyncio.sleep(0)
        begun = len(desk.parts)
        await through(desk, "short", 4)
        assert desk.parts[begun:] == ["short"] * 4
        await long

    on_loop(story)


def failing() -> Steps[None]:
    yield
    raise ValueError("no sheet")


async def test_work_gives_its_result_or_raises_its_error() -> None:
    def adding() -> Steps[int]:
        total = 0
        for number in range(100):
            total += number
            yield
        return total

    assert (at_once(adding()), await in_turns(adding())) == (4950, 4950)
    with pytest.raises(ValueError, match="no sheet"):
        at_once(failing())
    with pytest.raises(ValueError, match="no sheet"):
        await in_turns(failing())


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 2000])
def test_sorting_is_what_sorted_does(count: int) -> None:
    draw = random.Random(count)
    items = [(draw.randrange(40), number) for number in range(count)]

    assert at_once(sorting(items, lambda item: item[0])) == sorted(items, key=lambda item: item[0])


def test_what_is_consumed_leaves_the_list() -> None:
    items = [1, 2, 3]

    assert [(item, len(items)) for item in consumed(items)] == [(1, 2), (2, 1), (3, 0)]


def test_freeing_empties() -> None:
    items, names = [1, 2], {"a": 1}
    at_once(freeing(items, names))

    assert (items, names) == ([], {})


async def test_a_pace_is_over_after_a_step_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving_way, "STEP", 3600.0)
    assert not Pace().is_over()
    monkeypatch.setattr(giving_way, "STEP", 0.0)
    pace = Pace()
    assert pace.is_over()
    monkeypatch.setattr(giving_way, "STEP", 3600.0)
    await pace.give_way()
    assert not pace.is_over()


async def test_items_come_in_their_order() -> None:
    async def all_of(items: AsyncIterator[int]) -> list[int]:
        return [item async for item in items]

    assert await all_of(gently(range(1000))) == [*range(1000)]
