"""The feed over HTTP: pages, and live events that resume without losing or repeating any."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.core.eventstore.feed_pages import feed_cursor, feed_positions
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.rest.feed import event_line
from gatherlog.settings import Settings


@pytest.fixture(params=["sqlite:///{folder}/gatherlog.db", "hostile:1"])
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    store = request.param.format(folder=tmp_path)
    platform = await start(Settings(store=store, rate_limits="off"))
    yield platform
    await platform.stop()


async def sign_up(api: AsyncClient, *ids: str) -> None:
    for id in ids:
        item = {"type": "signup", "payload": {"id": id}}
        assert (await api.post("/logs/users", json=item)).status_code == 201


async def test_the_feed_is_read_page_by_page(api: AsyncClient) -> None:
    await sign_up(api, "u1", "u2", "u3")

    first = (await api.get("/feed?log=users&limit=2")).json()
    second = (await api.get(f"/feed?log=users&cursor={first['cursor']}")).json()

    assert [e["stream"] for e in first["events"]] == ["users-u1", "users-u2"]
    assert [e["stream"] for e in second["events"]] == ["users-u3"]
    assert (first["is_end"], second["is_end"]) == (False, True)


async def test_a_page_is_filtered_by_pattern_and_type(api: AsyncClient) -> None:
    await sign_up(api, "u1", "u2")
    pattern = json.dumps({"data": {"id": ["u2"]}})

    found = (await api.get("/feed", params={"pattern": pattern, "type": "signup"})).json()

    assert [event["stream"] for event in found["events"]] == ["users-u2"]


async def test_an_invalid_pattern_is_refused_with_its_place(api: AsyncClient) -> None:
    refused = await api.get("/feed", params={"pattern": '{"type": "signup"}'})

    assert refused.status_code == 422
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/type"]


@pytest.fixture
def hub(platform: Platform) -> FeedHub:
    return FeedHub(platform.store, event_line)


async def events(frames: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    async for frame in frames:
        lines = frame.decode().splitlines()
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        if "data" in fields:
            yield fields["id"], json.loads(fields["data"])


async def take(hub: FeedHub, after: tuple[int, ...], number: int) -> list[tuple[str, int]]:
    """The cursor and position of that many events."""
    found = []
    async with aclosing(hub.follow(after, None)) as frames:
        async for cursor, event in events(frames):
            found.append((cursor, event["position"]))
            if len(found) == number:
                break
    return found


async def test_a_follower_gets_earlier_events_and_then_new_ones(
    api: AsyncClient, platform: Platform, hub: FeedHub
) -> None:
    await sign_up(api, "u1")
    [head] = await platform.store.heads()
    following = asyncio.create_task(take(hub, (head - 1,), 3))
    await asyncio.sleep(0)
    await sign_up(api, "u2", "u3")

    assert [position for _, position in await following] == [head, head + 1, head + 2]


async def test_the_cursor_of_every_event_resumes_right_after_it(
    api: AsyncClient, platform: Platform, hub: FeedHub
) -> None:
    await sign_up(api, *[f"u{n}" for n in range(5)])
    [head] = await platform.store.heads()
    whole = await take(hub, (0,), head)

    for number, (cursor, position) in enumerate(whole[:-1]):
        [(_, next_position)] = await take(hub, feed_positions(platform.store, cursor), 1)
        assert next_position == position + 1 == number + 2


async def test_many_followers_from_many_positions_lose_and_repeat_nothing(
    api: AsyncClient, platform: Platform, hub: FeedHub
) -> None:
    await sign_up(api, *[f"u{n}" for n in range(20)])
    [head] = await platform.store.heads()
    goal = head + 30
    followers = [
        asyncio.create_task(take(hub, (start,), goal - start)) for start in range(0, head, 2)
    ]
    await sign_up(api, *[f"v{n}" for n in range(30)])

    for begin, follower in zip(range(0, head, 2), followers, strict=True):
        assert [p for _, p in await follower] == list(range(begin + 1, goal + 1))


async def test_a_follower_that_falls_behind_the_ring_reads_the_store(
    api: AsyncClient, platform: Platform, hub: FeedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatherlog.interfaces.live_feed.RING", 4)
    hub = FeedHub(platform.store, event_line)
    hub._ring = type(hub._ring)(maxlen=4)
    await sign_up(api, "first")
    [head] = await platform.store.heads()
    async with aclosing(hub.follow((head - 1,), None)) as frames:
        found = events(frames)
        positions = [(await anext(found))[1]["position"]]
        await sign_up(api, *[f"u{n}" for n in range(12)])
        positions += [(await anext(found))[1]["position"] for _ in range(12)]

    assert hub._first > 0, "the ring has lost what the follower had still to read"
    assert positions == list(range(head, head + 13))


async def test_a_cursor_gives_its_positions_back(platform: Platform) -> None:
    cursor = feed_cursor(platform.store, (7,))

    assert feed_positions(platform.store, cursor) == (7,)
