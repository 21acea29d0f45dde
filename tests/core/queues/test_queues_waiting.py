"""Whoever waits is woken when something comes, by whomever, and asks for nothing meanwhile."""

import asyncio
from typing import Any

import pytest

from gatherlog.core import Page, Query, Store
from gatherlog.core.queues import VIEWS, Queues, receiving
from gatherlog.core.queues.receiving import Received
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import StandingClock, run_instantly
from tests.contracts.engines import Place
from tests.core.queues.messages import ids, in_line, message, named


@pytest.fixture
def only_if_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits looks again now and then; here only when woken, or a lost call would not show."""
    monkeypatch.setattr(receiving, "_LOOK_AGAIN", 3600.0)


woken = pytest.mark.usefixtures("only_if_woken")


async def waiting(queues: Queues, count: int = 1, **asked: Any) -> list[asyncio.Task[Any]]:
    """So many consumers who have looked, found nothing, and wait."""
    tasks = [asyncio.create_task(queues.receive("letters", wait=20, **asked)) for _ in range(count)]
    for _ in range(50):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    return tasks


async def got(task: asyncio.Task[list[Received]]) -> list[str]:
    async with asyncio.timeout(15):
        return named(await task)


async def cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@woken
async def test_one_who_waits_is_woken_at_once_by_what_is_sent_here(queues: Queues) -> None:
    [task] = await waiting(queues)

    await queues.send("letters", in_line("ada", 1))

    assert await got(task) == ["ada-1"]


@woken
async def test_one_who_waits_is_woken_at_once_by_what_another_process_sends(
    shared: Place, clock: StandingClock
) -> None:
    here = Queues(await shared.open(*VIEWS), clock=clock, ids=ids)
    there = Queues(await shared.open(*VIEWS), clock=clock, ids=ids)
    [task] = await waiting(here)

    await there.send("letters", in_line("ada", 1))

    assert await got(task) == ["ada-1"]


@woken
async def test_one_who_waits_is_woken_at_once_by_what_an_acknowledgement_makes_free(
    queues: Queues,
) -> None:
    await queues.send("letters", in_line("ada", 2))
    [out] = await queues.receive("letters")
    [task] = await waiting(queues)

    await queues.ack("letters", [out.receipt])

    assert await got(task) == ["ada-2"]


@woken
async def test_one_who_waits_is_woken_at_once_by_what_is_given_back(queues: Queues) -> None:
    await queues.send("letters", in_line("ada", 1))
    [out] = await queues.receive("letters")
    [task] = await waiting(queues)

    await queues.release("letters", out.receipt)

    assert await got(task) == ["ada-1"]


@woken
async def test_of_many_who_wait_each_gets_one(queues: Queues) -> None:
    tasks = await waiting(queues, 16, most=1)

    await queues.send("letters", [message(f"m-{n:02}", f"line{n}") for n in range(16)])

    assert sorted([id for task in tasks for id in await got(task)]) == [
        f"m-{n:02}" for n in range(16)
    ]


@woken
async def test_what_wakes_one_who_is_leaving_wakes_the_next(queues: Queues) -> None:
    first, second = await waiting(queues, 2)
    await queues.send("letters", in_line("ada", 1))
    first.cancel()

    assert await got(second) == ["ada-1"]
    await cancel([first])


class Counting:
    """A store that counts how often it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked = self.queries = 0

    def __getattr__(self, name: str) -> Any:
        self.asked += 1
        return getattr(self._store, name)

    async def query(self, query: Query) -> Page:
        self.asked += 1
        self.queries += 1
        return await self._store.query(query)


@woken
def test_what_is_sent_to_another_queue_wakes_nobody() -> None:
    async def story() -> tuple[int, int]:
        store = MemoryStore(VIEWS)
        counting = Counting(store)
        here = Queues(counting, clock=StandingClock(), ids=ids)
        tasks = await waiting(here)
        before = counting.queries
        await here.send("other", in_line("ada", 1))
        sent = counting.queries
        await Queues(store, clock=StandingClock(), ids=ids).send("other", in_line("bob", 1))
        await asyncio.sleep(5)
        await cancel(tasks)
        return sent - before, counting.queries - sent

    assert run_instantly(story()) == (1, 0)  # the one that looks for what may be forgotten


def test_one_who_waits_in_vain_asks_the_store_a_few_times_a_second_at_most() -> None:
    async def story() -> tuple[list[Received], float, int]:
        counting = Counting(MemoryStore(VIEWS))
        queues = Queues(counting, clock=StandingClock(), ids=ids)
        found = await queues.receive("letters", wait=20)
        return found, asyncio.get_running_loop().time(), counting.asked

    found, seconds, asked = run_instantly(story())

    assert found == []
    assert seconds == pytest.approx(20, abs=0.1)
    assert asked <= 20 * 6


def test_one_who_waits_gets_what_somebody_else_had_for_too_long_when_it_is_due() -> None:
    async def story() -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        queues = Queues(MemoryStore(VIEWS), clock=lambda: round(loop.time() * 1_000_000), ids=ids)
        await queues.send("letters", in_line("ada", 1))
        await queues.receive("letters", visible_after=7.3)
        found = await queues.receive("letters", wait=20)
        return named(found), loop.time()

    found, seconds = run_instantly(story())

    assert found == ["ada-1"]
    assert seconds == pytest.approx(7.3, abs=0.01)


async def test_nothing_is_left_behind_when_nobody_waits_any_more(queues: Queues) -> None:
    tasks = await waiting(queues, 3)

    await cancel(tasks)
    await asyncio.sleep(0)

    assert [task for task in asyncio.all_tasks() if "Waiting._watch" in repr(task)] == []
