"""A platform that delivers events to a handler, and reads its subscriptions meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.bootstrap import Platform, start
from gatherlog.settings import Settings
from tests.contracts.engines import POSTGRES_URL, address
from tests.interfaces.routing.inbox import Inbox
from tests.stores import HOSTILE_URL


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(
    params=["sqlite:///{path}/gatherlog.db", HOSTILE_URL, POSTGRES_URL],
    ids=["sqlite", "hostile", "postgres"],
)
async def platform(
    request: pytest.FixtureRequest, tmp_path: Path, inbox: Inbox
) -> AsyncIterator[Platform]:
    async with address(request.param, tmp_path) as store:
        settings = Settings(store=store, rate_limits="off", key_file=f"{tmp_path}/site.key")
        platform = await start(settings, handlers={"inbox": inbox})
        async with platform.working():
            yield platform
        await platform.stop()
