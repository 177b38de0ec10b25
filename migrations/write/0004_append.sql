-- One call, one transaction, one round trip: a group of appends of one workspace.
--
-- Every table is visited in the same order by everybody, and its rows in the order of their keys,
-- so that two groups wait for each other at worst and never deadlock. A violation rolls the whole
-- group back; the caller then finds the guilty append by running smaller groups.
--
--   AE001  the data key that seals an event is destroyed      AE003  no active Admin would be left
--   AE002  a credential belongs to another member             AE005  an event would follow a gap

CREATE FUNCTION write.append(
    p_workspace uuid,
    -- events, in the order of their positions
    p_types text[], p_ids text[], p_sequences bigint[], p_event_types text[],
    p_event_versions text[], p_payloads text[], p_metadata text[], p_times timestamptz[],
    p_event_ids uuid[], p_lanes smallint[],
    -- answers; the index of the event that the position token shows, 0 for none
    p_principals text[], p_command_ids uuid[], p_fingerprints bytea[], p_aggregates uuid[],
    p_versions bigint[], p_shown integer[], p_command_times timestamptz[],
    -- data keys that are made, and those that have to be there already
    p_key_subjects uuid[], p_key_wrapped bytea[], p_key_keks bytea[], p_needed uuid[],
    -- everything rarer, or null
    p_side jsonb,
    OUT o_incarnation integer, OUT o_xid bigint, OUT o_positions bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
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

        -- The predecessor is worked out outside the comparison: a subtraction inside it is not
        -- leakproof, and under row-level security all earlier events would be read.
        SELECT count(*) INTO missing
            FROM unnest(p_types, p_ids, ARRAY(
                SELECT s.sequence - 1
                FROM unnest(p_sequences) WITH ORDINALITY AS s (sequence, place) ORDER BY s.place
            )) AS e (type, id, previous)
            WHERE e.previous > 0 AND NOT EXISTS (
                SELECT FROM write.events AS before
                WHERE before.workspace = p_workspace AND before.aggregate_type = e.type
                  AND before.aggregate_id = e.id AND before.sequence = e.previous);
        IF missing > 0 THEN
            RAISE EXCEPTION 'an event would follow a gap' USING ERRCODE = 'AE005';
        END IF;
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

    IF p_side IS NOT NULL THEN
        PERFORM write.append_side(p_workspace, p_side);
    END IF;

    -- After the destruction of keys. No lock is needed: if the key is destroyed by somebody else at
    -- this moment, it is as if that had happened just after us.
    IF cardinality(p_needed) > 0 THEN
        SELECT count(*) INTO missing FROM unnest(p_needed) AS needed (subject)
            WHERE NOT EXISTS (
                SELECT FROM write.data_keys AS k WHERE k.workspace = p_workspace
                  AND k.subject = needed.subject AND k.purpose = 'data');
        IF missing > 0 THEN
            RAISE EXCEPTION 'a data key is destroyed' USING ERRCODE = 'AE001';
        END IF;
    END IF;

    o_xid := pg_current_xact_id()::text::bigint;
END $$;

CREATE FUNCTION write.append_side(p_workspace uuid, p_side jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_side ? 'destroy' THEN
        PERFORM write.destroy_keys(p_workspace, p_side->'destroy');
    END IF;
    IF p_side ? 'release' OR p_side ? 'take' THEN
        PERFORM write.move_claims(p_workspace, p_side);
    END IF;
    IF p_side ? 'principals' THEN
        PERFORM write.keep_principals(p_workspace, p_side->'principals');
    END IF;
    IF p_side ? 'credentials' OR p_side ? 'credentials_removed' THEN
        PERFORM write.keep_credentials(p_workspace, p_side);
    END IF;
END $$;

CREATE FUNCTION write.destroy_keys(p_workspace uuid, p_subjects jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    subjects uuid[] := ARRAY(SELECT value::uuid FROM jsonb_array_elements_text(p_subjects));
BEGIN
    DELETE FROM write.data_keys
        WHERE workspace = p_workspace AND subject = ANY (subjects) AND purpose = 'data';
    DELETE FROM write.snapshots WHERE workspace = p_workspace AND data_subject = ANY (subjects);
END $$;

-- Releases come before takes: a merge hands the claims of one lead to the other.
CREATE FUNCTION write.move_claims(p_workspace uuid, p_side jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_side ? 'release' THEN
        DELETE FROM write.contact_claims AS claim
            USING (SELECT c.kind, c.hmac
                   FROM jsonb_to_recordset(p_side->'release') AS r (lead uuid, kind text)
                   JOIN write.contact_claims AS c
                     ON c.workspace = p_workspace AND c.lead = r.lead
                    AND (r.kind IS NULL OR c.kind = r.kind)
                   ORDER BY c.kind, c.hmac FOR UPDATE OF c) AS released
            WHERE claim.workspace = p_workspace AND claim.kind = released.kind
              AND claim.hmac = released.hmac;
    END IF;
    -- Who may go without a claim takes it only when it is free.
    INSERT INTO write.contact_claims (workspace, kind, hmac, lead)
        SELECT p_workspace, t.kind, decode(t.hmac, 'hex'), t.lead
        FROM jsonb_to_recordset(p_side->'take')
            AS t (kind text, hmac text, lead uuid, if_free boolean)
        WHERE NOT t.if_free AND NOT EXISTS (
            SELECT FROM write.contact_claims AS own WHERE own.workspace = p_workspace
              AND own.kind = t.kind AND own.hmac = decode(t.hmac, 'hex') AND own.lead = t.lead)
        ORDER BY t.kind, t.hmac;
    INSERT INTO write.contact_claims (workspace, kind, hmac, lead)
        SELECT p_workspace, t.kind, decode(t.hmac, 'hex'), t.lead
        FROM jsonb_to_recordset(p_side->'take')
            AS t (kind text, hmac text, lead uuid, if_free boolean)
        WHERE t.if_free ORDER BY t.kind, t.hmac
        ON CONFLICT ON CONSTRAINT contact_claims_pkey DO NOTHING;
END $$;

-- The version of a member's row is that of the member: an older one never wins.
CREATE FUNCTION write.keep_principals(p_workspace uuid, p_rows jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    had_admin boolean;
BEGIN
    -- Two Admins who demote each other at the same moment come one after the other.
    PERFORM pg_advisory_xact_lock(hashtextextended(p_workspace::text, 4242));
    had_admin := EXISTS (SELECT FROM write.principals
        WHERE workspace = p_workspace AND active AND role = 'admin');
    INSERT INTO write.principals AS known (workspace, member, role, active, version)
        SELECT p_workspace, r.member, r.role, r.active, r.version
        FROM jsonb_to_recordset(p_rows)
            AS r (member uuid, role text, active boolean, version bigint)
        ORDER BY r.member
        ON CONFLICT ON CONSTRAINT principals_pkey DO UPDATE
            SET role = excluded.role, active = excluded.active, version = excluded.version
            WHERE known.version < excluded.version;
    IF had_admin AND NOT EXISTS (SELECT FROM write.principals
        WHERE workspace = p_workspace AND active AND role = 'admin') THEN
        RAISE EXCEPTION 'no active Admin would be left' USING ERRCODE = 'AE003';
    END IF;
END $$;

CREATE FUNCTION write.keep_credentials(p_workspace uuid, p_side jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    kept bigint;
BEGIN
    DELETE FROM write.credentials AS known
        USING jsonb_to_recordset(p_side->'credentials_removed') AS r (kind text, lookup text)
        WHERE known.workspace = p_workspace AND known.kind = r.kind AND known.lookup = r.lookup;
    INSERT INTO write.credentials AS known
            (kind, lookup, workspace, member, secret_hash, scopes, expires_at)
        SELECT r.kind, r.lookup, p_workspace, r.member, r.secret_hash,
               coalesce(r.scopes, '{}'), r.expires_at
        FROM jsonb_to_recordset(p_side->'credentials') AS r (kind text, lookup text, member uuid,
            secret_hash text, scopes text[], expires_at timestamptz)
        ORDER BY r.kind, r.lookup
        ON CONFLICT ON CONSTRAINT credentials_pkey DO UPDATE
            SET secret_hash = excluded.secret_hash, scopes = excluded.scopes,
                expires_at = excluded.expires_at
            WHERE known.member = excluded.member;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept < coalesce(jsonb_array_length(p_side->'credentials'), 0) THEN
        RAISE EXCEPTION 'a credential belongs to another member' USING ERRCODE = 'AE002';
    END IF;
END $$;
