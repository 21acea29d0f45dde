"""Stores of one, two and eight partitions, and the service for their rules."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.core.eventstore.store import Limits, Store
from gatherlog.core.routing import RULES, RuleService
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock
from tests.stores import HOSTILE_URL

STORES: dict[str, tuple[str, Limits | None]] = {
    "sqlite": ("sqlite:///{folder}/store.db", None),
    "memory-2": ("memory:", Limits(partitions=2)),
    "hostile": (HOSTILE_URL, None),
}


@pytest.fixture(params=list(STORES.values()), ids=list(STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url, limits = request.param
    store = await open_store(url.format(folder=tmp_path), views=[RULES], limits=limits)
    yield store
    await store.close()


@pytest.fixture
def rules(store: Store) -> RuleService:
    return RuleService(store, clock=StandingClock(), ids=CountingIds(), owned=["owned"])
