-- How far each read model has come, and what it has still to take (counted to 100,000): for the
-- operator. `queries` itself sees no events.
CREATE OR REPLACE FUNCTION read.projection_status()
RETURNS TABLE (
    name text, version integer, building integer, incarnation integer, xid bigint,
    "position" bigint, behind bigint, parked bigint
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.name, p.version, p.building, slowest.incarnation, slowest.xid, slowest.position,
           slowest.behind,
           (SELECT count(*) FROM read.parked d
            WHERE d.projection = p.name AND d.version = p.version)
    FROM read.projections p
    CROSS JOIN LATERAL (
        SELECT c.incarnation, c.xid, c.position,
               (SELECT count(*) FROM (
                    SELECT FROM write.events e
                    WHERE e.lane = c.lane
                      AND (e.incarnation, e.xid, e.position)
                          > (c.incarnation, c.xid::text::xid8, c.position)
                    LIMIT 100000) AS waiting) AS behind
        FROM read.checkpoints c
        WHERE c.projection = p.name AND c.version = p.version
        ORDER BY behind DESC, c.incarnation, c.xid, c.position LIMIT 1
    ) AS slowest
    ORDER BY p.name
$$;

REVOKE ALL ON FUNCTION read.projection_status() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.projection_status() TO ael_queries;
