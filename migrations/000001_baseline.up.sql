-- One tenant's tables. Everything here lies in the schema that the search path names, so no name is qualified.
-- text + CHECK stands where an enum would: a type per schema breaks the driver's statement cache for the next tenant.
-- Money is bigint minor units beside its ISO 4217 code. Public ids of bigint-keyed rows are derived, not stored.

-- The head row numbers audit rows and events. It is locked only in the last statement of a commit, so both counters
-- are gapless in commit order and a long save holds up nobody.
CREATE TABLE head (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    audit_seq   bigint NOT NULL DEFAULT 0,
    event_seq   bigint NOT NULL DEFAULT 0
);
INSERT INTO head DEFAULT VALUES;

CREATE TABLE contexts (
    id          uuid PRIMARY KEY,
    num         integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    name        text NOT NULL CONSTRAINT contexts_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT '',
    status      text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'PAUSED', 'ARCHIVED')),
    settings    jsonb NOT NULL DEFAULT '{}',
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL
);

CREATE TABLE sources (
    id                uuid PRIMARY KEY,
    num               integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    context_id        uuid NOT NULL REFERENCES contexts (id),
    name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    side              text NOT NULL CHECK (side IN ('LEFT', 'RIGHT')),
    currency          text NOT NULL DEFAULT '',
    time_zone         text NOT NULL DEFAULT 'UTC',
    negate            boolean NOT NULL DEFAULT false,
    field_map_version integer NOT NULL DEFAULT 0,
    version           integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    created_by        text NOT NULL,
    CONSTRAINT sources_name_unique UNIQUE (context_id, name)
);

-- Version 0 of a source's map means: detected anew from each file.
CREATE TABLE field_maps (
    source_id  uuid NOT NULL REFERENCES sources (id),
    version    integer NOT NULL CHECK (version > 0),
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    PRIMARY KEY (source_id, version)
);

CREATE TABLE rules (
    id         uuid PRIMARY KEY,
    context_id uuid NOT NULL REFERENCES contexts (id),
    name       text NOT NULL,
    priority   integer NOT NULL CHECK (priority BETWEEN 1 AND 1000),
    enabled    boolean NOT NULL DEFAULT true,
    type       text NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX rules_priority_unique ON rules (context_id, priority) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX rules_name_unique ON rules (context_id, name) WHERE deleted_at IS NULL;

-- A group points at the version that made it; deleting a rule deletes no history.
CREATE TABLE rule_versions (
    rule_id    uuid NOT NULL REFERENCES rules (id),
    version    integer NOT NULL CHECK (version > 0),
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    PRIMARY KEY (rule_id, version)
);

CREATE TABLE imports (
    id                uuid PRIMARY KEY,
    num               bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    source_id         uuid NOT NULL REFERENCES sources (id),
    file_name         text NOT NULL,
    format            text NOT NULL,
    size_bytes        bigint NOT NULL,
    sha256            bytea NOT NULL,
    field_map         jsonb NOT NULL,
    field_map_version integer NOT NULL,
    status            text NOT NULL CHECK (status IN ('COMPLETED', 'FAILED', 'VOIDED')),
    rows_read         bigint NOT NULL,
    rows_inserted     bigint NOT NULL,
    rows_duplicate    bigint NOT NULL,
    rows_rejected     bigint NOT NULL,
    sums              jsonb NOT NULL DEFAULT '{}',
    detection         text NOT NULL DEFAULT '', -- what was found out about the file, for people
    created_at        timestamptz NOT NULL DEFAULT now(),
    created_by        text NOT NULL,
    voided_at         timestamptz,
    CONSTRAINT imports_rows_tie CHECK (rows_read = rows_inserted + rows_duplicate + rows_rejected)
);
CREATE INDEX imports_source ON imports (source_id, num);

CREATE TABLE import_rejects (
    import_num bigint NOT NULL,
    ordinal    integer NOT NULL,
    line       bigint NOT NULL,
    row        bigint NOT NULL,
    field      text NOT NULL,
    value      text NOT NULL,
    code       text NOT NULL,
    reason     text NOT NULL,
    PRIMARY KEY (import_num, ordinal)
);

-- id = import number * 2^32 + data row of the file: unique, ordered as the files came, and it needs no sequence.
-- Two indexes only, since indexes and not the wire set how fast files come in. metadata is json, not jsonb: taking a
-- jsonb apart and sorting it cost a third of an import, and only a rule that reads it or a page of rows looks inside.
CREATE TABLE transactions (
    id                bigint PRIMARY KEY,
    source_num        integer NOT NULL,
    ordinal           integer NOT NULL,
    identity          uuid NOT NULL, -- of the external id where there is one, else of the content
    digest            bytea NOT NULL,
    date              date NOT NULL,
    value_date        date,
    amount            bigint NOT NULL,
    gross             bigint,
    fee               bigint,
    tax               bigint,
    net               bigint,
    original_amount   bigint,
    occurred_at       timestamptz,
    currency          text NOT NULL,
    original_currency text,
    external_id       text,
    reference         text,
    description       text,
    kind              text,
    booking_status    text NOT NULL DEFAULT 'BOOKED' CHECK (booking_status IN ('BOOKED', 'PENDING')),
    metadata          json NOT NULL DEFAULT '{}',
    CONSTRAINT transactions_identity UNIQUE (source_num, identity, ordinal)
);

-- A row a person took out of reconciliation; restoring deletes it, the audit log keeps both facts.
CREATE TABLE ignored_items (
    transaction_id bigint PRIMARY KEY,
    reason         text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text NOT NULL
);

CREATE TABLE runs (
    id               uuid PRIMARY KEY,
    num              bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    context_id       uuid NOT NULL REFERENCES contexts (id),
    mode             text NOT NULL CHECK (mode IN ('COMMIT', 'DRY_RUN')),
    status           text NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    date_from        date,
    date_to          date,
    as_of            date,
    plan             jsonb NOT NULL DEFAULT '{}', -- rule versions and engine version, fixed when the run starts
    input_hash       text NOT NULL DEFAULT '',
    rules_hash       text NOT NULL DEFAULT '',
    result_hash      text NOT NULL DEFAULT '',
    summary          jsonb NOT NULL DEFAULT '{}',
    progress         jsonb NOT NULL DEFAULT '{}',
    fence            integer NOT NULL DEFAULT 0, -- raised by whoever takes the run; a writer with an older one is refused
    lease_until      timestamptz,
    cancel_requested boolean NOT NULL DEFAULT false,
    error_code       text NOT NULL DEFAULT '',
    error_message    text NOT NULL DEFAULT '',
    request_id       text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    created_by       text NOT NULL,
    started_at       timestamptz,
    finished_at      timestamptz
);
CREATE INDEX runs_context ON runs (context_id, num);
CREATE UNIQUE INDEX runs_one_running ON runs (context_id) WHERE status = 'RUNNING';
CREATE UNIQUE INDEX runs_one_queued ON runs (context_id) WHERE status = 'QUEUED';

-- id = run number * 2^32 + ordinal of the group in its run. The members live in the group's own row, so a pair costs
-- one insert here and two in active_items, and an undone group still says whom it held.
CREATE TABLE match_groups (
    id                bigint PRIMARY KEY,
    context_num       integer NOT NULL,
    rule_version      integer NOT NULL, -- without rule_id: the place in the plan of its run, from 1
    left_amount       bigint NOT NULL,
    right_amount      bigint NOT NULL,
    difference        bigint NOT NULL, -- Σ left − Σ right, signed
    residual          bigint NOT NULL DEFAULT 0, -- open money of a PARTIAL group
    score             integer NOT NULL, -- 0..100
    alternatives      integer NOT NULL DEFAULT 0,
    preview           boolean NOT NULL DEFAULT false, -- of a DRY_RUN: readable, never active
    rule_id           uuid,
    status            text NOT NULL CHECK (status IN ('CONFIRMED', 'PROPOSED', 'PARTIAL', 'REJECTED', 'UNMATCHED')),
    currency          text NOT NULL,
    difference_reason text,
    held_by           text,
    left_ids          bigint[] NOT NULL,
    right_ids         bigint[] NOT NULL,
    allocations       bigint[],
    evidence          jsonb -- only where closeness < 1 somewhere
);
-- The next run recomputes proposals that nobody touched, and must find them without reading history.
CREATE INDEX match_groups_proposed ON match_groups (context_num) WHERE status = 'PROPOSED' AND NOT preview;

-- What forbids using a row twice: one row a transaction that stands in an active group.
CREATE TABLE active_items (
    transaction_id bigint PRIMARY KEY,
    group_id       bigint NOT NULL
);

-- Decisions of people on groups, appended; match_groups.status is the last of them.
CREATE TABLE group_decisions (
    group_id    bigint NOT NULL,
    ordinal     integer NOT NULL,
    from_status text NOT NULL,
    to_status   text NOT NULL,
    note        text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    PRIMARY KEY (group_id, ordinal)
);

-- A set that was rejected or unmatched is not offered again until one of its rows changes.
CREATE TABLE rejected_sets (
    set_hash    bytea PRIMARY KEY,
    context_num integer NOT NULL,
    members     bigint[] NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL
);

-- The difference of a confirmed group, owed to the books until somebody posts it.
CREATE TABLE adjustments (
    group_id       bigint NOT NULL,
    ordinal        integer NOT NULL,
    context_num    integer NOT NULL,
    amount         bigint NOT NULL,
    currency       text NOT NULL,
    reason         text NOT NULL CHECK (reason IN ('ROUNDING', 'FEE', 'FX_DIFFERENCE', 'DISCOUNT', 'WRITE_OFF')),
    posting_status text NOT NULL DEFAULT 'UNPOSTED' CHECK (posting_status IN ('UNPOSTED', 'POSTED', 'REVERSED')),
    posted_at      timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text NOT NULL,
    PRIMARY KEY (group_id, ordinal)
);

-- A fact about an open row, never a state of it: at most one a transaction; it resolves when the row is matched.
CREATE TABLE exceptions (
    transaction_id     bigint PRIMARY KEY,
    context_num        integer NOT NULL,
    source_num         integer NOT NULL,
    run_num            bigint NOT NULL,
    amount             bigint NOT NULL,
    nearest_id         bigint,
    nearest_difference bigint,
    date               date NOT NULL,
    currency           text NOT NULL,
    side               text NOT NULL CHECK (side IN ('LEFT', 'RIGHT')),
    class              text NOT NULL,
    reason             text NOT NULL,
    suggestion         text NOT NULL DEFAULT '',
    status             text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'RESOLVED')),
    severity           text NOT NULL DEFAULT 'MEDIUM' CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
    assignee           text NOT NULL DEFAULT '',
    resolution         text NOT NULL DEFAULT '',
    opened_at          timestamptz NOT NULL,
    resolved_at        timestamptz
);
CREATE INDEX exceptions_context ON exceptions (context_num, status, transaction_id);

-- Append-only for the application's role: the provisioner grants INSERT and SELECT on it and nothing else.
CREATE TABLE audit_log (
    seq        bigint PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    action     text NOT NULL,
    entity     text NOT NULL,
    entity_id  text NOT NULL,
    request_id text NOT NULL DEFAULT '',
    detail     jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE events (
    seq         bigint PRIMARY KEY,
    id          uuid NOT NULL,
    key         text NOT NULL,
    payload     jsonb NOT NULL,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    traceparent text NOT NULL DEFAULT ''
);

-- How far the events have been handed to the broker, in a row of its own: the head row is locked by every commit.
CREATE TABLE outbox_position (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    event_seq bigint NOT NULL DEFAULT 0
);
INSERT INTO outbox_position DEFAULT VALUES;

-- Events that the broker would not take and that the position has passed, so that they hold up no others. They are
-- unsent; a row goes when its event has been sent.
CREATE TABLE outbox_parked (
    event_seq bigint PRIMARY KEY REFERENCES events (seq),
    attempts  integer NOT NULL,
    cause     text NOT NULL,
    retry_at  timestamptz,  -- NULL: given up, waiting for a person
    parked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_parked_retry ON outbox_parked (retry_at) WHERE retry_at IS NOT NULL;

-- The stored answer of an idempotent request, written in the same commit as its effect.
CREATE TABLE idempotency_keys (
    endpoint   text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    status     integer NOT NULL,
    headers    jsonb NOT NULL DEFAULT '{}',
    response   bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (endpoint, key)
);
