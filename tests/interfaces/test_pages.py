"""Lists over HTTP go on until a part without a `Link`, however short the pages of the store are."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.settings import Settings
from tests.interfaces.moments import until

LARGE = "x" * 200_000
MOST_BYTES = 9_000_000
"""A page's bytes, 8 MiB at most, and what JSON adds to them."""


@pytest.fixture(params=["sqlite:///{folder}/gatherlog.db", "hostile:1"])
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    store = request.param.format(folder=tmp_path)
    platform = await start(Settings(store=store, rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def large(api: AsyncClient) -> AsyncClient:
    """A client of a site with 60 large events in one stream."""
    for _ in range(15):
        events = [{"type": "t", "data": LARGE} for _ in range(4)]
        assert (await api.post("/streams/order-7", json={"events": events})).status_code == 201
    return api


async def parts(api: AsyncClient, url: str) -> list[list[Any]]:
    """What a list answers part by part, as its `Link` headers lead."""
    found = []
    while url:
        answer = await api.get(url)
        assert answer.status_code == 200, answer.text
        assert len(answer.content) < MOST_BYTES
        found.append(answer.json())
        url = answer.links.get("next", {}).get("url", "")
    return found


def versions(parts: list[list[Any]]) -> list[list[int]]:
    return [[event["version"] for event in part] for part in parts]


async def test_a_stream_of_large_events_is_answered_in_parts_to_its_end(large: AsyncClient) -> None:
    found = versions(await parts(large, "/streams/order-7"))

    assert [version for part in found for version in part] == [*range(1, 61)]
    assert len(found) > 1


async def test_a_stream_backwards_is_answered_in_parts_to_its_start(large: AsyncClient) -> None:
    found = versions(await parts(large, "/streams/order-7?backwards=true&after=2&before=60"))

    assert [version for part in found for version in part] == [*range(59, 2, -1)]


async def test_a_part_has_as_many_events_as_were_asked_for(api: AsyncClient) -> None:
    events = [{"type": "t"} for _ in range(25)]
    await api.post("/streams/order-7", json={"events": events})

    assert versions(await parts(api, "/streams/order-7?limit=10")) == [
        [*range(1, 11)],
        [*range(11, 21)],
        [*range(21, 26)],
    ]
    assert versions(await parts(api, "/streams/order-7?limit=25")) == [[*range(1, 26)]]
    assert versions(await parts(api, "/streams/order-7?after=25")) == [[]]


@pytest.mark.usefixtures("working")
async def test_every_log_is_listed_once_with_all_its_events(api: AsyncClient) -> None:
    logs = ("ferries", "orders", "parcels")
    for number in range(12):
        for log in logs:
            await api.post(f"/streams/{log}-{number}", json={"events": [{"type": "t"}]})

    async def listed() -> bool:
        found = [log for part in await parts(api, "/logs?limit=1") for log in part]
        return [(log["log"], log["events"]) for log in found if log["log"] in logs] == [
            (log, 12) for log in logs
        ]

    assert await until(listed)


async def test_the_description_says_which_lists_have_a_link(api: AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    linked = {
        path
        for path, methods in paths.items()
        if "Link" in methods.get("get", {}).get("responses", {}).get("200", {}).get("headers", {})
    }

    assert {path for path in linked if not re.match("/gatherings/", path)} >= {
        "/streams",
        "/streams/{stream}",
        "/logs",
        "/guests",
    }
    assert "/feed" not in linked
