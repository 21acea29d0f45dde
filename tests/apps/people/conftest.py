"""Signing in on a store, with a fake clock, a mailbox, and one site key for all tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.apps.people import AccountService, SiteKey
from gatherlog.apps.people.rsa_key import RsaKey
from gatherlog.bootstrap import VIEWS, new_id
from gatherlog.core.eventstore.store import Store
from gatherlog.targets.mail import Mailbox
from gatherlog.testing import StandingClock
from tests.contracts.engines import DYNAMODB_URL, POSTGRES_URL, store_at

KEY = RsaKey.generate()


async def site_key() -> SiteKey:
    """A `KeySource`."""
    return KEY


URLS = {
    "memory": "memory:",
    "sqlite": "sqlite:///{path}/people.db",
    "hostile": "hostile:1",
    "postgres": POSTGRES_URL,
    "dynamodb": DYNAMODB_URL,
}


@pytest.fixture(params=URLS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with store_at(URLS[request.param], tmp_path, VIEWS) as store:
        yield store


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock("2026-05-01T12:00:00Z")


@pytest.fixture
def mailbox(clock: StandingClock) -> Mailbox:
    return Mailbox(clock)


@pytest.fixture
def accounts(store: Store, clock: StandingClock, mailbox: Mailbox) -> AccountService:
    return AccountService(
        store, site_key, mailbox, site="https://party.example", clock=clock, ids=new_id
    )
