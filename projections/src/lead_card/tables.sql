CREATE TABLE {schema}.cards (
    workspace   uuid NOT NULL,
    id          uuid NOT NULL,
    version     bigint NOT NULL,
    owner       uuid,
    merged_into uuid,
    erased      boolean NOT NULL,
    card        jsonb NOT NULL,
    PRIMARY KEY (workspace, id)
) WITH (fillfactor = 80);
