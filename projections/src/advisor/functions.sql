-- How much there is to learn from in each workspace: row-level security shows a reader only one.
CREATE OR REPLACE FUNCTION read.training_states()
RETURNS TABLE (workspace uuid, trained_on bigint, new_outcomes bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT w.workspace, COALESCE(a.outcomes, 0),
        -- Who has learnt nothing yet learns nothing while one kind of end is too rare.
        CASE WHEN a.trained_at IS NULL AND least(e.won, e.lost) < 10 THEN 0
             ELSE e.won + e.lost END
    FROM read.workspaces w
    LEFT JOIN read.advisors a ON a.workspace = w.workspace
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE o.won) AS won, count(*) FILTER (WHERE NOT o.won) AS lost
        FROM (
            -- A lead ends once, at last: an imported win is in two events, a reopened lead has
            -- ended in none.
            SELECT DISTINCT ON (t.subject) CASE t.event_name
                WHEN 'sale.paid' THEN true
                WHEN 'lead.imported' THEN t.data #>> '{outcome,kind}' = 'won'
                WHEN 'lead.lost' THEN false
                WHEN 'sale.lost' THEN false END AS won
            FROM read.timeline t
            WHERE t.workspace = w.workspace
              AND t.recorded_at > COALESCE(a.trained_at, '-infinity')
              AND (t.event_name IN ('lead.lost', 'sale.paid', 'sale.lost',
                                    'lead.reopened', 'lead.merged_into', 'lead.erased')
                   OR (t.event_name = 'lead.imported' AND t.data ? 'outcome'))
            ORDER BY t.subject, t.incarnation DESC, t.xid DESC, t.position DESC
        ) o
    ) e
    ORDER BY w.workspace
$$;

REVOKE ALL ON FUNCTION read.training_states() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.training_states() TO ael_queries;
