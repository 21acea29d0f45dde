"""The same RSVP as an obvious first implementation: FastAPI, sqlite3, and a commit per request.

It does the same work as Gatherlog: it looks the hash of the key up, loads guest and gathering,
checks deadline and capacity, and writes guest, event and statistics in one durable transaction. The
endpoint is a plain function, which runs in one of FastAPI's threads, and each thread keeps its own
connection (WAL, synchronous FULL). Dependencies would cost a thread switch each, and a connection
per request would be slower. BENCH_FASTAPI_DB names the database file.
"""

import hashlib
import json
import os
import sqlite3
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field

FILE = "BENCH_FASTAPI_DB"
TABLES = """
CREATE TABLE IF NOT EXISTS api_key (hash TEXT PRIMARY KEY, role TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gathering (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, rsvp_deadline TEXT, max_guests INTEGER
);
CREATE TABLE IF NOT EXISTS guest (
    id TEXT PRIMARY KEY, gathering_id TEXT NOT NULL, first_name TEXT NOT NULL,
    last_name TEXT NOT NULL, email TEXT, attending INTEGER, num_guests INTEGER NOT NULL DEFAULT 0,
    dietary TEXT, rsvp_at TEXT
);
CREATE TABLE IF NOT EXISTS stats (
    gathering_id TEXT PRIMARY KEY, coming INTEGER NOT NULL, people INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, gathering_id TEXT NOT NULL,
    guest_id TEXT NOT NULL, type TEXT NOT NULL, time TEXT NOT NULL, data TEXT NOT NULL
);
"""
KEY = "SELECT role FROM api_key WHERE hash = ?"
GUEST = "SELECT * FROM guest WHERE id = ?"
GATHERING = "SELECT * FROM gathering WHERE id = ?"
STATS = "SELECT coming, people FROM stats WHERE gathering_id = ?"
SET_GUEST = "UPDATE guest SET attending = ?, num_guests = ?, dietary = ?, rsvp_at = ? WHERE id = ?"
SET_STATS = "UPDATE stats SET coming = coming + ?, people = people + ? WHERE gathering_id = ?"
ADD_EVENT = "INSERT INTO event VALUES (NULL, ?, ?, ?, 'rsvp_submitted', ?, ?)"

app = FastAPI()
local = threading.local()


class Rsvp(BaseModel):
    model_config = ConfigDict(extra="forbid")

    attending: bool | None
    num_guests: int = Field(1, ge=0, le=99)
    dietary: str | None = Field(None, max_length=2000)


class Guest(BaseModel):
    id: str
    gathering_id: str
    first_name: str
    last_name: str
    email: str | None
    attending: bool | None
    num_guests: int
    dietary: str | None
    rsvp_at: str | None


def connect(file: str) -> sqlite3.Connection:
    db = sqlite3.connect(file, timeout=30, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.row_factory = sqlite3.Row
    return db


def database() -> sqlite3.Connection:
    if not hasattr(local, "db"):
        local.db = connect(os.environ[FILE])
    db: sqlite3.Connection = local.db
    return db


def authenticate(db: sqlite3.Connection, authorization: str) -> str:
    secret = authorization.removeprefix("Bearer ")
    row = db.execute(KEY, (hashlib.sha256(secret.encode()).hexdigest(),)).fetchone()
    if row is None:
        raise HTTPException(401, "unknown key")
    role: str = row["role"]
    return role


@app.post("/guests/{guest_id}/rsvp")
def answer(guest_id: str, rsvp: Rsvp, authorization: Annotated[str, Header()] = "") -> Guest:
    db = database()
    if authenticate(db, authorization) != "operator":
        raise HTTPException(403, "not allowed")
    now = datetime.now(UTC).isoformat()
    db.execute("BEGIN IMMEDIATE")
    try:
        guest = db.execute(GUEST, (guest_id,)).fetchone()
        if guest is None:
            raise HTTPException(404, "no such guest")
        gathering = db.execute(GATHERING, (guest["gathering_id"],)).fetchone()
        if gathering["rsvp_deadline"] is not None and now > gathering["rsvp_deadline"]:
            raise HTTPException(403, "RSVP is closed")
        people = rsvp.num_guests if rsvp.attending else 0
        more = people - (guest["num_guests"] if guest["attending"] else 0)
        stats = db.execute(STATS, (guest["gathering_id"],)).fetchone()
        limit = gathering["max_guests"]
        if limit is not None and more > 0 and stats["people"] + more > limit:
            raise HTTPException(409, "full")
        coming = int(bool(rsvp.attending)) - int(bool(guest["attending"]))
        db.execute(SET_GUEST, (rsvp.attending, people, rsvp.dietary, now, guest_id))
        db.execute(SET_STATS, (coming, more, guest["gathering_id"]))
        data = json.dumps({**rsvp.model_dump(), "guest_id": guest_id})
        db.execute(ADD_EVENT, (str(uuid.uuid4()), guest["gathering_id"], guest_id, now, data))
        after = db.execute(GUEST, (guest_id,)).fetchone()
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return Guest.model_validate(dict(after))


def fill(file: Path, guests: int, key: str) -> list[str]:
    """Create a database with one gathering, its guests and one key. Returns the guests' ids."""
    db = connect(str(file))
    db.executescript(TABLES)
    db.execute("BEGIN")
    hashed = hashlib.sha256(key.encode()).hexdigest()
    db.execute("INSERT INTO api_key VALUES (?, 'operator')", (hashed,))
    db.execute("INSERT INTO gathering VALUES ('default', 'A party', '2999-01-01', 1000000)")
    db.execute("INSERT INTO stats VALUES ('default', 0, 0)")
    ids = [str(uuid.uuid4()) for _ in range(guests)]
    db.executemany(
        "INSERT INTO guest VALUES (?, 'default', 'Ada', ?, ?, NULL, 0, NULL, NULL)",
        [(id, f"Lovelace {n}", f"ada{n}@example.org") for n, id in enumerate(ids)],
    )
    db.execute("COMMIT")
    db.close()
    return ids


def recorded(file: Path) -> int:
    """The number of answers in the database."""
    db = connect(str(file))
    count: int = db.execute("SELECT count(*) FROM event").fetchone()[0]
    db.close()
    return count
