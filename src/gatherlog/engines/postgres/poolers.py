"""Poolers between this process and the server: which of them a store can be used through.

A writer is known by its connection, and commits of others are heard of on one. So each connection
must lead to one session of the server for as long as it is open; a pooler that gives sessions away
between transactions is refused.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import asyncpg

from gatherlog.core.eventstore.errors import NotAStore
from gatherlog.engines.postgres_address import Place

__all__ = ["Connection", "is_pooled"]

Connection: TypeAlias = "asyncpg.Connection[Any]"

ANSWER_SECONDS: Final = 5.0
_WHO: Final = "SELECT pg_backend_pid()"
_NOT_PREPARED_HERE: Final = (
    asyncpg.InvalidSQLStatementNameError,
    asyncpg.DuplicatePreparedStatementError,
)
"""What a statement fails with that was prepared in another session."""


async def is_pooled(
    place: Place, connection: Connection, connect: Callable[[], Awaitable[Connection]]
) -> bool:
    """Whether there is a pooler, which has then been seen to keep a session for each connection.

    Raises NotAStore for one that does not. `connect` makes another connection to the same place.
    """
    try:
        session = await _session(connection)
        if session == connection.get_server_pid():  # a pooler makes up the number that it tells
            return False
        keeps = await _keeps(session, connection, connect)
    except _NOT_PREPARED_HERE:
        keeps = False
    if not keeps:
        raise NotAStore(
            f"{place.shown} is a pooler that gives each transaction another session of the server;"
            " Gatherlog needs pool_mode = session, or the address of the server itself"
        )
    return True


async def _keeps(
    session: int, connection: Connection, connect: Callable[[], Awaitable[Connection]]
) -> bool:
    """Whether the session of a connection is given to no second one, and stays the same."""
    other = await connect()
    try:
        async with other.transaction():
            return session != await _session(other) and session == await _session(connection)
    except asyncpg.PostgresConnectionError as error:
        if "statement pooling" in str(error):  # no transaction may have several statements
            return False
        raise
    finally:
        other.terminate()


async def _session(connection: Connection) -> int:
    """The process of the server that answers now."""
    return int(await connection.fetchval(_WHO, timeout=ANSWER_SECONDS))
