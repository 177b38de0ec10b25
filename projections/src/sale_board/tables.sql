CREATE TABLE {schema}.sales (
    workspace    uuid NOT NULL,
    id           uuid NOT NULL,
    version      bigint NOT NULL,
    lead_id      uuid NOT NULL,
    full_name    text,
    owner        uuid,
    stage        text NOT NULL,
    amount_minor bigint,
    currency     text,
    lost_reason  text,
    lost_text    text,
    imported     boolean NOT NULL,
    opened_at    timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    paid_at      timestamptz,
    erased       boolean NOT NULL,
    PRIMARY KEY (workspace, id)
) WITH (fillfactor = 90);

-- What a sale shows of its lead, known before the sale is opened.
CREATE TABLE {schema}.people (
    workspace uuid NOT NULL,
    lead_id   uuid NOT NULL,
    full_name text,
    owner     uuid,
    erased    boolean NOT NULL,
    PRIMARY KEY (workspace, lead_id)
) WITH (fillfactor = 90);

CREATE INDEX sales_by_opening ON {schema}.sales (workspace, opened_at, id);
CREATE INDEX sales_by_owner ON {schema}.sales (workspace, owner, opened_at, id);
CREATE INDEX sales_by_stage ON {schema}.sales (workspace, stage, opened_at, id);
CREATE INDEX sales_by_lead ON {schema}.sales (workspace, lead_id);
