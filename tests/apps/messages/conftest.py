"""The messages app on every engine that a laptop has, with made-up people and a fake clock."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.apps.messages import VIEWS, MessageService
from gatherlog.apps.messages.reminders import REMINDERS
from gatherlog.core import Store
from gatherlog.core.retention import EXPIRIES, RETENTION
from gatherlog.core.subscriptions.worker import VIEWS as WORKER_VIEWS
from gatherlog.testing import StandingClock
from tests.apps.messages.talking import Everything, LeadingIds, MadeUpPeople
from tests.contracts.engines import DYNAMODB_URL, POSTGRES_URL, store_at
from tests.stores import HOSTILE_URL

ENGINES = {
    "memory": "memory:",
    "sqlite": "sqlite:///{path}/messages.db",
    "hostile": HOSTILE_URL,
    "postgres": POSTGRES_URL,
    "dynamodb": DYNAMODB_URL,
}


@pytest.fixture(params=ENGINES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    views = [*VIEWS, REMINDERS, *WORKER_VIEWS, RETENTION, EXPIRIES]
    async with store_at(ENGINES[request.param], tmp_path, views) as store:
        yield store


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock("2026-05-01T12:00:00Z")


@pytest.fixture
def people() -> MadeUpPeople:
    return MadeUpPeople("ada", "bob", "cy", "dee")


@pytest.fixture
def service(store: Store, people: MadeUpPeople, clock: StandingClock) -> MessageService:
    return MessageService(store, people, Everything(), clock=clock, ids=LeadingIds())
