"""What became of the writes of a connection: one row for each that writes, with its last write.

Rows are forgotten in the order of the log, which the server keeps, and by no clock: those whose
last write lies furthest back. A row that is asked for was written a moment ago, so that it goes
only if KEPT other connections have written since.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from gatherlog.engines.postgres.connections import Connection
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres_address import Place

__all__ = ["KEPT", "WriterMark", "begin_writer", "give_up"]

KEPT: Final = 10_000
"""Of how many connections it is known what became of their last write."""

_POSITION: Final = "coalesce(pg_sequence_last_value('gatherlog.event_position'), 0)"
_BEGIN: Final = (
    f"INSERT INTO gatherlog.outcome (writer, number, position) VALUES ($1, 0, {_POSITION})"
)
_FORGET: Final = (
    "DELETE FROM gatherlog.outcome WHERE writer IN (SELECT o.writer FROM gatherlog.outcome o"
    " ORDER BY o.position DESC OFFSET $1)"
)
_GIVE_UP: Final = (
    "INSERT INTO gatherlog.outcome AS o (writer, number, position)"
    f" VALUES ($1, $2::bigint + 1, {_POSITION})"
    " ON CONFLICT (writer) DO UPDATE SET number = excluded.number WHERE o.number < $2"
    " RETURNING number"
)
_READ: Final = "SELECT number FROM gatherlog.outcome WHERE writer = $1"


class WriterMark(NamedTuple):
    """A connection that writes, and the number of a write on it."""

    writer: str
    number: int


async def begin_writer(connection: Connection, place: Place, name: str) -> None:
    """Make the row of a new connection, and forget the oldest ones."""
    await connection.execute(script(_BEGIN, place), name)
    await connection.execute(script(_FORGET, place), KEPT)


async def give_up(fetch: Callable[..., Awaitable[list[Any]]], mark: WriterMark) -> bool:
    """Let a write never happen any more; False if it has happened already.

    This may be asked again, if the answer is lost as well: who gives up raises the number of the
    writer beyond that of the write.
    """
    if await fetch(_GIVE_UP, *mark):
        return True
    [(number,)] = await fetch(_READ, mark.writer)
    return int(number) > mark.number
