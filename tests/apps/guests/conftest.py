"""The guests app on every engine that a laptop has, with a fake clock and fake ids."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.apps.guests import DEFAULT, VIEWS, GuestService
from gatherlog.core import Limits, Store
from gatherlog.testing import CountingIds, StandingClock
from tests.contracts.engines import (
    DYNAMODB_URL,
    FAULTY_DYNAMODB_URL,
    POSTGRES_URL,
    store_at,
)

SMALL = Limits(commit_actions=100, commit_bytes=4 * 1024 * 1024, page=1000)
"""Roughly the limits of DynamoDB."""


ENGINES = {
    "memory": ("memory:", None),
    "sqlite": ("sqlite:///{path}/guests.db", None),
    "small": ("sqlite:///{path}/guests.db", SMALL),
    "hostile": ("hostile:1", None),
    "postgres": (POSTGRES_URL, None),
    "dynamodb": (DYNAMODB_URL, None),
    "dynamodb-with-faults": (FAULTY_DYNAMODB_URL, None),
}
"""The address of each engine, and its limits where they are not its own."""


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url, limits = ENGINES[request.param]
    async with store_at(url, tmp_path, VIEWS, limits) as store:
        yield store


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock("2026-05-01T12:00:00Z")


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
async def service(store: Store, clock: StandingClock, ids: CountingIds) -> GuestService:
    """With the gathering `default`, empty."""
    service = GuestService(store, clock=clock, ids=ids)
    await service.ensure_default("cli")
    assert (await service.gathering(DEFAULT)).version == 1
    return service
