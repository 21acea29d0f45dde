"""A platform on a store of its own, and HTTP clients of it inside the process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import Http, build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    store = f"sqlite:///{tmp_path}/gatherlog.db"
    platform = await start(Settings(store=store, rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
def log_lines() -> list[bytes]:
    """The lines of the request log."""
    return []


@pytest.fixture
def app(platform: Platform, log_lines: list[bytes]) -> Http:
    return build_app(platform, log=RequestLog(platform.clock, log_lines.append))


@pytest.fixture
async def nobody(app: Http) -> AsyncIterator[AsyncClient]:
    """A client without a credential."""
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://test") as client:
        yield client


@pytest.fixture
async def api(app: Http, platform: Platform) -> AsyncIterator[AsyncClient]:
    """A client with an operator's key."""
    key = await platform.keys.create("operator", None, "tests", actor="test")
    async with AsyncClient(
        transport=ASGITransport(app=app),
        base_url="http://test",
        headers={"Authorization": f"Bearer {key.secret}"},
    ) as client:
        yield client


@pytest.fixture
async def guest_id(api: AsyncClient) -> str:
    """A guest of the default gathering who has not answered."""
    answer = await api.post("/guests", json={"first_name": "Ada", "last_name": "Lovelace"})
    id: str = answer.json()["id"]
    return id


@pytest.fixture
async def working(platform: Platform) -> AsyncIterator[None]:
    """The worker runs while the test does."""
    async with platform.working():
        yield
