"""Connections to PostgreSQL that end at bad moments, and a database that is away for a while."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable

import pytest

from gatherlog.core import Append, Commit, Committed, Event, Store
from gatherlog.core.eventstore.errors import Busy, StoreFailed
from gatherlog.engines import open_store
from gatherlog.engines.postgres.connections import MOST_READERS, Connections
from gatherlog.engines.postgres.engine import PostgresStore
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import (
    CARDS,
    NOON,
    card,
    commit,
    count,
    document,
    event,
    put,
    whole_feed,
    whole_stream,
)
from tests.contracts.engines import Place
from tests.engines.cutting_proxy import Cut, CuttingProxy
from tests.postgres import fetch, server
from tests.stores import eventually

MARKER = b"cut me off"
KILL_BACKENDS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gatherlog'"
)


@pytest.fixture
async def proxy(postgres: Place) -> AsyncIterator[CuttingProxy]:
    assert postgres.engine.postgres is not None
    async with CuttingProxy(server(postgres.engine.postgres), MARKER) as proxy:
        yield proxy


@pytest.fixture
async def store(postgres: Place, proxy: CuttingProxy) -> AsyncIterator[Store]:
    """A store behind the proxy."""
    url = proxy.url(read_place(postgres.url).schema)
    store = await open_store(url, views=[CARDS])
    yield store
    await store.close()


def marked(key: str | None = None) -> Commit:
    """An append, a document and a count, in a request that the proxy recognises."""
    return Commit(
        appends=[Append("card-1", [event(), event(MARKER)])],
        writes=[put("a", b"body"), count("b", n=1)],
        key=key,
        answer=b"done",
    )


@pytest.mark.parametrize("cut", ["request", "answer"])
@pytest.mark.parametrize("key", [None, "k"])
async def test_a_commit_happens_once_if_its_request_or_its_answer_is_lost(
    store: Store, proxy: CuttingProxy, cut: Cut, key: str | None
) -> None:
    await store.commit(commit("card-1"))
    proxy.cut = cut

    done = await store.commit(marked(key))

    feed = await whole_feed(store)
    assert done == Committed(
        {"card-1": 3}, {("card", "a"): 3}, {0: feed[-1].position}, False, b"done"
    )
    assert [found.version for found in feed] == [1, 2, 3]
    assert await card(store, "b") == document("b", None, version=0, counted=3, n=1)
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 4}


async def test_commits_made_at_the_same_time_happen_once_though_answers_are_lost(
    store: Store, proxy: CuttingProxy
) -> None:
    for turn in range(10):
        proxy.cut = "answer" if turn % 2 else "request"
        asked = [marked(), *[commit(f"card-{n}") for n in range(2, 8)]]

        done = await asyncio.gather(*map(store.commit, asked))

        assert done[0].streams == {"card-1": 2 * turn + 2}
        assert [one.streams for one in done[1:]] == [{f"card-{n}": turn + 1} for n in range(2, 8)]
    positions = [found.position for found in await whole_feed(store)]
    assert positions == sorted(set(positions))
    assert len(positions) == 80


async def test_a_commit_waits_for_a_database_that_is_away_for_a_moment(
    store: Store, proxy: CuttingProxy
) -> None:
    await store.commit(commit("card-1"))
    await proxy.refuse()
    waiting = asyncio.create_task(store.commit(commit("card-1")))
    reading = asyncio.create_task(store.read_stream("card-1"))
    await asyncio.sleep(1)
    assert not waiting.done()

    await proxy.accept()

    assert (await asyncio.wait_for(waiting, 5)).streams == {"card-1": 2}
    assert [found.version for found in await asyncio.wait_for(reading, 5)] in ([1], [1, 2])


async def test_while_a_database_is_away_everything_is_refused_as_busy_and_then_works_again(
    store: Store, proxy: CuttingProxy
) -> None:
    await store.commit(commit("card-1"))
    await proxy.refuse()
    started = time.monotonic()
    assert await _refusals(store.read_stream("card-1"), store.heads()) == [Busy] * 2
    assert 4 < time.monotonic() - started < 9

    started = time.monotonic()
    later = [store.commit(commit("card-1")), store.read_stream("card-1"), store.heads()]
    assert await _refusals(*later) == [Busy] * 3
    assert time.monotonic() - started < 2

    made = proxy.accepted
    await proxy.accept()
    async with asyncio.TaskGroup() as callers:
        for _ in range(50):
            callers.create_task(_until_it_works(store))
    assert proxy.accepted - made <= 8
    assert [found.version for found in await whole_stream(store, "card-1")] == list(range(1, 52))


async def _refusals(*asked: Awaitable[object]) -> list[type]:
    done = await asyncio.gather(*asked, return_exceptions=True)
    return [type(one) for one in done]


async def _until_it_works(store: Store) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            await store.commit(commit("card-1"))
        except Busy:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        else:
            return


async def test_a_reader_that_waits_is_woken_again_after_its_connection_was_lost(
    store: Store, proxy: CuttingProxy, postgres: Place
) -> None:
    heads = await store.heads()
    waiting = asyncio.create_task(store.wait(heads, 30.0))
    await asyncio.sleep(0.2)
    proxy.end()
    await asyncio.sleep(0.2)

    other = await postgres.open()
    await other.commit(commit("card-1"))

    assert await asyncio.wait_for(waiting, 5) == (1,)


@pytest.mark.timeout(120)
async def test_killed_backends_lose_no_acknowledged_commit_and_double_none(
    postgres: Place,
) -> None:
    store = await postgres.open()
    done = asyncio.Event()
    outcomes: Counter[str] = Counter()

    async def write(caller: int) -> None:
        for i in range(10_000):
            if done.is_set():
                return
            asked = Commit(
                appends=[Append(f"card-{caller}", [Event(f"{caller}/{i}", "t", NOON, NOON, b"")])],
                writes=[count(f"count-{caller}", stream=f"card-{caller}", n=1)],
                key=f"{caller}/{i}",
            )
            while True:
                try:
                    committed = await store.commit(asked)
                except (Busy, StoreFailed) as error:
                    outcomes[type(error).__name__] += 1
                else:
                    outcomes["repeated" if committed.repeated else "acknowledged"] += 1
                    break
            last[caller] = i + 1

    last = dict.fromkeys(range(8), 0)
    writing = [asyncio.create_task(write(caller)) for caller in last]
    while outcomes["acknowledged"] < 150 or outcomes["killed"] < 20:
        await asyncio.sleep(random.uniform(0.05, 0.3))
        outcomes["killed"] += len(await asyncio.to_thread(fetch, postgres.url, KILL_BACKENDS))
    done.set()
    await asyncio.gather(*writing)

    feed = await whole_feed(store)
    assert sorted(found.position for found in feed) == [found.position for found in feed]
    for caller, number in last.items():
        found = await whole_stream(store, f"card-{caller}")
        assert [one.id for one in found] == [f"{caller}/{i}" for i in range(number)]
        assert [one for one in feed if one.stream == f"card-{caller}"] == found
        counted = await card(store, f"count-{caller}")
        assert counted is not None
        assert counted.counters == {"n": number}


async def test_a_commit_of_another_process_is_seen_though_all_connections_were_lost(
    store: Store, proxy: CuttingProxy, postgres: Place
) -> None:
    other = await postgres.open()
    for version in range(1, 6):
        proxy.end()
        await other.commit(commit("card-1"))
        assert len(await store.read_stream("card-1")) == version
        proxy.end()
        await eventually(store.heads, (version,))


async def test_connections_that_went_silent_hold_back_no_commit_beyond_its_deadline(
    store: Store, proxy: CuttingProxy, postgres: Place
) -> None:
    """As after a cable was cut: neither an answer comes nor an end. The stream is not known yet."""
    await store.commit(commit("card-1"))
    heads = await store.heads()
    waiting = asyncio.create_task(store.wait(heads, 40.0))
    await asyncio.sleep(0)
    proxy.silence()
    started = time.monotonic()

    done = await asyncio.wait_for(store.commit(commit("card-2")), 20)

    assert done.streams == {"card-2": 1}
    assert time.monotonic() - started < 12
    assert await asyncio.wait_for(waiting, 20) > heads
    reader = await postgres.open()
    assert len(await whole_feed(reader)) == 2


async def test_one_who_waits_for_a_connection_hands_on_the_turn_that_he_does_not_take(
    postgres: Place,
) -> None:
    store = await postgres.open()
    assert isinstance(store, PostgresStore)
    connections = Connections(store.engine._server)
    used = [await connections._take() for _ in range(MOST_READERS)]
    gone, next_one = [asyncio.create_task(connections.fetch("SELECT 1")) for _ in range(2)]
    await asyncio.sleep(0)

    connections._return(used[0])  # it is the turn of the first,
    gone.cancel()  # who leaves before he knows
    found = await asyncio.wait_for(next_one, 2)

    assert [tuple(row) for row in found] == [(1,)]
    assert gone.cancelled()
