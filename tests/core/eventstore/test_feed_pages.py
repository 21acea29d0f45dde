"""The feed of all partitions in pages: whole, fair, and without trust in distances of positions."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from gatherlog.core import Append, Commit, Event, Heads, Recorded, Store
from gatherlog.core.eventstore.feed_pages import (
    FeedPage,
    feed_events,
    feed_page,
    feed_page_backwards,
    follow_feed,
    latest_events,
)
from gatherlog.engines import open_store
from tests.stores import eventually

NOON = 1_790_000_000_000_000
WIDE = 9_973
"""Distance of two positions that follow each other in `Gappy`."""


class Gappy:
    """A store whose positions are far apart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def heads(self) -> Heads:
        return tuple(head * WIDE for head in await self._store.heads())

    async def wait(self, beyond: Heads, timeout: float) -> Heads:
        heads = await self._store.wait(tuple(one // WIDE for one in beyond), timeout)
        return tuple(head * WIDE for head in heads)

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[Recorded]:
        page = await self._store.read_feed(partition, after=after // WIDE, limit=limit)
        return [msgspec.structs.replace(one, position=one.position * WIDE) for one in page]


@pytest.fixture(params=["memory:", "hostile:1", "hostile:2"])
async def store(request: pytest.FixtureRequest) -> Any:
    """A store with 40 events in each of ten streams."""
    store = await open_store(request.param)
    for number in range(10):
        await append(store, f"card-{number}", 40)
    return Gappy(store)


async def append(store: Store, stream: str, count: int, data: bytes = b"{}") -> None:
    recorded = NOON + int(stream.removeprefix("card-"))
    events = [Event(f"{stream}/{n}", "told", NOON, recorded, data) for n in range(count)]
    committed = await store.commit(Commit(appends=[Append(stream, events)]))
    [(partition, position)] = committed.positions.items()

    async def is_shown() -> bool:
        return (await getattr(store, "_store", store).heads())[partition] >= position

    await eventually(is_shown, True)


def is_odd(event: Recorded) -> bool:
    return event.version % 2 == 1


def by_partition(events: Sequence[Recorded]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for event in events:
        found.setdefault(event.partition, []).append(event.position)
    return found


async def test_forwards_every_event_comes_once_and_in_order(store: Store) -> None:
    events: list[Recorded] = []
    page = FeedPage([], (0,) * store.limits.partitions, False)
    while not page.is_end:
        page = await feed_page(store, page.positions, limit=23)
        assert len(page.events) <= 23
        events += page.events

    assert len({event.id for event in events}) == len(events) == 400
    assert all(found == sorted(found) for found in by_partition(events).values())


async def test_backwards_every_wanted_event_comes_once_the_newest_first(store: Store) -> None:
    events: list[Recorded] = []
    page = FeedPage([], await store.heads(), False)
    while not page.is_end:
        page = await feed_page_backwards(store, page.positions, limit=23, wanted=is_odd)
        assert len(page.events) <= 23
        events += page.events

    assert len({event.id for event in events}) == len(events) == 200
    assert all(found == sorted(found)[::-1] for found in by_partition(events).values())


@pytest.mark.parametrize("limit", [1, 5, 80])
async def test_no_partition_waits_for_another_that_grows(store: Store, limit: int) -> None:
    [first] = await store.read_stream("card-0", limit=1)
    waiting = {f"card-{n}" for n in range(10)} - await streams_in(store, first.partition)
    positions = (0,) * store.limits.partitions
    for _ in range(2_000):
        await append(store, "card-0", limit)
        page = await feed_page(store, positions, limit=limit)
        waiting -= {event.stream for event in page.events}
        positions = page.positions
        if not waiting:
            break
    assert waiting == set()


def small_pages(store: Any, most: int) -> Any:
    """The same store, with pages of that many bytes."""
    limits = msgspec.structs.replace(store.limits, page_bytes=most)
    store._store.limits = store._store.engine.limits = limits
    return store


async def fill(store: Any, size: int) -> None:
    """Append events of so many bytes to every partition."""
    for number in range(20, 40):
        await append(store, f"card-{number}", 30, b"x" * size)


@pytest.mark.parametrize("read", [feed_page, feed_page_backwards])
async def test_a_page_ends_by_its_bytes(store: Any, read: Any) -> None:
    await fill(store, 1_000)
    store = small_pages(store, 8_000)
    starts = {feed_page: (0,) * store.limits.partitions, feed_page_backwards: await store.heads()}
    page, most, count = FeedPage([], starts[read], False), 0, 0
    while not page.is_end:
        page = await read(store, page.positions, limit=1_000)
        most = max(most, sum(len(event.data) for event in page.events))
        count += len(page.events)

    assert count == 1_000
    assert 0 < most <= 8_000 + store.limits.partitions * 1_000


async def test_followers_get_all_events_of_all_partitions_in_turns(store: Any) -> None:
    seen: list[Recorded] = []
    first: set[int] = set()
    await append(store, "card-0", 80)
    async with aclosing(follow_feed(store, (0,) * store.limits.partitions, limit=16)) as pages:
        async for page in pages:
            if len(seen) < 160:
                first |= {event.partition for event in page.events}
            seen += page.events
            if len(seen) == 480:
                break

    filled = [number for number, head in enumerate(await store.heads()) if head]
    assert len({event.id for event in seen} | {f"card-0/{n}" for n in range(80)}) == 440
    assert all(found == sorted(found) for found in by_partition(seen).values())
    assert first == set(filled)


async def streams_in(store: Store, partition: int) -> set[str]:
    head = (await store.heads())[partition]
    return {event.stream async for page in feed_events(store, partition, 0, head) for event in page}


@pytest.mark.parametrize("limit", [1, 7, 1_000])
async def test_the_latest_events_of_all_partitions_are_found(store: Store, limit: int) -> None:
    odd: list[Recorded] = []
    for partition, head in reversed([*enumerate(await store.heads())]):
        pages = [page async for page in feed_events(store, partition, 0, head)]
        odd += [event for page in pages for event in page if is_odd(event)][::-1]
    newest = sorted(odd, key=lambda event: event.recorded, reverse=True)

    found = [event async for event in latest_events(store, limit=limit, wanted=is_odd)]

    assert [event.id for event in found] == [event.id for event in newest][:limit]
