CREATE TABLE {schema}.entries (
    workspace    uuid NOT NULL,
    lead_id      uuid NOT NULL,
    position     bigint NOT NULL,
    event_id     uuid NOT NULL,
    aggregate    text NOT NULL,
    aggregate_id uuid NOT NULL,
    sequence     bigint NOT NULL,
    event_type   text NOT NULL,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    actor        text NOT NULL,
    actor_member uuid,
    edge         text NOT NULL,
    data         jsonb NOT NULL,
    PRIMARY KEY (workspace, lead_id, position)
);
