-- Who may see and do what. Each service has its own role; none bypasses row-level security.
--
--   ael_commands     the one writer; sees one workspace at a time, the one named in ael.workspace
--   ael_relay        reads the events of all, extends the chain
--   ael_projections  reads the events and the keys of all
--   ael_queries      reads who may enter
--   ael_owner        owns the tables; reads for audits, rewraps keys, purges expired rejections

CREATE FUNCTION write.tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULLIF(current_setting('ael.workspace', true), '')::uuid
$$;
COMMENT ON FUNCTION write.tenant() IS
    'The workspace that this transaction is about; null sees nothing.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['events', 'snapshots', 'commands', 'data_keys', 'contact_claims',
                                'principals', 'credentials', 'chain'] LOOP
        EXECUTE format('ALTER TABLE write.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE write.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY audit ON write.%I FOR SELECT TO ael_owner USING (true)',
            name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['events', 'snapshots', 'commands', 'data_keys', 'contact_claims',
                                'principals', 'credentials'] LOOP
        EXECUTE format('CREATE POLICY tenant ON write.%I TO ael_commands '
            'USING (workspace = NULLIF(current_setting(''ael.workspace'', true), '''')::uuid) '
            'WITH CHECK (workspace = NULLIF(current_setting(''ael.workspace'', true), '''')::uuid)',
            name);
    END LOOP;
END $$;

CREATE POLICY relay ON write.events FOR SELECT TO ael_relay USING (true);
CREATE POLICY relay ON write.chain FOR SELECT TO ael_relay USING (true);
CREATE POLICY relay_extends ON write.chain FOR INSERT TO ael_relay WITH CHECK (true);
CREATE POLICY projections ON write.events FOR SELECT TO ael_projections USING (true);
CREATE POLICY projections ON write.data_keys FOR SELECT TO ael_projections USING (true);
CREATE POLICY queries ON write.principals FOR SELECT TO ael_queries USING (true);
CREATE POLICY queries ON write.credentials FOR SELECT TO ael_queries USING (true);
CREATE POLICY rotation ON write.data_keys FOR UPDATE TO ael_owner USING (true) WITH CHECK (true);
-- An accepted answer is kept for ever.
CREATE POLICY accepted_is_kept ON write.commands AS RESTRICTIVE FOR DELETE TO ael_commands
    USING (expires_at IS NOT NULL);
CREATE POLICY expiry ON write.commands FOR DELETE TO ael_owner USING (expires_at < now());

GRANT USAGE ON SCHEMA write TO ael_commands, ael_relay, ael_projections, ael_queries;
GRANT SELECT ON write.incarnations TO ael_commands, ael_relay, ael_projections;

GRANT USAGE ON SEQUENCE write.events_position TO ael_commands;
GRANT SELECT, INSERT ON write.events TO ael_commands;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON write.snapshots, write.contact_claims, write.principals, write.credentials
    TO ael_commands;
GRANT SELECT, INSERT, DELETE ON write.commands TO ael_commands;
GRANT SELECT, INSERT, DELETE ON write.data_keys TO ael_commands;

GRANT SELECT ON write.events TO ael_relay, ael_projections;
GRANT SELECT, INSERT ON write.chain TO ael_relay;
GRANT SELECT ON write.data_keys TO ael_projections;
GRANT SELECT ON write.principals, write.credentials TO ael_queries;
