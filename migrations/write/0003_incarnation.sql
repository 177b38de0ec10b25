-- Which life of the database this is. Asked on every new connection of the writer.

-- The system, the database in it, and the timeline: each of them is new after some kind of restore.
CREATE FUNCTION write.identity() RETURNS text LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT system_identifier FROM pg_control_system())
        || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
        || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
$$;

-- Whether the newest life is still this one: the same identity, and no event from the future.
CREATE FUNCTION write.lives_on() RETURNS integer LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    life write.incarnations;
    newest xid8;
BEGIN
    SELECT * INTO life FROM write.incarnations ORDER BY number DESC LIMIT 1;
    IF life.number IS NULL OR life.identity <> write.identity() THEN
        RETURN NULL;
    END IF;
    SELECT xid INTO newest FROM write.events WHERE incarnation = life.number
        ORDER BY incarnation DESC, xid DESC, position DESC LIMIT 1;
    IF newest >= pg_snapshot_xmax(pg_current_snapshot()) THEN
        RETURN NULL;
    END IF;
    RETURN life.number;
END $$;

-- Starts the next life when it is one. The lock waits until no append is under way and keeps new
-- ones out, so that no event of the old life can appear after one of the new.
CREATE FUNCTION write.ensure_incarnation() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    life integer := write.lives_on();
BEGIN
    IF life IS NOT NULL THEN
        RETURN life;
    END IF;
    LOCK TABLE write.events IN SHARE ROW EXCLUSIVE MODE;
    life := write.lives_on();
    IF life IS NULL THEN
        INSERT INTO write.incarnations (number, identity)
            SELECT coalesce(max(number), 0) + 1, write.identity() FROM write.incarnations
            RETURNING number INTO life;
    END IF;
    RETURN life;
END $$;

REVOKE ALL ON FUNCTION write.ensure_incarnation(), write.lives_on(), write.identity() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION write.ensure_incarnation() TO ael_commands;
