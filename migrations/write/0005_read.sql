-- What the writer reads: each is one round trip, and about one workspace alone.

-- The first row tells about the aggregate (version, snapshot, key); the others are its events after
-- the snapshot.
CREATE FUNCTION write.load(
    p_workspace uuid, p_type text, p_id text, p_format integer
) RETURNS TABLE (
    o_sequence bigint, o_event_type text, o_payload text, o_metadata text, o_at timestamptz,
    o_subject uuid, o_wrapped bytea, o_kek bytea
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    newest record;
    shortcut record;
    key record;
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    SELECT e.sequence, (e.metadata->>'data_subject')::uuid AS subject INTO newest
        FROM write.events AS e
        WHERE e.workspace = p_workspace AND e.aggregate_type = p_type AND e.aggregate_id = p_id
        ORDER BY e.sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT k.wrapped, k.kek INTO key FROM write.data_keys AS k
        WHERE k.workspace = p_workspace AND k.subject = newest.subject AND k.purpose = 'data';
    -- A snapshot of another form, or one that nobody can open any more, is as good as none.
    SELECT s.last_sequence, s.payload INTO shortcut FROM write.snapshots AS s
        WHERE s.workspace = p_workspace AND s.aggregate_type = p_type AND s.aggregate_id = p_id
          AND s.format = p_format AND s.last_sequence <= newest.sequence AND key.kek IS NOT NULL;
    RETURN QUERY SELECT newest.sequence, shortcut.last_sequence::text, shortcut.payload::text,
        NULL::text, NULL::timestamptz, newest.subject, key.wrapped, key.kek;
    RETURN QUERY SELECT e.sequence, e.event_type, e.payload::text, e.metadata::text, e."timestamp",
            NULL::uuid, NULL::bytea, NULL::bytea
        FROM write.events AS e
        WHERE e.workspace = p_workspace AND e.aggregate_type = p_type AND e.aggregate_id = p_id
          AND e.sequence > coalesce(shortcut.last_sequence, 0)
        ORDER BY e.sequence;
END $$;

CREATE FUNCTION write.find_answer(p_workspace uuid, p_principal text, p_command_id uuid)
RETURNS TABLE (
    o_fingerprint bytea, o_aggregate uuid, o_version bigint, o_lane smallint,
    o_incarnation integer, o_xid bigint, o_position bigint, o_rejection text
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT c.fingerprint, c.aggregate_id, c.version, c.lane, c.incarnation,
            c.xid::text::bigint, c.position, c.rejection::text
        FROM write.commands AS c
        WHERE c.workspace = p_workspace AND c.principal = p_principal
          AND c.command_id = p_command_id AND (c.expires_at IS NULL OR c.expires_at > now());
END $$;

-- The order of events that may have been written, in the order in which they are asked for.
CREATE FUNCTION write.find_orders(
    p_workspace uuid, p_types text[], p_ids text[], p_sequences bigint[], p_event_ids uuid[]
) RETURNS TABLE (o_incarnation integer, o_xid bigint, o_position bigint)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT e.incarnation, e.xid::text::bigint, e.position
        FROM unnest(p_types, p_ids, p_sequences, p_event_ids) WITH ORDINALITY
            AS wanted (type, id, sequence, event_id, place)
        JOIN write.events AS e ON e.workspace = p_workspace AND e.aggregate_type = wanted.type
            AND e.aggregate_id = wanted.id AND e.sequence = wanted.sequence
            AND e.event_id = wanted.event_id
        ORDER BY wanted.place;
END $$;

-- True when this rejection is now the answer; false when there was an answer before.
CREATE FUNCTION write.record_rejection(
    p_workspace uuid, p_principal text, p_command_id uuid, p_fingerprint bytea, p_rejection text
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    DELETE FROM write.commands
        WHERE workspace = p_workspace AND principal = p_principal AND command_id = p_command_id
          AND expires_at <= now();
    INSERT INTO write.commands (workspace, principal, command_id, fingerprint, rejection,
            recorded_at, expires_at)
        VALUES (p_workspace, p_principal, p_command_id, p_fingerprint, p_rejection::json,
                now(), now() + interval '24 hours')
        ON CONFLICT ON CONSTRAINT commands_pkey DO NOTHING;
    RETURN FOUND;
END $$;

-- Makes room for an answer where an expired rejection lies.
CREATE FUNCTION write.forget_expired(p_workspace uuid, p_principal text, p_command_id uuid)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    DELETE FROM write.commands
        WHERE workspace = p_workspace AND principal = p_principal AND command_id = p_command_id
          AND expires_at <= now();
    RETURN FOUND;
END $$;

-- Purges expired rejections of all workspaces, so many at a time that no transaction lasts.
CREATE FUNCTION write.purge_expired(p_limit integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    purged bigint;
BEGIN
    DELETE FROM write.commands WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM write.commands WHERE expires_at < now() LIMIT p_limit));
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END $$;

-- The shortcut never goes backwards, and none is kept of somebody who is erased.
CREATE FUNCTION write.save_snapshot(
    p_workspace uuid, p_type text, p_id text, p_version bigint, p_payload text, p_format integer,
    p_subject uuid
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    INSERT INTO write.snapshots AS known (workspace, aggregate_type, aggregate_id, last_sequence,
            current_snapshot, payload, format, data_subject)
        SELECT p_workspace, p_type, p_id, p_version, 1, p_payload::json, p_format, p_subject
        WHERE EXISTS (SELECT FROM write.data_keys AS k WHERE k.workspace = p_workspace
                AND k.subject = p_subject AND k.purpose = 'data')
        ON CONFLICT ON CONSTRAINT snapshots_pkey DO UPDATE
            SET last_sequence = excluded.last_sequence, payload = excluded.payload,
                format = excluded.format, current_snapshot = known.current_snapshot + 1
            WHERE known.format < excluded.format
               OR (known.format = excluded.format AND known.last_sequence < excluded.last_sequence);
    RETURN FOUND;
END $$;

CREATE FUNCTION write.find_keys(p_workspace uuid, p_subjects uuid[], p_purpose text)
RETURNS TABLE (o_subject uuid, o_wrapped bytea, o_kek bytea) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT k.subject, k.wrapped, k.kek FROM write.data_keys AS k
        WHERE k.workspace = p_workspace AND k.subject = ANY (p_subjects) AND k.purpose = p_purpose;
END $$;

-- The key of a workspace for hashes: made by whoever needs it first.
CREATE FUNCTION write.keep_hmac_key(p_workspace uuid, p_wrapped bytea, p_kek bytea) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    INSERT INTO write.data_keys (workspace, subject, purpose, wrapped, kek)
        VALUES (p_workspace, p_workspace, 'hmac', p_wrapped, p_kek)
        ON CONFLICT ON CONSTRAINT data_keys_pkey DO NOTHING;
END $$;

CREATE FUNCTION write.find_claims(p_workspace uuid, p_kinds text[], p_hmacs bytea[])
RETURNS TABLE (o_kind text, o_hmac bytea, o_lead uuid) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT c.kind, c.hmac, c.lead
        FROM unnest(p_kinds, p_hmacs) WITH ORDINALITY AS wanted (kind, hmac, place)
        JOIN write.contact_claims AS c ON c.workspace = p_workspace
            AND c.kind = wanted.kind AND c.hmac = wanted.hmac
        ORDER BY wanted.place;
END $$;

CREATE FUNCTION write.find_principal(p_workspace uuid, p_member uuid)
RETURNS TABLE (o_role text, o_active boolean, o_version bigint) LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT p.role, p.active, p.version FROM write.principals AS p
        WHERE p.workspace = p_workspace AND p.member = p_member;
END $$;

CREATE FUNCTION write.find_credential(p_kind text, p_lookup text, p_workspace uuid)
RETURNS TABLE (o_member uuid, o_secret_hash text, o_scopes text[], o_expires_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    RETURN QUERY SELECT c.member, c.secret_hash, c.scopes, c.expires_at
        FROM write.credentials AS c
        WHERE c.kind = p_kind AND c.lookup = p_lookup AND c.workspace = p_workspace;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA write FROM PUBLIC;
GRANT EXECUTE ON FUNCTION write.tenant() TO ael_commands, ael_queries, ael_relay, ael_projections;
GRANT EXECUTE ON FUNCTION
    write.append(uuid, text[], text[], bigint[], text[], text[], text[], text[], timestamptz[],
        uuid[], smallint[], text[], uuid[], bytea[], uuid[], bigint[], integer[], timestamptz[],
        uuid[], bytea[], bytea[], uuid[], jsonb),
    write.append_side(uuid, jsonb), write.destroy_keys(uuid, jsonb),
    write.move_claims(uuid, jsonb), write.keep_principals(uuid, jsonb),
    write.keep_credentials(uuid, jsonb), write.load(uuid, text, text, integer),
    write.find_answer(uuid, text, uuid), write.record_rejection(uuid, text, uuid, bytea, text),
    write.find_orders(uuid, text[], text[], bigint[], uuid[]),
    write.forget_expired(uuid, text, uuid), write.purge_expired(integer),
    write.save_snapshot(uuid, text, text, bigint, text, integer, uuid),
    write.find_keys(uuid, uuid[], text), write.keep_hmac_key(uuid, bytea, bytea),
    write.find_claims(uuid, text[], bytea[])
    TO ael_commands;
GRANT EXECUTE ON FUNCTION write.find_principal(uuid, uuid),
    write.find_credential(text, text, uuid) TO ael_commands, ael_queries;
