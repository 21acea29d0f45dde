"""Opening a store, and letting a role use it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from gatherlog.core.eventstore.clock import Clock, system_clock
from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.core.eventstore.store import DeclaredView, Limits
from gatherlog.engines.postgres.connections import Connection, Server, close_connection
from gatherlog.engines.postgres.engine import PARTITIONS, PostgresEngine, PostgresStore
from gatherlog.engines.postgres.failures import DRIVER_ERRORS, translate
from gatherlog.engines.postgres.installing import let_use, prepare, recognise
from gatherlog.engines.postgres_address import Place, read_place

__all__ = ["let_role_use", "open_postgres"]


async def open_postgres(
    url: str,
    views: Sequence[DeclaredView],
    *,
    create: bool,
    read_only: bool,
    limits: Limits | None,
    clock: Clock,
) -> PostgresStore:
    """Open or make the store at `url`; see `gatherlog.engines.open_store`."""
    place, limits = read_place(url), limits or Limits()
    if limits.partitions != PARTITIONS:
        raise NotAStore(
            f"{place.shown}: PostgreSQL has {PARTITIONS} partition, not {limits.partitions}"
        )
    server = Server(place)
    async with _first_connection(server) as connection:
        if read_only:
            store = await recognise(connection, place)
        else:
            store = await prepare(connection, place, create=create, clock=clock)
    engine = PostgresEngine(server, store, limits)
    return await PostgresStore.open(engine, views, clock=clock, read_only=read_only)


async def let_role_use(url: str, role: str) -> None:
    """Give a role the rights that it needs to use a store; see `gatherlog.engines.let_use`."""
    server = Server(read_place(url))
    async with _first_connection(server) as connection:
        await prepare(connection, server.place, create=False, clock=system_clock)
        await let_use(connection, server.place, role)
    await server.close()


def _demand_files(place: Place) -> None:
    """Raise NotAStore for a file that the address names and that is not there."""
    for file in place.files:
        if not Path(file).expanduser().is_file():
            raise NotAStore(f"{place.shown}: there is no file {file}")


@asynccontextmanager
async def _first_connection(server: Server) -> AsyncIterator[Connection]:
    """A connection for work that comes before all other; if that fails, the server is let go."""
    try:
        _demand_files(server.place)
        connection = await server.connect_first()
        yield connection
        await close_connection(connection)
    except DRIVER_ERRORS as error:
        await server.close()
        raise translate(error) from error
    except BaseException:
        await server.close()
        raise
