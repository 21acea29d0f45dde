"""The RSVP commit by hand: the statements it takes, one after the other, in one transaction.

An event of the gathering, a guest's document at the version it was read at, two bounded counters,
and the idempotency key with its answer. A refusal would have to undo only what follows it, so all
that is demanded is read before anything is written.
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
    """One answer, encoded: what the commit of our store holds, field by field."""

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
    """A log with these guests, none of whom has answered yet."""
    db = log.open_log(file)
    db.execute(TABLES)
    with db:
        db.execute("INSERT INTO gathering VALUES (?, 0, 0, 0)", (stream,))
        db.executemany(
            "INSERT INTO guest VALUES (?, ?, 0, ?)", [(guest, stream, b"{}") for guest in guests]
        )
    return db


def write(db: apsw.Connection, rsvp: Rsvp) -> int:
    """All of it, inside a transaction that is open; the guest's new version."""
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
