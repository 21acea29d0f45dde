"""Blanking events on PostgreSQL: who may, and what is left of them in the files of the server."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gatherlog.core import Commit, Event, Recorded, Store
from gatherlog.core.eventstore.errors import StoreFailed
from gatherlog.engines import let_use, open_store
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import CARDS, append, commit, event, whole_stream
from tests.contracts.engines import Place
from tests.postgres import PostgresServer, execute, fetch, make_role, server

SIZES = (20, 1000, 30_000)
"""Bytes of data; the longest ones do not fit into one page."""
STATEMENTS = ("UPDATE {}.event SET {} = {}", "DELETE FROM {}.event")


def spoken(number: int) -> Event:
    return event(b'"Lovelace%s"' % (b"." * SIZES[number % 3]), id=f"said-{number}", meta=b'{"a":1}')


async def written(store: Store, events: int = 3) -> list[Recorded]:
    """Append events, all in one stream."""
    await store.commit(Commit(appends=[append("card-1", *map(spoken, range(events)))]))
    return await whole_stream(store, "card-1")


async def blank(store: Store, events: Sequence[Recorded]) -> None:
    await store.blank(0, [one.position for one in events])


@pytest.fixture
def here(postgres: Place) -> PostgresServer:
    assert postgres.engine.postgres is not None
    return server(postgres.engine.postgres)


@pytest.fixture
async def served(postgres: Place, here: PostgresServer) -> str:
    """The address of a store for a role that was let use it before events could be blanked."""
    await (await postgres.open()).close()
    make_role(postgres.url, "reader")
    await let_use(postgres.url, "reader")
    schema = read_place(postgres.url).schema
    execute(postgres.url, f'REVOKE UPDATE (data, meta) ON "{schema}".event FROM reader')
    return here.url(schema, user="reader")


async def test_a_role_that_was_named_before_works_and_is_told_what_it_lacks(
    postgres: Place, served: str
) -> None:
    store = await open_store(served, views=[CARDS])
    events = await written(store)

    with pytest.raises(StoreFailed, match=r"permission denied .* gatherlog init --for-role"):
        await blank(store, events)
    assert await whole_stream(store, "card-1") == events
    await let_use(postgres.url, "reader")
    await blank(store, events)

    assert all(one.is_blank for one in await whole_stream(store, "card-1"))
    await store.close()


@pytest.mark.parametrize("column", ["position", "stream", "version", "type", "recorded", "subject"])
async def test_a_role_may_change_nothing_else_of_events(
    postgres: Place, served: str, column: str
) -> None:
    await let_use(postgres.url, "reader")
    schema = f'"{read_place(postgres.url).schema}"'

    for statement in STATEMENTS:
        with pytest.raises(Exception, match="permission denied"):
            execute(served, statement.format(schema, column, column))


async def test_blanking_is_on_disk_whatever_the_role_is_set_to(
    postgres: Place, here: PostgresServer
) -> None:
    await (await postgres.open()).close()
    make_role(postgres.url, "hasty")
    execute(postgres.url, "ALTER ROLE hasty SET synchronous_commit = off")
    await let_use(postgres.url, "hasty")
    store = await open_store(here.url(read_place(postgres.url).schema, user="hasty"), views=[CARDS])
    events = await written(store)
    for one in events:
        [(before,)] = fetch(postgres.url, "SELECT pg_current_wal_insert_lsn()::text")

        await blank(store, [one])

        flushed = "SELECT pg_current_wal_flush_lsn() > $1::text::pg_lsn"
        assert fetch(postgres.url, flushed, before) == [(True,)]
    await store.close()


async def test_a_table_that_is_written_anew_has_nothing_of_blank_events(
    postgres: Place, here: PostgresServer
) -> None:
    store = await postgres.open()
    events = await written(store, 60)
    await store.commit(commit("card-1", key="k"))
    execute(postgres.url, "CHECKPOINT")
    assert holding(here, b"Lovelace") != []

    await blank(store, events)
    execute(postgres.url, f'VACUUM FULL "{read_place(postgres.url).schema}".event')
    execute(postgres.url, "CHECKPOINT")

    assert holding(here, b"Lovelace") == []
    assert all(one.is_blank for one in (await whole_stream(store, "card-1"))[:60])


def holding(here: PostgresServer, text: bytes) -> list[Path]:
    """The files of tables and indexes in which a text stands."""
    files = [path for path in (here.folder / "data" / "base").rglob("*") if path.is_file()]
    return [path for path in files if text in path.read_bytes()]
