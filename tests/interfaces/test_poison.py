"""No event ends a reader that others share: what cannot be shown as it is, is shown as such."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.core.eventstore.streams import category_of
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.rest.feed import event_line
from gatherlog.settings import Settings
from tests.interfaces.poison import POISON, poison
from tests.interfaces.test_feed import events, read
from tests.stores import HOSTILE_URL, eventually

IDS = sorted(event.id for event in POISON)
NAMES = {f"poison-{id}" for id in IDS}


@pytest.fixture(params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL])
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    store = request.param.format(folder=tmp_path)
    platform = await start(Settings(store=store, rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def streams(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The streams of a log that is poisoned."""
    return await poison(platform.store, monkeypatch)


async def fed(api: AsyncClient, **query: Any) -> list[str]:
    return sorted(event["id"] for event in await read(api, log="poison", **query))


@pytest.mark.usefixtures("streams")
async def test_the_feed_shows_every_event(api: AsyncClient) -> None:
    await eventually(partial(fed, api), IDS)
    await eventually(
        partial(fed, api, pattern='{"data": {"id": [{"exists": true}]}}'), ["late", "unknown"]
    )


async def test_every_stream_is_shown(api: AsyncClient, streams: list[str]) -> None:
    shown = [(await api.get(f"/streams/{name}")).json()[0]["id"] for name in streams]

    assert sorted(shown) == IDS


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize("order", ["", "&reverse=true"])
async def test_the_log_shows_every_item(api: AsyncClient, order: str) -> None:
    async def pks() -> set[str]:
        items, since, is_end = [], "", False
        while not is_end:
            page = (await api.get(f"/logs/poison?limit=1000{order}{since}")).json()
            items += page["items"]
            since, is_end = f"&since={page['next']}", page["is_end"]
        return {item["pk"] for item in items}

    await eventually(pks, {f"poison#{id}#stream" for id in IDS})


@pytest.mark.usefixtures("streams")
async def test_a_pattern_is_tried_on_every_event(api: AsyncClient) -> None:
    async def tried() -> list[str]:
        asked = {"pattern": {"log": ["poison"]}, "last": 1000}
        return sorted(
            event["id"] for event in (await api.post("/rules/try", json=asked)).json()["events"]
        )

    await eventually(tried, IDS)


@pytest.mark.usefixtures("streams", "working")
async def test_the_logs_are_listed(api: AsyncClient) -> None:
    async def listed() -> int:
        logs = {log["log"]: log for log in (await api.get("/logs")).json()}
        count: int = logs.get("poison", {"events": 0})["events"]
        return count

    await eventually(listed, len(IDS))


@pytest.mark.usefixtures("streams")
async def test_what_is_no_json_is_shown_in_base64(api: AsyncClient) -> None:
    [shown] = (await api.get("/streams/poison-bytes")).json()

    assert (shown["data_base64"], shown["meta_base64"]) == ("/wA=", "/g==")
    assert not {"data", "meta"} & shown.keys()


@pytest.mark.parametrize(
    ("id", "time", "recorded"),
    [
        ("late", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ("early", "0001-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z"),
    ],
)
@pytest.mark.usefixtures("streams")
async def test_a_time_that_cannot_be_written_is_shown_as_the_nearest_that_can(
    api: AsyncClient, id: str, time: str, recorded: str
) -> None:
    [shown] = (await api.get(f"/streams/poison-{id}")).json()

    assert (shown["time"], shown["recorded"]) == (time, recorded)


async def test_a_live_follower_gets_what_comes_before_and_after(
    api: AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FeedHub(platform.store, event_line)
    logs = {"poison", "users"}
    start = await platform.store.heads()
    async with aclosing(
        hub.follow(start, lambda event: category_of(event.stream) in logs)
    ) as frames:
        found = events(frames)
        await api.post("/logs/users", json={"type": "signup", "payload": {"id": "before"}})
        got = {(await anext(found))[1]["stream"]}
        names = await poison(platform.store, monkeypatch)
        await api.post("/logs/users", json={"type": "signup", "payload": {"id": "after"}})
        while len(got) < len(names) + 2:
            got.add((await anext(found))[1]["stream"])

    assert got == {*names, "users-before", "users-after"}


@pytest.mark.usefixtures("working")
async def test_rules_and_projections_get_over_every_event(
    api: AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = {"id": "copy", "to": {"kind": "queue", "queue": "copies"}}
    made = await api.post(
        "/rules", json={"name": "r", "pattern": {"log": ["poison", "users"]}, "targets": [target]}
    )
    assert made.status_code == 201, made.text
    await poison(platform.store, monkeypatch)
    await api.post("/logs/users", json={"type": "signup", "payload": {"id": "after"}})

    async def copied() -> set[str]:
        received = await platform.queues.receive("copies", most=100)
        got.update(message.stream for message in received)
        return got

    got: set[str] = set()
    await eventually(copied, NAMES | {"users-after"}, 20)
    for name in ("bus", "logs", "things", "trail"):
        await eventually(partial(behind, api, name), 0)


async def behind(api: AsyncClient, name: str) -> int:
    found: int = (await api.get(f"/subscriptions/{name}")).json()["behind"]
    return found


@pytest.mark.parametrize(
    "time",
    [
        "9999-12-31T23:59:59-12:00",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00+00:01",
    ],
)
async def test_a_time_out_of_bounds_is_refused(api: AsyncClient, time: str) -> None:
    refused = await api.post("/streams/order-1", json={"events": [{"type": "x", "time": time}]})

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/events/0/time")
    assert (await api.get("/streams/order-1")).status_code == 404


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z"])
async def test_a_time_within_the_bounds_comes_back(api: AsyncClient, time: str) -> None:
    await api.post("/streams/order-1", json={"events": [{"type": "x", "time": time}]})

    [shown] = (await api.get("/streams/order-1")).json()
    assert shown["time"][:19] == time[:19]


ODD = {
    "a number beyond doubles": b"1e999",
    "a number beyond decimals": b"1e99999999999999999999",
    "5,000 digits": b"9" * 5_000,
    "half a character": b'"\\ud800"',
    "bytes that are no text": b'"\xff"',
    "deep nesting": b"[" * 500 + b"]" * 500,
    "deeper nesting": b"[" * 20_000 + b"]" * 20_000,
    "a control character": b'"\x01"',
    "not a number": b"NaN",
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/streams/order-1", b'{"events": [{"type": "x", "data": {"id": %b}}]}'),
        ("/streams/order-1", b'{"events": [{"type": "x", "meta": {"id": %b}}]}'),
        ("/streams/order-1", b'{"events": [{"type": "x", "schema": %b}]}'),
        ("/streams/order-1", b'{"events": [{"type": %b}]}'),
        ("/logs/order", b'{"type": "x", "payload": {"id": "1", "n": %b}}'),
        ("/logs/order", b'{"type": "x", "payload": %b}'),
        ("/logs/order", b'{"type": "x", "sk": %b, "payload": {"id": "1"}}'),
        ("/rules/try", b'{"pattern": {"data": [%b]}}'),
    ],
)
async def test_odd_json_is_taken_and_shown_or_refused(
    api: AsyncClient, path: str, body: bytes, odd: str
) -> None:
    headers = {"content-type": "application/json"}
    answer = await api.post(path, content=body % ODD[odd], headers=headers)

    assert answer.status_code in (200, 201, 400, 422)
    if answer.status_code == 201:
        [shown] = (await api.get("/streams/order-1")).json()
        assert json.dumps(shown)
