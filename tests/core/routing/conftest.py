"""A store in memory with two partitions, and the service for its rules."""

import pytest

from gatherlog.core.eventstore.store import Limits, Store
from gatherlog.core.routing import RULES, RuleService
from gatherlog.engines import open_store
from gatherlog.testing import CountingIds, StandingClock


@pytest.fixture
async def store() -> Store:
    return await open_store("memory:", views=[RULES], limits=Limits(partitions=2))


@pytest.fixture
def rules(store: Store) -> RuleService:
    return RuleService(store, clock=StandingClock(), ids=CountingIds(), owned=["owned"])
