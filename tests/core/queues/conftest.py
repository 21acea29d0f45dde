"""Fixtures: queues on one version of every engine, with a clock that a test moves."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.core import Store
from gatherlog.core.queues import VIEWS, Queues
from gatherlog.testing import StandingClock
from tests.contracts.engines import Place, able_to, empty_place
from tests.core.queues.messages import SOON, ids, ids_of, in_line, let_time_out


@pytest.fixture(params=able_to(lambda engine: engine.role is None))
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture(params=able_to(lambda engine: engine.shared and engine.role is None))
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for the engines whose store several processes may have open at once."""
    async with empty_place(request.param, tmp_path) as place:
        yield place


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def store(place: Place) -> Store:
    return await place.open(*VIEWS)


@pytest.fixture
def queues(store: Store, clock: StandingClock) -> Queues:
    return Queues(store, clock=clock, ids=ids)


@pytest.fixture
async def dead(queues: Queues, clock: StandingClock) -> str:
    """The id of a dead message with two others behind it in its line."""
    await queues.send("orders", in_line("ada", 3))
    await queues.admin.change_queue("orders", most_attempts=2, by="key:1")
    await let_time_out(queues, clock, 2)
    assert ids_of(await queues.receive("orders", visible_after=30, wait=SOON)) == ["ada-2"]
    clock.advance(seconds=30)
    return "ada-1"
