-- The write side: what happened, who asked for it, and the keys that seal it.
--
-- Invariants
--   * History is never changed: nobody, not even the owner, updates, deletes or truncates events.
--   * An aggregate's events are numbered from 1 without a gap; two writers never get the same
--     number.
--   * The settled order is (incarnation, xid, position); xid is compared as xid8, never as text.
--   * Whatever belongs to a workspace carries its id, and row-level security is forced on it.
--   * Payloads hold personal data in sealed form only; the keys lie in their own table.

CREATE SEQUENCE write.events_position AS bigint;

CREATE TABLE write.incarnations (
    number     integer     PRIMARY KEY CHECK (number >= 1),
    identity   text        NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE write.incarnations IS
    'The lives of this database: a restore starts the next one, since transaction ids start anew.';

-- The shape of postgres-es, plus our columns.
CREATE TABLE write.events (
    workspace      uuid        NOT NULL,
    aggregate_type text        NOT NULL,
    aggregate_id   text        NOT NULL,
    sequence       bigint      NOT NULL CHECK (sequence >= 1),
    event_type     text        NOT NULL,
    event_version  text        NOT NULL,
    payload        json        NOT NULL,
    metadata       json        NOT NULL,
    "timestamp"    timestamptz NOT NULL,
    event_id       uuid        NOT NULL,
    lane           smallint    NOT NULL CHECK (lane BETWEEN 0 AND 15),
    incarnation    integer     NOT NULL,
    xid            xid8        NOT NULL DEFAULT pg_current_xact_id(),
    position       bigint      NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (workspace, aggregate_type, aggregate_id, sequence)
);
ALTER SEQUENCE write.events_position OWNED BY write.events.position;
CREATE UNIQUE INDEX events_settled ON write.events (incarnation, xid, position);
CREATE INDEX events_lane ON write.events (lane, incarnation, xid, position);

CREATE TABLE write.snapshots (
    workspace        uuid    NOT NULL,
    aggregate_type   text    NOT NULL,
    aggregate_id     text    NOT NULL,
    last_sequence    bigint  NOT NULL CHECK (last_sequence >= 1),
    current_snapshot bigint  NOT NULL CHECK (current_snapshot >= 1),
    payload          json    NOT NULL,
    format           integer NOT NULL,
    data_subject     uuid    NOT NULL,
    CONSTRAINT snapshots_pkey PRIMARY KEY (workspace, aggregate_type, aggregate_id)
);
CREATE INDEX snapshots_subject ON write.snapshots (workspace, data_subject);
COMMENT ON TABLE write.snapshots IS
    'A shortcut, sealed like the events: nothing is wrong when it is missing.';

CREATE TABLE write.commands (
    workspace    uuid        NOT NULL,
    principal    text        NOT NULL,
    command_id   uuid        NOT NULL,
    fingerprint  bytea       NOT NULL CHECK (length(fingerprint) = 32),
    aggregate_id uuid,
    version      bigint,
    lane         smallint,
    incarnation  integer,
    xid          xid8,
    position     bigint,
    rejection    json,
    recorded_at  timestamptz NOT NULL,
    expires_at   timestamptz,
    CONSTRAINT commands_pkey PRIMARY KEY (workspace, principal, command_id),
    -- Accepted answers are kept for ever; only rejections expire.
    CHECK ((rejection IS NULL) = (expires_at IS NULL)),
    CHECK ((rejection IS NULL) = (aggregate_id IS NOT NULL AND version IS NOT NULL))
);
CREATE INDEX commands_expiry ON write.commands (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE write.data_keys (
    workspace  uuid        NOT NULL,
    subject    uuid        NOT NULL,
    purpose    text        NOT NULL CHECK (purpose IN ('data', 'hmac')),
    wrapped    bytea       NOT NULL,
    kek        bytea       NOT NULL CHECK (length(kek) = 8),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT data_keys_pkey PRIMARY KEY (workspace, subject, purpose)
);
COMMENT ON TABLE write.data_keys IS
    'One key per person, wrapped by the master key. Deleting the row erases the person.';

CREATE TABLE write.contact_claims (
    workspace uuid  NOT NULL,
    kind      text  NOT NULL CHECK (kind IN ('email', 'phone', 'telegram')),
    hmac      bytea NOT NULL CHECK (length(hmac) = 32),
    lead      uuid  NOT NULL,
    CONSTRAINT contact_claims_pkey PRIMARY KEY (workspace, kind, hmac)
);
CREATE INDEX contact_claims_lead ON write.contact_claims (workspace, lead);

CREATE TABLE write.principals (
    workspace uuid    NOT NULL,
    member    uuid    NOT NULL,
    role      text    NOT NULL,
    active    boolean NOT NULL,
    version   bigint  NOT NULL,
    CONSTRAINT principals_pkey PRIMARY KEY (workspace, member)
);

CREATE TABLE write.credentials (
    kind        text   NOT NULL CHECK (kind IN ('token', 'telegram')),
    lookup      text   NOT NULL,
    workspace   uuid   NOT NULL,
    member      uuid   NOT NULL,
    secret_hash text,
    scopes      text[] NOT NULL DEFAULT '{}',
    expires_at  timestamptz,
    CONSTRAINT credentials_pkey PRIMARY KEY (kind, lookup, workspace)
);

CREATE TABLE write.chain (
    workspace         uuid    NOT NULL,
    number            bigint  NOT NULL CHECK (number >= 1),
    first_incarnation integer NOT NULL,
    first_xid         xid8    NOT NULL,
    first_position    bigint  NOT NULL,
    last_incarnation  integer NOT NULL,
    last_xid          xid8    NOT NULL,
    last_position     bigint  NOT NULL,
    count             integer NOT NULL CHECK (count >= 1),
    leaves            bytea   NOT NULL,
    head              bytea   NOT NULL CHECK (length(head) = 32),
    CONSTRAINT chain_pkey PRIMARY KEY (workspace, number)
);
CREATE INDEX chain_tail ON write.chain (last_incarnation, last_xid, last_position);
COMMENT ON TABLE write.chain IS
    'Tamper evidence: head = SHA-256(previous head, leaves); a leaf: an event''s order and digest.';

CREATE FUNCTION write.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never changed: % on %.% is refused',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'AE004';
END $$;

CREATE TRIGGER history_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON write.events
    FOR EACH STATEMENT EXECUTE FUNCTION write.refuse_change();
CREATE TRIGGER history_is_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON write.chain
    FOR EACH STATEMENT EXECUTE FUNCTION write.refuse_change();
