"""The fake clock, the fake ids and the interleaved store of `gatherlog.testing`."""

import asyncio
import time

import pytest

from gatherlog.core import Commit
from gatherlog.core.eventstore.clock import rfc3339
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, Interleaved, StandingClock, run_instantly


def test_the_clock_gives_the_same_time_until_it_is_moved() -> None:
    clock = StandingClock("2026-05-01T14:00:00+02:00")
    assert [rfc3339(clock()), rfc3339(clock())] == ["2026-05-01T12:00:00.000000Z"] * 2

    clock.advance(days=1, hours=2, seconds=0.5)
    assert rfc3339(clock()) == "2026-05-02T14:00:00.500000Z"

    clock.set("2026-01-01T00:00:00Z")
    assert rfc3339(clock()) == "2026-01-01T00:00:00.000000Z"


def test_ids_count_and_sort_in_the_order_given() -> None:
    ids = CountingIds()

    assert [ids(), ids()] == [CountingIds.nth(1), CountingIds.nth(2)]
    assert CountingIds.nth(12) == "00000000-0000-7000-8000-000000000012"


def test_an_hour_passes_at_once() -> None:
    async def story() -> float:
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time() - began

    began = time.monotonic()
    assert run_instantly(story()) == pytest.approx(3600)
    assert time.monotonic() - began < 60


def test_store_calls_come_in_the_order_that_was_chosen() -> None:
    """Always the last of the callers is chosen, so it is done before the other begins."""
    log: list[str] = []

    async def committed() -> None:
        log.append("committed")

    async def story() -> list[str]:
        store = Interleaved(await open_store("memory:"), lambda n: n - 1, committed)

        async def call(name: str) -> str:
            for _ in "12":
                await store.get([("guest", "x")])
                log.append(name)
            await store.commit(Commit(key=name))
            return name

        return await store.run(call("a"), call("b"))

    assert run_instantly(story()) == ["a", "b"]
    assert log == ["b", "b", "committed", "a", "a", "committed"]
