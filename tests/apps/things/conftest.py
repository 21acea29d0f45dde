"""The things app on SQLite, on small commits, PostgreSQL and the hostile engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.apps.things import VIEWS, ThingService
from gatherlog.core import Limits, Store
from gatherlog.testing import CountingIds, StandingClock
from tests.apps.things.sample_things import NOW, Town
from tests.contracts.engines import DYNAMODB_URL, POSTGRES_URL, store_at
from tests.stores import HOSTILE_URL

SMALL = Limits(commit_actions=100, commit_bytes=4 * 1024 * 1024, page=1000)
"""Roughly the limits of DynamoDB."""
ENGINES = {
    "sqlite": ("sqlite:///{path}/things.db", None),
    "small": ("sqlite:///{path}/things.db", SMALL),
    "hostile": (HOSTILE_URL, None),
    "postgres": (POSTGRES_URL, None),
    "dynamodb": (DYNAMODB_URL, None),
}
"""The address of each engine, and its limits where they are not its own."""


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url, limits = ENGINES[request.param]
    async with store_at(url, tmp_path, VIEWS, limits) as store:
        yield store


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock(NOW)


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
def service(store: Store, clock: StandingClock, ids: CountingIds) -> ThingService:
    return ThingService(store, clock=clock, ids=ids)


@pytest.fixture
def town(service: ThingService) -> Town:
    return Town(service)
