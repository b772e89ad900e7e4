-- One tenant's tables, in the schema that the search path names, so no name is qualified.
-- An enum is text with a CHECK: a type per schema breaks the driver's statement cache for the next tenant.
-- Money is bigint minor units with its ISO 4217 code. Public ids of bigint-keyed rows are derived, not stored.
-- Each statement can run alone, in any connection: identities and constraints are part of CREATE TABLE, and there is no
-- function, trigger or block. tests/tidy checks this.

-- The head row numbers audit rows and events. Only the final flush of a commit locks it, so both counters are gapless in
-- commit order and a long save blocks no other commit.
CREATE TABLE head (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    audit_seq   bigint NOT NULL DEFAULT 0,
    event_seq   bigint NOT NULL DEFAULT 0,
    at          timestamptz NOT NULL DEFAULT now() -- of the last commit: times never fall while numbers rise
);
INSERT INTO head DEFAULT VALUES;

CREATE TABLE contexts (
    id          uuid PRIMARY KEY,
    num         bigint GENERATED ALWAYS AS IDENTITY UNIQUE CONSTRAINT contexts_num_bound CHECK (num < 2147483648), -- hot tables refer to it as integer
    name        text NOT NULL CONSTRAINT contexts_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT '',
    status      text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'PAUSED', 'ARCHIVED')),
    settings    jsonb NOT NULL DEFAULT '{}',
    decisions   bigint NOT NULL DEFAULT 0, -- a run that saves compares it with what it loaded: more means that a person decided on its rows
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL
);

-- Who may see a context, and which of their roles count in it ({}: all). A context that no row names is for everyone.
CREATE TABLE context_members (
    context_num integer NOT NULL,
    subject     text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    roles       text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (context_num, subject)
);

CREATE TABLE sources (
    id                uuid PRIMARY KEY,
    num               bigint GENERATED ALWAYS AS IDENTITY UNIQUE CONSTRAINT sources_num_bound CHECK (num < 2147483648), -- as contexts.num
    context_id        uuid NOT NULL REFERENCES contexts (id),
    name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    side              text NOT NULL CHECK (side IN ('LEFT', 'RIGHT')),
    currency          text NOT NULL DEFAULT '',
    time_zone         text NOT NULL DEFAULT 'UTC',
    negate            boolean NOT NULL DEFAULT false,
    max_rejected      bigint CONSTRAINT sources_max_rejected_bound CHECK (max_rejected >= 0), -- null: what the reader tolerates
    account           text NOT NULL DEFAULT '' CHECK (length(account) <= 200), -- '': that of its first statement
    control_totals    text NOT NULL DEFAULT 'KEEP' CHECK (control_totals IN ('KEEP', 'REFUSE')),
    covered_through   date, -- null: its last statement, else its last row
    field_map_version integer NOT NULL DEFAULT 0,
    version           integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    created_by        text NOT NULL,
    CONSTRAINT sources_name_unique UNIQUE (context_id, name)
);

-- Version 0 of a source's map means that each file is detected anew.
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

-- A group refers to the rule version that made it; deleting a rule deletes no history.
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
    reading           jsonb NOT NULL, -- the map by which the file was read, what each decision rests on, and what the source was then
    field_map_version integer NOT NULL,
    status            text NOT NULL CHECK (status IN ('COMPLETED', 'FAILED', 'VOIDED')),
    rows_read         bigint NOT NULL,
    rows_inserted     bigint NOT NULL,
    rows_duplicate    bigint NOT NULL,
    rows_rejected     bigint NOT NULL,
    rows_set_aside    bigint NOT NULL,
    rows_changed      bigint NOT NULL, -- of the duplicates: those with another text or balance than the row that is kept
    rows_pending      bigint NOT NULL, -- of those inserted, when they came: 0 in all imports of a source means that none waits
    findings          integer NOT NULL, -- of those in import_findings: that contradict the file or an earlier one
    original          boolean NOT NULL DEFAULT false, -- the object store has the file's bytes
    sums              jsonb NOT NULL DEFAULT '{}',
    detection         text NOT NULL DEFAULT '', -- what detection found, for people
    listed            boolean NOT NULL DEFAULT false, -- a run has read it: its open rows are in open_items
    created_at        timestamptz NOT NULL DEFAULT now(),
    created_by        text NOT NULL,
    voided_at         timestamptz,
    CONSTRAINT imports_rows_tie CHECK (rows_read = rows_inserted + rows_duplicate + rows_rejected + rows_set_aside)
);
CREATE INDEX imports_source ON imports (source_id, num);
CREATE INDEX imports_original ON imports (created_at) WHERE original; -- they are kept for a time

-- Rows that were not taken: refused ones, those that are no movement of money, and those that came again and are not
-- letter for letter what they were. Each kind has ordinals of its own; a row that a person mends leaves the list.
CREATE TABLE import_rejects (
    import_num bigint NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('REJECTED', 'SET_ASIDE', 'REPEATED')),
    ordinal    integer NOT NULL,
    line       bigint NOT NULL,
    row        bigint NOT NULL,
    field      text NOT NULL,
    value      text NOT NULL,
    code       text NOT NULL,
    reason     text NOT NULL,
    PRIMARY KEY (import_num, kind, ordinal)
);

-- What an import shows besides its rows: notes, proofs, and figures that contradict each other.
CREATE TABLE import_findings (
    import_num bigint NOT NULL,
    ordinal    integer NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('NOTE', 'PROOF', 'CONTROL_TOTAL', 'CONTINUITY')),
    line       bigint NOT NULL,
    text       text NOT NULL,
    PRIMARY KEY (import_num, ordinal)
);

-- When originals are looked at whose time may be over: one job a tenant waits for it.
CREATE TABLE retention (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    forget_at timestamptz -- NULL: nothing is kept
);
INSERT INTO retention DEFAULT VALUES;

-- What statements of accounts state of themselves, + money that the account's owner has. id = import number * 2^32 +
-- place in the file.
CREATE TABLE statements (
    id         bigint PRIMARY KEY,
    source_num integer NOT NULL,
    line       bigint NOT NULL,
    account    text NOT NULL,
    number     text NOT NULL,
    currency   text NOT NULL,
    from_day   date,
    to_day     date,
    opening    bigint,
    closing    bigint,
    entries    bigint NOT NULL,
    moved      bigint NOT NULL -- Σ of its booked entries
);
CREATE INDEX statements_source ON statements (source_num, id);

-- Pending rows that a row with another id replaced, and those that never became money: an older file that still has one
-- adds nothing.
CREATE TABLE withdrawn_rows (
    source_num integer NOT NULL,
    identity   uuid NOT NULL,
    import_num bigint NOT NULL, -- by which they are gone; voiding it takes that back
    PRIMARY KEY (source_num, identity)
);

-- Entries whose payments came one by one, in a report or an advice of the bank: the rows first_id to last_id. A statement
-- may have such an entry as one row: its parts are booked with it, and that row is gone.
CREATE TABLE batches (
    source_num integer NOT NULL,
    first_id   bigint NOT NULL,
    last_id    bigint NOT NULL,
    parts      integer NOT NULL, -- that the entry has
    account    text NOT NULL,
    currency   text NOT NULL,
    reference  text NOT NULL, -- the bank's; '': there is none
    batch      text NOT NULL, -- as the payer calls it; '': it has no name
    booked_by  bigint, -- the number of the statement's import; NULL: no statement has it yet
    PRIMARY KEY (source_num, first_id)
);

-- id = import number * 2^32 + data row of the file: unique, in the order of the files, without a sequence.
-- Two indexes for every row, because indexes and not the wire limit the speed of imports; two more hold the rows that
-- have a gross or an original amount, by which they may be taken back. metadata is json, not jsonb: parsing
-- and sorting a jsonb cost a third of an import, and only rules that use it and pages of rows read it.
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
CREATE INDEX transactions_gross ON transactions (gross) WHERE gross <> amount;
CREATE INDEX transactions_original ON transactions (original_amount) WHERE original_amount IS NOT NULL;

-- Rows that a person took out of reconciliation. Restoring deletes the row here; the audit log keeps both facts.
CREATE TABLE ignored_items (
    transaction_id bigint PRIMARY KEY,
    context_num    integer NOT NULL,
    amount         bigint NOT NULL,
    currency       text NOT NULL,
    party          text NOT NULL, -- by which limits count
    review_on      date,
    reason         text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text NOT NULL
);
CREATE INDEX ignored_items_limits ON ignored_items (context_num, currency, created_at);

CREATE TABLE runs (
    id               uuid PRIMARY KEY,
    num              bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    context_id       uuid NOT NULL REFERENCES contexts (id),
    mode             text NOT NULL CHECK (mode IN ('COMMIT', 'DRY_RUN', 'BACK_TEST')),
    status           text NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    date_from        date,
    date_to          date,
    as_of            date,
    plan             jsonb NOT NULL DEFAULT '{}', -- rule versions and engine version, fixed when the run starts
    input_hash       text NOT NULL DEFAULT '',
    rules_hash       text NOT NULL DEFAULT '',
    result_hash      text NOT NULL DEFAULT '',
    groups_hash      text NOT NULL DEFAULT '', -- of the run's groups as they were written, byte for byte
    summary          jsonb NOT NULL DEFAULT '{}',
    progress         jsonb NOT NULL DEFAULT '{}',
    fence            integer NOT NULL DEFAULT 0, -- raised by each worker that takes the run; a writer with an older one is refused
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
-- A back-test has lease and fence as a run has, but holds no rows: it may run at the same time as a run.
CREATE UNIQUE INDEX runs_one_running ON runs (context_id, (mode = 'BACK_TEST')) WHERE status = 'RUNNING';
CREATE UNIQUE INDEX runs_one_queued ON runs (context_id, (mode = 'BACK_TEST')) WHERE status = 'QUEUED';

-- The rows that a run read: with its plan, all that a replay needs. One row of it may have a few megabytes.
CREATE TABLE run_inputs (
    run_num bigint PRIMARY KEY,
    body    bytea NOT NULL -- ids in order, each as the varint of its distance from the one before, runs of neighbours as one
);

-- id = run number * 2^32 + ordinal of the group in its run. The members are in the group's own row, so a pair costs
-- one insert here and two in active_items, and an undone group still lists its members.
CREATE TABLE match_groups (
    id                bigint PRIMARY KEY,
    context_num       integer NOT NULL,
    rule_version      integer NOT NULL, -- without rule_id: the position in the plan of its run, from 1
    left_amount       bigint NOT NULL,
    right_amount      bigint NOT NULL,
    difference        bigint NOT NULL, -- Σ left − Σ right, signed
    residual          bigint NOT NULL DEFAULT 0, -- open money of a PARTIAL group
    score             integer NOT NULL, -- 0..100
    alternatives      integer NOT NULL DEFAULT 0,
    preview           boolean NOT NULL DEFAULT false, -- of a DRY_RUN: readable, never active
    rule_id           uuid,
    status            text NOT NULL CHECK (status IN ('CONFIRMED', 'PROPOSED', 'PARTIAL', 'REJECTED', 'UNMATCHED', 'SUPERSEDED')),
    currency          text NOT NULL,
    difference_reason text,
    held_by           text,
    left_ids          bigint[] NOT NULL,
    right_ids         bigint[] NOT NULL,
    allocations       bigint[],
    evidence          jsonb -- only where closeness < 1 somewhere
);
-- The next run recomputes untouched proposals and continues partial groups: it finds both without reading history.
CREATE INDEX match_groups_proposed ON match_groups (context_num, id) WHERE status = 'PROPOSED' AND NOT preview;
CREATE INDEX match_groups_partial ON match_groups (context_num, id) WHERE status = 'PARTIAL' AND NOT preview;

-- Groups matched by hand belong to no run: they have run number 0, in the order in which they were made.
CREATE SEQUENCE manual_groups MAXVALUE 4294967295;

-- The transactions in active groups. The primary key forbids using one twice.
CREATE TABLE active_items (
    transaction_id bigint PRIMARY KEY,
    group_id       bigint NOT NULL,
    amount         bigint NOT NULL -- of the transaction: by it a later row finds what it takes back
);
CREATE INDEX active_items_amount ON active_items (amount);

-- The open rows of listed imports, so that the next run costs open rows and not history: it reads unlisted imports whole,
-- and of the others only the rows listed here. A row that is no longer open may be listed until the next run is saved.
-- But every open row of a listed import is listed: a run lists what it leaves open, and each statement that deletes from
-- active_items or ignored_items lists what it frees.
CREATE TABLE open_items (
    source_num     integer NOT NULL,
    transaction_id bigint NOT NULL,
    PRIMARY KEY (source_num, transaction_id)
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

-- What people last decided on the groups of runs, counted by score with each decision: showing it with every group reads
-- no history.
CREATE TABLE score_decisions (
    context_num integer NOT NULL,
    score       integer NOT NULL CHECK (score BETWEEN 0 AND 100),
    confirmed   bigint NOT NULL CHECK (confirmed >= 0),
    refused     bigint NOT NULL CHECK (refused >= 0), -- rejected, or unmatched after being confirmed by a run or a person
    PRIMARY KEY (context_num, score)
);

-- A set that was rejected or unmatched is not proposed again until one of its rows changes.
CREATE TABLE rejected_sets (
    set_hash    bytea PRIMARY KEY,
    context_num integer NOT NULL,
    members     bigint[] NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL
);

-- The differences of confirmed groups that the books must take over.
CREATE TABLE adjustments (
    group_id          bigint NOT NULL,
    ordinal           integer NOT NULL,
    num               bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT adjustments_num UNIQUE,
    context_num       integer NOT NULL,
    amount            bigint NOT NULL,
    currency          text NOT NULL,
    reason            text NOT NULL CHECK (reason IN ('ROUNDING', 'FEE', 'FX_DIFFERENCE', 'DISCOUNT', 'TAX', 'WRITE_OFF', 'INTEREST', 'CHARGEBACK', 'RESERVE', 'TIP', 'BANK_ERROR', 'TRANSFER')),
    note              text NOT NULL DEFAULT '',
    number            text NOT NULL DEFAULT '', -- of a run's adjustment; that of a person's follows from num
    account           text NOT NULL DEFAULT '',
    booked_by         bigint, -- the left row that books it, which is in the group without being one of its members
    booked_loosely    boolean NOT NULL DEFAULT false, -- by account and amount alone
    posting_status    text NOT NULL DEFAULT 'UNPOSTED' CHECK (posting_status IN ('UNPOSTED', 'POSTED', 'REVERSED')),
    posting_reference text NOT NULL DEFAULT '', -- of the entry in the books
    posted_at         timestamptz,
    posted_by         text NOT NULL DEFAULT '',
    created_at        timestamptz NOT NULL DEFAULT now(),
    created_by        text NOT NULL,
    party             text, -- by which limits count it; NULL: a run made it
    PRIMARY KEY (group_id, ordinal)
);
CREATE UNIQUE INDEX adjustments_booked_by ON adjustments (booked_by) WHERE booked_by IS NOT NULL;
CREATE INDEX adjustments_by_hand ON adjustments (context_num, currency, created_at) WHERE party IS NOT NULL;
CREATE INDEX adjustments_context ON adjustments (context_num, posting_status, num);

-- A fact about an open row, never a state of it: at most one a transaction; it resolves when the row is matched or a
-- person ends it. Whatever lists sort by is in the row. One that is resolved while its money is still
-- open (standing: booked, in suspense, unapplied) outlives runs until its row is matched.
CREATE TABLE exceptions (
    transaction_id     bigint PRIMARY KEY,
    context_num        integer NOT NULL,
    source_num         integer NOT NULL,
    run_num            bigint NOT NULL,
    amount             bigint NOT NULL,
    nearest_id         bigint,
    nearest_difference bigint,
    date               date NOT NULL, -- its age counts from here, whatever happens to it
    due                date NOT NULL,
    opens_on           date, -- the day after the days of grace; NULL: at once
    snoozed_until      date, -- the day on which it is back in the queue
    currency           text NOT NULL,
    side               text NOT NULL CHECK (side IN ('LEFT', 'RIGHT')),
    class              text NOT NULL,
    reason             text NOT NULL,
    suggestion         text NOT NULL DEFAULT '',
    status             text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'IN_PROGRESS', 'WAITING', 'RESOLVED', 'REOPENED')),
    severity           smallint NOT NULL CHECK (severity BETWEEN 1 AND 4), -- LOW to CRITICAL
    severity_note      text NOT NULL DEFAULT '', -- why it does not follow from the amount
    assignee           text NOT NULL DEFAULT '',
    comments           integer NOT NULL DEFAULT 0,
    resolution         text NOT NULL DEFAULT '',
    resolution_num     bigint, -- of the resolution that ended it, or that waits for another person
    standing           boolean NOT NULL DEFAULT false,
    opened_at          timestamptz NOT NULL,
    resolved_at        timestamptz
);
CREATE INDEX exceptions_context ON exceptions (context_num, transaction_id);
CREATE INDEX exceptions_open ON exceptions (context_num, transaction_id) WHERE status <> 'RESOLVED';
CREATE INDEX exceptions_age ON exceptions (context_num, date, transaction_id) WHERE status <> 'RESOLVED';
CREATE INDEX exceptions_due ON exceptions (context_num, due, transaction_id) WHERE status <> 'RESOLVED';
CREATE INDEX exceptions_severity ON exceptions (context_num, severity, transaction_id) WHERE status <> 'RESOLVED';
CREATE INDEX exceptions_amount ON exceptions (context_num, abs(amount), transaction_id) WHERE status <> 'RESOLVED';

-- What a context asks of its open rows. Earlier versions stay.
CREATE TABLE exception_policies (
    context_num integer NOT NULL,
    version     integer NOT NULL CHECK (version > 0),
    body        jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    PRIMARY KEY (context_num, version)
);

-- How people ended exceptions, or propose to. One is in force, or waits, as long as its exception names it: whatever
-- opens or matches the row forgets it there.
CREATE TABLE resolutions (
    num            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id bigint NOT NULL,
    context_num    integer NOT NULL,
    outcome        text NOT NULL CHECK (outcome IN ('MATCHED', 'BOOKED', 'SUSPENSE', 'UNAPPLIED', 'WRITTEN_OFF', 'TRANSFERRED', 'CORRECTED', 'IGNORED')),
    status         text NOT NULL CHECK (status IN ('PROPOSED', 'REFUSED', 'STANDING')),
    amount         bigint NOT NULL,
    currency       text NOT NULL,
    date           date NOT NULL,
    body           jsonb NOT NULL, -- as it was asked for
    note           text NOT NULL DEFAULT '',
    group_id       bigint,
    adjustment_num bigint, -- of what is left of a partial group
    target_id      bigint, -- of a transfer: the row of the other context
    peer_num       bigint, -- of a transfer: the resolution there
    created_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text NOT NULL,
    decided_at     timestamptz,
    decided_by     text NOT NULL DEFAULT ''
);
CREATE INDEX resolutions_context ON resolutions (context_num, num);

-- What people did to exceptions, appended: a comment that is edited is another row. It outlives the row itself.
CREATE TABLE exception_history (
    num            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id bigint NOT NULL,
    action         text NOT NULL,
    comment_num    bigint, -- of the comment that an edit replaces
    note           text NOT NULL DEFAULT '',
    detail         jsonb NOT NULL DEFAULT '{}',
    created_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text NOT NULL
);
CREATE INDEX exception_history_of ON exception_history (transaction_id, num);

-- What one configurator asks for and another one decides on, where four eyes are on: the request, word for word.
CREATE TABLE changes (
    num         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    context_num integer NOT NULL, -- 0: it concerns the whole tenant
    operation   text NOT NULL,
    target_id   text NOT NULL,
    if_match    text NOT NULL DEFAULT '',
    body        jsonb,
    status      text NOT NULL DEFAULT 'PROPOSED' CHECK (status IN ('PROPOSED', 'APPLIED', 'REFUSED')),
    note        text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    decided_at  timestamptz,
    decided_by  text NOT NULL DEFAULT ''
);

-- Append-only: the provisioner grants the tenant's role INSERT and SELECT on it and nothing else.
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

-- The last event that the broker has taken, in a row of its own: every commit locks the head row.
CREATE TABLE outbox_position (
    one       boolean PRIMARY KEY DEFAULT true CHECK (one),
    event_seq bigint NOT NULL DEFAULT 0
);
INSERT INTO outbox_position DEFAULT VALUES;

-- Unsent events that the broker refused and the position has passed, so that they block no others. A row is deleted when
-- its event has been sent.
CREATE TABLE outbox_parked (
    event_seq bigint PRIMARY KEY REFERENCES events (seq),
    attempts  integer NOT NULL,
    cause     text NOT NULL,
    retry_at  timestamptz,  -- NULL: given up until a person retries it
    parked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_parked_retry ON outbox_parked (retry_at) WHERE retry_at IS NOT NULL;

-- The stored responses of idempotent requests, each written in the same commit as its effect.
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
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at); -- answers expire

-- One rate a pair, type and day. A run keeps the rates it used in its plan, so a correction changes no past run.
CREATE TABLE fx_rates (
    num            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    from_currency  text NOT NULL CHECK (from_currency ~ '^[A-Z]{3}$'),
    to_currency    text NOT NULL CHECK (to_currency ~ '^[A-Z]{3}$' AND to_currency <> from_currency),
    rate_type      text NOT NULL DEFAULT '',
    date           date NOT NULL,
    rate           numeric NOT NULL CHECK (rate > 0), -- units of to_currency for one of from_currency
    source         text NOT NULL DEFAULT '',
    updated_at     timestamptz NOT NULL DEFAULT now(),
    updated_by     text NOT NULL,
    PRIMARY KEY (from_currency, to_currency, rate_type, date)
);

-- Rules refer to calendars and fee schedules by name: the name of one in use cannot change.
CREATE TABLE calendars (
    id         uuid PRIMARY KEY,
    num        bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    name       text NOT NULL CONSTRAINT calendars_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 120),
    body       jsonb NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);

CREATE TABLE fee_schedules (
    id         uuid PRIMARY KEY,
    num        bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    name       text NOT NULL CONSTRAINT fee_schedules_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 120),
    body       jsonb NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);

-- The fee schedule of each row: the first rule that fits a row applies.
CREATE TABLE fee_rules (
    id              uuid PRIMARY KEY,
    num             bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    context_id      uuid NOT NULL REFERENCES contexts (id),
    fee_schedule_id uuid NOT NULL CONSTRAINT fee_rules_schedule REFERENCES fee_schedules (id),
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    priority        integer NOT NULL CHECK (priority BETWEEN 1 AND 1000),
    body            jsonb NOT NULL,
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    CONSTRAINT fee_rules_name_unique UNIQUE (context_id, name),
    CONSTRAINT fee_rules_priority_unique UNIQUE (context_id, priority)
);

-- When a context runs by itself. The queue holds one job a schedule, due at next_at, so no process polls this table.
CREATE TABLE schedules (
    id          uuid PRIMARY KEY,
    num         bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    context_id  uuid NOT NULL REFERENCES contexts (id),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    cron        text NOT NULL,
    time_zone   text NOT NULL DEFAULT 'UTC',
    mode        text NOT NULL DEFAULT 'COMMIT' CHECK (mode IN ('COMMIT', 'DRY_RUN')),
    enabled     boolean NOT NULL DEFAULT true,
    next_at     timestamptz, -- NULL: it does not run
    last_at     timestamptz,
    last_run_id uuid,
    last_result text NOT NULL DEFAULT '', -- STARTED, or the code of what prevented the run
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    CONSTRAINT schedules_name_unique UNIQUE (context_id, name)
);

-- Where files of a source are fetched from. The credentials are sealed outside of the database.
CREATE TABLE fetches (
    source_id    uuid PRIMARY KEY REFERENCES sources (id),
    num          bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    body         jsonb NOT NULL,
    key_id       text NOT NULL DEFAULT '', -- of the key that sealed the credentials; '': there are none
    sealed       bytea,
    next_at      timestamptz, -- NULL: only when asked
    last_at      timestamptz,
    last_result  text NOT NULL DEFAULT '', -- OK, or the code of what prevented the look
    last_message text NOT NULL DEFAULT '',
    failures     integer NOT NULL DEFAULT 0,
    version      integer NOT NULL DEFAULT 1,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    created_by   text NOT NULL
);

-- Files that were fetched. Name and stamp are known here before a file is moved away, in the commit of its import: none
-- comes in twice, wherever the process ends.
CREATE TABLE fetched_files (
    source_id  uuid NOT NULL REFERENCES sources (id),
    num        bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    name       text NOT NULL,
    stamp      text NOT NULL, -- size and time of change, or what the place has for it
    size_bytes bigint NOT NULL,
    sha256     text NOT NULL,
    status     text NOT NULL CHECK (status IN ('IMPORTED', 'KNOWN', 'REFUSED')),
    import_id  uuid,
    code       text NOT NULL,
    message    text NOT NULL,
    moved      boolean NOT NULL DEFAULT false,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source_id, name, stamp)
);

-- When files of a source are due, and whether they came.
CREATE TABLE expectations (
    source_id  uuid PRIMARY KEY REFERENCES sources (id),
    num        bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    body       jsonb NOT NULL,
    next_at    timestamptz, -- NULL: the calendar has no business day within a year
    since      timestamptz NOT NULL, -- the file of next_at comes after it
    missed_at  timestamptz, -- the first time that was missed; a file since then ends it
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);

-- Rule changes that were tried on history before they are published.
CREATE TABLE back_tests (
    run_num       bigint PRIMARY KEY,
    rules         jsonb NOT NULL,  -- the whole set that it tries
    rules_hash    text NOT NULL,   -- of its active rules, equal to that of a run under this set
    rules_version bigint,          -- number of changes of the context's rules when the back-test read them; NULL: it has not ended
    totals        jsonb
);
CREATE INDEX back_tests_hash ON back_tests (rules_hash) WHERE rules_version IS NOT NULL;

-- The groups of each change that a back-test found, before and after. An entry is a change; its groups share rows.
CREATE TABLE back_test_entries (
    run_num   bigint NOT NULL,
    entry     integer NOT NULL,
    ordinal   integer NOT NULL, -- of the group in its entry: those before, then those after, from 1
    before    integer NOT NULL, -- how many groups the entry has before and after
    after     integer NOT NULL,
    group_id  bigint,           -- of a group before
    kind      text NOT NULL CHECK (kind IN ('LOST', 'RE_PAIRED', 'GAINED')),
    rule      text NOT NULL,
    left_ids  bigint[] NOT NULL,
    right_ids bigint[] NOT NULL,
    PRIMARY KEY (run_num, entry, ordinal)
);
