"""Promise 3: the feed. Nothing ever appears at or below a position that a reader was given."""

import asyncio
import time
from collections import defaultdict
from functools import partial
from itertools import pairwise
from statistics import median

import pytest

from gatherlog.core import Append, Commit, Heads, Recorded, Store
from gatherlog.core.eventstore.errors import Conflict
from gatherlog.core.eventstore.planner import partition_of
from tests.contracts.child import Child, children
from tests.contracts.commits import commit, event, feeds, settled, streams_of, whole_stream
from tests.contracts.engines import Place
from tests.stores import SOON, eventually

PAGES = [1, 10, 1000]


async def feed_part(store: Store, partition: int, after: int, limit: int) -> list[Recorded]:
    """Up to `limit` events of a partition up to its head, from as many pages as it takes."""
    found: list[Recorded] = []
    head = (await store.heads())[partition]
    while after < head and (left := limit - len(found)):
        page = await store.read_feed(partition, after=after, limit=left)
        assert len(page) <= left
        found += page
        after = page[-1].position if page else after
    return found


async def test_an_empty_log_has_heads_at_zero_and_an_empty_feed(store: Store) -> None:
    partitions = store.limits.partitions

    assert await store.heads() == (0,) * partitions
    assert [await store.read_feed(p, after=0, limit=10) for p in range(partitions)] == [
        []
    ] * partitions


async def test_the_feed_has_every_event_once_with_its_position_and_version(store: Store) -> None:
    sent = {f"card-{i}": [event(b"%d" % i), event(b"more")] for i in range(12)}
    for stream, events in sent.items():
        await store.commit(Commit(appends=[Append(stream, events)]))

    for partition, feed in enumerate(await feeds(store)):
        expected = [
            Recorded(
                partition,
                feed[place].position,
                stream,
                version,
                e.id,
                e.type,
                e.time,
                e.recorded,
                e.data,
                e.schema,
                e.subject,
                e.meta,
            )
            for place, (stream, version, e) in enumerate(
                (stream, version, e)
                for stream, events in sent.items()
                if partition_of(stream, store.limits.partitions) == partition
                for version, e in enumerate(events, 1)
            )
        ]
        assert feed == expected


async def test_positions_increase_from_one_and_reach_the_head(store: Store) -> None:
    for i in range(10):
        await store.commit(commit(f"card-{i}", f"card-{i + 1}", events=2))

    heads = await settled(store)
    for head, feed in zip(heads, await feeds(store), strict=True):
        positions = [e.position for e in feed]
        assert positions == sorted(set(positions))
        assert positions[0] >= 1
        assert positions[-1] == head


async def test_a_page_begins_behind_after_and_has_at_most_limit_events(store: Store) -> None:
    await store.commit(commit("card-1", events=7))
    partition = partition_of("card-1", store.limits.partitions)
    places = [e.position for e in (await feeds(store))[partition]]

    async def up_to(after: int, limit: int) -> list[int]:
        return [e.position for e in await feed_part(store, partition, after, limit)]

    assert await up_to(0, 3) == places[:3]
    assert await up_to(places[2], 3) == places[3:6]
    assert await up_to(places[5], 3) == places[6:]
    assert await up_to(places[6], 3) == []
    assert await up_to(places[6] + 100, 3) == []


async def test_an_acknowledged_commit_is_in_the_feed_soon_with_no_further_commit(
    store: Store,
) -> None:
    for i in range(30):
        done = await store.commit(commit(f"card-{i}", f"card-{i + 7}"))
        for partition, position in done.positions.items():
            await eventually(partial(has_reached, store, partition, position), True)
            [found] = await feed_part(store, partition, position - 1, 1)
            assert found.position == position


async def has_reached(store: Store, partition: int, position: int) -> bool:
    """Whether a position can be read."""
    return (await store.heads())[partition] >= position


async def test_a_waiting_reader_learns_of_a_commit_with_no_further_commit(store: Store) -> None:
    for i in range(10):
        [(partition, position)] = (await store.commit(commit(f"card-{i}"))).positions.items()
        heads = await store.heads()
        async with asyncio.timeout(SOON):
            while heads[partition] < position:
                heads = await store.wait(heads, SOON)


async def test_a_partition_that_does_not_exist_is_refused(store: Store) -> None:
    await store.commit(commit("card-1"))

    for partition in (-1, store.limits.partitions):
        with pytest.raises(ValueError, match="partition"):
            await store.read_feed(partition, after=0, limit=1)


async def test_heads_never_decrease(store: Store) -> None:
    seen: list[Heads] = []
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            seen.append(await store.heads())
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*[_write(store, i) for i in range(100)])
    done.set()
    await watching

    for before, after in pairwise(seen):
        assert all(a >= b for b, a in zip(before, after, strict=True))


async def _write(store: Store, i: int) -> list[str]:
    """One commit to one to three streams, every fifth refused; the ids that were written."""
    streams = [f"card-{(i + step) % 11}" for step in range(1 + i % 3)]
    asked = commit(*streams, expected=1_000_000 if i % 5 == 4 else -1, events=1 + i % 2)
    try:
        await store.commit(asked)
    except Conflict:
        return []
    return [e.id for append in asked.appends for e in append.events]


class Tail:
    """A reader that follows one partition until it has so many events, as subscribers do."""

    def __init__(self, store: Store, partition: int, page: int) -> None:
        self.events: list[Recorded] = []
        self._store = store
        self._partition = partition
        self._page = page

    async def follow(self, done: asyncio.Event) -> None:
        after = 0
        while True:
            ended = done.is_set()
            events = await self._store.read_feed(self._partition, after=after, limit=self._page)
            self.events += events
            if events:
                after = events[-1].position
            elif ended and after >= (await self._store.heads())[self._partition]:
                return
            await asyncio.sleep(0 if events else 0.001)


def never_missed_repeated_or_reordered(
    tails: list[Tail], written: list[str], feeds: list[list[Recorded]]
) -> None:
    for tail in tails:
        positions = [e.position for e in tail.events]
        assert positions == sorted(set(positions))
        versions: defaultdict[str, int] = defaultdict(int)
        for e in tail.events:
            assert e.version == versions[e.stream] + 1
            versions[e.stream] = e.version
    for tail, feed in zip(tails, feeds, strict=True):
        assert tail.events == feed
    assert sorted(e.id for feed in feeds for e in feed) == sorted(written)


@pytest.mark.parametrize("page", PAGES)
async def test_readers_that_follow_the_feed_never_miss_repeat_or_reorder_an_event(
    store: Store, page: int
) -> None:
    partitions = range(store.limits.partitions)
    tails = [Tail(store, partition, page) for partition in partitions]
    done = asyncio.Event()
    following = [asyncio.create_task(tail.follow(done)) for tail in tails]
    written: list[str] = []
    for start in range(0, 300, 10):
        ids = await asyncio.gather(*[_write(store, i) for i in range(start, start + 10)])
        written += [id for some in ids for id in some]
    shown = await feeds(store)
    done.set()
    await asyncio.gather(*following)

    never_missed_repeated_or_reordered(tails, written, shown)


async def test_readers_that_follow_the_feed_see_the_events_of_other_processes(
    shared: Place,
) -> None:
    store = await shared.open()
    pages = [(partition, page) for page in PAGES for partition in range(store.limits.partitions)]
    tails = [Tail(store, partition, page) for partition, page in pages]
    done = asyncio.Event()
    async with (
        asyncio.TaskGroup() as following,
        children(shared, 2, "append_anywhere", times=120, streams=7) as started,
    ):
        for tail in tails:
            following.create_task(tail.follow(done))
        written, said = await _write_beside(store, started)
        once = await feeds(store)
        done.set()

    written += [id for outcome, *ids in said if outcome == "written" for id in ids]
    assert sum(outcome == "refused" for outcome, *_ in said) == 48
    for tail, (partition, _) in zip(tails, pages, strict=True):
        assert tail.events == once[partition]
    never_missed_repeated_or_reordered(tails[: len(once)], written, once)


async def _write_beside(
    store: Store, started: list[Child]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Write here while the children write; the ids of ours, and what the children said."""
    for child in started:
        child.go()
    theirs = [asyncio.create_task(child.results()) for child in started]
    ours = [id for i in range(150) for id in await _write(store, i)]
    return ours, [line for results in await asyncio.gather(*theirs) for line in results]


async def test_the_order_of_the_feed_agrees_with_the_versions_of_every_stream(store: Store) -> None:
    await asyncio.gather(*[_write(store, i) for i in range(60)])

    shown = await feeds(store)
    for head in await streams_of(store, "card"):
        stream = await whole_stream(store, head.stream)
        assert [e.version for e in stream] == list(range(1, head.version + 1))
        feed = shown[partition_of(head.stream, store.limits.partitions)]
        assert [e for e in feed if e.stream == head.stream] == stream


async def test_waiting_ends_at_once_if_the_heads_are_beyond_already(store: Store) -> None:
    await store.commit(commit("card-1"))
    heads = await settled(store)
    started = time.monotonic()

    assert await store.wait((0,) * len(heads), 30.0) == heads
    assert time.monotonic() - started < 5


async def test_waiting_ends_after_its_timeout(store: Store) -> None:
    await store.commit(commit("card-1"))
    heads = await settled(store)
    started = time.monotonic()

    assert await store.wait(heads, 0.05) == heads
    assert 0.04 < time.monotonic() - started < 5
    assert await store.wait(heads, 0) == heads


async def test_a_commit_wakes_every_waiting_reader(store: Store) -> None:
    heads = await store.heads()
    waiting = [asyncio.create_task(store.wait(heads, 30.0)) for _ in range(5)]
    await asyncio.sleep(0.01)

    await store.commit(commit("card-1"))

    now = await settled(store)
    assert now != heads
    assert await asyncio.wait_for(asyncio.gather(*waiting), 5) == [now] * 5


async def test_a_refused_commit_wakes_nobody(store: Store) -> None:
    heads = await store.heads()
    waiting = asyncio.create_task(store.wait(heads, 0.1))
    await asyncio.sleep(0.01)

    with pytest.raises(Conflict):
        await store.commit(commit("card-1", expected=5))

    assert await waiting == heads


async def test_a_waiting_reader_that_is_cancelled_does_not_affect_others(store: Store) -> None:
    heads = await store.heads()
    leaving, staying = (asyncio.create_task(store.wait(heads, 30.0)) for _ in range(2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    await asyncio.sleep(0.01)

    await store.commit(commit("card-1"))

    assert await asyncio.wait_for(staying, 5) == await settled(store)
    assert leaving.cancelled()


async def test_an_event_in_any_partition_wakes_a_waiting_reader(store: Store) -> None:
    for i in range(8):
        heads = await settled(store)
        waiting = asyncio.create_task(store.wait(heads, 30.0))
        await asyncio.sleep(0)
        await store.commit(commit(f"card-{i}"))
        assert await asyncio.wait_for(waiting, 5) == await settled(store)


async def test_a_commit_of_another_process_soon_wakes_a_waiting_reader(shared: Place) -> None:
    store = await shared.open()
    delays = []
    async with children(shared, 1, "append_when_told", times=20) as [child]:
        child.go()
        for version in range(1, 21):
            heads = await store.heads()
            waiting = asyncio.create_task(store.wait(heads, 30.0))
            await asyncio.sleep(0.01)
            child.go()
            assert await child.line() == version
            acknowledged = time.monotonic()
            assert await waiting != heads
            delays.append(time.monotonic() - acknowledged)
        await child.results()

    assert median(delays) < 0.1
    assert max(delays) < 3
