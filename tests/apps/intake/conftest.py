"""The intake on every engine that a laptop has, with a clock that stands still."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.apps.intake import IntakeService, type_check
from gatherlog.bootstrap import OWNED, VIEWS
from gatherlog.core import Limits, Store
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock
from tests.contracts.engines import POSTGRES_URL, address
from tests.stores import HOSTILE_URL

SMALL = Limits(commit_actions=30, commit_bytes=64 * 1024, event_bytes=16 * 1024)
ENGINES = {
    "sqlite": ("sqlite:///{path}/intake.db", None),
    "small": ("memory:", SMALL),
    "hostile": (HOSTILE_URL, None),
    "postgres": (POSTGRES_URL, None),
}
"""The address of each engine, and its limits where they are not its own."""


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url, limits = ENGINES[request.param]
    async with address(url, tmp_path) as place:
        store = await open_store(place, views=VIEWS, limits=limits)
        yield store
        await store.close()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock("2026-05-01T12:00:00Z")


@pytest.fixture
def intake(store: Store, clock: StandingClock) -> IntakeService:
    return service_on(store, clock)


def service_on(store: Store, clock: StandingClock) -> IntakeService:
    return IntakeService(
        store, owned=OWNED, check_type=type_check(), clock=clock, ids=CountingIds()
    )
