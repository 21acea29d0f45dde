"""The write-ahead log is kept short, also where readers come and go all the time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import apsw

from gatherlog.core import Append, Commit, Event, Store
from gatherlog.engines.sqlite.file import WAL_KEPT_BYTES, connect
from gatherlog.engines.sqlite.wal import MOST_BYTES
from tests.contracts.commits import NOON, commit
from tests.contracts.engines import Place
from tests.stores import eventually

MIB = 1024 * 1024
LARGEST = 1_000_000
"""Bytes of an event."""


def begin(connection: apsw.Connection) -> None:
    """Begin a transaction that reads, and so keeps the log as it is."""
    connection.execute("BEGIN")
    assert connection.execute("SELECT count(*) FROM store").get == 1


@asynccontextmanager
async def readers_come_and_go(place: Place) -> AsyncIterator[None]:
    """At every moment one reader at least has a transaction open, and none for long."""
    over = False

    async def read() -> None:
        present, following = connect(str(place.path)), connect(str(place.path))
        begin(present)
        while not over:
            await asyncio.sleep(0.01)
            begin(following)
            present.execute("COMMIT")
            present, following = following, present
        present.close()
        following.close()

    reading = asyncio.create_task(read())
    try:
        yield
    finally:
        over = True
        await reading


def wal_bytes(place: Place) -> int:
    return place.path.with_name(f"{place.path.name}-wal").stat().st_size


async def write(store: Store, place: Place, megabytes: int) -> int:
    """Write so much, an event of a megabyte at a time; the longest that the log was."""
    longest = 0
    for number in range(megabytes):
        event = Event(f"e{number}", "tests.happened", NOON, NOON, bytes(LARGEST))
        await store.commit(Commit(appends=[Append("card-1", [event])]))
        longest = max(longest, wal_bytes(place))
    return longest


async def test_the_log_is_bounded_although_readers_come_and_go(place: Place) -> None:
    store = await place.open()

    async with readers_come_and_go(place):
        longest = await write(store, place, 200)

    assert MOST_BYTES < longest < 2 * MOST_BYTES


async def test_the_log_is_short_again_after_a_reader_who_took_long(place: Place) -> None:
    store = await place.open()
    slow = connect(str(place.path))
    begin(slow)
    assert await write(store, place, 90) > MOST_BYTES
    slow.close()

    async def is_short() -> bool:
        await store.commit(commit("card-1"))
        return wal_bytes(place) <= WAL_KEPT_BYTES

    await eventually(is_short, True, 30)


async def test_a_store_that_is_closed_while_a_reader_keeps_its_log_is_whole(place: Place) -> None:
    store = await place.open()
    slow = connect(str(place.path))
    begin(slow)
    await write(store, place, 80)
    await store.commit(commit("card-2"))
    await store.close()
    slow.close()

    again = await place.open()
    assert await again.heads() == (81,)


async def test_without_readers_a_short_log_stays_short(place: Place) -> None:
    store = await place.open()

    assert await write(store, place, 60) <= WAL_KEPT_BYTES + 2 * MIB
