"""A worker that is stopped ends soon, at whatever moment of its reading that comes."""

import asyncio
from typing import Any

import pytest

from gatherlog.core import Append, Commit, Event, Heads
from gatherlog.core.subscriptions.handlers import Handlers
from gatherlog.core.subscriptions.worker import VIEWS, Worker
from gatherlog.engines.memory import MemoryStore
from gatherlog.testing import CountingIds, StandingClock, run_instantly


class FarAway:
    """A store whose heads are known only after a second."""

    def __init__(self) -> None:
        self._store = MemoryStore(VIEWS)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def heads(self) -> Heads:
        await asyncio.sleep(1)
        return await self._store.heads()


async def nothing(_: object) -> None:
    pass


@pytest.mark.parametrize("moment", [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_a_worker_ends_within_seconds_also_if_it_just_asks_how_far_the_log_is(
    moment: float,
) -> None:
    async def story() -> float:
        loop, store = asyncio.get_running_loop(), FarAway()
        worker = Worker(
            store,
            [Handlers("noting", {"tests.happened": nothing})],
            clock=StandingClock(),
            ids=CountingIds(),
            lease_seconds=60,
            report=lambda name, error: None,
        )
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(10)
        await store.commit(Commit(appends=[Append("card-1", [Event("e", "t", 0, 0, b"")])]))
        await asyncio.sleep(moment)
        worker.stop()
        began = loop.time()
        await running
        return loop.time() - began

    assert run_instantly(story()) < 5
