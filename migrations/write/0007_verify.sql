-- The projector answers whether history and read models are sound, so it follows the hash chain,
-- and finds out who asks: one member, one credential at a time, without being able to list them.

GRANT SELECT ON write.chain TO ael_projections;
CREATE POLICY projections ON write.chain FOR SELECT TO ael_projections USING (true);

ALTER FUNCTION write.find_principal(uuid, uuid)
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION write.find_credential(text, text, uuid)
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
GRANT EXECUTE ON FUNCTION write.find_principal(uuid, uuid),
    write.find_credential(text, text, uuid) TO ael_projections;
