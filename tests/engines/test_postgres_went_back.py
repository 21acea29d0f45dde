"""A database that lacks what it had: after a fail-over, a restore, or a crash of its server."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from gatherlog.core import Store
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines import open_store
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import CARDS, card, commit, count, whole_feed, writing
from tests.contracts.engines import POSTGRES, Place, require
from tests.engines.cutting_proxy import CuttingProxy
from tests.postgres import PostgresServer, execute, fetch
from tests.stores import eventually

MARKER = b"nothing is cut"
SCHEMA = "party"
REPLAYED = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn"
DETACH = ("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
DRAW_BACK = "SELECT setval('gatherlog.event_position', $1)"


@pytest.fixture
def primary() -> Iterator[PostgresServer]:
    require(POSTGRES)
    assert POSTGRES.postgres is not None
    with PostgresServer(POSTGRES.postgres) as here:
        yield here


@pytest.fixture
def replica(primary: PostgresServer) -> Iterator[PostgresServer]:
    assert POSTGRES.postgres is not None
    with PostgresServer(POSTGRES.postgres, primary=primary) as there:
        yield there


async def follows(primary: PostgresServer, replica: PostgresServer) -> None:
    """Wait until a replica has all that its primary has."""
    [(here,)] = fetch(primary.url(), "SELECT pg_current_wal_lsn()::text")

    async def has_it() -> bool:
        return bool(fetch(replica.url(), REPLAYED, here)[0][0])

    await eventually(has_it, True)


async def detach(replica: PostgresServer) -> None:
    """Let a replica get nothing more."""
    for sql in DETACH:
        execute(replica.url(), sql)

    async def receivers() -> int:
        return int(fetch(replica.url(), "SELECT count(*) FROM pg_stat_wal_receiver")[0][0])

    await eventually(receivers, 0)


async def fail_over(proxy: CuttingProxy, replica: PostgresServer) -> None:
    """End all connections to the primary, and let those that come be to the replica."""
    await proxy.refuse()
    execute(replica.url(), "SELECT pg_promote()")
    proxy.lead_to(replica)


async def refused(store: Store) -> list[str]:
    """What is said to those who commit, read, and ask for the head."""
    asked = (store.commit(commit("card-1")), store.read_stream("card-1"), store.heads())
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in found] == [NotAStore] * 3
    return [str(one) for one in found]


async def test_a_fail_over_to_a_replica_that_has_everything_loses_nothing(
    primary: PostgresServer, replica: PostgresServer
) -> None:
    async with CuttingProxy(primary, MARKER) as proxy:
        store = await open_store(proxy.url(SCHEMA), views=[CARDS])
        for _ in range(3):
            await store.commit(writing(count("all", n=1)))
        before = await whole_feed(store)
        await follows(primary, replica)
        await fail_over(proxy, replica)
        await proxy.accept()

        await store.commit(writing(count("all", n=1)))

        feed = await whole_feed(store)
        assert (feed[:3], len(feed)) == (before, 4)
        found = await card(store, "all")
        assert found is not None
        assert found.counters == {"n": 4}
        await store.close()


@pytest.mark.parametrize("others", [0, 40])
async def test_a_fail_over_to_a_replica_that_lacks_the_last_commit_is_recognised(
    primary: PostgresServer, replica: PostgresServer, others: int
) -> None:
    """Also after others have written there: a replica counts on from up to 32 positions further."""
    async with CuttingProxy(primary, MARKER) as proxy:
        writer = await open_store(proxy.url(SCHEMA), views=[CARDS])
        reader = await open_store(proxy.url(SCHEMA), views=[CARDS])
        await writer.commit(commit("card-1"))
        await follows(primary, replica)
        await detach(replica)
        await writer.commit(commit("card-1"))
        assert len(await whole_feed(reader)) == 2
        await fail_over(proxy, replica)
        there = await open_store(replica.url(SCHEMA), views=[CARDS])
        execute(replica.url(), script(DRAW_BACK, read_place(replica.url(SCHEMA))), 1)
        for _ in range(others):
            await there.commit(commit("card-1"))
        await proxy.accept()

        for store in (writer, reader):
            said = await refused(store)
            assert all("went back" in one and "docs/engines.md" in one for one in said)
            assert await refused(store) == said  # it does not try again
            await store.close()
        assert len(await whole_feed(there)) == 1 + others
        anew = await open_store(proxy.url(SCHEMA), views=[CARDS])
        assert (await anew.commit(commit("card-1"))).streams == {"card-1": 2 + others}
        await anew.close()
        await there.close()


async def test_a_restore_of_files_under_a_process_is_recognised(primary: PostgresServer) -> None:
    store = await open_store(primary.url(SCHEMA), views=[CARDS])
    await store.commit(commit("card-1"))
    saved = primary.folder / "saved"

    await asyncio.to_thread(primary.restart, lambda data: copy(data, saved))
    assert len(await store.read_stream("card-1")) == 1
    await store.commit(commit("card-1"))
    await asyncio.to_thread(primary.restart, lambda data: copy(saved, data))

    assert all("went back" in said for said in await refused(store))
    await store.close()


def copy(source: Path, target: Path) -> None:
    """Put the files of a stopped server, with their owners, where others may be."""
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", source, target], check=True)


async def test_positions_that_a_crash_gives_once_more_hold_back_the_feed(postgres: Place) -> None:
    """What was drawn in vain is not durable: a server that crashes may draw it again."""
    store, other = await postgres.open(), await postgres.open()
    place = read_place(postgres.url)
    await store.commit(commit("card-1"))
    draw = "SELECT nextval('gatherlog.event_position') FROM generate_series(1, 10)"
    execute(place.dsn, script(draw, place))
    assert await store.read_feed(0, after=1, limit=10) == []
    execute(place.dsn, script(DRAW_BACK, place), 1)
    backends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ $1"
    execute(place.dsn, f"{backends} AND pid <> pg_backend_pid()", place.schema)
    late = await asyncpg.connect(place.dsn)
    drawing = late.transaction()
    await drawing.start()
    sequence = "'gatherlog.event_position'::regclass::bigint"
    announce = f"SELECT pg_advisory_xact_lock_shared(gatherlog.low_bits({sequence}), 1)"
    await late.execute(script(announce, place))
    await late.execute(script("SELECT nextval('gatherlog.event_position')", place))
    await other.commit(commit("card-2"))

    assert await store.read_feed(0, after=1, limit=10) == []
    await drawing.rollback()
    await late.close()
    assert [found.position for found in await store.read_feed(0, after=1, limit=10)] == [3]
