"""Connections to one database: made with care for a server that is down, and shared by readers.

While the server cannot be reached, at most one process-wide attempt at a time is made, at growing
intervals, and callers wait for it up to their deadline. Once it has been away for longer than that,
they are refused at once, so that a server that comes back is not met by a storm.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Final

import asyncpg

from gatherlog.core.eventstore.engine import Collision
from gatherlog.core.eventstore.errors import Busy, NotAStore, StoreClosed, StoreError
from gatherlog.core.eventstore.retrying import DEADLINE, Backoff, pause_bound
from gatherlog.engines.postgres.failures import (
    DRIVER_ERRORS,
    is_collision,
    is_lost,
    told,
    translate,
)
from gatherlog.engines.postgres.poolers import Connection, is_pooled
from gatherlog.engines.postgres_address import Place

__all__ = ["Connection", "Connections", "Server", "close_connection"]

MOST_READERS: Final = 6
"""Connections that reads share, at most."""
CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 10.0
"""A read that has no answer by then is done again on another connection."""
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 1.0
"""Bounds, in seconds, of the pauses between attempts to reach a server that is down."""
GROWING_SECONDS: Final = 1.0
"""After a connection beside others was refused, that long no further one is tried."""
CLOSE_SECONDS: Final = 2.0

_SETTINGS: Final[Mapping[str, str]] = {
    # Functions of the same name that others have put into a schema like `public` are not called.
    "search_path": "pg_catalog, pg_temp",
    "default_transaction_isolation": "read committed",
    "idle_in_transaction_session_timeout": "3s",
    "statement_timeout": "30s",
    "lock_timeout": "100ms",  # then others go first; the deadline of a commit is much later
    # All statements seek in an index. Their plans are made once, when tables may still be empty.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "enable_material": "off",
    "enable_memoize": "off",
    "jit": "off",
}
_SET: Final = "".join(
    f"SELECT set_config('{name}', '{value}', false);" for name, value in _SETTINGS.items()
)
_PERMANENT: Final = ("28", "3D000", "22023", "42704", "0A000", "08P01", "42501")
"""Beginnings of the states of a server that will say the same at the next attempt."""


class Server:
    """Makes connections, and closes all of them when the event loop ends."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._open: set[Connection] = set()
        self._failures = 0
        self._reason = ""
        self._down_since = 0.0
        self._next_try = 0.0
        self._one_try = asyncio.Lock()
        self._is_closed = False
        self._sent = _SETTINGS
        """The settings that are asked for with a connection: none, if a pooler refuses them."""
        self._is_pooled: bool | None = None
        """Whether there is a pooler before the server; None: nobody has looked yet."""
        self.on_connected: Callable[[Connection], Awaitable[None]] | None = None
        """Called with each connection before its use; if it raises NotAStore, that was the last."""
        self._refusal: NotAStore | None = None
        self._guard = asyncio.get_running_loop().create_task(self._until_the_loop_ends())

    async def connect(self) -> Connection:
        """A new connection. Raises Busy if the server could not be reached until the deadline."""
        loop = asyncio.get_running_loop()
        end = loop.time() + DEADLINE
        while True:
            self.check_open()
            if not self._failures:
                with suppress(Busy):
                    return await self.attempt()
            wait = self._next_try - loop.time()
            if wait > 0 and (loop.time() + wait > end or self.is_away):
                raise self._unreachable()
            await asyncio.sleep(wait)
            async with self._one_try:
                if loop.time() >= self._next_try or not self._failures:
                    with suppress(Busy):
                        return await self.attempt()

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt to connect has failed."""
        return self._failures > 0

    @property
    def is_away(self) -> bool:
        """Whether the server has not been reached for longer than a caller waits."""
        away = asyncio.get_running_loop().time() - self._down_since
        return self.is_failing and away > DEADLINE

    async def connect_first(self) -> Connection:
        """As `connect`, but raises NotAStore for what no further attempt would change."""
        try:
            return self._kept(await self._make())
        except asyncpg.PostgresError as error:
            if (error.sqlstate or "").startswith(_PERMANENT):
                raise NotAStore(f"{self.place.shown}: {told(error)}") from None
        except (asyncpg.ClientConfigurationError, ValueError) as error:
            raise NotAStore(f"{self.place.shown}: {error}") from None
        except (asyncpg.InterfaceError, OSError, TimeoutError):
            pass
        return await self.connect()

    async def attempt(self) -> Connection:
        """A new connection, at the first attempt. Raises Busy, and NotAStore as `check_open`."""
        self.check_open()
        try:
            connection = await self._make()
        except (*DRIVER_ERRORS, ValueError) as error:
            self._note_failure(f"{self.place.shown} cannot be reached: {told(error)}")
            raise self._unreachable() from error
        self._failures = 0
        if self._is_closed:
            connection.terminate()
            self.check_open()
        return self._kept(connection)

    async def _make(self) -> Connection:
        """A connection with the settings. Raises NotAStore for a pooler that shares sessions."""
        connection = await self._bare()
        try:
            if self._is_pooled is None:
                self._is_pooled = await is_pooled(self.place, connection, self._bare)
            if self._is_pooled:  # it drops what it does not know of the settings
                await connection.execute(_SET)
            await self._demand(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _demand(self, connection: Connection) -> None:
        """Let `on_connected` look at a connection, and end all others if it refuses it."""
        if self.on_connected is None:
            return
        try:
            await self.on_connected(connection)
        except NotAStore as refusal:
            self._refusal = refusal
            for other in list(self._open):
                other.terminate()
            raise

    async def _bare(self) -> Connection:
        if self._sent:
            try:
                return await _connected(self.place, self._sent)
            except asyncpg.ProtocolViolationError as error:
                if "startup parameter" not in str(error):
                    raise
                self._sent = {}
        return await _connected(self.place, {})

    def check_open(self) -> None:
        """Raise StoreClosed once the server is let go: what broke off then is no failure.

        Raises NotAStore once a connection was refused.
        """
        if self._is_closed:
            raise StoreClosed("the store is closed")
        if self._refusal is not None:
            raise NotAStore(str(self._refusal))

    def _kept(self, connection: Connection) -> Connection:
        self._open.add(connection)
        connection.add_termination_listener(self._open.discard)
        return connection

    def _note_failure(self, reason: str) -> None:
        self._reason = reason
        now = asyncio.get_running_loop().time()
        if not self._failures:
            self._down_since = now
        self._failures += 1
        bound = pause_bound(self._failures, first=FIRST_PAUSE, longest=LONGEST_PAUSE)
        self._next_try = now + bound * random.uniform(0.5, 1.0)

    def _unreachable(self) -> Busy:
        return Busy(self._reason)

    async def close(self) -> None:
        """Close all connections; nobody uses them any more."""
        self._is_closed = True
        await asyncio.gather(*[close_connection(connection) for connection in list(self._open)])
        self._guard.cancel()
        await asyncio.wait([self._guard])

    async def _until_the_loop_ends(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            for connection in list(self._open):
                connection.terminate()


class Connections:
    """Connections that reads share. A read that lost its connection is done again on another."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._idle: list[Connection] = []
        self._count = 0
        self._grows_at = 0.0
        """Until then, the server is taken to have no room for more connections."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def fetch(self, sql: str, *values: Any) -> list[Any]:
        """The rows of a query. Raises what `translate` makes of the driver's errors."""
        backoff = Backoff()
        while True:
            connection = await self._take()
            try:
                found: list[Any] = await connection.fetch(sql, *values, timeout=READ_SECONDS)
            except DRIVER_ERRORS as error:
                connection.terminate()  # it may have prepared what is not there any more
                self._return(connection)
                self._server.check_open()
                if not is_lost(error):
                    raise translate(error) from error
                await backoff.pause(error)
            except BaseException:
                connection.terminate()  # it may be in the middle of something
                self._return(connection)
                raise
            else:
                self._return(connection)
                return found

    async def change(self, sql: str, *values: Any) -> None:
        """Run a statement that may be run twice. Raises Collision if others are in its way."""
        try:
            await self.fetch(sql, *values)
        except StoreError as error:
            cause = error.__cause__
            if isinstance(cause, Exception) and is_collision(cause):
                raise Collision(str(error)) from error
            raise

    async def _take(self) -> Connection:
        loop = asyncio.get_running_loop()
        end = loop.time() + DEADLINE
        while True:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
                self._count -= 1
            if not self._count:
                return await self._add(self._server.connect)
            if self._may_grow(loop.time()):
                with suppress(Busy):
                    return await self._add(self._server.attempt)
                self._grows_at = loop.time() + GROWING_SECONDS
            if self._count:
                await self._wait(end - loop.time())

    def _may_grow(self, now: float) -> bool:
        return self._count < MOST_READERS and now >= self._grows_at and not self._server.is_failing

    async def _add(self, connect: Callable[[], Awaitable[Connection]]) -> Connection:
        self._count += 1
        try:
            return await connect()
        except BaseException:
            self._count -= 1
            self._wake()
            raise

    async def _wait(self, seconds: float) -> None:
        """Wait until a connection is given back. Raises Busy after so many seconds."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(seconds):
                await turn
        except BaseException as error:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:  # it was the turn of one who does not wait any more
                self._wake()
            if isinstance(error, TimeoutError):
                raise Busy(f"all connections were in use for {DEADLINE:g} s") from None
            raise

    def _return(self, connection: Connection) -> None:
        if connection.is_closed():
            self._count -= 1
        else:
            self._idle.append(connection)
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


async def _connected(place: Place, settings: Mapping[str, str]) -> Connection:
    """One attempt to connect."""
    connection: Connection = await asyncpg.connect(
        place.dsn,
        timeout=CONNECT_SECONDS,
        server_settings={"application_name": "gatherlog", **settings},
        statement_cache_size=200,
    )
    return connection


async def close_connection(connection: Connection) -> None:
    """Take leave of the server, for CLOSE_SECONDS at most."""
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except DRIVER_ERRORS:
        connection.terminate()
