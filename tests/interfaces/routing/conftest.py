"""A platform that delivers events to a handler, and reads its subscriptions meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.bootstrap import Platform, start
from gatherlog.settings import Settings
from tests.interfaces.routing.inbox import Inbox
from tests.stores import HOSTILE_URL


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(
    params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def platform(
    request: pytest.FixtureRequest, tmp_path: Path, inbox: Inbox
) -> AsyncIterator[Platform]:
    store = request.param.format(folder=tmp_path)
    settings = Settings(store=store, rate_limits="off")
    platform = await start(settings, handlers={"inbox": inbox})
    async with platform.working():
        yield platform
    await platform.stop()
