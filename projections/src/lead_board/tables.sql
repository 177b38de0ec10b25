-- What lists filter and sort by. Rewritten only when one of it changes; what changes with every
-- event stands apart in `activity`, so that a logged message does not touch a dozen indexes.
CREATE TABLE {schema}.leads (
    workspace       uuid NOT NULL,
    id              uuid NOT NULL,
    stage           text NOT NULL,
    source          text NOT NULL,
    business_domain text,
    owner           uuid,
    contact         jsonb NOT NULL,
    tags            jsonb NOT NULL,
    score           double precision,
    score_rank      double precision NOT NULL,
    tier            text,
    recommendation  text,
    analysed_at     timestamptz,
    analysed_messages bigint,
    outdated        text,
    reached         text NOT NULL DEFAULT 'new',
    created_at      timestamptz NOT NULL,
    stage_since     timestamptz NOT NULL,
    merged          boolean NOT NULL,
    erased          boolean NOT NULL,
    search          text NOT NULL,
    PRIMARY KEY (workspace, id)
) WITH (fillfactor = 90);

CREATE TABLE {schema}.activity (
    workspace     uuid NOT NULL,
    id            uuid NOT NULL,
    version       bigint NOT NULL,
    message_count bigint NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (workspace, id)
) WITH (fillfactor = 80);

CREATE TABLE {schema}.lead_tags (
    workspace  uuid NOT NULL,
    tag        text NOT NULL,
    created_at timestamptz NOT NULL,
    lead_id    uuid NOT NULL,
    PRIMARY KEY (workspace, tag, created_at, lead_id)
);

CREATE INDEX lead_tags_by_lead ON {schema}.lead_tags (workspace, lead_id);
CREATE INDEX activity_by_update ON {schema}.activity (workspace, updated_at, id);
CREATE INDEX leads_by_creation ON {schema}.leads (workspace, created_at, id) WHERE NOT merged;
CREATE INDEX leads_by_score ON {schema}.leads (workspace, score_rank, id) WHERE NOT merged;
CREATE INDEX leads_by_stage ON {schema}.leads (workspace, stage, created_at, id) WHERE NOT merged;
CREATE INDEX leads_by_owner ON {schema}.leads (workspace, owner, created_at, id) WHERE NOT merged;
CREATE INDEX leads_by_source ON {schema}.leads (workspace, source, created_at, id) WHERE NOT merged;
CREATE INDEX leads_by_domain ON {schema}.leads (workspace, business_domain, created_at, id)
    WHERE NOT merged;
CREATE INDEX leads_by_tier ON {schema}.leads (workspace, tier, created_at, id) WHERE NOT merged;
CREATE INDEX leads_by_age ON {schema}.leads (workspace, stage, stage_since) INCLUDE (owner)
    WHERE NOT merged AND NOT erased AND stage IN ('new', 'contacted', 'qualified');
CREATE INDEX leads_by_analysis ON {schema}.leads (workspace, analysed_at)
    WHERE NOT merged AND NOT erased AND analysed_at IS NOT NULL
    AND stage IN ('new', 'contacted', 'qualified');
CREATE INDEX leads_by_words ON {schema}.leads USING gin (search gin_trgm_ops)
    WITH (gin_pending_list_limit = 1024) WHERE NOT merged AND NOT erased;
