-- The log. Rows are never deleted, so the highest position is the head and positions never repeat.
CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    stream   TEXT    NOT NULL,
    version  INTEGER NOT NULL,
    id       TEXT    NOT NULL,
    type     TEXT    NOT NULL,
    time     INTEGER NOT NULL,  -- microseconds since the epoch, as all times here
    recorded INTEGER NOT NULL,
    data     BLOB    NOT NULL,
    schema   INTEGER NOT NULL,
    subject  TEXT    NOT NULL,
    meta     BLOB    NOT NULL
) STRICT;

-- Also the streams themselves: a stream's head is its highest version here.
CREATE UNIQUE INDEX event_by_stream ON event (stream, version);

CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN
    SELECT raise(ABORT, 'the log is append-only: events are never deleted');
END;

-- Expiry may blank what an event says; its place and envelope stay.
CREATE TRIGGER event_keeps_its_place
BEFORE UPDATE OF position, stream, version, id, type, time, recorded, schema, subject ON event
BEGIN
    SELECT raise(ABORT, 'the log is append-only: events keep their place');
END;

-- Documents of all views. Without a body (version 0) only counters are there.
CREATE TABLE document (
    view       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    stream     TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    counted    INTEGER NOT NULL,
    body       BLOB,
    index_keys BLOB    NOT NULL,  -- JSON: {index: [parts]}
    counters   BLOB    NOT NULL,  -- JSON: {counter: integer}
    PRIMARY KEY (view, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE index_row (
    view      TEXT NOT NULL,
    name      TEXT NOT NULL,
    partition TEXT NOT NULL,
    sort      TEXT NOT NULL,
    id        TEXT NOT NULL,
    PRIMARY KEY (view, name, partition, sort, id)
) STRICT, WITHOUT ROWID;

-- Idempotency keys; rowids follow time, so the expired ones are the first.
CREATE TABLE idempotency (
    number      INTEGER PRIMARY KEY,
    key         TEXT    NOT NULL UNIQUE,
    fingerprint BLOB    NOT NULL,
    answer      BLOB    NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

-- What each view was declared as when its documents were last known to be complete.
CREATE TABLE view (
    name    TEXT    PRIMARY KEY,
    version INTEGER NOT NULL,
    indexes BLOB    NOT NULL   -- JSON: [index]
) STRICT, WITHOUT ROWID;

CREATE TABLE store (
    id         TEXT    NOT NULL,
    partitions INTEGER NOT NULL,
    created    INTEGER NOT NULL
) STRICT;
