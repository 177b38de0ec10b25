-- A token that was made with another one is good for as long as that one is, and so on up the line:
-- whoever revokes a token that got into wrong hands has revoked what these hands made with it.

ALTER TABLE write.credentials ADD COLUMN made_with text;

-- As in 0004, with what a credential was made with.
CREATE OR REPLACE FUNCTION write.keep_credentials(p_workspace uuid, p_side jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    kept bigint;
BEGIN
    DELETE FROM write.credentials AS known
        USING jsonb_to_recordset(p_side->'credentials_removed') AS r (kind text, lookup text)
        WHERE known.workspace = p_workspace AND known.kind = r.kind AND known.lookup = r.lookup;
    INSERT INTO write.credentials AS known
            (kind, lookup, workspace, member, secret_hash, scopes, expires_at, made_with)
        SELECT r.kind, r.lookup, p_workspace, r.member, r.secret_hash,
               coalesce(r.scopes, '{}'), r.expires_at, r.made_with
        FROM jsonb_to_recordset(p_side->'credentials') AS r (kind text, lookup text, member uuid,
            secret_hash text, scopes text[], expires_at timestamptz, made_with text)
        ORDER BY r.kind, r.lookup
        ON CONFLICT ON CONSTRAINT credentials_pkey DO UPDATE
            SET secret_hash = excluded.secret_hash, scopes = excluded.scopes,
                expires_at = excluded.expires_at, made_with = excluded.made_with
            WHERE known.member = excluded.member;
    GET DIAGNOSTICS kept = ROW_COUNT;
    IF kept < coalesce(jsonb_array_length(p_side->'credentials'), 0) THEN
        RAISE EXCEPTION 'a credential belongs to another member' USING ERRCODE = 'AE002';
    END IF;
END $$;

-- As in 0005 and 0007, but for what was made with a token that is no more. Revoked credentials are not kept,
-- so looking is enough: a token that is made while its maker is revoked is good for nothing either.
CREATE OR REPLACE FUNCTION write.find_credential(p_kind text, p_lookup text, p_workspace uuid)
RETURNS TABLE (o_member uuid, o_secret_hash text, o_scopes text[], o_expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    maker text;
    line text[] := ARRAY[p_lookup];
BEGIN
    PERFORM set_config('ael.workspace', p_workspace::text, true);
    SELECT c.member, c.secret_hash, c.scopes, c.expires_at, c.made_with
        INTO o_member, o_secret_hash, o_scopes, o_expires_at, maker
        FROM write.credentials AS c
        WHERE c.kind = p_kind AND c.lookup = p_lookup AND c.workspace = p_workspace;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    WHILE maker IS NOT NULL AND maker <> ALL (line) LOOP
        line := line || maker;
        SELECT c.made_with INTO maker FROM write.credentials AS c
            WHERE c.kind = 'token' AND c.lookup = maker AND c.workspace = p_workspace;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END LOOP;
    RETURN NEXT;
END $$;
