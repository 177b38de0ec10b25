-- What is counted of each lead now; the counters are the sums of it.
CREATE TABLE {schema}.facts (
    workspace uuid NOT NULL,
    lead_id   uuid NOT NULL,
    facts     jsonb NOT NULL,
    PRIMARY KEY (workspace, lead_id)
) WITH (fillfactor = 80);

-- One row per lane, so that lanes never wait for each other; summed when read. The owner of what
-- belongs to nobody is the nil UUID.
CREATE TABLE {schema}.counters (
    workspace uuid NOT NULL,
    owner     uuid NOT NULL,
    metric    text NOT NULL,
    key       text NOT NULL,
    lane      smallint NOT NULL,
    amount    bigint NOT NULL,
    PRIMARY KEY (workspace, owner, metric, key, lane)
) WITH (fillfactor = 50);
