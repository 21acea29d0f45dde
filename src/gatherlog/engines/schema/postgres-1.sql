-- One store in one schema of a PostgreSQL database. The name `gatherlog` stands for the schema that
-- was asked for. All names are compared by their bytes (collation "C"), as the contract demands.

CREATE TABLE gatherlog.store (
    id         text   NOT NULL,
    partitions int    NOT NULL,
    layout     int    NOT NULL,  -- raised with every change of what is in this schema
    created    bigint NOT NULL   -- microseconds since the epoch, as all times here
);

-- The log. Positions are drawn from the sequence, under an announcement: see `horizon`.
CREATE TABLE gatherlog.event (
    position bigint PRIMARY KEY,
    stream   text   COLLATE "C" NOT NULL,
    version  bigint NOT NULL,
    id       text   COLLATE "C" NOT NULL,
    type     text   COLLATE "C" NOT NULL,
    time     bigint NOT NULL,
    recorded bigint NOT NULL,
    data     bytea  NOT NULL,
    schema   bigint NOT NULL,
    subject  text   COLLATE "C" NOT NULL,
    meta     bytea  NOT NULL,
    UNIQUE (stream, version)
);
-- CACHE must stay 1: a session that keeps numbers for later would give them out of order.
CREATE SEQUENCE gatherlog.event_position OWNED BY gatherlog.event.position CACHE 1;

CREATE FUNCTION gatherlog.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append-only: events are never deleted and keep their place';
END $$;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE OR TRUNCATE ON gatherlog.event
    EXECUTE FUNCTION gatherlog.refuse_change();
-- Expiry may blank what an event says; its place and envelope stay.
CREATE TRIGGER event_keeps_its_place
    BEFORE UPDATE OF position, stream, version, id, type, time, recorded, schema, subject
    ON gatherlog.event EXECUTE FUNCTION gatherlog.refuse_change();

-- The version of the last event of each stream. Its row is locked while the stream is appended to.
CREATE TABLE gatherlog.stream (
    name    text   COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL
) WITH (fillfactor = 70);

-- Documents of all views. One without a body (version 0) has only counters.
CREATE TABLE gatherlog.document (
    view       text   COLLATE "C" NOT NULL,
    id         text   COLLATE "C" NOT NULL,
    stream     text   COLLATE "C" NOT NULL,
    version    bigint NOT NULL,
    body       bytea,
    index_keys bytea  NOT NULL,  -- JSON: {index: [parts]}
    PRIMARY KEY (view, id)
) WITH (fillfactor = 85);

-- Counters stand apart from bodies, so that counting rewrites neither a body nor an index.
CREATE TABLE gatherlog.tally (
    view     text   COLLATE "C" NOT NULL,
    id       text   COLLATE "C" NOT NULL,
    counted  bigint NOT NULL,
    counters jsonb  NOT NULL,    -- {counter: integer}
    PRIMARY KEY (view, id)
) WITH (fillfactor = 70);

CREATE TABLE gatherlog.index_row (
    view      text COLLATE "C" NOT NULL,
    name      text COLLATE "C" NOT NULL,
    partition text COLLATE "C" NOT NULL,
    sort      text COLLATE "C" NOT NULL,
    id        text COLLATE "C" NOT NULL,
    PRIMARY KEY (view, name, partition, sort, id)
);

CREATE TABLE gatherlog.idempotency (
    key         text   COLLATE "C" PRIMARY KEY,
    fingerprint bytea  NOT NULL,
    answer      bytea  NOT NULL,
    at          bigint NOT NULL
);
CREATE INDEX idempotency_by_time ON gatherlog.idempotency (at);

-- What each view was declared as when its documents were last known to be complete.
CREATE TABLE gatherlog.view (
    name    text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    indexes bytea NOT NULL       -- JSON: [index]
);

-- The last write of each connection that has written. Whoever has lost the answer to a write raises
-- the number himself: if that succeeds, the write did not happen and cannot happen any more.
CREATE TABLE gatherlog.outcome (
    writer text   COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    at     bigint NOT NULL
) WITH (fillfactor = 50);

-- The last 32 bits of a number, as advisory locks take them. The class of a lock is the oid of a table
-- or sequence, so that stores in other schemas of this database have locks of their own.
CREATE FUNCTION gatherlog.low_bits(number bigint) RETURNS int LANGUAGE sql IMMUTABLE AS $$
    SELECT ((number + 2147483648) % 4294967296 - 2147483648)::int
$$;

-- The position up to which nothing can appear any more. What is read up to it must be read by a
-- later statement, whose snapshot sees all that was committed by now. Writers announce, by a lock on
-- the last position drawn by then, that all positions which they will draw are beyond it. The lock
-- holds the last 32 bits of that; the others follow from the last position drawn after it was seen.
CREATE FUNCTION gatherlog.horizon() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    drawn bigint := coalesce(pg_sequence_last_value('gatherlog.event_position'), 0);
    announced bigint[];
    last bigint;
BEGIN
    SELECT array_agg(objid::bigint) INTO announced FROM pg_locks
        WHERE locktype = 'advisory' AND objsubid = 2
            AND classid = 'gatherlog.event_position'::regclass::oid
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
    IF announced IS NULL THEN
        RETURN drawn;
    END IF;
    last := coalesce(pg_sequence_last_value('gatherlog.event_position'), 0);
    RETURN least(drawn, (
        SELECT min(last - ((last - low) % 4294967296 + 4294967296) % 4294967296)
            FROM unnest(announced) AS low
    ));
END $$;

-- The position of the last event that can be read, and the horizon that this holds for.
CREATE FUNCTION gatherlog.head(OUT head bigint, OUT horizon bigint) LANGUAGE plpgsql AS $$
BEGIN
    horizon := gatherlog.horizon();
    SELECT coalesce(max(e.position), 0) INTO head FROM gatherlog.event e
        WHERE e.position <= horizon;
END $$;

-- What a group of commits needs, as rows of four kinds: k(eys), s(treams), d(ocuments), t(allies).
-- If it locks, the rows that are there stay as they are until the transaction ends.
CREATE FUNCTION gatherlog.load(
    keys text[], streams text[], views text[], ids text[], is_locking boolean
) RETURNS TABLE (
    kind text, name text, view text, number bigint, owner text, one bytea, other bytea,
    counters text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    IF is_locking THEN
        PERFORM FROM gatherlog.stream s WHERE s.name = ANY (streams) ORDER BY s.name FOR UPDATE;
        PERFORM FROM unnest(views, ids) AS w (view, id)
            JOIN gatherlog.document d ON d.view = w.view AND d.id = w.id
            ORDER BY d.view, d.id FOR UPDATE OF d;
        PERFORM FROM unnest(views, ids) AS w (view, id)
            JOIN gatherlog.tally t ON t.view = w.view AND t.id = w.id
            ORDER BY t.view, t.id FOR UPDATE OF t;
    END IF;
    RETURN QUERY
        SELECT 'k', k.key, NULL::text, k.at, NULL::text, k.fingerprint, k.answer, NULL::text
            FROM gatherlog.idempotency k WHERE k.key = ANY (keys)
        UNION ALL
        SELECT 's', s.name, NULL, s.version, NULL, NULL, NULL, NULL
            FROM gatherlog.stream s WHERE s.name = ANY (streams)
        UNION ALL
        SELECT 'd', d.id, d.view, d.version, d.stream, d.body, d.index_keys, NULL
            FROM unnest(views, ids) AS w (view, id)
            JOIN gatherlog.document d ON d.view = w.view AND d.id = w.id
        UNION ALL
        SELECT 't', t.id, t.view, t.counted, NULL, NULL, NULL, t.counters::text
            FROM unnest(views, ids) AS w (view, id)
            JOIN gatherlog.tally t ON t.view = w.view AND t.id = w.id;
END $$;

-- What a plan rests on, and what it changes. Where something is demanded of a row that is not
-- `is_there`, there must be none; where a row is, a demand that is NULL demands nothing.
CREATE TYPE gatherlog.key_change AS (
    key text, fingerprint bytea, answer bytea  -- without an answer, it must only be unknown
);
CREATE TYPE gatherlog.stream_change AS (
    name text, before bigint, after bigint     -- 0: it has no event; `after` NULL: only demanded
);
CREATE TYPE gatherlog.document_change AS (
    view text, id text, is_there boolean, version bigint, owner text, keys_before bytea,
    deed text,                                 -- put, delete, or NULL: only demanded
    stream text, version_after bigint, body bytea, index_keys bytea
);
CREATE TYPE gatherlog.tally_change AS (
    view text, id text, is_there boolean, counted bigint,
    adds text, counted_after bigint            -- JSON: {counter: integer}; NULL: only demanded
);
CREATE TYPE gatherlog.bound AS (view text, id text, counter text, low bigint, high bigint);
CREATE TYPE gatherlog.index_change AS (
    view text, name text, partition text, sort text, id text, is_listed boolean
);

-- Writes one plan, if what it rests on still holds, and returns the positions of its events, in
-- order. NULL: something has changed, and nothing was written. A row that has come into being in the
-- last moment is a unique violation, which means the same.
--
-- All locks are taken in one order: rows of streams, documents and tallies that are there, sorted;
-- then the locks on names that must be absent, sorted; then new rows, sorted. Arrays come sorted.
-- `absences` has the numbers of those locks: whoever makes a row shares that of its name, and who
-- only demands that there is none takes it alone, and gives its number below zero.
CREATE FUNCTION gatherlog.write(
    writer_ text, number_ bigint, now_ bigint, expired bigint,
    keys gatherlog.key_change[], streams gatherlog.stream_change[],
    documents gatherlog.document_change[], tallies gatherlog.tally_change[],
    bounds gatherlog.bound[], index_rows gatherlog.index_change[], absences int[],
    event_streams text[], event_versions bigint[], event_ids text[], event_types text[],
    event_times bigint[], event_recorded bigint[], event_data bytea[], event_schemas bigint[],
    event_subjects text[], event_meta bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    missing bigint;
    lock_number int;
    positions bigint[] := '{}';
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'Gatherlog writes in transactions that are READ COMMITTED'
            USING ERRCODE = 'GL001';
    END IF;
    IF current_setting('synchronous_commit') IN ('off', 'local') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;

    -- What has to be so.
    IF cardinality(keys) > 0 AND EXISTS (
        SELECT FROM unnest(keys) w JOIN gatherlog.idempotency k ON k.key = w.key
            WHERE k.at > expired
    ) THEN
        RETURN NULL;
    END IF;
    IF cardinality(streams) > 0 THEN
        SELECT (SELECT count(*) FROM unnest(streams) w WHERE w.before > 0) - count(*) INTO missing
            FROM (
                SELECT FROM unnest(streams) w JOIN gatherlog.stream s ON s.name = w.name
                    WHERE w.before > 0 AND s.version = w.before
                    ORDER BY s.name FOR UPDATE OF s
            ) AS locked;
        IF missing > 0 THEN RETURN NULL; END IF;
    END IF;
    IF cardinality(documents) > 0 THEN
        SELECT (SELECT count(*) FROM unnest(documents) w WHERE w.is_there) - count(*) INTO missing
            FROM (
                SELECT FROM unnest(documents) w
                    JOIN gatherlog.document d ON d.view = w.view AND d.id = w.id
                    WHERE w.is_there
                        AND (w.version IS NULL OR d.version = w.version)
                        AND (w.owner IS NULL OR d.stream = w.owner)
                        AND (w.keys_before IS NULL OR d.index_keys = w.keys_before)
                    ORDER BY d.view, d.id FOR UPDATE OF d
            ) AS locked;
        IF missing > 0 THEN RETURN NULL; END IF;
    END IF;
    IF cardinality(tallies) > 0 THEN
        SELECT (SELECT count(*) FROM unnest(tallies) w WHERE w.is_there) - count(*) INTO missing
            FROM (
                SELECT FROM unnest(tallies) w
                    JOIN gatherlog.tally t ON t.view = w.view AND t.id = w.id
                    WHERE w.is_there AND (w.counted IS NULL OR t.counted = w.counted)
                    ORDER BY t.view, t.id FOR UPDATE OF t
            ) AS locked;
        IF missing > 0 THEN RETURN NULL; END IF;
    END IF;
    IF cardinality(absences) > 0 THEN
        FOREACH lock_number IN ARRAY absences LOOP
            IF lock_number < 0 THEN
                PERFORM pg_advisory_xact_lock(
                    gatherlog.low_bits('gatherlog.document'::regclass::bigint), -lock_number);
            ELSE
                PERFORM pg_advisory_xact_lock_shared(
                    gatherlog.low_bits('gatherlog.document'::regclass::bigint), lock_number);
            END IF;
        END LOOP;
        IF EXISTS (
            SELECT FROM unnest(streams) w JOIN gatherlog.stream s ON s.name = w.name
                WHERE w.before = 0
        ) OR EXISTS (
            SELECT FROM unnest(documents) w
                JOIN gatherlog.document d ON d.view = w.view AND d.id = w.id
                WHERE NOT w.is_there
        ) OR EXISTS (
            SELECT FROM unnest(tallies) w
                JOIN gatherlog.tally t ON t.view = w.view AND t.id = w.id
                WHERE NOT w.is_there
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF cardinality(bounds) > 0 AND EXISTS (
        SELECT FROM unnest(bounds) w
            LEFT JOIN gatherlog.tally t ON t.view = w.view AND t.id = w.id
            WHERE coalesce((t.counters ->> w.counter)::bigint, 0) NOT BETWEEN w.low AND w.high
    ) THEN
        RETURN NULL;
    END IF;

    -- What changes.
    IF cardinality(keys) > 0 THEN
        DELETE FROM gatherlog.idempotency k USING unnest(keys) w
            WHERE k.key = w.key AND k.at <= expired AND w.answer IS NOT NULL;
        INSERT INTO gatherlog.idempotency (key, fingerprint, answer, at)
            SELECT w.key, w.fingerprint, w.answer, now_ FROM unnest(keys) w
                WHERE w.answer IS NOT NULL;
        DELETE FROM gatherlog.idempotency WHERE key IN (
            SELECT k.key FROM gatherlog.idempotency k WHERE k.at <= expired
                ORDER BY k.at LIMIT 2 * cardinality(keys) FOR UPDATE SKIP LOCKED
        );
    END IF;
    IF cardinality(streams) > 0 THEN
        UPDATE gatherlog.stream s SET version = w.after FROM unnest(streams) w
            WHERE s.name = w.name AND w.before > 0 AND w.after IS NOT NULL;
        INSERT INTO gatherlog.stream (name, version)
            SELECT w.name, w.after FROM unnest(streams) w
                WHERE w.before = 0 AND w.after IS NOT NULL;
    END IF;
    IF cardinality(documents) > 0 THEN
        DELETE FROM gatherlog.document d USING unnest(documents) w
            WHERE d.view = w.view AND d.id = w.id AND w.deed = 'delete';
        UPDATE gatherlog.document d
            SET stream = w.stream, version = w.version_after, body = w.body,
                index_keys = w.index_keys
            FROM unnest(documents) w
            WHERE d.view = w.view AND d.id = w.id AND w.is_there AND w.deed = 'put';
        INSERT INTO gatherlog.document (view, id, stream, version, body, index_keys)
            SELECT w.view, w.id, w.stream, w.version_after, w.body, w.index_keys
                FROM unnest(documents) w WHERE NOT w.is_there AND w.deed = 'put';
    END IF;
    IF cardinality(tallies) > 0 THEN
        UPDATE gatherlog.tally t
            SET counted = w.counted_after, counters = t.counters || (
                SELECT coalesce(jsonb_object_agg(a.key,
                        coalesce((t.counters ->> a.key)::bigint, 0) + a.value::bigint), '{}')
                    FROM jsonb_each_text(w.adds::jsonb) a
            )
            FROM unnest(tallies) w
            WHERE t.view = w.view AND t.id = w.id AND w.is_there AND w.adds IS NOT NULL;
        INSERT INTO gatherlog.tally (view, id, counted, counters)
            SELECT w.view, w.id, w.counted_after, w.adds::jsonb
                FROM unnest(tallies) w WHERE NOT w.is_there AND w.adds IS NOT NULL;
    END IF;
    IF cardinality(index_rows) > 0 THEN
        DELETE FROM gatherlog.index_row r USING unnest(index_rows) w
            WHERE NOT w.is_listed AND r.view = w.view AND r.name = w.name
                AND r.partition = w.partition AND r.sort = w.sort AND r.id = w.id;
        -- A row that exists already is right: it may be left of a damaged index.
        INSERT INTO gatherlog.index_row (view, name, partition, sort, id)
            SELECT w.view, w.name, w.partition, w.sort, w.id FROM unnest(index_rows) w
                WHERE w.is_listed
            ON CONFLICT DO NOTHING;
    END IF;

    UPDATE gatherlog.outcome SET number = number_, at = now_
        WHERE writer = writer_ AND number < number_;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this write was given up' USING ERRCODE = 'GL002';
    END IF;

    -- The log. Nothing waits between this and COMMIT.
    IF cardinality(event_streams) > 0 THEN
        PERFORM pg_advisory_xact_lock_shared(
            gatherlog.low_bits('gatherlog.event_position'::regclass::bigint),
            gatherlog.low_bits(coalesce(pg_sequence_last_value('gatherlog.event_position'), 0))
        );
        SELECT array_agg(nextval('gatherlog.event_position')) INTO positions
            FROM generate_series(1, cardinality(event_streams));
        INSERT INTO gatherlog.event (
            position, stream, version, id, type, time, recorded, data, schema, subject, meta
        ) SELECT * FROM unnest(
            positions, event_streams, event_versions, event_ids, event_types, event_times,
            event_recorded, event_data, event_schemas, event_subjects, event_meta
        );
    END IF;
    RETURN positions;
END $$;
