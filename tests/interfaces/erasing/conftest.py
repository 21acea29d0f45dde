"""A platform that works, on a file and on the hostile engine, and clients of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings
from tests.contracts.engines import POSTGRES_URL, address
from tests.interfaces.erasing.traces import Spreading
from tests.stores import HOSTILE_URL


@pytest.fixture(
    params=["sqlite:///{path}/gatherlog.db", HOSTILE_URL, POSTGRES_URL],
    ids=["sqlite", "hostile", "postgres"],
)
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    async with address(request.param, tmp_path) as store:
        settings = Settings(store=store, rate_limits="off", key_file=f"{tmp_path}/site.key")
        platform = await start(settings, handlers={"spreading": Spreading()})
        async with platform.working():
            yield platform
        await platform.stop()


@pytest.fixture
async def api(platform: Platform) -> AsyncIterator[AsyncClient]:
    key = await platform.keys.create("operator", None, "tests", actor="test")
    headers = {"Authorization": f"Bearer {key.secret}"}
    transport = ASGITransport(app=build_app(platform))
    async with AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


@pytest.fixture
async def nobody(platform: Platform) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app=build_app(platform))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
