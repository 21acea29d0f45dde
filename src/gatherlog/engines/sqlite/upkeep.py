"""Writes beside the commits: declarations of views, repairs of index rows, and upgrades."""

import time
from collections.abc import Callable
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import Final

import apsw

from gatherlog.core.eventstore.errors import Busy
from gatherlog.core.eventstore.index_keys import KEY_BYTES, PARTITION_BYTES
from gatherlog.engines.sqlite.file import SCHEMA_VERSION, FileLock, connect
from gatherlog.engines.sqlite.index_rows import rewrite_rows
from gatherlog.engines.sqlite.writer import LOCK_SECONDS

__all__ = ["upgrade", "write_alone"]

_LONG_KEYS: Final = (
    "SELECT DISTINCT view, id FROM document_index"
    f" WHERE octet_length(partition) > {PARTITION_BYTES}"
    f" OR octet_length(partition) + octet_length(sort) > {KEY_BYTES} ORDER BY view"
)


def write_alone(path: str, work: Callable[[apsw.Cursor], None]) -> None:
    """Do `work` in a transaction of its own connection; blocks the thread.

    Raises Busy if other writers have held the file for LOCK_SECONDS.
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


def upgrade(path: str) -> None:
    """Bring a file of an older layout to the present one, in one transaction; blocks the thread.

    In layout 2, the partition key and the sort key of an index row have 512 bytes together; in
    layout 1 they had 512 each. A process of the older release that has the file open goes on
    working. If it writes index rows with longer keys, `verify` reports them and `rebuild` repairs
    them.
    """
    if _layout(path) < SCHEMA_VERSION:
        write_alone(path, _upgrade)


def _layout(path: str) -> int:
    with closing(connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").get)


def _upgrade(cursor: apsw.Cursor) -> None:
    if cursor.execute("PRAGMA user_version").get == 1:  # otherwise another process has done it
        long = cursor.execute(_LONG_KEYS).fetchall()
        for view, rows in groupby(long, key=itemgetter(0)):
            rewrite_rows(cursor, str(view), [str(id) for _, id in rows])
        cursor.execute("PRAGMA user_version = 2")
