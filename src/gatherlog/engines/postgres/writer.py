"""The only connection of this process that writes, and what became of its writes.

Usually a write is one call, which is a transaction of its own. For a second after a collision the
rows are locked when they are loaded, in a transaction that the write ends: so two processes that
write to the same streams take turns, where otherwise one of them might never get through.
"""

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg

from gatherlog.core.eventstore.engine import Collision, OutcomeUnknown
from gatherlog.engines.postgres.connections import Connection, Server
from gatherlog.engines.postgres.failures import (
    DRIVER_ERRORS,
    is_collision,
    is_given_up,
    is_lost,
    translate,
)
from gatherlog.engines.postgres.installing import script
from gatherlog.engines.postgres.outcomes import WriterMark, begin_writer
from gatherlog.engines.postgres.rows import LOAD
from gatherlog.engines.postgres.writing import ARGUMENTS

__all__ = ["Writer"]

LOCKING_SECONDS: Final = 1.0
"""For so long after a collision, rows are locked when they are loaded."""
WRITE_SECONDS: Final = 5.0
"""A statement of the writer that has no answer by then is taken to be lost."""


class Writer:
    """Loads and writes for one group of commits at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        place = server.place
        values = ", ".join(f"${number}" for number in range(1, ARGUMENTS + 1))
        self._write = script(f"SELECT gatherlog.write_plan({values})", place)
        self._load = script(LOAD, place)
        self._connection: Connection | None = None
        self._name = ""
        self._number = 0
        self._is_in_transaction = False
        self._locks_until = 0.0

    @property
    def locks(self) -> bool:
        """Whether rows are locked when they are loaded, because of a collision a moment ago."""
        return asyncio.get_running_loop().time() < self._locks_until

    async def load(self, keys: list[str], streams: list[str], refs: Any) -> list[Any]:
        """Rows as they are now, locked if that is called for.

        Raises Collision if somebody else holds one of the locks, Busy and StoreFailed.
        """
        views, ids = [view for view, _ in refs], [id for _, id in refs]
        locks = self.locks
        for attempt in (1, 2, 3):
            try:
                connection = await self._ready()
                if locks:
                    await connection.execute("BEGIN", timeout=WRITE_SECONDS)
                    self._is_in_transaction = True
                asked = (keys, streams, views, ids, locks)
                return await connection.fetch(self._load, *asked, timeout=WRITE_SECONDS)
            except DRIVER_ERRORS as error:
                if is_collision(error):
                    await self.collided()
                    raise Collision(str(error)) from error
                self._drop()
                if attempt == 3 or not is_lost(error):
                    raise translate(error) from error
            except BaseException:
                self._drop()
                raise
        raise AssertionError("the last attempt returns or raises")

    async def write(self, values: Sequence[Any]) -> list[int]:
        """Call `write_plan`; the positions of the events. Raises Collision, OutcomeUnknown, …"""
        try:
            connection = await self._ready()
        except DRIVER_ERRORS as error:
            self._drop()
            raise Collision("the connection was lost before the write") from error
        self._number += 1
        try:
            positions: list[int] | None = await connection.fetchval(
                self._write, self._name, self._number, *values, timeout=WRITE_SECONDS
            )
            if positions is not None and self._is_in_transaction:
                await connection.execute("COMMIT", timeout=WRITE_SECONDS)
                self._is_in_transaction = False
        except DRIVER_ERRORS as error:
            await self._failed(error, WriterMark(self._name, self._number))
            raise AssertionError("a failed write raises") from error
        except BaseException:
            self._drop()
            raise
        if positions is None:
            await self.collided()
            raise Collision("what the plan rests on has changed")
        return positions

    async def _failed(self, error: Exception, mark: WriterMark) -> None:
        """Raise what an error means for the write."""
        if is_lost(error):
            self._drop()
            raise OutcomeUnknown(f"the answer to a write was lost: {error!r}", mark) from error
        if is_given_up(error):
            self._drop()
            raise Collision(str(error)) from error
        if is_collision(error):
            await self.collided()
            raise Collision(str(error)) from error
        self._drop()  # it may have prepared what is not there any more
        raise translate(error) from error

    async def collided(self) -> None:
        """From now on lock rows, for a while."""
        self._locks_until = asyncio.get_running_loop().time() + LOCKING_SECONDS
        await self.abandon()

    async def abandon(self) -> None:
        """End the transaction that `load` began, if it did."""
        if self._is_in_transaction:
            self._is_in_transaction = False
            connection = self._connection
            if connection is not None and not connection.is_closed():
                try:
                    await connection.execute("ROLLBACK", timeout=WRITE_SECONDS)
                except DRIVER_ERRORS:
                    self._drop()

    async def _ready(self) -> Connection:
        """The connection, and its row in `outcome`."""
        if self._connection is None or self._connection.is_closed():
            self._is_in_transaction = False
            connection = await self._server.connect()
            self._connection, self._name, self._number = connection, str(uuid.uuid4()), 0
            async with asyncio.timeout(WRITE_SECONDS):
                await begin_writer(connection, self._server.place, self._name)
        return self._connection

    def _drop(self) -> None:
        """End the connection; the next write makes another."""
        self._is_in_transaction = False
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
