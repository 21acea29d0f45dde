"""The same work on PostgreSQL by hand: asyncpg, one call for each group of callers, and no more.

The tables and their indexes are those of a Gatherlog store, and an append and an RSVP make the
promises that they make there: what they rest on is checked under locks, keys are forgotten after a
day, and positions are announced, without which a reader of the feed would lose events. What only
Gatherlog has is left out: an outcome that can be found out after the answer was lost, a refusal
that concerns one caller of a group only, rows that must be absent, any other kind of commit, and a
message that wakes other processes.
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
CREATE TABLE raw.document (
    view text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL, body bytea, index_keys bytea NOT NULL, PRIMARY KEY (view, id)
) WITH (fillfactor = 85);
CREATE TABLE raw.tally (
    view text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, counted bigint NOT NULL,
    counters jsonb NOT NULL, PRIMARY KEY (view, id)
) WITH (fillfactor = 70);
CREATE TABLE raw.index_row (
    view text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL,
    partition text COLLATE "C" NOT NULL, sort text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL, PRIMARY KEY (view, name, partition, sort, id)
);
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
    IF pg_advisory_xact_lock_shared(  -- in a condition, since PERFORM would start a query
        'raw.event_position_seq'::regclass::int,
        coalesce(pg_sequence_last_value('raw.event_position_seq'), 0)::int
    ) IS NULL THEN
    END IF;
    INSERT INTO raw.event (stream, version, id, type, time, recorded, data, schema, subject, meta)
        SELECT w.stream, w.before + 1, w.id, w.type, w.time, w.recorded, w.data, 1, '', ''
            FROM unnest(streams, befores, ids, types, times, recorded_, datas)
                AS w (stream, before, id, type, time, recorded, data);
END $$;

-- The statements of an RSVP, one after the other, for each of a group; the versions of the guests.
-- All lock the row of the stream first, so that groups of two processes do not wait for each other.
-- A reader is told below which position nothing can appear any more: see `gatherlog.horizon`.
CREATE FUNCTION raw.answer(
    stream_ text, guests text[], expected bigint[], bodies bytea[], capacity bigint,
    keys text[], fingerprint_ bytea, answer_ bytea, expired bigint, ids text[],
    types text[], times bigint[], recorded_ bigint[], datas bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    reached bigint;
    versions bigint[] := '{}';
BEGIN
    PERFORM FROM raw.stream WHERE name = stream_ FOR UPDATE;
    PERFORM pg_advisory_xact_lock_shared(
        'raw.event_position_seq'::regclass::int,
        coalesce(pg_sequence_last_value('raw.event_position_seq'), 0)::int
    );
    FOR i IN 1 .. cardinality(guests) LOOP
        PERFORM FROM raw.idempotency k WHERE k.key = keys[i] AND k.at > expired;
        IF FOUND THEN RAISE EXCEPTION 'the key was used'; END IF;
        UPDATE raw.stream SET version = version + 1 WHERE name = stream_
            RETURNING version INTO reached;
        UPDATE raw.document d SET version = reached, body = bodies[i]
            WHERE d.view = 'guest' AND d.id = guests[i] AND d.version = expected[i]
                AND d.stream = stream_;
        IF NOT FOUND THEN RAISE EXCEPTION 'the guest is at another version'; END IF;
        UPDATE raw.tally t SET counted = reached, counters = t.counters || jsonb_build_object(
                'seats', coalesce((t.counters ->> 'seats')::bigint, 0) + 1)
            WHERE t.view = 'gathering' AND t.id = stream_
                AND coalesce((t.counters ->> 'seats')::bigint, 0) + 1 <= capacity
                AND coalesce((t.counters ->> 'queued')::bigint, 0) <= 0;
        IF NOT FOUND THEN RAISE EXCEPTION 'no seat is left'; END IF;
        INSERT INTO raw.idempotency VALUES (keys[i], fingerprint_, answer_, times[i]);
        INSERT INTO raw.event
            (stream, version, id, type, time, recorded, data, schema, subject, meta)
            VALUES (
                stream_, reached, ids[i], types[i], times[i], recorded_[i], datas[i], 1, '', ''
            );
        versions := versions || reached;
    END LOOP;
    DELETE FROM raw.idempotency WHERE key IN (
        SELECT k.key FROM raw.idempotency k WHERE k.at <= expired
            ORDER BY k.at LIMIT 2 * cardinality(keys) FOR UPDATE SKIP LOCKED
    );
    RETURN versions;
END $$;
"""
APPEND = "SELECT raw.append($1, $2, $3, $4, $5, $6, $7)"
ANSWER = f"SELECT raw.answer({', '.join(f'${n}' for n in range(1, 15))})"
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
