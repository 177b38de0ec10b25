-- Everything that happened. `subject` is whom it is about: the lead, for a lead and for its sale,
-- else the aggregate itself. (incarnation, xid, position) is the settled order.
CREATE TABLE {schema}.entries (
    workspace    uuid NOT NULL,
    subject      uuid NOT NULL,
    incarnation  integer NOT NULL,
    xid          bigint NOT NULL,
    position     bigint NOT NULL,
    event_id     uuid NOT NULL,
    aggregate    text NOT NULL CHECK (
        aggregate IN ('workspace', 'member', 'invitation', 'token', 'lead', 'sale', 'advisor')),
    aggregate_id uuid NOT NULL,
    sequence     bigint NOT NULL,
    event_name   text NOT NULL,
    event_type   text NOT NULL,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL,
    actor        text NOT NULL,
    actor_member uuid,
    edge         text NOT NULL,
    data         jsonb NOT NULL,
    PRIMARY KEY (workspace, subject, incarnation, xid, position)
);

-- Each leads on in the settled order, so that a page costs a page.
CREATE INDEX entries_by_order ON {schema}.entries (workspace, incarnation, xid, position);
CREATE INDEX entries_by_member ON {schema}.entries
    (workspace, actor_member, incarnation, xid, position) WHERE actor_member IS NOT NULL;
CREATE INDEX entries_by_name ON {schema}.entries
    (workspace, event_name, incarnation, xid, position);
CREATE INDEX entries_by_time ON {schema}.entries (workspace, recorded_at);
