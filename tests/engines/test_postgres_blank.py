"""Blanking events on PostgreSQL: who may, and what is left of them in the files of the server."""

import re
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import msgspec
import pytest

from gatherlog.core import Commit, Event, Recorded, Store, Write
from gatherlog.core.eventstore.errors import Busy, StoreFailed
from gatherlog.engines import let_use, open_store
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import (
    CARDS,
    append,
    commit,
    delete,
    event,
    put,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place
from tests.postgres import PostgresServer, execute, fetch, make_role, server

SIZES = (20, 1000, 30_000)
"""Bytes of data; the longest ones do not fit into one page."""
DOCS = Path(__file__).parents[2] / "docs" / "engines.md"
STATEMENTS_OF_DOCS = re.findall(r"```sql\n(VACUUM.*?)```", DOCS.read_text(), re.S)[0].splitlines()
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


async def test_blanking_is_tried_again_while_others_hold_the_events(
    postgres: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatherlog.core.eventstore.retrying.DEADLINE", 0.3)
    store, place = await postgres.open(), read_place(postgres.url)
    events = await written(store)
    other = await asyncpg.connect(place.dsn)
    holding = other.transaction()
    await holding.start()
    await other.execute(f'SELECT FROM "{place.schema}".event FOR UPDATE')

    with pytest.raises(Busy, match="gave up"):
        await blank(store, events)
    assert await whole_stream(store, "card-1") == events
    await holding.rollback()
    await blank(store, events)

    assert all(one.is_blank for one in await whole_stream(store, "card-1"))
    await other.close()


async def test_the_statements_of_the_docs_leave_nothing_in_the_tables(
    postgres: Place, here: PostgresServer
) -> None:
    place = read_place(postgres.url)
    store = await postgres.open()
    events = await written(store, 60)
    await store.commit(writing(*[card(number) for number in range(60)]))
    await store.commit(writing(put("kept", b'"Babbage"', index_keys={"by_name": ("all", "B")})))
    for name in (b"Lovelace", b"Babbage"):
        answered = msgspec.structs.replace(commit("card-1", key=name.decode()), answer=name)
        await store.commit(answered)
    for statement in ("ANALYZE", "CHECKPOINT"):
        execute(postgres.url, statement)
    assert holding(here, b"Lovelace") != []

    await blank(store, events)
    await store.forget("Lovelace")
    await store.commit(writing(*[delete(f"card-{number}") for number in range(60)]))
    for statement in STATEMENTS_OF_DOCS:
        execute(postgres.url, script(statement, place))

    assert holding(here, b"Lovelace") == []
    assert all(one.is_blank for one in (await whole_stream(store, "card-1"))[:60])


def card(number: int) -> Write:
    """A card whose body and index keys hold the name."""
    name = f"Lovelace {number % 3}"
    keys = {"by_name": ("all", name), "by_table": ("Lovelace", name)}
    return put(f"card-{number}", b'"Lovelace"' * (number % 40 + 1), index_keys=keys)


def holding(here: PostgresServer, text: bytes) -> list[Path]:
    """The files of tables and indexes in which a text stands."""
    files = [path for path in (here.folder / "data" / "base").rglob("*") if path.is_file()]
    return [path for path in files if text in path.read_bytes()]
