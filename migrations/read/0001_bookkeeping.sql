-- The read side's books: which version of each read model is read, how far each lane of each
-- version has come, who projects which lane, and what could not be processed.
-- The read models' own tables are made by the projector, in schemas of their own (rm_<name>_<n>).

CREATE TABLE read.projections (
    name       text PRIMARY KEY,
    version    integer NOT NULL CHECK (version > 0),
    building   integer CHECK (building > version),
    shape      integer NOT NULL,
    rebuilt_at timestamptz
);

CREATE TABLE read.checkpoints (
    projection  text NOT NULL,
    version     integer NOT NULL,
    lane        smallint NOT NULL CHECK (lane BETWEEN 0 AND 15),
    incarnation integer NOT NULL DEFAULT 0,
    xid         bigint NOT NULL DEFAULT 0,
    position    bigint NOT NULL DEFAULT 0,
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, version, lane)
) WITH (fillfactor = 50);

CREATE TABLE read.lane_leases (
    lane   smallint PRIMARY KEY CHECK (lane BETWEEN 0 AND 15),
    holder uuid,
    until  timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);

INSERT INTO read.lane_leases (lane) SELECT generate_series(0, 15);

CREATE TABLE read.projector_copies (
    copy  uuid PRIMARY KEY,
    until timestamptz NOT NULL
);

-- An event that could not be processed; later events of its aggregate wait behind it.
CREATE TABLE read.parked (
    projection   text NOT NULL,
    version      integer NOT NULL,
    workspace    uuid NOT NULL,
    aggregate    text NOT NULL,
    aggregate_id uuid NOT NULL,
    lane         smallint NOT NULL,
    sequence     bigint NOT NULL,
    event_id     uuid NOT NULL,
    event_type   text NOT NULL,
    reason       text NOT NULL,
    parked_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (projection, version, workspace, aggregate, aggregate_id)
);

CREATE INDEX parked_by_lane ON read.parked (lane);
CREATE INDEX parked_by_workspace ON read.parked (workspace, parked_at);

ALTER TABLE read.parked ENABLE ROW LEVEL SECURITY;
ALTER TABLE read.parked FORCE ROW LEVEL SECURITY;

CREATE POLICY projector ON read.parked TO ael_projections USING (true) WITH CHECK (true);
CREATE POLICY tenant ON read.parked FOR SELECT TO ael_queries
    USING (workspace = NULLIF(current_setting('ael.workspace', true), '')::uuid);

CREATE VIEW read.lane_positions WITH (security_invoker = true) AS
SELECT c.projection, c.lane, c.incarnation, c.xid, c.position
FROM read.checkpoints c
JOIN read.projections p ON p.name = c.projection AND p.version = c.version;

CREATE VIEW read.dead_letters WITH (security_invoker = true) AS
SELECT d.projection, d.workspace, d.aggregate, d.aggregate_id, d.sequence, d.event_id,
       d.event_type, d.reason, d.parked_at
FROM read.parked d
JOIN read.projections p ON p.name = d.projection AND p.version = d.version;

GRANT USAGE, CREATE ON SCHEMA read TO ael_projections;
GRANT USAGE ON SCHEMA read TO ael_queries;
GRANT SELECT, INSERT, UPDATE, DELETE ON read.projections, read.checkpoints, read.lane_leases,
    read.projector_copies, read.parked TO ael_projections;
GRANT SELECT ON read.lane_positions, read.dead_letters TO ael_projections, ael_queries;
GRANT SELECT ON read.projections, read.checkpoints, read.lane_leases, read.projector_copies,
    read.parked TO ael_queries;

-- The projector makes a schema for each version of a read model.
DO $$
BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO ael_projections', current_database());
END $$;
