"""Telling other processes of a commit, and hearing of theirs: LISTEN and NOTIFY.

NOTIFY is sent after the commit and on a connection of its own, since inside of a transaction it
lets only one commit at a time. It only wakes: whoever misses it looks by himself, every 2 seconds.
"""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any, Final

from gatherlog.core.eventstore.errors import StoreError
from gatherlog.engines.postgres.connections import READ_SECONDS, Connection, Server
from gatherlog.engines.postgres.failures import DRIVER_ERRORS

__all__ = ["Wakeups"]

PAUSE: Final = 0.004
"""Seconds between two messages, at least: commits that follow each other faster share one, and the
first goes at once. A message takes the process and the server nearly as long as a lone commit."""
_NOTIFY: Final = "SELECT pg_notify($1, $2)"


class Wakeups:
    """One connection, made when it is first needed and again when it is lost."""

    def __init__(self, server: Server, store: str) -> None:
        self._server = server
        self._channel = f"gatherlog:{store}"
        self._name = uuid.uuid4().hex
        self._connection: Connection | None = None
        self._moved: Callable[[], None] | None = None
        self._is_to_send = False
        self._wanted = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    def send(self) -> None:
        """Tell others soon that there is a commit; many calls in a row become one message."""
        self._is_to_send = True
        self._go()

    def listen(self, moved: Callable[[], None]) -> None:
        """From now on call `moved` when others have committed, and after a connection was lost."""
        self._moved = moved
        self._go()

    def close(self) -> None:
        """Send and listen no more."""
        self._moved = None
        if self._work is not None:
            self._work.cancel()

    def _go(self) -> None:
        self._wanted.set()
        if self._work is None:
            self._work = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await asyncio.sleep(0)  # first the callers of the commit go on, and the next is sent
            try:
                connection = await self._ready()
                if self._is_to_send:
                    self._is_to_send = False
                    await connection.execute(
                        _NOTIFY, self._channel, self._name, timeout=READ_SECONDS
                    )
                    await asyncio.sleep(PAUSE)
            except (StoreError, *DRIVER_ERRORS):
                self._is_to_send = False
                await self._lost()

    async def _ready(self) -> Connection:
        """The connection, which listens if anybody wants that."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._server.connect()
            self._connection.add_termination_listener(self._ended)
            self._is_listening = False
        if self._moved is not None and not self._is_listening:
            async with asyncio.timeout(READ_SECONDS):
                await self._connection.add_listener(self._channel, self._heard)
            self._is_listening = True
            self._moved()
        return self._connection

    _is_listening = False

    def _heard(self, connection: Any, pid: int, channel: str, sender: object) -> None:
        if self._moved is not None and sender != self._name:
            self._moved()

    def _ended(self, connection: Any) -> None:
        if self._moved is not None:
            self._wanted.set()

    async def _lost(self) -> None:
        """Wait a moment before the next try; those who listen look by themselves meanwhile."""
        if self._connection is not None and not self._connection.is_closed():
            self._connection.terminate()
        if self._moved is not None:
            await asyncio.sleep(1)
            self._wanted.set()
