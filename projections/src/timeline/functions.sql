-- How far the timeline has come in each lane, and the first event that it has still to take there:
-- what is before the first of those is complete. `queries` itself sees no events.
CREATE OR REPLACE FUNCTION read.timeline_lanes()
RETURNS TABLE (
    lane smallint, incarnation integer, xid bigint, "position" bigint,
    next_incarnation integer, next_xid bigint, next_position bigint
)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.lane, c.incarnation, c.xid, c.position,
           next.incarnation, next.xid::text::bigint, next.position
    FROM read.projections p
    JOIN read.checkpoints c ON c.projection = p.name AND c.version = p.version
    LEFT JOIN LATERAL (
        SELECT e.incarnation, e.xid, e.position FROM write.events e
        WHERE e.lane = c.lane
          AND (e.incarnation, e.xid, e.position) > (c.incarnation, c.xid::text::xid8, c.position)
        ORDER BY e.incarnation, e.xid, e.position LIMIT 1
    ) AS next ON true
    WHERE p.name = 'timeline'
$$;

REVOKE ALL ON FUNCTION read.timeline_lanes() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.timeline_lanes() TO ael_queries;
