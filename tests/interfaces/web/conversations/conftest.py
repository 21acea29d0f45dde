"""Two members who write to each other, and a third who does not, on two engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import Http
from gatherlog.settings import Settings
from tests.interfaces.web.conversations.chatting import Chatter, signed_in
from tests.stores import HOSTILE_URL


@pytest.fixture(
    params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=request.param.format(folder=tmp_path), rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def ada(platform: Platform, app: Http) -> AsyncIterator[Chatter]:
    member = await signed_in(platform, app, "ada")
    yield member
    await member.browser.aclose()


@pytest.fixture
async def bob(platform: Platform, app: Http) -> AsyncIterator[Chatter]:
    member = await signed_in(platform, app, "bob")
    yield member
    await member.browser.aclose()


@pytest.fixture
async def eve(platform: Platform, app: Http) -> AsyncIterator[Chatter]:
    member = await signed_in(platform, app, "eve")
    yield member
    await member.browser.aclose()
