CREATE TABLE {schema}.members (
    workspace       uuid NOT NULL,
    id              uuid NOT NULL,
    version         bigint NOT NULL,
    name            text,
    email           text,
    role            text NOT NULL,
    language        text NOT NULL,
    active          boolean NOT NULL,
    telegram_linked boolean NOT NULL,
    bot_blocked     boolean NOT NULL,
    notifications   jsonb NOT NULL,
    joined_at       timestamptz NOT NULL,
    identity_linked boolean NOT NULL DEFAULT false,
    PRIMARY KEY (workspace, id)
);

CREATE INDEX members_by_email ON {schema}.members (workspace, lower(email));

CREATE TABLE {schema}.workspaces (
    workspace  uuid PRIMARY KEY,
    version    bigint NOT NULL,
    name       text NOT NULL,
    settings   jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
