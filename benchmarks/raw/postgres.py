"""The same work on PostgreSQL by hand: asyncpg, one call for each group of callers, and no more.

The tables and their indexes are those of a Gatherlog store without what only Gatherlog needs. The
feed is not safe to read here: nothing is announced.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import asyncpg

from gatherlog.core import Event

T = TypeVar("T")
Connection = Any

TABLES = """
DROP SCHEMA IF EXISTS raw CASCADE;
CREATE SCHEMA raw;
CREATE TABLE raw.event (
    position bigserial PRIMARY KEY, stream text COLLATE "C" NOT NULL, version bigint NOT NULL,
    id text COLLATE "C" NOT NULL, type text COLLATE "C" NOT NULL, time bigint NOT NULL,
    recorded bigint NOT NULL, data bytea NOT NULL, schema bigint NOT NULL,
    subject text COLLATE "C" NOT NULL, meta bytea NOT NULL, UNIQUE (stream, version)
);
CREATE TABLE raw.stream (name text COLLATE "C" PRIMARY KEY, version bigint NOT NULL)
    WITH (fillfactor = 70);
CREATE TABLE raw.guest (
    id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, body bytea NOT NULL
) WITH (fillfactor = 85);
CREATE TABLE raw.listed (
    partition text COLLATE "C", sort text COLLATE "C", id text COLLATE "C",
    PRIMARY KEY (partition, sort, id)
);
CREATE TABLE raw.gathering (
    id text COLLATE "C" PRIMARY KEY, counted bigint NOT NULL, seats bigint NOT NULL,
    queued bigint NOT NULL
) WITH (fillfactor = 70);
CREATE TABLE raw.idempotency (
    key text COLLATE "C" PRIMARY KEY, fingerprint bytea NOT NULL, answer bytea NOT NULL,
    at bigint NOT NULL
);
CREATE INDEX idempotency_by_time ON raw.idempotency (at);

-- One event for each of some streams, if all of them are at the expected versions.
CREATE FUNCTION raw.append(
    streams text[], befores bigint[], ids text[], types text[], times bigint[], recorded_ bigint[],
    datas bytea[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE written bigint;
BEGIN
    INSERT INTO raw.stream AS s (name, version)
        SELECT w.name, w.before + 1 FROM unnest(streams, befores) AS w (name, before)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version
            WHERE s.version = excluded.version - 1;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < cardinality(streams) THEN RAISE EXCEPTION 'a stream is at another version'; END IF;
    INSERT INTO raw.event (stream, version, id, type, time, recorded, data, schema, subject, meta)
        SELECT w.stream, w.before + 1, w.id, w.type, w.time, w.recorded, w.data, 1, '', ''
            FROM unnest(streams, befores, ids, types, times, recorded_, datas)
                AS w (stream, before, id, type, time, recorded, data);
END $$;

-- The statements of an RSVP, one after the other, for each of a group; the versions of the guests.
CREATE FUNCTION raw.answer(
    stream_ text, guests text[], expected bigint[], bodies bytea[], capacity bigint, keys text[],
    fingerprint_ bytea, answer_ bytea, ids text[], types text[], times bigint[],
    recorded_ bigint[], datas bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    reached bigint;
    versions bigint[] := '{}';
BEGIN
    FOR i IN 1 .. cardinality(guests) LOOP
        PERFORM FROM raw.idempotency k WHERE k.key = keys[i];
        IF FOUND THEN RAISE EXCEPTION 'the key was used'; END IF;
        UPDATE raw.stream SET version = version + 1 WHERE name = stream_
            RETURNING version INTO reached;
        UPDATE raw.guest g SET version = reached, body = bodies[i]
            WHERE g.id = guests[i] AND g.version = expected[i];
        IF NOT FOUND THEN RAISE EXCEPTION 'the guest is at another version'; END IF;
        UPDATE raw.gathering SET counted = reached, seats = seats + 1
            WHERE id = stream_ AND seats + 1 <= capacity AND queued <= 0;
        IF NOT FOUND THEN RAISE EXCEPTION 'no seat is left'; END IF;
        INSERT INTO raw.idempotency VALUES (keys[i], fingerprint_, answer_, times[i]);
        INSERT INTO raw.event
            (stream, version, id, type, time, recorded, data, schema, subject, meta)
            VALUES (
                stream_, reached, ids[i], types[i], times[i], recorded_[i], datas[i], 1, '', ''
            );
        versions := versions || reached;
    END LOOP;
    RETURN versions;
END $$;
"""
APPEND = "SELECT raw.append($1, $2, $3, $4, $5, $6, $7)"
ANSWER = "SELECT raw.answer($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
PAGE = (
    "SELECT position, stream, version, id, type, time, recorded, data, schema, subject, meta"
    " FROM {schema}.event WHERE position > $1 ORDER BY position LIMIT $2"
)


async def opened(dsn: str) -> Connection:
    """A connection to empty tables."""
    connection = await asyncpg.connect(
        dsn, server_settings={"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
    )
    await connection.execute(TABLES)
    return connection


class CallGroups(Generic[T]):
    """Callers of one turn of the loop share a call; the next group forms while it is under way."""

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[Sequence[Any]]]) -> None:
        self._write = write
        self._waiting: list[tuple[T, asyncio.Future[Any]]] = []
        self._work: asyncio.Task[None] | None = None

    async def submit(self, item: T) -> Any:
        future = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._work is None:
            self._work = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        await asyncio.sleep(0)
        while self._waiting:
            group, self._waiting = self._waiting, []
            results = await self._write([item for item, _ in group])
            for (_, future), result in zip(group, results, strict=True):
                future.set_result(result)
            await asyncio.sleep(0)
        self._work = None


def event_columns(events: Sequence[Event]) -> tuple[list[Any], ...]:
    """Ids, types, times, recorded times and data."""
    return (
        [event.id for event in events],
        [event.type for event in events],
        [event.time for event in events],
        [event.recorded for event in events],
        [event.data for event in events],
    )
