"""What every answer says, and what none says: HTTPS only, and the release to operators alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from httpx2 import ASGITransport, AsyncClient

from gatherlog import __version__
from gatherlog.apps.guests import NewGuest
from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.http import build_app
from gatherlog.settings import Settings

HTML = {"Accept": "text/html"}
PATHS = ["/", "/healthz", "/readyz", "/docs", "/openapi.json", "/signin", "/guests", "/nowhere"]
HSTS = "strict-transport-security"


@asynccontextmanager
async def site(public_url: str | None) -> AsyncIterator[tuple[Platform, AsyncClient]]:
    platform = await start(Settings(store="memory:", public_url=public_url, rate_limits="off"))
    transport = ASGITransport(app=build_app(platform))
    async with AsyncClient(transport=transport, base_url="http://test") as client:
        yield platform, client
    await platform.stop()


async def test_where_the_public_address_is_https_every_answer_keeps_browsers_there() -> None:
    async with site("https://party.example") as (_, client):
        told = [(await client.get(path)).headers.get(HSTS) for path in PATHS]
        told += [(await client.get(path, headers=HTML)).headers.get(HSTS) for path in PATHS]
        asset = (await client.get("/static/icon.svg")).headers.get(HSTS)

    assert {*told, asset} == {"max-age=31536000"}


@pytest.mark.parametrize("public_url", [None, "http://party.example"])
async def test_elsewhere_no_answer_does(public_url: str | None) -> None:
    async with site(public_url) as (_, client):
        told = [(await client.get(path)).headers.get(HSTS) for path in PATHS]

    assert told == [None] * len(PATHS)


async def test_nobody_but_operators_is_told_the_release() -> None:
    async with site(None) as (platform, client):
        guest = await platform.guests.add_guest(
            "default", NewGuest(first_name="Ada", last_name="Lovelace"), actor="t"
        )
        link = await platform.guests.issue_link("default", guest.body.id, actor="t")
        host = await platform.keys.create("host", "default", "", actor="t")
        mine = {"Authorization": f"Bearer {host.secret}", "Cookie": f"gatherlog={host.secret}"}
        answers = [await client.get(path, headers=mine) for path in [*PATHS, "/metrics"]]
        answers += [await client.get(path, headers=HTML) for path in [*PATHS, f"/r/{link}"]]
        answers += [await client.get("/host/default", headers={**mine, **HTML})]

    assert [answer.url.path for answer in answers if __version__ in answer.text] == []
    assert [answer.url.path for answer in answers if __version__ in str(answer.headers)] == []


async def test_operators_are_told_the_release_by_metrics_and_on_pages() -> None:
    async with site(None) as (platform, client):
        key = await platform.keys.create("operator", None, "", actor="t")
        bearer = {"Authorization": f"Bearer {key.secret}"}
        metrics = await client.get("/metrics", headers=bearer)
        page = await client.get("/host", headers={**HTML, "Cookie": f"gatherlog={key.secret}"})

    assert f'gatherlog_build_info{{version="{__version__}"}} 1.0' in metrics.text
    assert f"Gatherlog {__version__}" in page.text
