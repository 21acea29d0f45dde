"""Queues on every engine, with a clock that moves only when told to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.core import Store
from gatherlog.core.queues import VIEWS, Queues
from gatherlog.testing import StandingClock
from tests.contracts.engines import Engine, Place, able_to, require
from tests.core.queues.messages import ids


@pytest.fixture(params=able_to(lambda engine: True))
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    engine: Engine = request.param
    require(engine)
    place = Place(engine, tmp_path)
    yield place
    await place.close()


@pytest.fixture(params=able_to(lambda engine: engine.shared))
async def shared(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """A place for engines that several processes may have open."""
    require(request.param)
    place = Place(request.param, tmp_path)
    yield place
    await place.close()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
async def store(place: Place) -> Store:
    return await place.open(*VIEWS)


@pytest.fixture
def queues(store: Store, clock: StandingClock) -> Queues:
    return Queues(store, clock=clock, ids=ids)
