"""A guest list and its trail on every engine that a laptop has, with a fake clock."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.apps.guests import DEFAULT, GuestService
from gatherlog.apps.trail import TrailService
from gatherlog.bootstrap import VIEWS
from gatherlog.core import Limits, Store
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock

LIMITS = {
    "partitions": Limits(partitions=4),
    "small": Limits(commit_actions=100, commit_bytes=4 * 1024 * 1024, page=1000),
}


@pytest.fixture(params=["memory", "partitions", "sqlite", "small"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    in_memory = request.param in ("memory", "partitions")
    url = "memory:" if in_memory else f"sqlite:///{tmp_path}/trail.db"
    store = await open_store(url, views=VIEWS, limits=LIMITS.get(request.param))
    yield store
    await store.close()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock("2026-05-01T12:00:00Z")


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
async def party(store: Store, clock: StandingClock, ids: CountingIds) -> GuestService:
    """With the gathering `default`, empty."""
    service = GuestService(store, clock=clock, ids=ids)
    await service.ensure_default("system")
    assert (await service.gathering(DEFAULT)).version == 1
    return service


@pytest.fixture
async def trail_service(
    store: Store, clock: StandingClock, ids: CountingIds
) -> AsyncIterator[TrailService]:
    """It writes only when `flush` or `close` is called."""
    service = TrailService(store, clock=clock, ids=ids, seconds=3600)
    yield service
    await service.close()
