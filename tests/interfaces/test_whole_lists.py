"""Lists of the log are whole, although the store's pages are short: no short page ends a list."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.rest import metrics
from gatherlog.settings import Settings
from tests.stores import eventually

EVENTS = 40


@pytest.fixture(params=["sqlite:///{folder}/gatherlog.db", "hostile:1", "hostile:2"])
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    store = request.param.format(folder=tmp_path)
    platform = await start(Settings(store=store, rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def logs(api: AsyncClient, working: None) -> dict[str, int]:
    """Logs with the number of their events, which stand in many partitions."""
    wanted = {"ants": 21, "bees": 13, "other": 9, "wasps": 17}
    sends = [
        api.post(f"/logs/{log}", json={"type": "t", "payload": {"id": f"{number}"}})
        for log, count in wanted.items()
        for number in range(count)
    ]
    assert {answer.status_code for answer in await asyncio.gather(*sends)} == {201}
    return wanted


async def listed(api: AsyncClient, url: str, logs: dict[str, int]) -> list[tuple[str, int]]:
    """Those of the logs that a client is shown that follows all links."""
    found = []
    while url:
        page = await api.get(url)
        found += [(one["log"], one["events"]) for one in page.json() if one["log"] in logs]
        url = page.links.get("next", {}).get("url", "")
    return found


@pytest.mark.parametrize("limit", [1, 2, 1000])
async def test_every_log_is_listed_once_with_all_of_its_events(
    api: AsyncClient, logs: dict[str, int], limit: int
) -> None:
    shown = partial(listed, api, f"/logs?limit={limit}", logs)

    await eventually(shown, sorted(logs.items()))


async def test_a_foreign_cursor_of_logs_is_refused(api: AsyncClient) -> None:
    refused = await api.get("/logs?cursor=nonsense")

    assert (refused.status_code, refused.json()["code"]) == (422, "cursor_invalid")


async def counted(api: AsyncClient) -> dict[str, float]:
    """The metric of events by log."""
    start = 'gatherlog_events_appended_total{log="'
    lines = [line for line in (await api.get("/metrics")).text.splitlines() if start in line]
    assert len({line.split()[0] for line in lines}) == len(lines)
    return {line[len(start) :].split('"')[0]: float(line.split()[1]) for line in lines}


async def test_the_events_of_logs_beyond_the_most_are_summed_up(
    api: AsyncClient, logs: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await eventually(partial(listed, api, "/logs", logs), sorted(logs.items()))
    whole = await counted(api)
    monkeypatch.setattr(metrics, "MAX_LOGS", 2)
    some = await counted(api)

    assert list(some) == ["ants", "bees", "other"]
    assert (some["ants"], some["bees"]) == (21, 13)
    assert some["other"] == sum(whole.values()) - 21 - 13 >= 9 + 17


async def versions(api: AsyncClient, url: str) -> list[int]:
    found = []
    while url:
        page = await api.get(url)
        found += [event["version"] for event in page.json()]
        url = page.links.get("next", {}).get("url", "")
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", range(1, 41)),
        ("?limit=40", range(1, 41)),
        ("?limit=7", range(1, 41)),
        ("?backwards=true&limit=7", range(40, 0, -1)),
        ("?after=5&before=30&limit=9", range(6, 30)),
        ("?after=5&before=30&backwards=true", range(29, 5, -1)),
        ("?after=39", range(40, 41)),
        ("?after=40", range(0)),
    ],
)
async def test_a_stream_is_read_to_its_end_by_its_links(
    api: AsyncClient, query: str, expected: range
) -> None:
    events = [{"type": f"t{number}"} for number in range(EVENTS)]
    assert (await api.post("/streams/order-7", json={"events": events})).status_code == 201

    assert await versions(api, f"/streams/order-7{query}") == list(expected)


async def test_a_stream_of_large_events_is_read_in_parts(api: AsyncClient) -> None:
    event = {"type": "large", "data": {"text": "x" * 250_000}}
    sent: dict[str, Any] = {"events": [event] * 3}
    for _ in range(20):
        assert (await api.post("/streams/order-8", json=sent)).status_code == 201
    first = await api.get("/streams/order-8")

    assert len(first.content) < 10 * 1024 * 1024
    assert await versions(api, "/streams/order-8") == list(range(1, 61))
