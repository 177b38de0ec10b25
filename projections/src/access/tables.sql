CREATE TABLE {schema}.tokens (
    workspace  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    label      text,
    member_id  uuid NOT NULL,
    scopes     jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    made_with  uuid,
    PRIMARY KEY (workspace, id)
);

CREATE INDEX tokens_newest ON {schema}.tokens (workspace, created_at DESC, id DESC);

CREATE TABLE {schema}.invitations (
    workspace  uuid NOT NULL,
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    name       text,
    email      text,
    role       text NOT NULL,
    language   text NOT NULL,
    state      text NOT NULL,
    member_id  uuid,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (workspace, id)
);

CREATE INDEX invitations_newest ON {schema}.invitations (workspace, created_at DESC, id DESC);
