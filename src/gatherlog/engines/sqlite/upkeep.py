"""Transactions beside the commits, on a connection of their own: views, index rows, upgrades."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Final

import apsw

from gatherlog.core.eventstore.errors import Busy
from gatherlog.core.eventstore.index_keys import KEY_BYTES, PARTITION_BYTES
from gatherlog.engines.sqlite.file import SCHEMA_VERSION, FileLock, connect
from gatherlog.engines.sqlite.index_rows import renew_rows
from gatherlog.engines.sqlite.writer import LOCK_SECONDS

__all__ = ["in_turn", "upgrade", "write_alone"]


_LONG_KEYS: Final = (
    "SELECT DISTINCT view, id FROM document_index"
    f" WHERE octet_length(partition) > {PARTITION_BYTES}"
    f" OR octet_length(partition) + octet_length(sort) > {KEY_BYTES} ORDER BY view"
)


def write_alone(path: str, work: Callable[[apsw.Cursor], None]) -> None:
    """Do `work` in one transaction, in turn with all writers of the file; it blocks the thread.

    Raises Busy if another process has held the file for LOCK_SECONDS.
    """
    with in_turn(path, LOCK_SECONDS) as connection:
        connection.set_busy_timeout(int(LOCK_SECONDS * 1000))
        connection.execute("BEGIN IMMEDIATE")
        work(connection.cursor())
        connection.execute("COMMIT")


@contextmanager
def in_turn(path: str, seconds: float) -> Iterator[apsw.Connection]:
    """A connection of its own, while no process of ours writes; it blocks the thread.

    Raises Busy if another process has held the file for so many seconds.
    """
    lock, connection = FileLock(path), connect(path)
    deadline = time.monotonic() + seconds
    try:
        while not lock.try_acquire():
            if time.monotonic() > deadline:
                raise Busy(f"another process has held the store for {seconds:g} s")
            time.sleep(0.002)
        yield connection
    finally:
        connection.close(True)
        lock.close()


def upgrade(path: str) -> None:
    """Bring a file of an older layout to the present one, in one transaction; it blocks.

    From 1 to 2: the partition key and the sort key of an index row have 512 bytes together, where
    they had 512 each. A process of the older release that still has the file open goes on; index
    rows that it writes with longer keys are found by `verify` and repaired by `rebuild`.
    """
    if _layout(path) < SCHEMA_VERSION:
        write_alone(path, _upgrade)


def _layout(path: str) -> int:
    with closing(connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").get)


def _upgrade(cursor: apsw.Cursor) -> None:
    if cursor.execute("PRAGMA user_version").get == 1:  # else another process was faster
        long = cursor.execute(_LONG_KEYS).fetchall()
        for view, rows in groupby(long, key=itemgetter(0)):
            renew_rows(cursor, str(view), [str(id) for _, id in rows])
        cursor.execute("PRAGMA user_version = 2")
