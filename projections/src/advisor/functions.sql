-- How much there is to learn from in each workspace: row-level security shows a reader only one.
CREATE OR REPLACE FUNCTION read.training_states()
RETURNS TABLE (workspace uuid, trained_on bigint, new_outcomes bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT w.workspace, COALESCE(a.outcomes, 0),
        (SELECT count(*) FROM read.timeline t
         WHERE t.workspace = w.workspace
           AND t.recorded_at > COALESCE(a.trained_at, '-infinity')
           AND (t.event_name IN ('lead.lost', 'sale.paid', 'sale.lost')
                OR (t.event_name = 'lead.imported' AND t.data ? 'outcome')))
    FROM read.workspaces w
    LEFT JOIN read.advisors a ON a.workspace = w.workspace
    ORDER BY w.workspace
$$;

REVOKE ALL ON FUNCTION read.training_states() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.training_states() TO ael_queries;
