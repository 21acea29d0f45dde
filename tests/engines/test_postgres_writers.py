"""Several writers on PostgreSQL: those that are stopped, and those that get in each other's way."""

import asyncio
import os
import signal
import time
from collections import Counter

import asyncpg
import msgspec
import pytest

from gatherlog.core import Commit, Committed
from gatherlog.core.eventstore.engine_store import IndexRowStore
from gatherlog.core.eventstore.errors import Conflict, CounterOutOfBounds
from gatherlog.engines import open_store
from gatherlog.engines.postgres import writer
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres_address import read_place
from tests.contracts.child import children
from tests.contracts.commits import (
    card,
    commit,
    count,
    document,
    excluding_documents,
    put,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place
from tests.postgres import execute, make_role, server


@pytest.mark.timeout(90)
async def test_a_process_that_is_stopped_while_it_writes_holds_up_others_for_seconds_at_most(
    postgres: Place,
) -> None:
    """Two processes write to one stream, so that both lock rows; one is stopped again and again."""
    store = await postgres.open()
    waits = []
    async with children(postgres, 1, "keep_appending", seconds=60.0) as [child]:
        child.go()
        for _ in range(12):
            await asyncio.gather(*[store.commit(commit("card-0")) for _ in range(20)])
            os.kill(child.process.pid, signal.SIGSTOP)
            started = time.monotonic()
            await store.commit(commit("card-0"))
            waits.append(time.monotonic() - started)
            os.kill(child.process.pid, signal.SIGCONT)

    assert max(waits) < 5


async def test_a_row_that_somebody_else_locks_holds_up_only_those_who_need_it(
    postgres: Place,
) -> None:
    store, place = await postgres.open(), read_place(postgres.url)
    await store.commit(commit("card-1"))
    other = await asyncpg.connect(place.dsn)
    await other.execute("BEGIN")
    await other.execute(script("SELECT * FROM gatherlog.stream FOR UPDATE", place))
    held = asyncio.create_task(store.commit(commit("card-1")))
    await asyncio.sleep(0.1)

    started = time.monotonic()
    for n in range(20):
        await store.commit(commit(f"card-{n + 2}"))
    took = time.monotonic() - started
    assert not held.done()
    await other.execute("COMMIT")

    assert took < 4
    assert (await asyncio.wait_for(held, 5)).streams == {"card-1": 2}
    await other.close()


async def test_a_process_that_was_forgotten_after_a_long_silence_writes_again(
    postgres: Place,
) -> None:
    store, place = await postgres.open(), read_place(postgres.url)
    await store.commit(commit("card-1"))
    execute(place.dsn, script("DELETE FROM gatherlog.outcome", place))

    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 3}


async def test_two_stores_that_keep_colliding_on_one_stream_both_get_through(
    postgres: Place,
) -> None:
    stores = [await postgres.open(), await postgres.open()]
    seat = count("hall", taken=1, at_most={"taken": 1_000})

    async def call(number: int) -> None:
        for _ in range(10):
            await stores[number % 2].commit(writing(seat))

    started = time.monotonic()
    await asyncio.gather(*[call(number) for number in range(32)])

    assert time.monotonic() - started < 20
    hall = await card(stores[0], "hall")
    assert hall is not None
    assert hall.counters == {"taken": 320}
    assert len(await whole_stream(stores[1], "card-1")) == 320


async def test_three_stores_race_for_absent_documents_and_streams_without_waiting_for_ever(
    postgres: Place,
) -> None:
    stores = [await postgres.open() for _ in range(2)]
    for turn in range(40):
        asked = [stores[n].commit(excluding_documents(f"{turn}", n)) for n in (0, 1)]
        more = [
            stores[n].commit(writing(put(f"x{turn}-{i}", b"", stream=f"card-x{turn}-{i}")))
            for n in (0, 1)
            for i in range(4)
        ]
        done = await asyncio.wait_for(asyncio.gather(*asked, *more, return_exceptions=True), 10)

        assert Counter(map(type, done[:2])) == {Committed: 1, Conflict: 1}
        assert {type(one) for one in done[2:]} == {Committed}


async def test_a_document_that_another_process_rebuilt_meanwhile_is_decided_anew(
    postgres: Place,
) -> None:
    """A rebuild appends nothing, so that the stream does not tell of it."""
    store, other = await postgres.open(), await postgres.open()
    first = put("a", b"1", index_keys={"by_name": ("all", "first")})
    await store.commit(writing(first, count("b", n=1)))
    rebuilt = put("a", b"2", index_keys={"by_name": ("all", "rebuilt")})
    counted = count("b", n=4)
    at = [msgspec.structs.replace(rebuilt, at=1), msgspec.structs.replace(counted, at=1, counted=1)]
    await other.commit(Commit(writes=at))

    third = put("a", b"3", index_keys={"by_name": ("all", "third")})
    with pytest.raises(CounterOutOfBounds):
        await store.commit(writing(count("b", n=1, at_most={"n": 5})))
    await store.commit(writing(third, count("b", n=1, at_most={"n": 6})))

    assert await card(other, "a") == document("a", b"3", version=2, index_keys=third.index_keys)
    found = await card(other, "b")
    assert found is not None
    assert found.counters == {"n": 6}
    assert isinstance(store, IndexRowStore)
    assert await store.misindexed("card") == ([], None)


async def test_stores_that_change_the_same_in_turns_fill_no_log_with_errors(
    postgres: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process knows of a document is old once another has appended to its stream. It finds
    that out without a statement that fails, and that the server would log."""
    assert postgres.engine.postgres is not None
    log = server(postgres.engine.postgres).folder / "log"
    make_role(postgres.url, "loud", "SUPERUSER")
    execute(postgres.url, "ALTER ROLE loud SET log_min_messages = 'error'")
    url = postgres.url.replace("postgres@", "loud@")
    monkeypatch.setattr(writer, "LOCKING_SECONDS", 0.0)  # as if they were seconds apart
    one, other = await open_store(url), await open_store(url)
    before = log.stat().st_size
    for n in range(6):
        seat = count("hall", taken=1, at_most={"taken": 24})
        for store, id in ((one, "a"), (other, "b"), (one, "b"), (other, "a")):
            await store.commit(writing(put(id, b"%d" % n), seat))
        for store in (one, other):
            await store.commit(writing(put("c", b""), key=f"{n}"))
    assert log.read_bytes()[before:] == b""

    with pytest.raises(asyncpg.PostgresError):
        execute(url, "SELECT 1/0")
    assert b"division by zero" in log.read_bytes()[before:]
    await one.close()
    await other.close()
