"""A disk of the PostgreSQL server that fills up, and has room again later.

It is that of the tables, or that of the write-ahead log.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence

import pytest

from gatherlog.core import Append, Commit, Committed, Store
from gatherlog.core.eventstore.errors import Busy, DiskFull, StoreError, StoreFailed
from gatherlog.engines import open_store
from tests.contracts.commits import CARDS, card, count, event, put
from tests.contracts.engines import POSTGRES, require
from tests.contracts.small_disk import agrees
from tests.postgres import PostgresServer, execute, room_can_be_had
from tests.stores import eventually

pytestmark = pytest.mark.heavy
GROUP = 8
BALLAST = "CREATE TABLE ballast AS SELECT sha512(n::text::bytea) FROM generate_series(1, 20000) n"


def filling(name: str) -> Commit:
    """An event and a card of 20 KB each, which cannot be compressed, a count, and a key."""
    data = os.urandom(20 * 1024)
    return Commit(
        appends=[Append("card-1", [event(data, id=name)])],
        writes=[put(name, data), count("all", events=1)],
        key=name,
    )


async def fill(store: Store) -> tuple[list[str], list[BaseException]]:
    """Commit groups until one fails; the names of what was acknowledged, and what others got."""
    acknowledged: list[str] = []
    for number in range(200):
        names = [f"{number:03}-{part}" for part in range(GROUP)]
        found = await together(store, names)
        acknowledged += [n for n, got in zip(names, found, strict=True) if got is None]
        if failures := [got for got in found if got is not None]:
            return acknowledged, failures
    raise AssertionError("the disk was never full")


async def together(store: Store, names: Sequence[str]) -> list[BaseException | None]:
    """What each of some commits, made as one group, failed with."""
    found = await asyncio.gather(
        *[store.commit(filling(name)) for name in names], return_exceptions=True
    )
    return [None if isinstance(got, Committed) else got for got in found]


def version() -> int:
    """The version of a server that gets a file system of its own."""
    require(POSTGRES)
    assert POSTGRES.postgres is not None
    if not room_can_be_had():
        pytest.skip("no file system can be mounted here: needs Linux with user namespaces")
    return POSTGRES.postgres


@pytest.fixture
async def here() -> AsyncIterator[PostgresServer]:
    """A server whose tables are on a disk with little room; what it logs of writes is elsewhere."""
    with PostgresServer(version(), room="12m") as server:
        execute(server.url(), f"CREATE TABLESPACE small LOCATION '{server.small}'")
        execute(server.url(), "ALTER DATABASE postgres SET default_tablespace = small")
        execute(server.url(), BALLAST)
        yield server


async def test_a_full_disk_of_the_server_makes_whole_commits_fail_until_there_is_room_again(
    here: PostgresServer,
) -> None:
    store = await open_store(here.url(), views=[CARDS])

    acknowledged, failures = await fill(store)

    assert {type(failure) for failure in failures} == {DiskFull}
    assert len(failures) == GROUP
    assert acknowledged
    assert await agrees(store, acknowledged)
    still = await together(store, ["big"])
    assert [type(failure) for failure in still] == [DiskFull]
    assert await card(store, "big") is None

    execute(here.url(), "DROP TABLE ballast")
    await store.commit(filling("after"))
    assert await agrees(store, [*acknowledged, "after"])
    await store.close()


@pytest.fixture
async def logging() -> AsyncIterator[PostgresServer]:
    """A server with room for two files of its log of writes, and without the ballast for three."""
    with PostgresServer(
        version(), room="56m", log_in_room=True, max_wal_size="32MB", min_wal_size="32MB"
    ) as server:
        (server.inside() / "ballast").write_bytes(bytes(20 * 1024 * 1024))
        yield server


@pytest.mark.timeout(120)
async def test_a_full_disk_under_the_log_ends_the_server_and_nothing_acknowledged_is_lost(
    logging: PostgresServer,
) -> None:
    """The server ends itself, and cannot start again before there is room."""
    store = await open_store(logging.url(), views=[CARDS])

    acknowledged, failures = await fill(store)

    asked = [f"{len(acknowledged) // GROUP:03}-{part}" for part in range(GROUP)]
    for failure in failures:
        assert type(failure) in (StoreFailed, Busy)
        assert "cannot be reached" in str(failure)
    await eventually(lambda: refusal(store), Busy)

    logging.restart(lambda data: (logging.inside() / "ballast").unlink())
    await eventually(lambda: refusal(store), None)
    await together(store, asked)  # with their keys: what has happened already is not done again
    assert await agrees(store, [*acknowledged, *asked])
    await store.close()


async def refusal(store: Store) -> type[StoreError] | None:
    """What a read fails with now."""
    try:
        await store.heads()
    except StoreError as error:
        return type(error)
    return None
