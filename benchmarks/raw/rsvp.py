"""The commit of an RSVP by hand: the SQL statements that it needs, in one transaction.

It writes an event of the gathering, a guest's document if its version is still the expected one,
two bounded counters, and the idempotency key with its answer. Everything that may refuse the
commit is checked before anything is written, so that a refusal leaves nothing to undo.
"""

from pathlib import Path

import apsw
import msgspec

from benchmarks.raw import log
from gatherlog.core import Event

TABLES = """
CREATE TABLE guest (
    id TEXT PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE gathering (
    id TEXT PRIMARY KEY, counted INTEGER NOT NULL, seats INTEGER NOT NULL, queued INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fingerprint BLOB NOT NULL,
    answer BLOB NOT NULL, at INTEGER NOT NULL
) STRICT;
"""
KEY = "SELECT fingerprint, answer FROM idempotency WHERE key = ?"
GUEST = "SELECT version FROM guest WHERE id = ?"
COUNTERS = "SELECT seats, queued FROM gathering WHERE id = ?"
SET_GUEST = "UPDATE guest SET version = ?, body = ? WHERE id = ?"
SET_COUNTERS = "UPDATE gathering SET counted = ?, seats = ?, queued = ? WHERE id = ?"
SET_KEY = "INSERT INTO idempotency VALUES (NULL, ?, ?, ?, ?)"


class Rsvp(msgspec.Struct, frozen=True, gc=False):
    """One encoded answer, with the same fields as the commit of Gatherlog's store."""

    stream: str
    event: Event
    guest: str
    expects: int
    body: bytes
    seats: int
    capacity: int
    key: str
    fingerprint: bytes
    answer: bytes


def open_tables(file: Path, stream: str, guests: list[str]) -> apsw.Connection:
    """A log with documents for these guests, none of whom has answered yet."""
    db = log.open_log(file)
    db.execute(TABLES)
    with db:
        db.execute("INSERT INTO gathering VALUES (?, 0, 0, 0)", (stream,))
        db.executemany(
            "INSERT INTO guest VALUES (?, ?, 0, ?)", [(guest, stream, b"{}") for guest in guests]
        )
    return db


def write(db: apsw.Connection, rsvp: Rsvp) -> int:
    """Write the whole RSVP in the open transaction. Returns the new version of the guest."""
    execute = db.execute
    if execute(KEY, (rsvp.key,)).get is not None:
        raise RuntimeError(f"{rsvp.key} was used before")
    version: int = (execute(log.VERSION, (rsvp.stream,)).get or 0) + 1
    if execute(GUEST, (rsvp.guest,)).get != rsvp.expects:
        raise RuntimeError(f"{rsvp.guest} is not at {rsvp.expects}")
    seats, queued = execute(COUNTERS, (rsvp.stream,)).get
    if seats + rsvp.seats > rsvp.capacity or queued > 0:
        raise RuntimeError("no seat is left")
    execute(log.INSERT, log.row(rsvp.stream, version, rsvp.event))
    execute(SET_GUEST, (version, rsvp.body, rsvp.guest))
    execute(SET_COUNTERS, (version, seats + rsvp.seats, queued, rsvp.stream))
    execute(SET_KEY, (rsvp.key, rsvp.fingerprint, rsvp.answer, rsvp.event.recorded))
    return version
