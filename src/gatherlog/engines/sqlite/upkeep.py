"""Writes beside the commits: declarations of views, repairs of index rows, and upgrades."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from typing import Final

import apsw

from gatherlog.core.eventstore.errors import Busy, NotAStore
from gatherlog.core.eventstore.index_keys import KEY_BYTES, PARTITION_BYTES
from gatherlog.engines.sqlite.file import (
    SCHEMA_VERSION,
    FileLock,
    check_layout,
    connect,
    connect_to_read,
)
from gatherlog.engines.sqlite.index_rows import rewrite_rows
from gatherlog.engines.sqlite.writer import LOCK_SECONDS

__all__ = ["demand_layout", "in_turn", "upgrade", "write_alone"]

_LONG_KEYS: Final = (
    "SELECT DISTINCT view, id FROM index_row"
    f" WHERE octet_length(partition) > {PARTITION_BYTES}"
    f" OR octet_length(partition) + octet_length(sort) > {KEY_BYTES} ORDER BY view"
)


def write_alone(path: str, work: Callable[[apsw.Cursor], None]) -> None:
    """Do `work` in a transaction of its own connection; blocks the thread.

    Raises Busy if other writers have held the file for LOCK_SECONDS.
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
    deadline = time.monotonic() + seconds
    with closing(FileLock(path)) as lock, closing(connect(path)) as connection:
        while not lock.try_acquire():
            if time.monotonic() > deadline:
                raise Busy(f"another process has held the store for {seconds:g} s")
            time.sleep(0.002)
        yield connection


def upgrade(path: str) -> None:
    """Bring a file of an older layout to the present one, in one transaction; blocks the thread.

    In layout 2, the partition key and the sort key of an index row have 512 bytes together; in
    layout 1 they had 512 each. The table of index rows has another name. So a process of the older
    release that has the file open fails to read lists and to change them, where it would otherwise
    write rows that nobody finds. Raises NotAStore for a layout that this release does not know.
    """
    layout = _layout(path)
    check_layout(path, layout)
    if layout < SCHEMA_VERSION:
        write_alone(path, _upgrade)
        _show_in_header(path)


def demand_layout(path: str) -> None:
    """Raise NotAStore unless the file has the present layout; blocks the thread."""
    layout = _layout(path, connect_to_read)
    check_layout(path, layout)
    if layout < SCHEMA_VERSION:
        raise NotAStore(
            f"{path} has the layout of an earlier release; bring it to this one first: gatherlog"
            f" upgrade --store sqlite:///{path}"
        )


def _layout(path: str, connect: Callable[[str], apsw.Connection] = connect) -> int:
    with closing(connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").get)


def _upgrade(cursor: apsw.Cursor) -> None:
    if cursor.execute("PRAGMA user_version").get == 1:  # otherwise another process has done it
        cursor.execute("ALTER TABLE document_index RENAME TO index_row")
        long = cursor.execute(_LONG_KEYS).fetchall()
        for view, rows in groupby(long, key=itemgetter(0)):
            rewrite_rows(cursor, str(view), [str(id) for _, id in rows])
        cursor.execute("PRAGMA user_version = 2")


def _show_in_header(path: str) -> None:
    """Move the upgrade from the write-ahead log into the file, if no reader keeps it from that.

    The older release looks only into the header of the file for the layout.
    """
    with closing(connect(path)) as connection, suppress(apsw.BusyError):
        connection.set_busy_timeout(1000)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
