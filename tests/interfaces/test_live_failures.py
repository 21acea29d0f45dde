"""Live followers lose nothing and get nothing twice, also while the store fails under the hub."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from gatherlog.core import Append, Commit, Event, Heads, Recorded, Store
from gatherlog.core.eventstore.errors import Busy, StoreClosed, StoreError, StoreFailed
from gatherlog.core.eventstore.feed_pages import feed_events, feed_positions
from gatherlog.engines import open_store
from gatherlog.interfaces import live_feed
from gatherlog.interfaces.event_ring import Entry, EventRing
from gatherlog.interfaces.live_feed import FeedHub
from gatherlog.interfaces.rest.feed import event_line
from tests.interfaces.test_feed import Place, events
from tests.stores import HOSTILE_URL, eventually

NOON = 1_790_000_000_000_000


class FailingStore:
    """A store whose reads of the log fail: the next `planned` ones, and then at random."""

    def __init__(self, store: Store, seed: int = 0) -> None:
        self._store = store
        self._random = random.Random(seed)
        self.failures = 0.0
        """The share of calls that fails."""
        self.planned: list[Exception] = []
        self.failed = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read_feed(self, partition: int, *, after: int, limit: int) -> list[Recorded]:
        self._may_fail()
        return await self._store.read_feed(partition, after=after, limit=limit)

    async def wait(self, beyond: Heads, timeout: float) -> Heads:
        if self._random.random() < self.failures:
            self._fail(StoreFailed("the disk is tired"))
        return await self._store.wait(beyond, timeout)

    async def heads(self) -> Heads:
        if self._random.random() < self.failures:
            self._fail(StoreFailed("the disk is tired"))
        return await self._store.heads()

    def _may_fail(self) -> None:
        if self.planned:
            self._fail(self.planned.pop(0))
        if self._random.random() < self.failures:
            kind = self._random.choice([StoreFailed, StoreFailed, RuntimeError])
            self._fail(kind("the disk is tired"))

    def _fail(self, error: Exception) -> None:
        self.failed += 1
        raise error


@pytest.fixture(params=["sqlite:///{folder}/gatherlog.db", HOSTILE_URL])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FailingStore]:
    opened = await open_store(request.param.format(folder=tmp_path), create=True)
    yield FailingStore(opened)
    await opened.close()


async def tell(store: Any, stream: str, type: str = "told", data: bytes = b"{}") -> None:
    """Append an event, once, however busy the store is."""
    event = Event(f"e-{random.getrandbits(60)}", type, NOON, NOON, data)
    while True:
        with suppress(Busy, StoreFailed):
            await store.commit(Commit(appends=[Append(stream, [event])], key=event.id))
            return


class Client:
    """A client of the feed, which comes, goes, and resumes after the last id that it was given."""

    def __init__(self, store: Any, hub: FeedHub, chance: random.Random) -> None:
        self._store = store
        self._hub = hub
        self._chance = chance
        self._after: Heads = (0,) * store.limits.partitions
        self.places: list[Place] = []
        self.types: list[str] = []

    async def take(self, count: int, type: str | None = None) -> None:
        """Come again and again until so many events have been given."""
        wanted = None if type is None else lambda event: event.type == type
        while len(self.places) < count:
            stay = self._chance.randint(1, 12)
            try:
                async with aclosing(self._hub.follow(self._after, wanted)) as frames:
                    async for cursor, event in events(frames):
                        self._after = feed_positions(self._store, cursor)
                        self.places.append((event["partition"], event["position"]))
                        self.types.append(event["type"])
                        stay -= 1
                        if not stay or len(self.places) >= count:
                            break
                        if self._chance.random() < 0.1:  # a client that is slow to take it
                            await asyncio.sleep(self._chance.uniform(0, 0.01))
            except (StoreError, RuntimeError):
                continue


async def whole(store: FailingStore, type: str | None = None) -> list[Place]:
    """The places of all events of a type, partition by partition."""
    store.failures = 0.0
    return [
        (partition, event.position)
        for partition, head in enumerate(await store.heads())
        async for page in feed_events(store, partition, 0, head)
        for event in page
        if type in (None, event.type)
    ]


def in_order(places: Sequence[Place]) -> bool:
    """Whether the events of every partition are in order."""
    return all(
        [place for place in places if place[0] == partition]
        == sorted(place for place in places if place[0] == partition)
        for partition, _ in places
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("engine", ["hostile:{seed}", "sqlite:///{folder}/gatherlog.db"])
async def test_followers_who_come_go_and_resume_lose_and_repeat_nothing(
    engine: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatherlog.interfaces.event_ring.MOST_EVENTS", 8)
    monkeypatch.setattr("gatherlog.core.eventstore.retrying.DEADLINE", 0.02)
    opened = await open_store(engine.format(folder=tmp_path, seed=seed), create=True)
    store, chance = FailingStore(opened, seed), random.Random(seed)
    store.failures = 0.15
    hub = FeedHub(store, event_line)
    clients = [Client(store, hub, random.Random(f"{seed}/{n}")) for n in range(6)]
    types = [None, "odd", None, "odd", None, None]

    async def come(client: Client, type: str | None) -> None:
        await asyncio.sleep(chance.uniform(0, 0.1))
        await client.take(120 if type is None else 60, type)

    following = [asyncio.create_task(come(*both)) for both in zip(clients, types, strict=True)]
    for number in range(120):
        await tell(store, f"card-{chance.randint(1, 12)}", ("even", "odd")[number % 2])
        await asyncio.sleep(chance.uniform(0, 0.004))
    async with asyncio.timeout(40):
        await asyncio.gather(*following)

    assert store.failed > 10
    for client, type in zip(clients, types, strict=True):
        assert sorted(client.places) == await whole(store, type)
        assert in_order(client.places)
    await opened.close()


async def next_stream(frames: AsyncIterator[tuple[str, dict[str, Any]]]) -> str:
    name: str = (await asyncio.wait_for(anext(frames), 10))[1]["stream"]
    return name


@pytest.mark.parametrize("failures", [1, 5])
async def test_a_follower_whose_hub_failed_gets_what_came_meanwhile(
    store: FailingStore, failures: int
) -> None:
    hub = FeedHub(store, event_line)
    start = await store.heads()
    async with aclosing(hub.follow(start, None)) as one, aclosing(hub.follow(start, None)) as two:
        first, second = events(one), events(two)
        await tell(store, "card-1")
        assert await next_stream(first) == "card-1"
        store.planned = [StoreFailed("once") for _ in range(failures)]
        await tell(store, "card-2")
        assert {await next_stream(second), await next_stream(second)} == {"card-1", "card-2"}
        await tell(store, "card-3")

        assert {await next_stream(first), await next_stream(first)} == {"card-2", "card-3"}
    assert store.failed == failures


async def test_a_hub_that_gave_up_ends_its_streams_and_serves_new_ones(
    store: FailingStore,
) -> None:
    hub = FeedHub(store, event_line)
    start = await store.heads()
    async with aclosing(hub.follow(start, None)) as one, aclosing(hub.follow(start, None)) as two:
        first, second = events(one), events(two)
        await tell(store, "card-1")
        assert await next_stream(first) == "card-1"
        store.planned = [RuntimeError("a bug")]
        await tell(store, "card-2")
        with pytest.raises(RuntimeError):
            await next_stream(first)

        assert {await next_stream(second), await next_stream(second)} == {"card-1", "card-2"}


async def test_streams_end_with_the_store(store: FailingStore) -> None:
    hub = FeedHub(store, event_line)
    async with aclosing(hub.follow(await store.heads(), None)) as frames:
        found = events(frames)
        await tell(store, "card-1")
        assert await next_stream(found) == "card-1"
        store.planned = [StoreClosed("closed")]
        await tell(store, "card-2")
        with pytest.raises(StoreClosed):
            await next_stream(found)


async def test_a_follower_without_frames_is_sent_its_place_although_the_log_is_busy(
    store: FailingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "KEEP_ALIVE", 0.05)
    hub = FeedHub(store, event_line)
    busy = asyncio.create_task(keep_telling(store))
    places: list[Heads] = []
    async with aclosing(hub.follow(await store.heads(), lambda event: False)) as frames:
        async for frame in frames:
            if b"still here" in frame:
                assert b"data:" not in frame
                cursor = frame.split(b"\n")[0].removeprefix(b"id: ").decode()
                places.append(feed_positions(store, cursor))
            if len(places) >= 5 and sum(places[-1]) > sum(places[0]):
                break
    busy.cancel()

    assert places == sorted(places, key=sum)


@pytest.mark.parametrize("engine", ["memory:", HOSTILE_URL])
async def test_a_follower_that_catches_up_is_sent_its_place_too(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_feed, "KEEP_ALIVE", 0.0)
    store: Any = await open_store(engine)
    for number in range(20):
        await tell(store, f"card-{number}")
    await eventually(lambda: shown(store), 20)
    hub = FeedHub(store, event_line)
    async with aclosing(hub.follow((0,) * store.limits.partitions, lambda event: False)) as frames:
        assert await anext(frames) == live_feed.RETRY
        frame = await anext(frames)

    cursor = frame.split(b"\n")[0].removeprefix(b"id: ").decode()
    assert sum(feed_positions(store, cursor)) > 0


async def shown(store: Store) -> int:
    return sum(await store.heads())


async def keep_telling(store: FailingStore) -> None:
    for number in range(100_000):
        await tell(store, f"card-{number % 7}")
        await asyncio.sleep(0.001)


async def test_an_event_that_cannot_be_shown_is_told_by_its_place(store: FailingStore) -> None:
    def picky(event: Recorded) -> bytes:
        if event.type == "bad":
            raise KeyError("nobody thought of that")
        return event_line(event)

    hub = FeedHub(store, picky)
    start = await store.heads()
    async with aclosing(hub.follow(start, None)) as frames:
        found = events(frames)
        await tell(store, "card-1")
        assert await next_stream(found) == "card-1"
        await tell(store, "card-2", "bad")
        _, told = await asyncio.wait_for(anext(found), 10)
        await tell(store, "card-3")
        assert await next_stream(found) == "card-3"

    assert (told["stream"], told["version"], told["unreadable"]) == ("card-2", 1, "KeyError")


def entry(position: int, size: int) -> Entry:
    event = Recorded(
        0, position, "card-1", position, f"{position}", "t", NOON, NOON, b"x" * size, 1, "", b""
    )
    return Entry(event, (position,), b"")


def test_a_ring_holds_so_many_bytes_and_always_the_last_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatherlog.interfaces.event_ring.MOST_BYTES", 1_000)
    ring = EventRing((0,))
    kept = []
    for position, size in enumerate([400, 400, 400, 5_000, 10, 10], start=1):
        ring.add([entry(position, size)])
        kept.append((ring.first + 1, ring.end))

    assert kept == [(1, 1), (1, 2), (2, 3), (4, 4), (5, 5), (5, 6)]
    assert ring.positions == (6,)
