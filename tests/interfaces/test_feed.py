"""The feed over HTTP: pages, and live events that resume without losing or repeating any."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import CATEGORIES, Platform, start
from gatherlog.core import Heads, Store
from gatherlog.core.eventstore.feed_pages import feed_cursor, feed_events, feed_positions
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.rest.feed import event_line
from gatherlog.settings import Settings
from tests.stores import HOSTILE_URL, eventually, streams_of


@pytest.fixture(
    params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL],
    ids=["sqlite", "hostile"],
)
async def platform(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Platform]:
    store = request.param.format(folder=tmp_path)
    platform = await start(Settings(store=store, rate_limits="off"))
    yield platform
    await platform.stop()


async def sign_up(api: AsyncClient, *ids: str) -> None:
    for id in ids:
        item = {"type": "signup", "payload": {"id": id}}
        assert (await api.post("/logs/users", json=item)).status_code == 201


async def read(api: AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """All events that a client is shown that reads from cursor to cursor, up to the end."""
    found, cursor, is_end = [], "start", False
    while not is_end:
        page = (await api.get("/feed", params={**query, "cursor": cursor})).json()
        assert len(page["events"]) <= query.get("limit", 100)
        found += page["events"]
        cursor, is_end = page["cursor"], page["is_end"]
    return found


async def streams(api: AsyncClient, **query: Any) -> list[str]:
    return sorted(event["stream"] for event in await read(api, **query))


async def test_the_feed_is_read_page_by_page(api: AsyncClient) -> None:
    await sign_up(api, "u1", "u2", "u3")

    shown = partial(streams, api, log="users", limit=2)
    await eventually(shown, ["users-u1", "users-u2", "users-u3"])


async def test_a_page_is_filtered_by_pattern_and_type(api: AsyncClient) -> None:
    await sign_up(api, "u1", "u2")
    pattern = json.dumps({"data": {"id": ["u2"]}})

    await eventually(partial(streams, api, pattern=pattern, type="signup"), ["users-u2"])


async def test_an_invalid_pattern_is_refused_with_its_place(api: AsyncClient) -> None:
    refused = await api.get("/feed", params={"pattern": '{"type": "signup"}'})

    assert refused.status_code == 422
    assert [flaw["pointer"] for flaw in refused.json()["errors"]] == ["/pattern/type"]


@pytest.fixture
def hub(platform: Platform) -> FeedHub:
    return FeedHub(platform.store, event_line)


async def events(frames: AsyncIterator[bytes]) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    async for frame in frames:
        lines = frame.decode().splitlines()
        fields = dict(line.split(": ", 1) for line in lines if ": " in line)
        if "data" in fields:
            yield fields["id"], json.loads(fields["data"])


Place = tuple[int, int]
"""Partition and position of an event."""


async def take(hub: FeedHub, after: Heads, number: int) -> list[tuple[str, Place]]:
    """The cursor and place of that many events."""
    found = []
    async with aclosing(hub.follow(after, None)) as frames:
        async for cursor, event in events(frames):
            found.append((cursor, (event["partition"], event["position"])))
            if len(found) == number:
                break
    return found


async def whole(store: Store) -> list[Place]:
    """The places of all events that the feed shows, in the order of partitions and positions."""
    heads = await store.heads()
    return [
        (partition, event.position)
        for partition, head in enumerate(heads)
        async for page in feed_events(store, partition, 0, head)
        for event in page
        if event.position <= head
    ]


async def settled(store: Store, count: int) -> list[Place]:
    """As `whole`, once it has so many events of guests who signed up, and all others, too."""
    await eventually(lambda: signups(store), count)
    await eventually(lambda: hidden(store), 0)
    return await whole(store)


async def hidden(store: Store) -> int:
    """How many events of all streams the feed does not show yet."""
    names = [category.name for category in CATEGORIES] + ["users"]
    streams = [head for name in names for head in await streams_of(store, name)]
    return sum(head.version for head in streams) - len(await whole(store))


async def settled_heads(store: Store) -> Heads:
    """The heads of the feed, once it shows everything that was appended."""
    await settled(store, 0)
    return await store.heads()


async def signups(store: Store) -> int:
    streams = [head.stream for head in await streams_of(store, "users")]
    places = set(await whole(store))
    shown = [
        stream
        for stream in streams
        for event in await store.read_stream(stream)
        if (event.partition, event.position) in places
    ]
    return len(shown)


def beyond(place: Place, after: Heads) -> bool:
    return place[1] > after[place[0]]


async def test_a_follower_gets_earlier_events_and_then_new_ones(
    api: AsyncClient, platform: Platform, hub: FeedHub
) -> None:
    start = await settled_heads(platform.store)
    await sign_up(api, "u1")
    before = [place for place in await settled(platform.store, 1) if beyond(place, start)]
    following = asyncio.create_task(take(hub, start, len(before) + 2))
    await asyncio.sleep(0)
    await sign_up(api, "u2", "u3")

    found = [place for _, place in await following]
    everything = [one for one in await settled(platform.store, 3) if beyond(one, start)]
    assert sorted(found, key=lambda place: place[0]) == everything  # each partition in its order


async def test_the_cursor_of_every_event_resumes_right_after_it(
    api: AsyncClient, platform: Platform, hub: FeedHub
) -> None:
    await sign_up(api, *[f"u{n}" for n in range(5)])
    places = await settled(platform.store, 5)
    found = await take(hub, (0,) * platform.store.limits.partitions, len(places))

    for number, (cursor, _) in enumerate(found[:-1]):
        after = feed_positions(platform.store, cursor)
        rest = await take(hub, after, len(places) - number - 1)
        assert {place for _, place in found[: number + 1]} | {place for _, place in rest} == set(
            places
        )


async def test_many_followers_from_many_positions_lose_and_repeat_nothing(
    api: AsyncClient, platform: Platform, hub: FeedHub
) -> None:
    await sign_up(api, *[f"u{n}" for n in range(20)])
    places = await settled(platform.store, 20)
    found = await take(hub, (0,) * platform.store.limits.partitions, len(places))
    begins = [feed_positions(platform.store, cursor) for cursor, _ in found[::2]]
    followers = [
        asyncio.create_task(take(hub, begin, len(places) - 2 * number - 1 + 30))
        for number, begin in enumerate(begins)
    ]
    await sign_up(api, *[f"v{n}" for n in range(30)])

    everything = await settled(platform.store, 50)
    for begin, follower in zip(begins, followers, strict=True):
        taken = [place for _, place in await follower]
        assert sorted(taken) == [place for place in everything if beyond(place, begin)]
        assert all(
            [at for one, at in taken if one == partition]
            == sorted(at for one, at in taken if one == partition)
            for partition in range(len(begin))
        )


async def test_a_follower_that_falls_behind_the_ring_reads_the_store(
    api: AsyncClient, platform: Platform, hub: FeedHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatherlog.interfaces.event_ring.MOST_EVENTS", 4)
    start = await settled_heads(platform.store)
    await sign_up(api, "first")
    before = [one for one in await settled(platform.store, 1) if beyond(one, start)]
    async with aclosing(hub.follow(start, None)) as frames:
        found = events(frames)
        taken = [place_of((await anext(found))[1])]
        await sign_up(api, *[f"u{n}" for n in range(12)])
        await eventually(lambda: has_lost(hub), True)
        taken += [place_of((await anext(found))[1]) for _ in range(len(before) - 1 + 12)]

    everything = await settled(platform.store, 13)
    assert sorted(taken) == [one for one in everything if beyond(one, start)]


async def has_lost(hub: FeedHub) -> bool:
    """Whether the ring has lost what a follower has still to read."""
    return hub._ring is not None and hub._ring.first > 0


def place_of(event: dict[str, Any]) -> Place:
    return (event["partition"], event["position"])


async def test_a_cursor_gives_its_positions_back(platform: Platform) -> None:
    positions = tuple(range(platform.store.limits.partitions))

    assert feed_positions(platform.store, feed_cursor(platform.store, positions)) == positions


async def test_a_line_of_the_feed_keeps_every_digit_where_its_payload_has_line_breaks(
    api: AsyncClient, platform: Platform
) -> None:
    body = '{"events":[{"type":"sale","data":{\n"price":123.45678901234567890123\n}}]}'
    await api.post("/streams/sales-1", content=body, headers={"content-type": "application/json"})
    [event] = await platform.store.read_stream("sales-1", limit=1)

    assert b'"data":{"price":123.45678901234567890123}' in event_line(event)
