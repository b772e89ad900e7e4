-- Which tenants have events to relay, appended in the tenant's own commit: the relay visits only tenants named here.
CREATE TABLE work.outbox_markers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    event_seq  bigint NOT NULL, -- the last event of that commit
    created_at timestamptz NOT NULL DEFAULT now()
);

-- What the markers come to: a row for each tenant that has something to relay, now or later. The relay folds markers
-- into it in short transactions, so commits of a tenant never wait for each other here.
CREATE TABLE work.outbox_visits (
    tenant_id  uuid PRIMARY KEY,
    event_seq  bigint NOT NULL,                -- the last event known of
    due_at     timestamptz NOT NULL,           -- when to look, later than now after a failure
    attempts   integer NOT NULL DEFAULT 0,     -- failures in a row
    holder     uuid,                           -- the visit under way
    held_until timestamptz NOT NULL DEFAULT '-infinity' -- and when it has been given up for dead
);
CREATE INDEX outbox_visits_due ON work.outbox_visits (due_at);
