"""The schema of a store in a database: made, recognised, and brought to the present layout."""

import uuid
from functools import lru_cache
from importlib.resources import files
from typing import Final

import asyncpg

from gatherlog.core.eventstore.clock import Clock
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines.postgres.connections import Connection
from gatherlog.engines.postgres_address import Place

__all__ = ["LAYOUT", "let_use", "prepare", "recognise", "script"]

STEPS: Final = ("postgres-1.sql", "postgres-2.sql", "postgres-3.sql")
"""The file of number n brings a schema from layout n - 1 to layout n; a new store gets them all."""
LAYOUT: Final = len(STEPS)
OLDEST_SERVER: Final = 150_000
_LOCK: Final = 0x6761_7468_6572
"""The advisory lock, in each database, of whoever makes or changes a schema."""

_READ_SERVER: Final = (
    "SELECT current_setting('server_version_num')::int, current_setting('server_version'),"
    " pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',"
    " current_setting('server_encoding')"
)
_READ_SCHEMA: Final = (
    "SELECT oid, (SELECT count(*) FROM pg_class WHERE relnamespace = n.oid),"
    " EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
    " WHERE c.relnamespace = n.oid AND c.relname = 'store' AND a.attname = 'layout'),"
    " has_schema_privilege(n.oid, 'USAGE')"
    " FROM pg_namespace n WHERE nspname = $1"
)
_SET_LAYOUT: Final = "UPDATE gatherlog.store SET layout = $1"


async def prepare(connection: Connection, place: Place, *, create: bool, clock: Clock) -> str:
    """The id of the store, which is made if it is missing and `create` is set.

    A store of an older layout is upgraded. Raises NotAStore, and changes nothing, for a server that
    cannot hold a store, for a schema that holds something else, and for a newer layout.
    """
    await _check_server(connection, place)
    found = await _read_store(connection, place)
    if found is None and not create:
        raise _no_store(place)
    if found is None or found[1] < LAYOUT:
        found = await _install(connection, place, clock)
    return found[0]


async def recognise(connection: Connection, place: Place) -> str:
    """The id of the store, as it is. Raises NotAStore if there is none of this layout."""
    found = await _read_store(connection, place)
    if found is None:
        raise _no_store(place)
    if found[1] < LAYOUT:
        raise NotAStore(
            f"{place.shown} has the layout of an earlier release; bring it to this one first:"
            f" gatherlog upgrade --store '{place.shown}'"
        )
    return found[0]


def _no_store(place: Place) -> NotAStore:
    return NotAStore(
        f"there is no store in schema {place.schema!r} of {place.shown};"
        f" make one: gatherlog init --store '{place.shown}'"
    )


async def _check_server(connection: Connection, place: Place) -> None:
    row = await connection.fetchrow(_READ_SERVER)
    assert row is not None
    number, version, is_read_only, encoding = row
    if number < OLDEST_SERVER:
        raise NotAStore(f"{place.shown}: PostgreSQL 15 or newer is needed; this is {version}")
    if is_read_only:
        raise NotAStore(f"{place.shown} is not writable: name the primary server, not a replica")
    if encoding != "UTF8":
        raise NotAStore(f"{place.shown}: the database has the encoding {encoding}, not UTF8")


async def _read_store(connection: Connection, place: Place) -> tuple[str, int] | None:
    """The id and the layout of the store in the schema, if there is one."""
    row = await connection.fetchrow(_READ_SCHEMA, place.schema)
    if row is None or (not row[1] and row[3]):
        return None
    if not row[3]:
        raise NotAStore(f"{place.shown}: this role may not use the schema {place.schema!r}")
    if not row[2]:
        raise NotAStore(
            f"the schema {place.schema!r} of {place.shown} holds something else than a store; it"
            " was not changed: name another one with ?schema=…"
        )
    try:
        store = await connection.fetchrow(script("SELECT id, layout FROM gatherlog.store", place))
    except asyncpg.PostgresError as error:
        raise NotAStore(f"{place.shown}: the store cannot be read: {error}") from None
    if store is None:
        raise NotAStore(f"the store in schema {place.schema!r} of {place.shown} is incomplete")
    if store[1] > LAYOUT:
        raise NotAStore(
            f"{place.shown} was made or upgraded by a newer version of Gatherlog (layout"
            f" {store[1]}; this version uses {LAYOUT}): use that version"
        )
    return store[0], store[1]


async def _install(connection: Connection, place: Place, clock: Clock) -> tuple[str, int]:
    """Make or upgrade the schema, in one transaction, one process at a time."""
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '30s'")
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            found = await _read_store(connection, place)
            if found is None:
                found = await _make(connection, place, clock)
            for step in STEPS[found[1] :]:
                await connection.execute(script(_read(step), place))
            await connection.execute(
                script("UPDATE gatherlog.store SET layout = $1", place), LAYOUT
            )
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotAStore(
            f"{place.shown}: this role may not make the store: {error}; let the owner of the"
            " database run `gatherlog init`"
        ) from None
    return found


async def _make(connection: Connection, place: Place, clock: Clock) -> tuple[str, int]:
    """The first step, with the row that says what the store is."""
    is_there = "SELECT count(*) FROM pg_namespace WHERE nspname = $1"
    if not await connection.fetchval(is_there, place.schema):
        await connection.execute(f'CREATE SCHEMA "{place.schema}"')
    await connection.execute(script(_read(STEPS[0]), place))
    store = str(uuid.uuid4())
    await connection.execute(
        script("INSERT INTO gatherlog.store VALUES ($1, 1, 1, $2)", place), store, clock()
    )
    return store, 1


@lru_cache(maxsize=256)
def script(sql: str, place: Place) -> str:
    """Statements on the schema `gatherlog`, as statements on that of the store."""
    return sql.replace("gatherlog.", f'"{place.schema}".')


async def let_use(connection: Connection, place: Place, role: str) -> None:
    """Give a role the rights that it needs to use the store, and no more.

    Raises NotAStore if there is no such role, or if this one may not give rights.
    """
    quoted = '"' + role.replace('"', '""') + '"'
    sql = script(_read("postgres-role.sql"), place)
    sql = sql.replace("schema_name", f'"{place.schema}"').replace("role_name", quoted)
    try:
        async with connection.transaction():
            await connection.execute(sql)
    except (asyncpg.UndefinedObjectError, asyncpg.InsufficientPrivilegeError) as error:
        raise NotAStore(f"{place.shown}: {error}") from None


def _read(step: str) -> str:
    return (files("gatherlog.engines") / "schema" / step).read_text()
