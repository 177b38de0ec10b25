-- So many leads in two workspaces, the even ones in {one}. Values that differ are spread by a hash, so that none
-- follows from another. The tables are filled first and indexed afterwards.
SET synchronous_commit = off;
SET maintenance_work_mem = '512MB';
SET work_mem = '64MB';
CREATE TEMP TABLE kept AS
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = '{schema}' AND indexname NOT LIKE '%_pkey';
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT indexname FROM kept LOOP
        EXECUTE format('DROP INDEX {schema}.%I', name);
    END LOOP;
END $$;

CREATE FUNCTION pg_temp.dice(n integer, salt bigint, sides integer) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$ SELECT (abs(hashint4extended(n, salt) % sides))::integer $$;

INSERT INTO {schema}.leads (workspace, id, stage, source, business_domain, owner, contact,
    tags, score, score_rank, tier, created_at, stage_since, merged, erased, search)
SELECT CASE WHEN n % 2 = 0 THEN '{one}'::uuid ELSE '{two}'::uuid END,
       ('01980000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       (ARRAY['new','new','new','new','contacted','contacted','qualified','transferred','lost',
              'lost'])[1 + pg_temp.dice(n, 1, 10)],
       (ARRAY['scanner','partner','manual'])[1 + pg_temp.dice(n, 2, 3)],
       (ARRAY['first','second','third',NULL])[1 + pg_temp.dice(n, 3, 4)],
       CASE WHEN pg_temp.dice(n, 4, 4) > 0 THEN
           ('00000000-0000-0000-0000-' || lpad(pg_temp.dice(n, 5, 20)::text, 12, '0'))::uuid END,
       jsonb_build_object('full_name', given || ' ' || family, 'phone', phone),
       '[]', score, coalesce(score, -1),
       CASE WHEN score >= 0.8 THEN 'hot' WHEN score >= 0.6 THEN 'warm' WHEN score >= 0.3 THEN 'cold'
            WHEN score IS NOT NULL THEN 'dead' END,
       moment, moment, false, false,
       ' ' || given_latin || ' ' || family_latin || ' ' || substr(phone, 2)
FROM (
    SELECT n, timestamptz '2026-01-01' + n * interval '20 seconds' AS moment,
           CASE WHEN pg_temp.dice(n, 6, 10) < 7 THEN pg_temp.dice(n, 7, 1000) / 1000.0::float8 END
               AS score,
           (ARRAY['Олена','Тарас','Ірина','Петро','Марія','Андрій','Оксана','Богдан'])
               [1 + pg_temp.dice(n, 8, 8)] AS given,
           (ARRAY['olena','taras','irina','petro','maria','andri','oksana','bohdan'])
               [1 + pg_temp.dice(n, 8, 8)] AS given_latin,
           (ARRAY['Петренко','Шевченко','Мельник','Бойко'])[1 + pg_temp.dice(n, 9, 4)]
               || chr(1072 + pg_temp.dice(n, 10, 30)) AS family,
           (ARRAY['petrenko','shevchenko','melnik','boiko'])[1 + pg_temp.dice(n, 9, 4)]
               || chr(97 + pg_temp.dice(n, 10, 26)) AS family_latin,
           '+38067' || lpad((n * 7 % 10000000)::text, 7, '0') AS phone
    FROM generate_series(1, {rows}) AS n
) AS people;

INSERT INTO {schema}.activity (workspace, id, version, message_count, updated_at)
SELECT workspace, id, 1, 3, created_at
    + pg_temp.dice(extract(epoch FROM created_at)::integer, 11, 10000000) * interval '1 second'
FROM {schema}.leads ORDER BY id;

INSERT INTO {schema}.lead_tags (workspace, tag, created_at, lead_id)
SELECT workspace, 'tag' || tag, created_at, id FROM (
    SELECT *, pg_temp.dice(extract(epoch FROM created_at)::integer, 12, 40) AS tag
    FROM {schema}.leads) AS tagged
WHERE tag < 30 ORDER BY workspace, tag, created_at, id;

DO $$ DECLARE definition text; BEGIN
    FOR definition IN SELECT indexdef FROM kept LOOP
        EXECUTE definition;
    END LOOP;
END $$;
