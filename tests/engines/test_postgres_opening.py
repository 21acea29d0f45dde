"""Opening a store on PostgreSQL: what is there, who may, and what is refused with which words."""

import asyncio

import pytest

from gatherlog.core import Append, Commit, Store
from gatherlog.core.eventstore.errors import NotAStore, StoreError, StoreFailed
from gatherlog.engines import let_use, open_store
from gatherlog.engines.postgres.installing import LAYOUT, script
from gatherlog.engines.postgres_address import read_place
from tests.contracts.commits import (
    CARDS,
    commit,
    count,
    event,
    put,
    streams_of,
    whole_stream,
    writing,
)
from tests.contracts.engines import Place
from tests.postgres import SECRETIVE, PostgresServer, drop_schema, execute, fetch, make_role, server
from tests.stores import eventually

OBJECTS = (
    "SELECT relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
    " WHERE nspname = $1 ORDER BY 1, 2"
)
SECRET = "correct horse/battery@staple"
QUOTED = "correct%20horse%2Fbattery%40staple"


def objects(place: Place) -> list[tuple[object, ...]]:
    """What is in the schema."""
    return fetch(place.url, OBJECTS, read_place(place.url).schema)


@pytest.fixture
def here(postgres: Place) -> PostgresServer:
    assert postgres.engine.postgres is not None
    return server(postgres.engine.postgres)


async def refusal(url: str, *, create: bool = True) -> str:
    """The words with which a store is refused."""
    with pytest.raises(NotAStore) as refused:
        await open_store(url, create=create)
    return str(refused.value)


async def test_a_missing_store_is_made_only_if_create_is_set(postgres: Place) -> None:
    assert "gatherlog init" in await refusal(postgres.url, create=False)
    assert objects(postgres) == []

    store = await postgres.open()
    await store.commit(commit("card-1"))
    again = await postgres.open(create=False)

    assert again.id == store.id
    assert len(await whole_stream(again, "card-1")) == 1


async def test_processes_that_make_a_store_at_the_same_time_make_one(postgres: Place) -> None:
    stores = await asyncio.gather(*[postgres.open() for _ in range(6)])

    assert len({store.id for store in stores}) == 1


async def test_a_schema_that_holds_something_else_is_refused_and_not_changed(
    postgres: Place,
) -> None:
    schema = read_place(postgres.url).schema
    execute(postgres.url, f'CREATE SCHEMA "{schema}"')
    execute(postgres.url, f'CREATE TABLE "{schema}".event (id int)')
    before = objects(postgres)

    for create in (True, False):
        assert "holds something else" in await refusal(postgres.url, create=create)
    assert objects(postgres) == before


async def test_an_empty_schema_becomes_a_store(postgres: Place) -> None:
    execute(postgres.url, f'CREATE SCHEMA "{read_place(postgres.url).schema}"')

    store = await postgres.open()

    assert (await store.commit(commit("card-1"))).streams == {"card-1": 1}


async def test_a_store_of_a_newer_layout_is_refused_and_not_changed(postgres: Place) -> None:
    await (await postgres.open()).close()
    sql = script("UPDATE gatherlog.store SET layout = $1", read_place(postgres.url))
    execute(postgres.url, sql, LAYOUT + 1)
    before = objects(postgres)

    for create in (True, False):
        assert "newer version of Gatherlog" in await refusal(postgres.url, create=create)
    assert objects(postgres) == before


async def test_a_wrong_password_is_refused_and_never_shown(
    postgres: Place, here: PostgresServer
) -> None:
    await (await postgres.open()).close()
    schema = read_place(postgres.url).schema
    make_role(postgres.url, SECRETIVE, f"PASSWORD '{SECRET}'")
    await let_use(postgres.url, SECRETIVE)
    good = f"postgresql://{SECRETIVE}:{QUOTED}@/postgres?host={here.folder}&schema={schema}"
    bad = good.replace(QUOTED, "wr0ng%2Fsecret")

    said = await refusal(bad)

    assert "wr0ng" not in said
    assert SECRETIVE in said
    store = await open_store(good)
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 1}
    await store.close()


async def test_a_password_may_be_in_a_file_or_in_the_environment(
    postgres: Place, here: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await postgres.open()).close()
    schema = read_place(postgres.url).schema
    make_role(postgres.url, SECRETIVE, f"PASSWORD '{SECRET}'")
    await let_use(postgres.url, SECRETIVE)
    url = f"postgresql://{SECRETIVE}@/postgres?host={here.folder}&schema={schema}"
    file = postgres.path.with_name("passwords")
    file.write_text(f"*:*:postgres:{SECRETIVE}:{SECRET}\n")
    file.chmod(0o600)

    await refusal(url)
    await (await open_store(f"{url}&passfile={file}")).close()
    monkeypatch.setenv("PGPASSFILE", str(file))
    await (await open_store(url)).close()
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.setenv("PGPASSWORD", SECRET)
    await (await open_store(url)).close()


async def test_the_environment_and_a_service_file_may_say_where_the_server_is(
    postgres: Place, here: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = read_place(postgres.url).schema
    store = await postgres.open()
    await store.commit(commit("card-1"))
    services = postgres.path.with_name("services")
    services.write_text(f"[party]\nhost={here.folder}\nuser=postgres\ndbname=postgres\n")

    monkeypatch.setenv("PGSERVICEFILE", str(services))
    by_service = await open_store(f"postgresql:///?service=party&schema={schema}")
    monkeypatch.setenv("PGHOST", str(here.folder))
    monkeypatch.setenv("PGUSER", "postgres")
    by_variables = await open_store(f"postgresql:///postgres?schema={schema}")

    for found in (by_service, by_variables):
        assert found.id == store.id
        await found.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://nobody-here@/postgres?host={folder}", "nobody-here"),
        ("postgresql://postgres@/no-such-database?host={folder}", "no-such-database"),
        ("postgresql://postgres@/postgres?host={folder}&schema=pg_mine", "not a name"),
        ("postgresql://postgres@/postgres?host={folder}&schema=Mine", "not a name"),
        ("postgresql://postgres@/postgres?host={folder}&schema=a%22b", "not a name"),
        ("postgresql://postgres@/postgres?host={folder}&schema=", "not a name"),
        ("postgresql://postgres@/postgres?host={folder}&colour=blue", "colour"),
        ("postgresql://postgres@/postgres?host={folder}&sslmode=maybe", "sslmode"),
        ("postgresql://postgres@/postgres?host={folder}#x", "%23"),
        ("postgresql://postgres@host:port/postgres", "port"),
    ],
)
async def test_a_wrong_address_is_refused_with_what_is_wrong(
    here: PostgresServer, url: str, says: str
) -> None:
    assert says in await refusal(url.format(folder=here.folder))


async def test_a_database_with_another_encoding_is_refused(here: PostgresServer) -> None:
    execute(here.url(), "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")

    said = await refusal(f"postgresql://postgres@/latin?host={here.folder}")

    assert "LATIN1" in said
    execute(here.url(), "DROP DATABASE latin WITH (FORCE)")


async def test_a_server_that_cannot_be_written_to_is_refused(
    postgres: Place, here: PostgresServer
) -> None:
    await (await postgres.open()).close()
    make_role(postgres.url, "reader")
    await let_use(postgres.url, "reader")
    execute(postgres.url, "ALTER ROLE reader SET default_transaction_read_only = on")

    said = await refusal(here.url(read_place(postgres.url).schema, user="reader"))

    assert "not writable" in said


async def test_a_replica_is_refused_and_passed_over_for_the_primary(
    postgres: Place, here: PostgresServer
) -> None:
    store = await postgres.open()
    await store.commit(commit("card-1"))
    schema = read_place(postgres.url).schema
    assert postgres.engine.postgres is not None
    with PostgresServer(postgres.engine.postgres, primary=here) as replica:
        said = await refusal(replica.url(schema))
        hosts = f"{replica.folder},{here.folder}"
        both = f"postgresql://postgres@/postgres?host={hosts}&port=5432,5432&schema={schema}"
        found = await open_store(f"{both}&target_session_attrs=read-write")

        assert "not writable" in said
        assert (await found.commit(commit("card-1"))).streams == {"card-1": 2}
        await found.close()


async def test_a_role_without_rights_is_told_so(postgres: Place, here: PostgresServer) -> None:
    make_role(postgres.url, "stranger")
    url = here.url(read_place(postgres.url).schema, user="stranger")

    assert "gatherlog init" in await refusal(url)
    await (await postgres.open()).close()
    assert "may not use the schema" in await refusal(url)
    assert "no-such-role" in await _refused_role(postgres.url, "no-such-role")


async def _refused_role(url: str, role: str) -> str:
    with pytest.raises(NotAStore) as refused:
        await let_use(url, role)
    return str(refused.value)


@pytest.fixture
def ruled(postgres: Place, here: PostgresServer) -> str:
    """The address of a role for which an administrator has set what gets in the way."""
    make_role(postgres.url, "ruled")
    for setting in (
        "statement_timeout = '1ms'",
        "lock_timeout = '1ms'",
        "idle_in_transaction_session_timeout = '1ms'",
        "default_transaction_isolation = 'serializable'",
        "synchronous_commit = off",
        "search_path = nowhere",
        "standard_conforming_strings = off",
        "bytea_output = 'escape'",
        "timezone = 'Asia/Kathmandu'",
    ):
        execute(postgres.url, f"ALTER ROLE ruled SET {setting}")
    return here.url(read_place(postgres.url).schema, user="ruled")


async def test_settings_of_an_administrator_do_not_get_in_the_way(
    postgres: Place, ruled: str
) -> None:
    await (await postgres.open()).close()
    await let_use(postgres.url, "ruled")

    store = await open_store(ruled, views=[CARDS])
    await fill(store)

    assert len(await streams_of(store, "card")) == 20
    await store.close()


async def fill(store: Store) -> None:
    """Commits of all kinds, made at the same time."""
    asked = [
        writing(
            put(f"{n}", b"\\x00'", stream=f"card-{n}", index_keys={"by_name": ("all", "'\\")}),
            count(f"c{n}", stream=f"card-{n}", n=1),
            key=f"{n}",
        )
        for n in range(20)
    ]
    await asyncio.gather(*map(store.commit, asked))
    assert len((await store.query(CARDS.query("by_name", "all"))).documents) == 20


async def test_reads_share_what_connections_there_are(
    postgres: Place, here: PostgresServer
) -> None:
    await (await postgres.open()).close()
    make_role(postgres.url, "narrow")
    execute(postgres.url, "ALTER ROLE narrow CONNECTION LIMIT 3")
    await let_use(postgres.url, "narrow")
    store = await open_store(here.url(read_place(postgres.url).schema, user="narrow"))
    await store.commit(commit("card-1"))

    found = await asyncio.gather(*[store.read_stream("card-1") for _ in range(200)])

    assert {len(events) for events in found} == {1}
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 2}
    await store.close()


async def test_a_schema_that_is_dropped_while_in_use_is_an_error_and_not_made_again(
    postgres: Place,
) -> None:
    store = await postgres.open()
    await store.commit(commit("card-1"))
    await asyncio.to_thread(drop_schema, postgres.url)

    for _ in range(2):
        with pytest.raises((NotAStore, StoreFailed)):
            await store.commit(commit("card-1"))
        with pytest.raises(NotAStore):
            await store.read_stream("card-1")
    assert objects(postgres) == []


async def test_a_store_that_is_restored_while_in_use_works_again_if_it_has_all_that_was_given(
    postgres: Place,
) -> None:
    """Its tables, functions and types have other numbers then, which statements knew."""
    store = await postgres.open()
    first = Commit(appends=[Append("card-1", [event(id="first")])])
    await store.commit(first)
    await whole_stream(store, "card-1")
    await asyncio.to_thread(drop_schema, postgres.url)
    restored = await postgres.open()
    await restored.commit(first)
    sql = script("UPDATE gatherlog.store SET id = $1", read_place(postgres.url))
    execute(postgres.url, sql, store.id)

    async def works() -> bool:
        try:
            await store.commit(commit("card-1", key="k"))
        except StoreError:
            return False
        return True

    await eventually(works, True)
    assert [found.version for found in await whole_stream(store, "card-1")] == [1, 2]


async def test_a_function_that_others_have_made_in_public_is_not_called(postgres: Place) -> None:
    """One whose arguments fit better goes before a built-in one, wherever it is looked for."""
    store, place = await postgres.open(), read_place(postgres.url)
    change = "gatherlog.document_change"
    trap = (
        f"CREATE FUNCTION public.unnest({change}[]) RETURNS SETOF {change} LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'trapped'; END $$"
    )
    execute(place.dsn, script(trap, place))

    assert (await store.commit(writing(put("a", b"")))).streams == {"card-1": 1}


async def test_a_role_may_call_the_functions_where_not_everybody_may(
    postgres: Place, here: PostgresServer
) -> None:
    """As where an administrator has taken this from everybody for all that is to be made."""
    make_role(postgres.url, "guest")
    hard = "ALTER DEFAULT PRIVILEGES {} EXECUTE ON FUNCTIONS {} PUBLIC"
    execute(postgres.url, hard.format("REVOKE", "FROM"))
    try:
        await postgres.open()
    finally:
        execute(postgres.url, hard.format("GRANT", "TO"))
    await let_use(postgres.url, "guest")

    store = await open_store(here.url(read_place(postgres.url).schema, user="guest"))
    assert (await store.commit(commit("card-1"))).streams == {"card-1": 1}
    assert await store.heads() == (1,)
    await store.close()
