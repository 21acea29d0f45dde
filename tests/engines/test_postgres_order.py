"""The feed of PostgreSQL under hostile writers: nothing is missed, repeated or out of order.

They write through the same SQL function as the engine, but in transactions of their own, which
wait at the worst moments, are rolled back, and own a transaction id long before they append.
"""

import asyncio
import random
from collections import defaultdict

import asyncpg
import pytest

from gatherlog.core import Recorded, Store
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres.writing import ARGUMENTS
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import NOON, commit, whole_feed
from tests.contracts.engines import Place
from tests.postgres import LONG, server

WRITERS = 8
STREAMS = 5


class HostileWriter:
    """One connection that appends one event per transaction, to a stream that others use, too."""

    def __init__(self, url: str, number: int) -> None:
        self._place = read_place(url)
        self._chance = random.Random(number)
        self._name = f"hostile-{number}"
        self._number = 0
        values = ", ".join(f"${n}" for n in range(1, ARGUMENTS + 1))
        self._write = script(f"SELECT gatherlog.write_plan({values})", self._place)
        self.written: list[str] = []

    async def run(self, done: asyncio.Event) -> None:
        connection = await asyncpg.connect(self._place.dsn)
        sql = "INSERT INTO gatherlog.outcome VALUES ($1, 0, 0)"
        await connection.execute(script(sql, self._place), self._name)
        while not done.is_set():
            self._number += 1
            transaction = connection.transaction(isolation="read_committed")
            await transaction.start()
            id = await self._append(connection)
            if id is None or self._chance.random() < 0.1:
                await transaction.rollback()
            else:
                await transaction.commit()
                self.written.append(id)
        await connection.close()

    async def _append(self, connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
        """Append an event, and wait; None if somebody else was quicker."""
        if self._chance.random() < 0.3:
            await connection.execute("SELECT pg_current_xact_id()")
            await self._pause()
        stream, id = f"card-{self._chance.randrange(STREAMS)}", f"{self._name}/{self._number}"
        sql = script("SELECT version FROM gatherlog.stream WHERE name = $1", self._place)
        before = await connection.fetchval(sql, stream) or 0
        events = [[stream], [before + 1], [id], ["t"], [NOON], [NOON], [b""], [1], [""], [b""]]
        nothing: list[object] = []
        is_locking = not before or self._chance.random() < 0.5
        try:
            positions = await connection.fetchval(
                self._write,
                *(self._name, self._number, NOON, 0, is_locking, *[nothing] * 3),
                *([stream], [before], [before + 1], *[nothing] * 13, *events),
            )
        except asyncpg.UniqueViolationError:
            return None
        await self._pause()
        return None if positions is None else id

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.choice([0, 0, 0.001, 0.01]))


class Follower:
    """Reads the feed as subscribers do, and notes what it was given."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.events: list[Recorded] = []

    async def run(self, done: asyncio.Event) -> None:
        after = 0
        while True:
            was_done = done.is_set()
            page = await self._store.read_feed(0, after=after, limit=100)
            self.events += page
            if page:
                after = page[-1].position
            elif was_done and after >= (await self._store.heads())[0]:
                return
            await asyncio.sleep(0)


async def follow_hostile_writers(place: Place, seconds: float) -> None:
    stores = [await place.open() for _ in range(3)]
    await stores[0].commit(commit("other-1"))
    open_elsewhere = await _open_transaction(place)
    writers = [HostileWriter(place.url, number) for number in range(WRITERS)]
    followers = [Follower(store) for store in stores]
    stop, done = asyncio.Event(), asyncio.Event()
    reading = [asyncio.create_task(follower.run(done)) for follower in followers]
    writing = [asyncio.create_task(writer.run(stop)) for writer in writers]
    await asyncio.sleep(seconds)
    stop.set()
    await asyncio.gather(*writing)
    done.set()
    await asyncio.gather(*reading)
    await open_elsewhere.close()

    feed = await whole_feed(stores[0])
    written = [id for writer in writers for id in writer.written]
    assert len(written) > 20 * seconds
    assert sorted(event.id for event in feed if event.stream != "other-1") == sorted(written)
    for follower in followers:
        assert follower.events == feed
    versions: defaultdict[str, int] = defaultdict(int)
    for event in feed:
        assert event.version == versions[event.stream] + 1
        versions[event.stream] = event.version


async def _open_transaction(place: Place) -> "asyncpg.Connection[asyncpg.Record]":
    """A transaction that writes in another database of the server, and is left open."""
    assert place.engine.postgres is not None
    folder = server(place.engine.postgres).folder
    connection = await asyncpg.connect(f"postgresql://postgres@/template1?host={folder}")
    await connection.execute("BEGIN")
    await connection.execute("SELECT pg_current_xact_id()")
    return connection


async def test_readers_miss_repeat_and_reorder_nothing_of_hostile_writers(postgres: Place) -> None:
    await follow_hostile_writers(postgres, 2.0)


@pytest.mark.heavy
@pytest.mark.timeout(120)
async def test_readers_miss_nothing_of_hostile_writers_for_a_while(postgres: Place) -> None:
    await follow_hostile_writers(postgres, LONG)


async def test_two_stores_in_one_database_do_not_hold_back_each_other(
    postgres: Place, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """An announcement in one schema does not count in the other."""
    other = Place(postgres.engine, tmp_path_factory.mktemp("other"))
    here, there = await postgres.open(), await other.open()
    place = read_place(other.url)
    connection = await asyncpg.connect(place.dsn)
    transaction = connection.transaction()
    await transaction.start()
    sequence = "'gatherlog.event_position'::regclass::bigint"
    announce = f"SELECT pg_advisory_xact_lock_shared(gatherlog.low_bits({sequence}), 0)"
    await connection.execute(script(announce, place))

    for store in (here, there):
        await store.commit(commit("card-1"))

    assert await here.heads() == (1,)
    assert await there.heads() == (0,)
    await transaction.rollback()
    assert await there.heads() == (1,)
    assert here.id != there.id
    assert [found.stream for found in await whole_feed(here)] == ["card-1"]
    await connection.close()
    await other.close()


@pytest.mark.parametrize("start", [2**32 - 3, 2**31 - 3, 2**40])
async def test_announcements_hold_whatever_the_last_position_is(
    postgres: Place, start: int
) -> None:
    """A lock holds 32 bits of a position; the reader finds the others."""
    store = await postgres.open()
    place = read_place(postgres.url)
    connection = await asyncpg.connect(place.dsn)
    await connection.execute(script(f"SELECT setval('gatherlog.event_position', {start})", place))
    await store.commit(commit("card-1", events=2))
    held = await store.heads()
    transaction = connection.transaction()
    await transaction.start()
    sequence = "'gatherlog.event_position'::regclass::bigint"
    last = "pg_sequence_last_value('gatherlog.event_position')"
    await connection.execute(
        script(
            f"SELECT pg_advisory_xact_lock_shared(gatherlog.low_bits({sequence}),"
            f" gatherlog.low_bits({last}))",
            place,
        )
    )
    for _ in range(3):
        await store.commit(commit("card-1", events=2))
        assert await store.heads() == held == (start + 2,)
    await transaction.rollback()

    assert await store.heads() == (start + 8,)
    await connection.close()
