-- Which tenants have events to relay, appended in the tenant's own commit: the relay visits only tenants named here.
CREATE TABLE work.outbox_markers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  uuid NOT NULL,
    event_seq  bigint NOT NULL, -- the last event of that commit
    created_at timestamptz NOT NULL DEFAULT now()
);
