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

-- Leads that are being worked and whose analysis is older than their workspace has it, over all
-- workspaces: for the advisor, who is nobody's. Ids alone. (Written so that it can be made before
-- the board is.)
CREATE OR REPLACE FUNCTION read.stale_analyses(p_limit integer)
RETURNS TABLE (workspace uuid, lead_id uuid, analysed_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT a.workspace, a.id, a.analysed_at
    FROM read.workspaces w
    CROSS JOIN LATERAL (
        SELECT l.workspace, l.id, l.analysed_at FROM read.lead_analyses l
        WHERE l.workspace = w.workspace AND l.analysed_at <= now() - make_interval(
            hours => 24 * least(greatest((w.settings ->> 'stale_days')::bigint, 1), 36500)::integer)
        ORDER BY l.analysed_at LIMIT p_limit
    ) a
    ORDER BY a.analysed_at LIMIT p_limit;
END
$$;

REVOKE ALL ON FUNCTION read.stale_analyses(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.stale_analyses(integer) TO ael_queries;
