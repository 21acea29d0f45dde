"""A log by hand: the least SQL that stores the same events, durable and in order."""

from collections.abc import Sequence
from pathlib import Path

import apsw

from gatherlog.core import Event

SETTINGS = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
"""
"""The commit is on the disk before COMMIT returns: one fdatasync of the write-ahead log."""

TABLES = """
CREATE TABLE event (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL,
    id TEXT NOT NULL, type TEXT NOT NULL, time INTEGER NOT NULL, recorded INTEGER NOT NULL,
    data BLOB NOT NULL, schema INTEGER NOT NULL, subject TEXT NOT NULL, meta BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_stream ON event (stream, version);
"""
BEGIN = "BEGIN IMMEDIATE"
VERSION = "SELECT max(version) FROM event WHERE stream = ?"
INSERT = "INSERT INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
COMMIT = "COMMIT"
REPLAY = (
    "SELECT position, stream, version, id, type, time, recorded, data, schema, subject, meta"
    " FROM event WHERE position > ? ORDER BY position"
)
STREAM = (
    "SELECT position, stream, version, id, type, time, recorded, data, schema, subject, meta"
    " FROM event WHERE stream = ? ORDER BY version"
)


def open_log(file: Path) -> apsw.Connection:
    """Open a log, or create one. Raises RuntimeError if commits would not wait for the disk."""
    db = apsw.Connection(str(file))
    db.execute(SETTINGS)
    if db.pragma("synchronous") != 2 or db.pragma("journal_mode") != "wal":
        raise RuntimeError("the raw log is not as durable as the others")
    if not db.table_exists("main", "event"):
        db.execute(TABLES)
    return db


def append(db: apsw.Connection, stream: str, expected: int, event: Event) -> None:
    """Append one event in a transaction, if the stream is at the expected version."""
    execute = db.execute
    execute(BEGIN)
    actual = execute(VERSION, (stream,)).get or 0
    if actual != expected:
        raise RuntimeError(f"{stream} is at {actual}, not {expected}")
    execute(INSERT, row(stream, expected + 1, event))
    execute(COMMIT)


def append_many(
    db: apsw.Connection, stream: str, expected: int, events: Sequence[tuple[object, ...]]
) -> None:
    """Append prepared rows in one transaction, if the stream is at the expected version."""
    db.execute(BEGIN)
    actual = db.execute(VERSION, (stream,)).get or 0
    if actual != expected:
        raise RuntimeError(f"{stream} is at {actual}, not {expected}")
    db.executemany(INSERT, events)
    db.execute(COMMIT)


def row(stream: str, version: int, event: Event) -> tuple[object, ...]:
    """The parameters of INSERT for an event."""
    return (
        stream,
        version,
        event.id,
        event.type,
        event.time,
        event.recorded,
        event.data,
        event.schema,
        event.subject,
        event.meta,
    )
