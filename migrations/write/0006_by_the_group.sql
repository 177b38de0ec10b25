-- What waits at the same moment goes together: loads share a round trip as appends do, and an
-- append's checks and claims are read from columns, not from JSON.
--
-- `write.load` and the `write.append` of 23 parameters stay for copies of the last release that
-- still run beside this one; a later migration drops them.

-- Every look-up by key is a lateral subquery with a fence (OFFSET 0): a plan that was made while the
-- tables were small may then not turn the keys into a filter over all rows of the workspace.

-- For each aggregate that is wanted: a row about it (its key, its snapshot), then its events after
-- the snapshot. A data subject that is not known is that of the aggregate's first event.
CREATE FUNCTION write.load_many(
    p_workspace uuid, p_types text[], p_ids text[], p_subjects uuid[], p_format integer
) RETURNS TABLE (
    o_place integer, o_sequence bigint, o_event_type text, o_payload text, o_metadata text,
    o_at timestamptz, o_subject uuid, o_wrapped bytea, o_kek bytea
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY
    WITH wanted AS MATERIALIZED (
        SELECT w.place::integer AS place, w.type, w.id, coalesce(w.subject, (
                SELECT (e.metadata->>'data_subject')::uuid FROM write.events AS e
                WHERE e.workspace = p_workspace AND e.aggregate_type = w.type
                  AND e.aggregate_id = w.id AND e.sequence = 1)) AS subject
        FROM unnest(p_types, p_ids, p_subjects) WITH ORDINALITY AS w (type, id, subject, place)
    ), heads AS MATERIALIZED (
        -- A snapshot of another form, or one that nobody can open any more, is as good as none.
        SELECT w.place, w.type, w.id, w.subject, k.wrapped, k.kek, s.last_sequence, s.payload,
               coalesce(s.last_sequence, 0) AS after
        FROM wanted AS w
        LEFT JOIN LATERAL (
            SELECT known.wrapped, known.kek FROM write.data_keys AS known
            WHERE known.workspace = p_workspace AND known.subject = w.subject
              AND known.purpose = 'data' OFFSET 0) AS k ON true
        LEFT JOIN LATERAL (
            SELECT known.last_sequence, known.payload FROM write.snapshots AS known
            WHERE known.workspace = p_workspace AND known.aggregate_type = w.type
              AND known.aggregate_id = w.id AND known.format = p_format OFFSET 0) AS s
            ON k.kek IS NOT NULL
    )
    SELECT h.place, NULL::bigint, h.last_sequence::text, h.payload::text, NULL::text,
           NULL::timestamptz, h.subject, h.wrapped, h.kek
        FROM heads AS h
    UNION ALL
    SELECT h.place, e.sequence, e.event_type, e.payload::text, e.metadata::text, e."timestamp",
           NULL::uuid, NULL::bytea, NULL::bytea
        FROM heads AS h CROSS JOIN LATERAL (
            SELECT known.* FROM write.events AS known
            WHERE known.workspace = p_workspace AND known.aggregate_type = h.type
              AND known.aggregate_id = h.id AND known.sequence > h.after OFFSET 0) AS e
    ORDER BY 1, 2 NULLS FIRST;
END $$;

CREATE OR REPLACE FUNCTION write.find_keys(p_workspace uuid, p_subjects uuid[], p_purpose text)
RETURNS TABLE (o_subject uuid, o_wrapped bytea, o_kek bytea) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT wanted.subject, k.wrapped, k.kek
        FROM unnest(p_subjects) AS wanted (subject) CROSS JOIN LATERAL (
            SELECT known.wrapped, known.kek FROM write.data_keys AS known
            WHERE known.workspace = p_workspace AND known.subject = wanted.subject
              AND known.purpose = p_purpose OFFSET 0) AS k;
END $$;

CREATE OR REPLACE FUNCTION write.find_claims(p_workspace uuid, p_kinds text[], p_hmacs bytea[])
RETURNS TABLE (o_kind text, o_hmac bytea, o_lead uuid) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT wanted.kind, wanted.hmac, c.lead
        FROM unnest(p_kinds, p_hmacs) WITH ORDINALITY AS wanted (kind, hmac, place)
        CROSS JOIN LATERAL (
            SELECT known.lead FROM write.contact_claims AS known
            WHERE known.workspace = p_workspace AND known.kind = wanted.kind
              AND known.hmac = wanted.hmac OFFSET 0) AS c
        ORDER BY wanted.place;
END $$;

CREATE OR REPLACE FUNCTION write.find_orders(
    p_workspace uuid, p_types text[], p_ids text[], p_sequences bigint[], p_event_ids uuid[]
) RETURNS TABLE (o_incarnation integer, o_xid bigint, o_position bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT e.incarnation, e.xid::text::bigint, e.position
        FROM unnest(p_types, p_ids, p_sequences, p_event_ids) WITH ORDINALITY
            AS wanted (type, id, sequence, event_id, place)
        CROSS JOIN LATERAL (
            SELECT known.incarnation, known.xid, known.position FROM write.events AS known
            WHERE known.workspace = p_workspace AND known.aggregate_type = wanted.type
              AND known.aggregate_id = wanted.id AND known.sequence = wanted.sequence
              AND known.event_id = wanted.event_id OFFSET 0) AS e
        ORDER BY wanted.place;
END $$;

-- The tenant is looked up once for each statement, not once for each row.
DO $$
DECLARE
    name text;
    tenant constant text := '(SELECT NULLIF(current_setting(''ael.workspace'', true), '''')::uuid)';
BEGIN
    FOREACH name IN ARRAY ARRAY['events', 'snapshots', 'commands', 'data_keys', 'contact_claims',
                                'principals', 'credentials'] LOOP
        EXECUTE format('ALTER POLICY tenant ON write.%I USING (workspace = %s) '
            'WITH CHECK (workspace = %s)', name, tenant, tenant);
    END LOOP;
END $$;

-- As in 0004, with these differences: the predecessor of each stream is named once, beside the key
-- that its events are sealed with; new claims come in columns.
CREATE FUNCTION write.append(
    p_workspace uuid,
    -- events, in the order of their positions
    p_types text[], p_ids text[], p_sequences bigint[], p_event_types text[],
    p_event_versions text[], p_payloads text[], p_metadata text[], p_times timestamptz[],
    p_event_ids uuid[], p_lanes smallint[],
    -- what has to be there: the event that a stream follows (0 for none), the key (null for none)
    p_after_types text[], p_after_ids text[], p_after_sequences bigint[], p_after_keys uuid[],
    -- answers; the index of the event that the position token shows, 0 for none
    p_principals text[], p_command_ids uuid[], p_fingerprints bytea[], p_aggregates uuid[],
    p_versions bigint[], p_shown integer[], p_command_times timestamptz[],
    -- data keys that are made
    p_key_subjects uuid[], p_key_wrapped bytea[], p_key_keks bytea[],
    -- contacts that are claimed; of a lead that begins, or of one that may have them already
    p_claim_kinds text[], p_claim_hmacs bytea[], p_claim_leads uuid[], p_claim_begins boolean[],
    -- everything rarer, or null
    p_side jsonb,
    OUT o_incarnation integer, OUT o_xid bigint, OUT o_positions bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
    gaps bigint;
    missing bigint;
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    -- Before the incarnation is read: see write.ensure_incarnation.
    LOCK TABLE write.events IN ROW EXCLUSIVE MODE;
    SELECT max(number) INTO STRICT o_incarnation FROM write.incarnations;
    -- Not generate_series: a plan that knows the number of rows is made anew at every call.
    SELECT array_agg(nextval('write.events_position')) INTO o_positions
        FROM unnest(p_sequences);

    IF cardinality(p_sequences) > 0 THEN
        INSERT INTO write.events (workspace, aggregate_type, aggregate_id, sequence, event_type,
                event_version, payload, metadata, "timestamp", event_id, lane, incarnation,
                position)
            SELECT p_workspace, e.type, e.id, e.sequence, e.event_type, e.version, e.payload::json,
                   e.metadata::json, e.at, e.event_id, e.lane, o_incarnation, e.position
            FROM unnest(p_types, p_ids, p_sequences, p_event_types, p_event_versions, p_payloads,
                        p_metadata, p_times, p_event_ids, p_lanes, o_positions)
                AS e (type, id, sequence, event_type, version, payload, metadata, at, event_id,
                      lane, position)
            ORDER BY e.type, e.id, e.sequence;
    END IF;

    IF cardinality(p_command_ids) > 0 THEN
        INSERT INTO write.commands (workspace, principal, command_id, fingerprint, aggregate_id,
                version, lane, incarnation, xid, position, recorded_at)
            SELECT p_workspace, c.principal, c.command_id, c.fingerprint, c.aggregate, c.version,
                   p_lanes[c.shown], CASE WHEN c.shown > 0 THEN o_incarnation END,
                   CASE WHEN c.shown > 0 THEN pg_current_xact_id() END, o_positions[c.shown], c.at
            FROM unnest(p_principals, p_command_ids, p_fingerprints, p_aggregates, p_versions,
                        p_shown, p_command_times)
                AS c (principal, command_id, fingerprint, aggregate, version, shown, at)
            ORDER BY c.principal, c.command_id;
    END IF;

    IF cardinality(p_key_subjects) > 0 THEN
        INSERT INTO write.data_keys (workspace, subject, purpose, wrapped, kek)
            SELECT p_workspace, k.subject, 'data', k.wrapped, k.kek
            FROM unnest(p_key_subjects, p_key_wrapped, p_key_keks) AS k (subject, wrapped, kek)
            ORDER BY k.subject;
    END IF;

    -- Releases come before takes: a merge hands the claims of one lead to the other.
    IF p_side IS NOT NULL THEN
        PERFORM write.append_side(p_workspace, p_side);
    END IF;
    IF cardinality(p_claim_kinds) > 0 THEN
        INSERT INTO write.contact_claims (workspace, kind, hmac, lead)
            SELECT p_workspace, t.kind, t.hmac, t.lead
            FROM unnest(p_claim_kinds, p_claim_hmacs, p_claim_leads, p_claim_begins)
                AS t (kind, hmac, lead, begins)
            WHERE t.begins OR NOT EXISTS (
                SELECT FROM write.contact_claims AS own WHERE own.workspace = p_workspace
                  AND own.kind = t.kind AND own.hmac = t.hmac AND own.lead = t.lead)
            ORDER BY t.kind, t.hmac;
    END IF;

    -- After the destruction of keys. No lock is needed: if the key is destroyed by somebody else at
    -- this moment, it is as if that had happened just after us.
    IF cardinality(p_after_ids) > 0 THEN
        SELECT count(*) FILTER (WHERE a.sequence > 0 AND NOT EXISTS (
                   SELECT FROM write.events AS before
                   WHERE before.workspace = p_workspace AND before.aggregate_type = a.type
                     AND before.aggregate_id = a.id AND before.sequence = a.sequence)),
               count(*) FILTER (WHERE a.key IS NOT NULL AND NOT EXISTS (
                   SELECT FROM write.data_keys AS k WHERE k.workspace = p_workspace
                     AND k.subject = a.key AND k.purpose = 'data'))
            INTO gaps, missing
            FROM unnest(p_after_types, p_after_ids, p_after_sequences, p_after_keys)
                AS a (type, id, sequence, key);
        IF gaps > 0 THEN
            RAISE EXCEPTION 'an event would follow a gap' USING ERRCODE = 'AE005';
        END IF;
        IF missing > 0 THEN
            RAISE EXCEPTION 'a data key is destroyed' USING ERRCODE = 'AE001';
        END IF;
    END IF;

    o_xid := pg_current_xact_id()::text::bigint;
END $$;

REVOKE ALL ON FUNCTION write.load_many(uuid, text[], text[], uuid[], integer),
    write.append(uuid, text[], text[], bigint[], text[], text[], text[], text[], timestamptz[],
        uuid[], smallint[], text[], text[], bigint[], uuid[], text[], uuid[], bytea[], uuid[],
        bigint[], integer[], timestamptz[], uuid[], bytea[], bytea[], text[], bytea[], uuid[],
        boolean[], jsonb)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION write.load_many(uuid, text[], text[], uuid[], integer),
    write.append(uuid, text[], text[], bigint[], text[], text[], text[], text[], timestamptz[],
        uuid[], smallint[], text[], text[], bigint[], uuid[], text[], uuid[], bytea[], uuid[],
        bigint[], integer[], timestamptz[], uuid[], bytea[], bytea[], text[], bytea[], uuid[],
        boolean[], jsonb)
    TO ael_commands;
