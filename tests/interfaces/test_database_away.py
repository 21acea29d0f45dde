"""How a server behaves while the database is away, and how often it asks when nothing happens."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog.bootstrap import start
from gatherlog.engines.postgres_address import read_place
from gatherlog.interfaces.http import build_app
from gatherlog.interfaces.logs import RequestLog
from gatherlog.settings import Settings
from tests.contracts.engines import POSTGRES, Place, empty_place
from tests.engines.cutting_proxy import CuttingProxy
from tests.postgres import server
from tests.stores import eventually

ADA = {"first_name": "Ada", "last_name": "Lovelace"}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with empty_place(POSTGRES, tmp_path) as place:
        yield place


@pytest.fixture
async def proxy(place: Place) -> AsyncIterator[CuttingProxy]:
    """A way to the database that a test can close."""
    assert place.engine.postgres is not None
    async with CuttingProxy(server(place.engine.postgres), b"nothing is cut") as proxy:
        yield proxy


@pytest.fixture
async def api(place: Place, proxy: CuttingProxy) -> AsyncIterator[AsyncClient]:
    url = proxy.url(read_place(place.url).schema)
    settings = Settings(store=url, rate_limits="off")
    platform = await start(settings)
    key = await platform.keys.create("operator", None, "", actor="test")
    app = build_app(platform, log=RequestLog(platform.clock, lambda line: None))
    async with (
        platform.working(),
        AsyncClient(
            transport=ASGITransport(app=app),
            base_url="http://test",
            headers={"Authorization": f"Bearer {key.secret}"},
        ) as client,
    ):
        yield client
    await platform.stop()


async def test_requests_are_answered_with_503_and_when_to_try_again_until_the_database_is_back(
    api: AsyncClient, proxy: CuttingProxy
) -> None:
    assert (await api.post("/guests", json=ADA)).status_code == 201
    await proxy.refuse()

    asked = [api.get("/guests"), api.get("/admin/stats"), api.get("/admin/settings")]
    answers = [*await asyncio.gather(*asked), await api.post("/guests", json=ADA)]

    assert [(one.status_code, one.headers.get("retry-after")) for one in answers] == [
        (503, "1")
    ] * 4
    assert {one.json()["code"] for one in answers} == {"busy"}
    assert (await api.get("/readyz")).status_code == 503
    await proxy.accept()

    async def is_ready() -> int:
        return (await api.get("/readyz")).status_code

    await eventually(is_ready, 200)
    assert (await api.post("/guests", json=ADA)).status_code == 201
    assert (await api.get("/admin/stats")).json()["total_guests"] == 2


@pytest.mark.heavy
async def test_a_process_with_nothing_to_do_asks_the_database_every_two_seconds(
    api: AsyncClient, proxy: CuttingProxy
) -> None:
    """Once it has looked more and more seldom, and no two queries are of one moment."""
    assert (await api.post("/guests", json=ADA)).status_code == 201
    asked, clock = proxy.asked, asyncio.get_running_loop().time

    async def seconds_of_quiet() -> bool:
        return clock() - asked[-1] > 1.5

    await eventually(seconds_of_quiet, True, 20.0)
    began, before = clock(), len(asked)

    async def is_over() -> bool:
        return clock() - began > 12.0

    await eventually(is_over, True, 20.0)
    looks = asked[before:]
    assert 1 <= len(looks) <= 12 / 2 + 1
    assert min(later - look for look, later in pairwise(looks)) > 1.5  # 2, on a machine at leisure
