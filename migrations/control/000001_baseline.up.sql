-- The registry of tenants. Readable by the control role only; a worker's or a tenant's role sees nothing of it.
CREATE TABLE control.tenants (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL CONSTRAINT tenants_slug_unique UNIQUE CHECK (slug ~ '^[a-z0-9](-?[a-z0-9]){0,62}$'),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    status     text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'SUSPENDED', 'DELETED')),
    config     jsonb NOT NULL DEFAULT '{}', -- limits, placement; see ports.TenantConfig
    version    bigint NOT NULL DEFAULT 1,
    fault      text NOT NULL DEFAULT '',    -- why its schema could not be brought up to date; the tenant is quarantined
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),

    -- A deleted tenant keeps its row, and with it its id and slug, until its data is erased.
    restore_to text CHECK (restore_to IN ('ACTIVE', 'SUSPENDED')),
    deleted_at timestamptz,
    purge_at   timestamptz,                 -- until then it can be restored
    purging    boolean NOT NULL DEFAULT false,
    CHECK ((status = 'DELETED') = (deleted_at IS NOT NULL AND purge_at IS NOT NULL AND restore_to IS NOT NULL)),
    CHECK (NOT purging OR status = 'DELETED')
);

-- What was done to tenants, written in the same statement as the change. It only grows, and outlives the tenant.
CREATE TABLE control.audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    action     text NOT NULL,
    tenant_id  uuid NOT NULL,
    version    bigint NOT NULL, -- the tenant's, after the change
    request_id text NOT NULL,
    detail     jsonb NOT NULL
);
CREATE INDEX audit_tenant ON control.audit (tenant_id, id);

-- Settings that were changed at run time. Versions begin at 2: version 1 of a key is the environment's value. A key is
-- never deleted, so that the sum of versions rises with every change; a NULL value takes it back to the environment's.
CREATE TABLE control.settings (
    key        text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
    value      jsonb,
    version    bigint NOT NULL CHECK (version > 1),
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text NOT NULL
);

-- Who changed what, append only. A secret's value is NULL here.
CREATE TABLE control.settings_history (
    key        text NOT NULL REFERENCES control.settings (key),
    version    bigint NOT NULL,
    value      jsonb,
    reset      boolean NOT NULL, -- taken back to the environment's value
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    request_id text NOT NULL DEFAULT '',
    PRIMARY KEY (key, version)
);
