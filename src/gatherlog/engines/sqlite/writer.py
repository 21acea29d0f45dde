"""The only writer of this process on a file: its lock among processes, and its transactions.

The statements of a transaction run on the loop: in a thread, the interpreter lock might be taken
away between any two of them. Only what may block runs in the writer's thread: waiting for another
process, and COMMIT with its fsync. A single commit is committed on the loop as long as fsyncs are
quick.
"""

import asyncio
import time
from contextlib import suppress
from typing import Final

import apsw

from gatherlog.core.eventstore.errors import Busy
from gatherlog.engines.sqlite.file import FileLock, connect
from gatherlog.engines.sqlite.thread import BlockingThread
from gatherlog.engines.sqlite.watch import FileWatch

__all__ = ["LOCK_SECONDS", "Writer"]

LOCK_SECONDS: Final = 5.0
"""How long a transaction waits for another process before it is refused as Busy."""
QUICK_SECONDS: Final = 0.001
"""An fsync up to this long may be waited for on the loop."""


class Writer:
    """Transactions on one file, one at a time. All methods are called on one event loop."""

    def __init__(self, path: str, watch: FileWatch) -> None:
        self._path = path
        self._watch = watch
        self._lock = FileLock(path)
        self._connection: apsw.Connection | None = None
        self._thread = BlockingThread("gatherlog-writer", orphaned=self._release_file)
        self._fsync_seconds = 0.0
        self._is_waiting = False
        self._is_stuck = False
        self._is_closed = False
        self.is_writing = False
        """Whether a transaction of this process is open."""

    @property
    def idle_connection(self) -> apsw.Connection | None:
        """The connection, between two transactions; None while it is in use or not open."""
        return None if self._is_waiting or self._is_stuck or self.is_writing else self._connection

    async def begin(self) -> apsw.Connection:
        """Begin a transaction. Raises Busy after waiting LOCK_SECONDS for another process."""
        if self._is_stuck:
            raise Busy("another process holds the store")
        if not self._begin_at_once():
            await self._wait_and_begin()
        self.is_writing = True
        return self.open()

    async def commit(self, *, is_lone: bool) -> None:
        """Make the transaction durable and visible. If this raises, nothing was written."""
        if is_lone and self._fsync_seconds < QUICK_SECONDS:
            self._commit()
        else:
            await self._thread.run(self._commit)
        self.is_writing = False
        self._lock.release()

    def abandon(self) -> None:
        """Roll back the transaction and close the connection; the next transaction reconnects."""
        self.is_writing = False
        self._abandon_connection()
        self._lock.release()

    async def give_up(self) -> None:
        """As `abandon`, but only after the COMMIT that the thread may be doing."""
        await asyncio.shield(self._thread.run(self.abandon))

    async def close(self) -> None:
        """Close the file. If the thread still waits for another process, it does so afterwards."""
        self._is_closed = True
        if not self._is_stuck:
            self._release_file()
        self._thread.stop()

    def _begin_at_once(self) -> bool:
        """Begin a transaction if no other process holds the lock; whether it did."""
        if not self._lock.try_acquire():
            return False
        try:
            self.open().execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._lock.release()
            return False
        except BaseException:
            self.abandon()
            raise
        return True

    async def _wait_and_begin(self) -> None:
        """Begin a transaction in the thread. Raises Busy after LOCK_SECONDS."""
        self._is_waiting = True
        begun = self._thread.run(self._begin_blocking)
        try:
            await asyncio.wait([begun], timeout=LOCK_SECONDS)
        except asyncio.CancelledError:
            if begun.done() and begun.exception() is None:
                self.abandon()  # it was begun for a caller who has left in the same moment
            raise
        finally:
            self._is_waiting = False
            if not begun.done():
                self._is_stuck = True
                begun.add_done_callback(self._begun_too_late)
        if self._is_stuck:
            raise Busy(f"another process has held the store for {LOCK_SECONDS:g} s")
        begun.result()

    def _begin_blocking(self) -> None:
        """Wait for the lock, in the thread."""
        self._lock.acquire()
        try:
            connection = self.open()
            connection.set_busy_timeout(int(LOCK_SECONDS * 1000))
            try:
                connection.execute("BEGIN IMMEDIATE")
            finally:
                connection.set_busy_timeout(0)
        except BaseException:
            self.abandon()
            raise

    def _begun_too_late(self, begun: "asyncio.Future[None]") -> None:
        """The other process has released the lock, but the callers were told Busy long ago."""
        if not begun.cancelled():
            begun.exception()
        self._is_stuck = False
        self.abandon()
        if self._is_closed:
            self._release_file()

    def _commit(self) -> None:
        started = time.perf_counter()
        self.open().execute("COMMIT")
        self._fsync_seconds = 0.8 * self._fsync_seconds + 0.2 * (time.perf_counter() - started)

    def _release_file(self) -> None:
        self._abandon_connection()
        self._lock.close()

    def open(self) -> apsw.Connection:
        """The connection on which this process writes, which is opened if need be."""
        if self._connection is None:
            self._watch.check()  # lest it write to a file that has taken the place of ours
            self._connection = connect(self._path)
        return self._connection

    def _abandon_connection(self) -> None:
        """Close the connection, which rolls back an open transaction."""
        if self._connection is not None:
            with suppress(apsw.Error):
                self._connection.close(True)
            self._connection = None
