-- Finds leads by a part of a name, company, e-mail, phone or Telegram name, small typos forgiven.
-- Trigram operators are not leakproof, and row-level security would take their index away: so this
-- one function runs as the owner of the read models and checks workspace and see-rule by itself.
CREATE OR REPLACE FUNCTION read.search_leads(
    p_workspace uuid, p_q text, p_only_owner uuid, p_cap integer
) RETURNS TABLE (id uuid, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = off
SET enable_indexscan = off
AS $$
DECLARE
    cap   integer := least(greatest(coalesce(p_cap, 1), 1), 1000);
    words text[] := (string_to_array(btrim(p_q), ' '))[1:3];
    likes text[];
    found_before integer;
BEGIN
    IF p_workspace IS NULL OR p_q IS NULL OR length(btrim(p_q)) < 2
       OR p_workspace IS DISTINCT FROM
          NULLIF(current_setting('ael.workspace', true), '')::uuid THEN
        RETURN;
    END IF;
    -- Loads the extension, which knows the setting only then: two letters that changed places in
    -- a word of eight still find it.
    PERFORM public.word_similarity(p_q, p_q);
    PERFORM set_config('pg_trgm.word_similarity_threshold',
                       CASE WHEN length(p_q) > 10 THEN '0.5' ELSE '0.36' END, true);
    -- A word of two letters has a trigram only at a word's beginning.
    SELECT array_agg(CASE WHEN length(w) > 2 THEN '%' ELSE '% ' END
                     || replace(replace(w, '\', '\\'), '_', '\_') || '%')
    INTO likes FROM unnest(words) AS w;
    RETURN QUERY
        SELECT l.id, (1 + public.word_similarity(p_q, l.search))::real FROM (
            SELECT s.id, s.search FROM read.lead_search s
            WHERE s.workspace = p_workspace AND s.search LIKE likes[1]
              AND (likes[2] IS NULL OR s.search LIKE likes[2])
              AND (likes[3] IS NULL OR s.search LIKE likes[3])
              AND (p_only_owner IS NULL OR s.owner = p_only_owner OR s.owner IS NULL)
            LIMIT cap
        ) l ORDER BY 2 DESC, 1;
    GET DIAGNOSTICS found_before = ROW_COUNT;
    IF found_before >= cap OR length(btrim(p_q)) < 4 OR found_before >= 50 THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT l.id, public.word_similarity(p_q, l.search) FROM (
            SELECT s.id, s.search FROM read.lead_search s
            WHERE s.workspace = p_workspace AND s.search %> p_q
              AND NOT (s.search LIKE likes[1]
                       AND (likes[2] IS NULL OR s.search LIKE likes[2])
                       AND (likes[3] IS NULL OR s.search LIKE likes[3]))
              AND (p_only_owner IS NULL OR s.owner = p_only_owner OR s.owner IS NULL)
            LIMIT cap - found_before
        ) l ORDER BY 2 DESC, 1;
END
$$;

REVOKE ALL ON FUNCTION read.search_leads(uuid, text, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION read.search_leads(uuid, text, uuid, integer) TO ael_queries;
