-- When a token was last used. No event and no part of history: a service notes it every few seconds
-- for all tokens that it saw, and may lose the last seconds.

CREATE TABLE write.token_uses (
    workspace    uuid        NOT NULL,
    token        uuid        NOT NULL,
    last_used_at timestamptz NOT NULL,
    CONSTRAINT token_uses_pkey PRIMARY KEY (workspace, token)
) WITH (fillfactor = 50);

ALTER TABLE write.token_uses ENABLE ROW LEVEL SECURITY;
ALTER TABLE write.token_uses FORCE ROW LEVEL SECURITY;
CREATE POLICY noting ON write.token_uses TO ael_owner USING (true) WITH CHECK (true);
CREATE POLICY tenant ON write.token_uses FOR SELECT TO ael_queries
    USING (workspace = (SELECT NULLIF(current_setting('ael.workspace', true), '')::uuid));
GRANT SELECT ON write.token_uses TO ael_queries;

-- Of all workspaces at once, so it runs as the owner; it takes only tokens that there are, so
-- nobody can fill the table, and never sets a time back. Rows go in the order of their keys: two
-- copies wait for each other at worst.
CREATE FUNCTION write.note_token_uses(p_workspaces uuid[], p_tokens uuid[], p_at timestamptz[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    noted bigint;
BEGIN
    INSERT INTO write.token_uses AS known (workspace, token, last_used_at)
        SELECT u.workspace, u.token, u.at
        FROM unnest(p_workspaces, p_tokens, p_at) AS u (workspace, token, at)
        WHERE EXISTS (
            SELECT FROM write.credentials AS c
            WHERE c.kind = 'token' AND c.lookup = u.token::text AND c.workspace = u.workspace)
        ORDER BY u.workspace, u.token
        ON CONFLICT ON CONSTRAINT token_uses_pkey DO UPDATE
            SET last_used_at = excluded.last_used_at
            WHERE known.last_used_at < excluded.last_used_at;
    GET DIAGNOSTICS noted = ROW_COUNT;
    RETURN noted;
END $$;

REVOKE ALL ON FUNCTION write.note_token_uses(uuid[], uuid[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION write.note_token_uses(uuid[], uuid[], timestamptz[])
    TO ael_commands, ael_queries;

-- Who signs in with an identity of an OpenID Connect provider: SHA-256 of issuer and subject.
ALTER TABLE write.credentials DROP CONSTRAINT credentials_kind_check;
ALTER TABLE write.credentials ADD CONSTRAINT credentials_kind_check
    CHECK (kind IN ('token', 'telegram', 'oidc'));

CREATE INDEX credentials_identities ON write.credentials (workspace, member) WHERE kind = 'oidc';

-- Whether an Admin said with which identity a member signs in: no other one then does by their
-- e-mail address.
CREATE FUNCTION write.has_identity(p_workspace uuid, p_member uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM write.credentials AS c
        WHERE c.kind = 'oidc' AND c.workspace = p_workspace AND c.member = p_member)
$$;

REVOKE ALL ON FUNCTION write.has_identity(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION write.has_identity(uuid, uuid)
    TO ael_commands, ael_queries, ael_projections;
