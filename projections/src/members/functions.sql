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
