"""Workers that are killed again and again, each before its lease could have run out."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import StoreClosed
from gatherlog.core.subscriptions.delivery import Delivery
from gatherlog.core.subscriptions.leases import LEASES
from gatherlog.core.subscriptions.projection import Projection
from gatherlog.core.subscriptions.subscription import Destination
from gatherlog.core.subscriptions.worker import Worker
from tests.core.subscriptions.followers import (
    COUNTS,
    FOREVER,
    IDS,
    NOON,
    Count,
    Counting,
    Following,
    Receiver,
    bodies,
    new_store,
    run_scenario,
    say,
    working,
)

LEASE = 5.0
PAUSE = 0.5
"""Seconds until a killed worker is started again."""
MOST_LIVES = 400


def wall_clock() -> int:
    """Microseconds that pass as the loop's time does."""
    return NOON + round(asyncio.get_running_loop().time() * 1_000_000)


class Mortal:
    """A store whose calls end with the process that makes them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_dead = False

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._store, name)
        if name in ("limits", "id"):
            return call

        async def calling(*args: Any, **options: Any) -> Any:
            if self.is_dead:
                raise StoreClosed("the process was killed")
            return await call(*args, **options)

        return calling


class SlowReceiver(Receiver):
    """Takes 0.4 s for each event."""

    async def deliver(self, deliveries: Sequence[Delivery]) -> None:
        await asyncio.sleep(0.4)
        await super().deliver(deliveries)


async def live(store: Store, subscription: Any, seconds: float) -> None:
    """Run a worker of its own for so long, and kill it."""
    mortal: Any = Mortal(store)
    worker = Worker(mortal, [subscription], clock=wall_clock, ids=IDS, lease_seconds=LEASE)
    running = asyncio.create_task(worker.run())
    await asyncio.sleep(seconds)
    mortal.is_dead = True
    running.cancel()
    await asyncio.wait([running])
    await asyncio.sleep(PAUSE)


async def live_until(
    is_done: Callable[[], Awaitable[bool]], store: Store, subscription: Any, seconds: float
) -> None:
    """Start and kill workers until all is done."""
    for _ in range(MOST_LIVES):
        await live(store, subscription, seconds)
        if await is_done():
            return
    raise AssertionError(f"{MOST_LIVES} workers made no end of it")


async def outlive(
    count: Callable[[], Awaitable[int]], store: Store, subscription: Any, seconds: float
) -> None:
    """Say something more again and again, each time until killed workers have all of it."""
    for turn in range(4):
        for n in range(20):
            await say(store, f"card-{n % 7}", f"w{turn}-{n}", subject=f"s{n % 3}")

        async def is_done(expected: int = 20 * (turn + 1)) -> bool:
            return await count() == expected

        await live_until(is_done, store, subscription, seconds)


lives = pytest.mark.parametrize("seconds", [0.4, 1.0, 2.0, 4.9])


@lives
@pytest.mark.parametrize("partitions", [1, 4])
def test_handlers_get_every_event_though_each_worker_is_killed_early(
    partitions: int, seconds: float
) -> None:
    async def scenario() -> None:
        store, receiver = new_store(partitions), Receiver()
        place = Destination(name="place", target=receiver, retry=FOREVER)

        async def taken() -> int:
            return len(set(receiver.words))

        await outlive(taken, store, Following(place), seconds)

    run_scenario(scenario())


@lives
@pytest.mark.parametrize("partitions", [1, 4])
def test_a_projection_counts_exactly_though_each_worker_is_killed_early(
    partitions: int, seconds: float
) -> None:
    async def scenario() -> None:
        store = new_store(partitions)

        async def counted() -> int:
            found: Count = (await bodies(store, COUNTS)).get("all", Count())
            return found.events

        await outlive(counted, store, Projection("counting", Counting()), seconds)

    run_scenario(scenario())


@pytest.mark.parametrize("seconds", [1.0, 2.0, 4.9])
def test_slow_handlers_get_ahead_though_each_worker_is_killed_early(seconds: float) -> None:
    async def scenario() -> None:
        words = [f"w{n}" for n in range(40)]
        store, receiver = new_store(), SlowReceiver()
        place = Destination(name="place", target=receiver, retry=FOREVER)
        await say(store, "card-1", *words)

        async def is_done() -> bool:
            return set(receiver.words) == set(words)

        await live_until(is_done, store, Following(place), seconds)
        assert len(receiver.taken) < 3 * len(words)

    run_scenario(scenario())


def test_a_worker_that_starts_beside_a_live_one_takes_nothing_from_it() -> None:
    async def scenario() -> None:
        store = new_store()
        slow = Receiver({f"w{n}": [2.0] for n in range(40)})
        place = Destination(name="place", target=slow, retry=FOREVER)
        await say(store, "card-1", *[f"w{n}" for n in range(40)])
        async with working(store, Following(place), clock=wall_clock) as living:
            for _ in range(30):
                await live(store, Following(place), 1.3)
            found = (await bodies(store, LEASES)).values()
            assert {lease.holder for lease in found} == {living.worker.id}
            await slow.has(40)
        assert slow.words == [f"w{n}" for n in range(40)]

    run_scenario(scenario())
