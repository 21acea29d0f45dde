"""The memory of one answer is bounded by the bytes of a page, however large the events are."""

import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from httpx2 import AsyncClient

from gatherlog.bootstrap import Platform, start
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.rest.feed import event_line
from gatherlog.settings import Settings

MIB = 1024 * 1024
EVENTS = 200
BOUND = 70


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    platform = await start(Settings(store=f"sqlite:///{tmp_path}/gatherlog.db", rate_limits="off"))
    yield platform
    await platform.stop()


@pytest.fixture
async def large(api: AsyncClient) -> None:
    """A log with 100 MiB of events."""
    event = {"type": "large", "data": {"text": "x" * (MIB // 2)}}
    for number in range(EVENTS):
        sent = await api.post(f"/streams/large-{number % 3}", json={"events": [event]})
        assert sent.status_code == 201


async def peak(act: Callable[[], Awaitable[Any]]) -> float:
    """The most memory that something takes, in MiB."""
    tracemalloc.start()
    try:
        await act()
        return tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    "path",
    [
        "/feed?limit=1000",
        "/logs/large?limit=1000",
        "/logs/large?limit=1000&reverse=true",
        "/streams/large-1",
    ],
)
async def test_a_page_takes_no_more_memory_than_its_bytes(api: AsyncClient, path: str) -> None:
    assert await peak(lambda: api.get(path)) < BOUND


@pytest.mark.usefixtures("large")
async def test_a_trial_of_a_pattern_holds_one_page_of_events(platform: Platform) -> None:
    pattern = {"type": ["large"]}

    assert await peak(lambda: platform.rules.try_pattern(pattern, last=10_000)) < BOUND


@pytest.mark.usefixtures("large")
async def test_a_live_follower_and_its_ring_are_bounded(platform: Platform) -> None:
    hub = FeedHub(platform.store, event_line)

    async def follow() -> None:
        count = 0
        async with aclosing(hub.follow((0,), None)) as frames:
            async for frame in frames:
                count += b'"large"' in frame
                if count == EVENTS:
                    return

    assert await peak(follow) < BOUND
