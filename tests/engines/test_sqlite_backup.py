"""A backup is one consistent moment of a store in use, and a store like any other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines import open_store
from gatherlog.engines.sqlite import backup
from tests.contracts.commits import (
    CARDS,
    card,
    cards,
    commit,
    count,
    put,
    streams_of,
    whole_feed,
    writing,
)
from tests.contracts.engines import Place
from tests.engines.conftest import FILLING

CALLERS = 4


@asynccontextmanager
async def callers(store: Store) -> AsyncIterator[list[int]]:
    """Four callers who commit as long as this lasts; how many commits they were told of."""
    done, over = [0] * CALLERS, False

    async def call(caller: int) -> None:
        while not over:
            number = done[caller] + 1
            body = put(f"last-{caller}", b"%d" % number, stream=f"card-{caller}")
            await store.commit(writing(body, count("all", stream="card-all", done=1)))
            done[caller] = number

    async with asyncio.TaskGroup() as running:
        for caller in range(CALLERS):
            running.create_task(call(caller))
        try:
            yield done
        finally:
            over = True


async def moment(store: Store) -> list[int]:
    """How far each caller was, which everything in the store must agree upon."""
    events = [e for e in await whole_feed(store) if e.stream.startswith("card-")]
    versions = {head.stream: head.version for head in await streams_of(store, "card")}
    last = await cards(store, [f"last-{i}" for i in range(CALLERS)])
    bodies = [int(found.body or b"0") if found else 0 for found in last]
    total = await card(store, "all")
    assert [versions.get(f"card-{i}", 0) for i in range(CALLERS)] == bodies
    assert (versions["card-all"], total and total.counters) == (sum(bodies), {"done": sum(bodies)})
    assert len(events) == 2 * sum(bodies)
    assert [e.position for e in await whole_feed(store)] == list(
        range(1, len(events) + FILLING + 1)
    )
    return bodies


async def test_a_backup_while_four_callers_commit_is_one_moment_and_ends(large: Place) -> None:
    store = await large.open()
    goal = large.path.with_name("copy.db")
    async with callers(store) as done:
        while min(done) < 5:
            await asyncio.sleep(0.001)
        before = list(done)

        await asyncio.wait_for(asyncio.to_thread(backup, str(large.path), str(goal)), 20)

        after = list(done)
    copy = await open_store(f"sqlite:///{goal}", views=[CARDS], create=False)
    found = await moment(copy)
    await copy.close()
    assert copy.id == store.id
    assert sum(before) < sum(after), "nobody committed meanwhile"
    assert [b <= f <= a + 1 for b, f, a in zip(before, found, after, strict=True)] == [
        True
    ] * CALLERS


async def test_a_backup_works_as_a_store_under_load(large: Place) -> None:
    goal = large.path.with_name("copy.db")
    backup(str(large.path), str(goal))
    assert goal.read_bytes()[18:20] == b"\x02\x02", "not in WAL mode"
    copy = await open_store(f"sqlite:///{goal}", views=[CARDS], create=False)

    async with callers(copy) as done:
        for _ in range(5):
            assert len(await whole_feed(copy)) >= FILLING
        while min(done) < 50:
            await asyncio.sleep(0.01)

    await copy.close()
    again = await open_store(f"sqlite:///{goal}", views=[CARDS], create=False)
    found = await moment(again)
    await again.close()
    assert min(found) >= 50


async def test_a_backup_is_not_mixed_with_what_is_left_of_another_store(place: Place) -> None:
    """A write-ahead log under the name of the copy would be taken for the copy's own."""
    store = await place.open()
    await store.commit(commit("card-1", events=3))
    goal = place.path.with_name("copy.db")
    gone = await open_store(f"sqlite:///{goal}")
    await gone.commit(commit("card-9", events=50))
    waiting = goal.with_name("copy.db-wal").read_bytes()
    await gone.close()
    goal.unlink()
    goal.with_name("copy.db-wal").write_bytes(waiting)

    with pytest.raises(NotAStore, match=r"copy\.db-wal"):
        backup(str(place.path), str(goal))

    assert not goal.exists()
    assert goal.with_name("copy.db-wal").read_bytes() == waiting
