-- Layout 3: what is the same in all rows of a column comes once, and what is usual does not come.
-- Processes of layout 2 may still call these functions.

-- Locks what a plan rests on and what it changes, and tells whether everything is as it has to be.
CREATE OR REPLACE FUNCTION gatherlog.lock_and_check(
    streams text[], befores bigint[], put_views text[], put_ids text[], put_befores bigint[],
    put_owners text[], put_keys_before bytea[], documents gatherlog.document_change[],
    tallies gatherlog.tally_change[], bounds gatherlog.bound[], absences int[]
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    missing bigint;
    lock_number int;
BEGIN
    IF cardinality(streams) > 0 THEN
        SELECT count(*) FILTER (WHERE w.before > 0) - (
            SELECT count(*) FROM (
                SELECT FROM unnest(streams, befores) w (name, before)
                    JOIN gatherlog.stream s ON s.name = w.name
                    WHERE w.before > 0 AND s.version = w.before
                    ORDER BY s.name FOR UPDATE OF s
            ) AS locked
        ) INTO missing FROM unnest(befores) w (before);
        IF missing > 0 THEN RETURN false; END IF;
    END IF;
    IF cardinality(put_ids) > 0 OR cardinality(documents) > 0 THEN
        WITH demanded AS MATERIALIZED (
            SELECT coalesce(p.view, put_views[1]) AS view, p.id, p.version,
                    coalesce(p.owner, put_owners[1]) AS owner, p.keys_before
                FROM unnest(put_views, put_ids, put_befores, put_owners, put_keys_before)
                    p (view, id, version, owner, keys_before)
            UNION ALL SELECT d.view, d.id, d.version, d.owner, d.keys_before
                FROM unnest(documents) d WHERE d.is_there
        )
        SELECT (SELECT count(*) FROM demanded) - count(*) INTO missing
            FROM (
                SELECT FROM demanded w
                    JOIN gatherlog.document d ON d.view = w.view AND d.id = w.id
                    WHERE (w.version IS NULL OR d.version = w.version)
                        AND (w.owner IS NULL OR d.stream = w.owner)
                        AND (w.keys_before IS NULL OR d.index_keys = w.keys_before)
                    ORDER BY d.view, d.id FOR UPDATE OF d
            ) AS locked;
        IF missing > 0 THEN RETURN false; END IF;
    END IF;
    IF cardinality(tallies) > 0 THEN
        SELECT (SELECT count(*) FROM unnest(tallies) w WHERE w.is_there) - count(*) INTO missing
            FROM (
                SELECT FROM unnest(tallies) w
                    JOIN gatherlog.tally t ON t.view = w.view AND t.id = w.id
                    WHERE w.is_there AND (w.counted IS NULL OR t.counted = w.counted)
                    ORDER BY t.view, t.id FOR UPDATE OF t
            ) AS locked;
        IF missing > 0 THEN RETURN false; END IF;
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
            SELECT FROM unnest(streams, befores) w (name, before)
                JOIN gatherlog.stream s ON s.name = w.name
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
            RETURN false;
        END IF;
    END IF;
    RETURN NOT EXISTS (
        SELECT FROM unnest(bounds) w
            LEFT JOIN gatherlog.tally t ON t.view = w.view AND t.id = w.id
            WHERE coalesce((t.counters ->> w.counter)::bigint, 0) NOT BETWEEN w.low AND w.high
    );
END $$;

-- Writes one plan, if what it rests on still holds, and returns the positions of its events, in
-- order. NULL: something has changed, and nothing was written. The error GL003 and a unique violation
-- mean the same, of rows that somebody else has changed or made in the last moment.
--
-- All locks are taken in one order: rows of streams, documents and tallies that are there, sorted;
-- then the locks on names that must be absent, sorted; then new rows, sorted. Arrays come sorted.
-- `absences` has the numbers of those locks: whoever makes a row shares that of its name, and who
-- only demands that there is none takes it alone, and gives its number below zero.
--
-- An array without elements may be NULL. A column whose values are all the same may have one element
-- that stands for all: `fingerprints`, `put_views`, `put_owners` and the columns of events, except for
-- ids, versions and data. Those of events may be NULL: `event_streams` then is the only stream, schemas are
-- 1, subjects and meta are empty.
--
-- `is_locking` has to be set unless everything that is demanded is also changed, nothing is made but
-- events, keys and index rows, and there is one stream, and one row of counters at most. Then the row of
-- the stream is locked by changing it, which is the first change and guards its documents, and each
-- further change demands of its rows what the plan rests on.
CREATE OR REPLACE FUNCTION gatherlog.write_plan(
    writer_ text, number_ bigint, now_ bigint, expired bigint, is_locking boolean,
    keys text[], fingerprints bytea[], answers bytea[],  -- without an answer, only to be unknown
    streams text[], befores bigint[], afters bigint[],   -- before 0: new; after NULL: only demanded
    -- Documents that are there and get a body, but no other owner; without `put_keys`, their
    -- index keys stay as they are.
    put_views text[], put_ids text[], put_befores bigint[], put_owners text[],
    put_keys_before bytea[], put_versions bigint[], put_bodies bytea[], put_keys bytea[],
    documents gatherlog.document_change[],               -- all others
    tallies gatherlog.tally_change[], bounds gatherlog.bound[],
    index_rows gatherlog.index_change[], absences int[],
    event_streams text[], event_versions bigint[], event_ids text[], event_types text[],
    event_times bigint[], event_recorded bigint[], event_data bytea[], event_schemas bigint[],
    event_subjects text[], event_meta bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    known bigint;
    fresh bigint;
    oldest bigint;
    changed bigint;
    positions bigint[] := '{}';
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'Gatherlog writes in transactions that are READ COMMITTED'
            USING ERRCODE = 'GL001';
    END IF;
    IF current_setting('synchronous_commit') IN ('off', 'local') THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;

    IF cardinality(keys) > 0 THEN
        SELECT count(*), count(*) FILTER (WHERE k.at > expired),
                (SELECT min(at) FROM gatherlog.idempotency)
            INTO known, fresh, oldest
            FROM unnest(keys) w (key) JOIN gatherlog.idempotency k ON k.key = w.key;
        IF fresh > 0 THEN RETURN NULL; END IF;
    END IF;
    IF is_locking AND NOT gatherlog.lock_and_check(
        streams, befores, put_views, put_ids, put_befores, put_owners, put_keys_before,
        documents, tallies, bounds, absences
    ) THEN
        RETURN NULL;
    END IF;

    -- What changes. Nothing was written yet when a lone stream turns out to be further.
    IF NOT is_locking THEN
        UPDATE gatherlog.stream SET version = afters[1]
            WHERE name = streams[1] AND version = befores[1];
        IF NOT FOUND THEN RETURN NULL; END IF;
    ELSIF cardinality(streams) > 0 THEN
        UPDATE gatherlog.stream s SET version = w.after
            FROM unnest(streams, befores, afters) w (name, before, after)
            WHERE s.name = w.name AND w.before > 0 AND w.after IS NOT NULL;
        INSERT INTO gatherlog.stream (name, version)
            SELECT w.name, w.after FROM unnest(streams, befores, afters) w (name, before, after)
                WHERE w.before = 0 AND w.after IS NOT NULL;
    END IF;
    IF cardinality(put_ids) > 0 THEN
        UPDATE gatherlog.document d
            SET version = w.after, body = w.body, index_keys = coalesce(w.keys, d.index_keys)
            FROM unnest(
                put_views, put_ids, put_befores, put_owners, put_keys_before, put_versions,
                put_bodies, put_keys
            ) w (view, id, before, owner, keys_before, after, body, keys)
            WHERE d.view = coalesce(w.view, put_views[1]) AND d.id = w.id
                AND d.version = w.before AND d.stream = coalesce(w.owner, put_owners[1])
                AND d.index_keys = w.keys_before;
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF changed < cardinality(put_ids) THEN
            RAISE EXCEPTION 'a document was changed meanwhile' USING ERRCODE = 'GL003';
        END IF;
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
            WHERE t.view = w.view AND t.id = w.id AND w.is_there AND w.adds IS NOT NULL
                AND (w.counted IS NULL OR t.counted = w.counted)
                AND NOT EXISTS (
                    SELECT FROM unnest(bounds) b WHERE b.view = t.view AND b.id = t.id
                        AND coalesce((t.counters ->> b.counter)::bigint, 0)
                            NOT BETWEEN b.low AND b.high
                );
        GET DIAGNOSTICS changed = ROW_COUNT;
        IF is_locking THEN
            INSERT INTO gatherlog.tally (view, id, counted, counters)
                SELECT w.view, w.id, w.counted_after, w.adds::jsonb
                    FROM unnest(tallies) w WHERE NOT w.is_there AND w.adds IS NOT NULL;
        ELSIF changed < cardinality(tallies) THEN
            RAISE EXCEPTION 'counters were moved meanwhile' USING ERRCODE = 'GL003';
        END IF;
    END IF;
    IF cardinality(keys) > 0 THEN
        IF known > 0 THEN
            DELETE FROM gatherlog.idempotency k
                USING unnest(keys, answers) w (key, answer)
                WHERE k.key = w.key AND k.at <= expired AND w.answer IS NOT NULL;
        END IF;
        INSERT INTO gatherlog.idempotency (key, fingerprint, answer, at)
            SELECT w.key, coalesce(w.fingerprint, fingerprints[1]), w.answer, now_
                FROM unnest(keys, fingerprints, answers) w (key, fingerprint, answer)
                WHERE w.answer IS NOT NULL;
        IF oldest <= expired THEN
            DELETE FROM gatherlog.idempotency WHERE key IN (
                SELECT k.key FROM gatherlog.idempotency k WHERE k.at <= expired
                    ORDER BY k.at LIMIT 2 * cardinality(keys) FOR UPDATE SKIP LOCKED
            );
        END IF;
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

    UPDATE gatherlog.outcome
        SET number = number_,
            position = coalesce(pg_sequence_last_value('gatherlog.event_position'), 0)
        WHERE writer = writer_ AND number < number_;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this write was given up' USING ERRCODE = 'GL002';
    END IF;

    -- The log. Nothing waits between this and COMMIT. A lone event, which is the most usual, is given
    -- as one row: a query over arrays takes longer to start than its row to insert.
    IF cardinality(event_ids) > 0 THEN
        IF pg_advisory_xact_lock_shared(  -- in a condition, since PERFORM would start a query
            gatherlog.low_bits('gatherlog.event_position'::regclass::bigint),
            gatherlog.low_bits(coalesce(pg_sequence_last_value('gatherlog.event_position'), 0))
        ) IS NULL THEN
        END IF;
    END IF;
    IF cardinality(event_ids) = 1 THEN
        positions := ARRAY[nextval('gatherlog.event_position')];
        INSERT INTO gatherlog.event (
            position, stream, version, id, type, time, recorded, data, schema, subject, meta
        ) VALUES (
            positions[1], coalesce(event_streams[1], streams[1]), event_versions[1], event_ids[1],
            event_types[1], event_times[1], event_recorded[1], event_data[1],
            coalesce(event_schemas[1], 1), coalesce(event_subjects[1], ''),
            coalesce(event_meta[1], '')
        );
    ELSIF cardinality(event_ids) > 1 THEN
        SELECT array_agg(nextval('gatherlog.event_position')) INTO positions
            FROM generate_series(1, cardinality(event_ids));
        INSERT INTO gatherlog.event (
            position, stream, version, id, type, time, recorded, data, schema, subject, meta
        ) SELECT
            w.position, coalesce(w.stream, event_streams[1], streams[1]), w.version, w.id,
            coalesce(w.type, event_types[1]), coalesce(w.time, event_times[1]),
            coalesce(w.recorded, event_recorded[1]), w.data,
            coalesce(w.schema, event_schemas[1], 1), coalesce(w.subject, event_subjects[1], ''),
            coalesce(w.meta, event_meta[1], '')
        FROM unnest(
            positions, event_streams, event_versions, event_ids, event_types, event_times,
            event_recorded, event_data, event_schemas, event_subjects, event_meta
        ) w (position, stream, version, id, type, time, recorded, data, schema, subject, meta);
    END IF;
    RETURN positions;
END $$;
