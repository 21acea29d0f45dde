"""Writes beside the commits: declarations of views, and repairs of index rows."""

import time
from collections.abc import Sequence

import apsw
import msgspec

from gatherlog.core.eventstore.errors import Busy, ViewOutdated
from gatherlog.core.eventstore.store import DeclaredView
from gatherlog.engines.sqlite import rows
from gatherlog.engines.sqlite.file import FileLock, connect
from gatherlog.engines.sqlite.index_rows import rewrite_rows
from gatherlog.engines.sqlite.writer import LOCK_SECONDS

__all__ = ["declare", "reindex"]


def reindex(path: str, view: str, ids: Sequence[str]) -> None:
    """Write the index rows of these ids again. Raises Busy after waiting LOCK_SECONDS."""
    lock, connection = FileLock(path), connect(path)
    deadline = time.monotonic() + LOCK_SECONDS
    try:
        while not lock.try_acquire():
            if time.monotonic() > deadline:
                raise Busy(f"another process has held the store for {LOCK_SECONDS:g} s")
            time.sleep(0.01)
        connection.set_busy_timeout(5000)
        connection.execute("BEGIN IMMEDIATE")
        rewrite_rows(connection.cursor(), view, ids)
        connection.execute("COMMIT")
    finally:
        connection.close(True)
        lock.close()


def declare(
    path: str, views: Sequence[DeclaredView], *, complete: bool = False
) -> set[tuple[str, str]]:
    """Record the versions and indexes of views; returns the indexes that must be built first.

    A view without documents needs no building; with `complete`, none does. Raises ViewOutdated if
    the store holds documents of a newer version of a view.
    """
    connection = connect(path)
    connection.set_busy_timeout(5000)
    try:
        recorded = rows.declared_views(connection.cursor())
        if all(_same(view, recorded.get(view.name)) for view in views):
            return set()
        connection.execute("BEGIN IMMEDIATE")
        cursor = connection.cursor()
        recorded = rows.declared_views(cursor)
        unbuilt: set[tuple[str, str]] = set()
        for view in views:
            unbuilt |= _declare_one(cursor, view, recorded.get(view.name), complete)
        connection.execute("COMMIT")
        return unbuilt
    finally:
        connection.close(True)


def _same(view: DeclaredView, recorded: tuple[int, frozenset[str]] | None) -> bool:
    return recorded is not None and recorded == (view.version, frozenset(view.indexes))


def _declare_one(
    cursor: apsw.Cursor,
    view: DeclaredView,
    recorded: tuple[int, frozenset[str]] | None,
    complete: bool,
) -> set[tuple[str, str]]:
    version, indexes = recorded or (0, frozenset())
    if version > view.version:
        raise ViewOutdated(
            f"view {view.name!r} is at version {version} in this store, and at {view.version} in"
            " this program: use a newer version of the program"
        )
    if version == view.version and indexes >= set(view.indexes):
        return set()
    sql = "SELECT 1 FROM document WHERE view = ? LIMIT 1"
    if not complete and cursor.execute(sql, (view.name,)).get:
        new = set(view.indexes) if version < view.version else set(view.indexes) - indexes
        return {(view.name, index) for index in new}
    cursor.execute(
        "INSERT OR REPLACE INTO view VALUES (?, ?, ?)",
        (view.name, view.version, msgspec.json.encode(sorted(view.indexes))),
    )
    return set()
