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

__all__ = ["LOCK_SECONDS", "NoWriter", "Writer"]

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
        self._cursor: apsw.Cursor | None = None
        self._thread = BlockingThread("gatherlog-writer", orphaned=self._release_file)
        self._fsync_seconds = 0.0
        self._is_waiting = False
        self._is_stuck = False
        self._is_closed = False
        self.is_writing = False
        """Whether a transaction of this process is open."""

    @property
    def idle_cursor(self) -> apsw.Cursor | None:
        """The cursor, between two transactions; None while it is in use or not open."""
        return None if self._is_waiting or self._is_stuck or self.is_writing else self._cursor

    def begin_at_once(self) -> apsw.Cursor | None:
        """Begin a transaction; None if another process holds the lock."""
        if self._is_stuck:
            raise Busy("another process holds the store")
        if not self._lock.try_acquire():
            return None
        try:
            cursor = self.open()
            cursor.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            self._lock.release()
            return None
        except BaseException:
            self.abandon()
            raise
        self.is_writing = True
        return cursor

    async def begin(self) -> apsw.Cursor:
        """Begin a transaction. Raises Busy after waiting LOCK_SECONDS for another process."""
        await self._wait_and_begin()
        self.is_writing = True
        return self.open()

    def commit_at_once(self) -> bool:
        """Commit on the loop, as `commit` does, if fsyncs are quick; whether it did."""
        if self._fsync_seconds >= QUICK_SECONDS:
            return False
        self._commit()
        self._end()
        return True

    async def commit(self) -> None:
        """Make the transaction durable and visible. If this raises, nothing was written."""
        await self._thread.run(self._commit)
        self._end()

    def abandon(self) -> None:
        """Roll back the transaction and close the connection; the next transaction reconnects."""
        self._abandon_connection()
        self._end()

    async def give_up(self) -> None:
        """As `abandon`, but only after the COMMIT that the thread may be doing."""
        self.is_writing = True  # so that nobody uses a connection that the thread is closing
        await asyncio.shield(self._thread.run(self.abandon))

    async def close(self) -> None:
        """Close the file. If the thread still waits for another process, it does so afterwards."""
        self._is_closed = True
        if not self._is_stuck:
            self._release_file()
        self._thread.stop()

    def _end(self) -> None:
        self.is_writing = False
        self._lock.release()

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
            cursor = self.open()
            cursor.connection.set_busy_timeout(int(LOCK_SECONDS * 1000))
            try:
                cursor.execute("BEGIN IMMEDIATE")
            finally:
                cursor.connection.set_busy_timeout(0)
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

    def open(self) -> apsw.Cursor:
        """The cursor with which this process writes; its connection is opened if need be."""
        if self._cursor is None:
            self._watch.check()  # lest it write to a file that has taken the place of ours
            self._cursor = connect(self._path).cursor()
        return self._cursor

    def _abandon_connection(self) -> None:
        """Close the connection, which rolls back an open transaction."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            with suppress(apsw.Error):
                cursor.connection.close(True)


class NoWriter(Writer):
    """Stands for the writer of a store that is only read: it has no lock and no thread."""

    def __init__(self) -> None:
        self.is_writing = False

    @property
    def idle_cursor(self) -> apsw.Cursor | None:
        """There is none."""
        return None

    async def close(self) -> None:
        """There is nothing to close."""
        return None
