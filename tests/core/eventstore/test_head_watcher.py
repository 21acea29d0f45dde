"""Waiting for the heads to move, in virtual time, with an engine that tells of it or does not."""

import asyncio
from collections.abc import Callable

import pytest

from gatherlog.core import Heads, Limits
from gatherlog.core.eventstore.errors import StoreFailed
from gatherlog.core.eventstore.head_watcher import LAST_POLL, HeadWatcher
from gatherlog.engines.memory import MemoryEngine
from gatherlog.testing import run_instantly


class HeadsEngine(MemoryEngine):
    """An engine of which only the heads are read; a test moves them."""

    def __init__(self) -> None:
        super().__init__(Limits(partitions=2))
        self.now: Heads = (0, 0)
        self.reads = 0
        self.watchers: list[Callable[[Heads | None], None]] = []
        self.is_down = False

    async def heads(self) -> Heads:
        self.reads += 1
        await asyncio.sleep(0)
        if self.is_down:
            raise StoreFailed("no line")
        return self.now

    def watch(self, moved: Callable[[Heads | None], None]) -> None:
        self.watchers.append(moved)

    def tell(self, heads: Heads | None) -> None:
        for moved in self.watchers:
            moved(heads)


async def started(watcher: HeadWatcher, beyond: Heads, timeout: float) -> asyncio.Task[Heads]:
    """A waiter that has looked once, and waits."""
    waiting = asyncio.create_task(watcher.wait(beyond, timeout))
    await asyncio.sleep(0.001)
    assert not waiting.done()
    return waiting


def test_heads_never_step_back_though_the_engine_reads_older_ones() -> None:
    async def story() -> None:
        engine = HeadsEngine()
        watcher = HeadWatcher(engine)
        seen = []
        for engine.now in ((3, 0), (1, 2), (0, 0), (4, 1)):
            seen.append(await watcher.latest())
        assert seen == [(3, 0), (3, 2), (3, 2), (4, 2)]

    run_instantly(story())


@pytest.mark.parametrize("told", [(0, 1), None], ids=["which heads", "only that they moved"])
def test_all_who_wait_are_woken_as_soon_as_the_engine_tells(told: Heads | None) -> None:
    async def story() -> float:
        engine = HeadsEngine()
        watcher, loop = HeadWatcher(engine), asyncio.get_running_loop()
        waiting = [await started(watcher, (0, 0), 60) for _ in range(3)]
        await asyncio.sleep(30)
        engine.now = (0, 1)
        engine.tell(told)
        before = loop.time()
        assert await asyncio.gather(*waiting) == [(0, 1)] * 3
        return loop.time() - before

    assert run_instantly(story()) == pytest.approx(0, abs=0.001)


def test_who_waits_hears_of_a_commit_that_nobody_tells_of() -> None:
    async def story() -> float:
        engine = HeadsEngine()
        watcher, loop = HeadWatcher(engine), asyncio.get_running_loop()
        waiting = await started(watcher, (0, 0), 600)
        await asyncio.sleep(300)
        engine.now = (1, 0)
        before = loop.time()
        assert await waiting == (1, 0)
        return loop.time() - before

    assert run_instantly(story()) <= LAST_POLL


def test_the_store_is_looked_at_once_for_all_and_more_and_more_seldom() -> None:
    async def story() -> None:
        engine = HeadsEngine()
        watcher = HeadWatcher(engine)
        waiting = [await started(watcher, (0, 0), 100) for _ in range(20)]
        await asyncio.sleep(1)
        soon = engine.reads
        await asyncio.sleep(90)
        assert soon < 20 + 10
        assert engine.reads - soon <= 90 / LAST_POLL + 5
        engine.tell((1, 1))
        await asyncio.gather(*waiting)

    run_instantly(story())


class TellingEngine(HeadsEngine):
    """It tells of every commit of every process."""

    tells = True


def test_an_engine_that_tells_is_looked_at_every_two_seconds_however_many_wait_again() -> None:
    async def story() -> None:
        engine = TellingEngine()
        watcher = HeadWatcher(engine)

        async def keep_waiting() -> None:
            while await watcher.wait((0, 0), 30) == (0, 0):
                pass

        waiting = [asyncio.create_task(keep_waiting()) for _ in range(20)]
        await asyncio.sleep(1)
        reads = engine.reads
        await asyncio.sleep(300)
        assert engine.reads - reads <= 300 / LAST_POLL
        engine.now = (1, 0)  # which nobody tells of
        await asyncio.sleep(LAST_POLL)
        assert all(one.done() for one in waiting)

    run_instantly(story())


def test_what_an_engine_tells_of_is_looked_for_until_it_can_be_read() -> None:
    """A commit may be told of while an earlier one, which is under way, holds back the heads."""

    async def story() -> float:
        engine = TellingEngine()
        watcher, loop = HeadWatcher(engine), asyncio.get_running_loop()
        waiting = await started(watcher, (0, 0), 60)
        await asyncio.sleep(10)
        engine.tell(None)
        await asyncio.sleep(0.1)
        engine.now, began = (1, 0), loop.time()
        await waiting
        return loop.time() - began

    assert run_instantly(story()) <= 0.1


def test_who_waits_for_a_moment_looks_himself() -> None:
    async def story() -> None:
        engine = TellingEngine()
        watcher = HeadWatcher(engine)
        waiting = await started(watcher, (1, 0), 60)
        engine.now = (1, 0)
        assert await watcher.wait((0, 0), 0) == (1, 0)
        waiting.cancel()

    run_instantly(story())


def test_nobody_looks_while_nobody_waits() -> None:
    async def story() -> None:
        engine = HeadsEngine()
        watcher = HeadWatcher(engine)
        assert await watcher.wait((0, 0), 3) == (0, 0)
        leaving = await started(watcher, (0, 0), 100)
        leaving.cancel()
        await asyncio.sleep(2 * LAST_POLL)
        reads = engine.reads
        await asyncio.sleep(1000)
        assert (engine.reads, len(engine.watchers)) == (reads, 1)

    run_instantly(story())


def test_a_store_that_fails_for_a_while_keeps_nobody_waiting_afterwards() -> None:
    async def story() -> None:
        engine = HeadsEngine()
        watcher = HeadWatcher(engine)
        waiting = await started(watcher, (0, 0), 600)
        engine.is_down = True
        await asyncio.sleep(60)
        engine.is_down, engine.now = False, (0, 5)
        async with asyncio.timeout(LAST_POLL + 0.1):
            assert await waiting == (0, 5)

    run_instantly(story())


def test_waiting_ends_with_its_time_and_the_heads_as_they_are_then() -> None:
    async def story() -> None:
        engine = HeadsEngine()
        watcher, loop = HeadWatcher(engine), asyncio.get_running_loop()
        waiting = await started(watcher, (5, 5), 7)
        engine.now = (3, 3)
        assert await waiting == (3, 3)
        assert loop.time() == pytest.approx(7, abs=0.01)
        assert await watcher.wait((5, 5), 0) == (3, 3)

    run_instantly(story())


def test_a_partition_that_moves_short_of_what_is_awaited_wakes_nobody() -> None:
    async def story() -> None:
        engine = HeadsEngine()
        watcher = HeadWatcher(engine)
        waiting = await started(watcher, (5, 0), 60)
        engine.now = (5, 0)
        engine.tell((5, 0))
        await asyncio.sleep(10)
        assert not waiting.done()
        engine.now = (5, 1)
        engine.tell((5, 1))
        assert await waiting == (5, 1)

    run_instantly(story())


def test_closing_wakes_all_who_wait() -> None:
    async def story() -> None:
        watcher = HeadWatcher(HeadsEngine())
        waiting = [await started(watcher, (0, 0), 60) for _ in range(3)]
        watcher.close()
        async with asyncio.timeout(1):
            assert await asyncio.gather(*waiting) == [(0, 0)] * 3

    run_instantly(story())
