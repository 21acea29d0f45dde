"""Waiting consumers are woken by whatever makes a message available, and rarely ask the store."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from gatherlog.core import Page, Query, Store
from gatherlog.core.queues import VIEWS, Queues, Received, receiver
from gatherlog.engines.hostile import HostileStore
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import StandingClock, run_instantly
from tests.contracts.engines import Place
from tests.core.queues.messages import SOON, ids, ids_of, in_line, message
from tests.stores import SEED, eventually


@pytest.fixture
def only_if_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Consumers do not look again by themselves, which would hide that nothing woke them."""
    monkeypatch.setattr(receiver, "_LOOK_AGAIN", 3600.0)


NewStore = Callable[[], Store]
everywhere = pytest.mark.parametrize(
    "new_store",
    [partial(MemoryStore, VIEWS), partial(HostileStore, VIEWS, seed=SEED)],
    ids=["memory", "hostile"],
)
"""On each engine that works in virtual time."""
woken = pytest.mark.usefixtures("only_if_woken")


async def waiting(queues: Queues, count: int = 1, **asked: Any) -> list[asyncio.Task[Any]]:
    """Start `count` consumers, each of which finds nothing and waits."""
    tasks = [asyncio.create_task(queues.receive("orders", wait=20, **asked)) for _ in range(count)]
    for _ in range(50):
        await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    return tasks


async def received_by(task: asyncio.Task[list[Received]]) -> list[str]:
    async with asyncio.timeout(15):
        return ids_of(await task)


async def cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@woken
async def test_a_waiting_consumer_is_woken_by_a_message_sent_in_its_process(queues: Queues) -> None:
    [task] = await waiting(queues)

    await queues.send("orders", in_line("ada", 1))

    assert await received_by(task) == ["ada-1"]


@woken
async def test_a_waiting_consumer_is_woken_by_a_message_sent_in_another_process(
    shared: Place, clock: StandingClock
) -> None:
    here = Queues(await shared.open(*VIEWS), clock=clock, ids=ids)
    there = Queues(await shared.open(*VIEWS), clock=clock, ids=ids)
    [task] = await waiting(here)

    await there.send("orders", in_line("ada", 1))

    assert await received_by(task) == ["ada-1"]


@woken
async def test_all_waits_end_when_the_queues_are_told_to(queues: Queues) -> None:
    tasks = await waiting(queues, 3)

    queues.stop_waiting()

    assert [await received_by(task) for task in tasks] == [[], [], []]
    async with asyncio.timeout(15):
        assert await queues.receive("orders", wait=20) == []


@woken
async def test_what_is_there_is_received_although_nobody_waits_any_more(queues: Queues) -> None:
    queues.stop_waiting()
    await queues.send("orders", in_line("ada", 1))

    async def received() -> list[str]:
        return ids_of(await queues.receive("orders", wait=20))

    await eventually(received, ["ada-1"])


@woken
async def test_a_waiting_consumer_is_woken_by_an_acknowledgement_in_its_line(
    queues: Queues,
) -> None:
    await queues.send("orders", in_line("ada", 2))
    [first] = await queues.receive("orders", wait=SOON)
    [task] = await waiting(queues)

    await queues.ack("orders", [first.receipt])

    assert await received_by(task) == ["ada-2"]


@woken
async def test_a_waiting_consumer_is_woken_by_a_release(queues: Queues) -> None:
    await queues.send("orders", in_line("ada", 1))
    [first] = await queues.receive("orders", wait=SOON)
    [task] = await waiting(queues)

    await queues.release("orders", first.receipt)

    assert await received_by(task) == ["ada-1"]


@woken
async def test_of_many_waiting_consumers_each_receives_a_message(queues: Queues) -> None:
    tasks = await waiting(queues, 16, most=1)

    await queues.send("orders", [message(f"m-{n:02}", f"line{n}") for n in range(16)])

    assert sorted([id for task in tasks for id in await received_by(task)]) == [
        f"m-{n:02}" for n in range(16)
    ]


@woken
async def test_a_consumer_that_is_cancelled_when_woken_wakes_the_next(queues: Queues) -> None:
    first, second = await waiting(queues, 2)
    await queues.send("orders", in_line("ada", 1))
    first.cancel()

    assert await received_by(second) == ["ada-1"]
    await cancel([first])


def watchers() -> list[asyncio.Task[Any]]:
    """The tasks that watch the log for waiting consumers."""
    return [task for task in asyncio.all_tasks() if "WaitingConsumers._watch" in repr(task)]


async def count_watchers() -> int:
    return len(watchers())


class Counting:
    """A store that counts its calls."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls = self.queries = 0

    def __getattr__(self, name: str) -> Any:
        self.calls += name != "limits"
        return getattr(self._store, name)

    async def query(self, query: Query) -> Page:
        self.calls += 1
        self.queries += 1
        return await self._store.query(query)


@woken
@everywhere
def test_a_message_in_another_queue_wakes_nobody(new_store: NewStore) -> None:
    async def story() -> tuple[int, int]:
        store = new_store()
        counting = Counting(store)
        here = Queues(counting, clock=StandingClock(), ids=ids)
        tasks = await waiting(here)
        await asyncio.sleep(6)  # after which it does not look by itself for some seconds
        before = counting.queries
        await here.send("other", in_line("ada", 1))
        sent = counting.queries
        await Queues(store, clock=StandingClock(), ids=ids).send("other", in_line("bob", 1))
        await asyncio.sleep(3)
        await cancel(tasks)
        return sent - before, counting.queries - sent

    assert run_instantly(story()) == (1, 0)  # the sender's, for messages to delete


@everywhere
def test_a_waiting_consumer_asks_the_store_a_few_times_a_second_at_most(
    new_store: NewStore,
) -> None:
    async def story() -> tuple[list[Received], float, int]:
        counting = Counting(new_store())
        queues = Queues(counting, clock=StandingClock(), ids=ids)
        found = await queues.receive("orders", wait=20)
        return found, asyncio.get_running_loop().time(), counting.calls

    found, seconds, calls = run_instantly(story())

    assert found == []
    assert seconds == pytest.approx(20, abs=0.1)
    assert calls <= 20 * 6


@everywhere
def test_a_waiting_consumer_receives_a_message_when_its_visibility_timeout_ends(
    new_store: NewStore,
) -> None:
    async def story() -> tuple[list[str], float]:
        loop = asyncio.get_running_loop()
        queues = Queues(new_store(), clock=lambda: round(loop.time() * 1_000_000), ids=ids)
        await queues.send("orders", in_line("ada", 1))
        [first] = await queues.receive("orders", visible_after=7.3, wait=1)
        found = await queues.receive("orders", wait=20)
        return ids_of(found), loop.time() + 7.3 - first.visible_at / 1_000_000

    found, seconds = run_instantly(story())

    assert found == ["ada-1"]
    assert seconds == pytest.approx(7.3, abs=0.01)


async def test_the_watching_task_ends_with_the_last_waiting_consumer(queues: Queues) -> None:
    tasks = await waiting(queues, 3)
    await eventually(count_watchers, 1)

    await cancel(tasks)

    await eventually(count_watchers, 0)
