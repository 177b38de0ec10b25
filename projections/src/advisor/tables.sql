CREATE TABLE {schema}.advisors (
    workspace  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    changed    bigint NOT NULL,
    champion   integer,
    trained_at timestamptz,
    outcomes   bigint NOT NULL,
    outside    jsonb NOT NULL,
    questions  jsonb NOT NULL,
    PRIMARY KEY (workspace, id)
);

-- What came of each training; the model itself where it was kept.
CREATE TABLE {schema}.trainings (
    workspace     uuid NOT NULL,
    id            uuid NOT NULL,
    sequence      bigint NOT NULL,
    model_version integer,
    model         text,
    recorded_at   timestamptz NOT NULL,
    training      jsonb NOT NULL,
    PRIMARY KEY (workspace, id, sequence)
);

CREATE UNIQUE INDEX trainings_by_model ON {schema}.trainings (workspace, model_version)
    WHERE model_version IS NOT NULL;
