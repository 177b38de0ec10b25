-- Every workspace, for the operator at the server: row-level security shows a reader only one.
CREATE OR REPLACE FUNCTION read.list_workspaces()
RETURNS TABLE (id uuid, version bigint, name text, settings jsonb, created_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT w.workspace, w.version, w.name, w.settings, w.created_at
    FROM read.workspaces w ORDER BY w.created_at, w.workspace
$$;

REVOKE ALL ON FUNCTION read.list_workspaces() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.list_workspaces() TO ael_queries;

-- Whose e-mail address this is, for whoever finds out who asks: ids alone, two at most. The write
-- side keeps addresses sealed, so it asks here, and then looks up itself what the member may.
CREATE OR REPLACE FUNCTION read.members_by_email(p_workspace uuid, p_email text)
RETURNS TABLE (member uuid)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT m.id FROM read.members m
    WHERE m.workspace = p_workspace AND m.active AND lower(m.email) = lower(p_email)
    ORDER BY m.id LIMIT 2
$$;

REVOKE ALL ON FUNCTION read.members_by_email(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.members_by_email(uuid, text) TO ael_queries, ael_commands;
