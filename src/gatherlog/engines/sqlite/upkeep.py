"""Transactions beside the commits, on a connection of their own: views, rows of indexes."""

import time
from collections.abc import Callable

import apsw

from gatherlog.core.eventstore.errors import Busy
from gatherlog.engines.sqlite.file import FileLock, connect
from gatherlog.engines.sqlite.writer import LOCK_SECONDS

__all__ = ["write_alone"]


def write_alone(path: str, work: Callable[[apsw.Cursor], None]) -> None:
    """Do `work` in one transaction, in turn with all writers of the file; it blocks the thread.

    Raises Busy if another process has held the file for LOCK_SECONDS.
    """
    lock, connection = FileLock(path), connect(path)
    deadline = time.monotonic() + LOCK_SECONDS
    try:
        while not lock.try_acquire():
            if time.monotonic() > deadline:
                raise Busy(f"another process has held the store for {LOCK_SECONDS:g} s")
            time.sleep(0.01)
        connection.set_busy_timeout(int(LOCK_SECONDS * 1000))
        connection.execute("BEGIN IMMEDIATE")
        work(connection.cursor())
        connection.execute("COMMIT")
    finally:
        connection.close(True)
        lock.close()
