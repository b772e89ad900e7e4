-- What people decide on groups, and what a context is configured with beside its rules.

-- A column that is added gets its default by a statement of its own, in this file and in those after it: added with one, or
-- as an identity, PostgreSQL reads the whole catalog, every other tenant's part included.

-- A run that saves compares this with what it loaded: one more means that somebody decided on rows it has weighed.
ALTER TABLE contexts ADD COLUMN decisions bigint;
UPDATE contexts SET decisions = 0;
ALTER TABLE contexts ALTER COLUMN decisions SET DEFAULT 0, ALTER COLUMN decisions SET NOT NULL;

-- Groups matched by hand belong to no run: they stand under run number 0, in the order in which they were made.
CREATE SEQUENCE manual_groups MAXVALUE 4294967295;

ALTER TABLE adjustments
    ADD COLUMN num               bigint,
    ADD COLUMN note              text,
    ADD COLUMN posting_reference text, -- of the entry in the books that carries it
    ADD COLUMN posted_by         text;
UPDATE adjustments a SET num = n.num, note = '', posting_reference = '', posted_by = ''
FROM (SELECT group_id, ordinal, row_number() OVER (ORDER BY created_at, group_id, ordinal) AS num FROM adjustments) n
WHERE (a.group_id, a.ordinal) = (n.group_id, n.ordinal);
ALTER TABLE adjustments
    ALTER COLUMN num SET NOT NULL, ALTER COLUMN num ADD GENERATED ALWAYS AS IDENTITY,
    ADD CONSTRAINT adjustments_num UNIQUE (num),
    ALTER COLUMN note SET DEFAULT '', ALTER COLUMN note SET NOT NULL,
    ALTER COLUMN posting_reference SET DEFAULT '', ALTER COLUMN posting_reference SET NOT NULL,
    ALTER COLUMN posted_by SET DEFAULT '', ALTER COLUMN posted_by SET NOT NULL;
SELECT setval(pg_get_serial_sequence('adjustments', 'num'), coalesce(max(num), 0) + 1, false) FROM adjustments;
CREATE INDEX adjustments_context ON adjustments (context_num, posting_status, num);

-- One rate a pair, type and day; what a run used is in its plan, so a corrected rate changes no past.
CREATE TABLE fx_rates (
    num            bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    from_currency  text NOT NULL CHECK (from_currency ~ '^[A-Z]{3}$'),
    to_currency text NOT NULL CHECK (to_currency ~ '^[A-Z]{3}$' AND to_currency <> from_currency),
    rate_type      text NOT NULL DEFAULT '',
    date           date NOT NULL,
    rate           numeric NOT NULL CHECK (rate > 0), -- units of to for one of from
    source         text NOT NULL DEFAULT '',
    updated_at     timestamptz NOT NULL DEFAULT now(),
    updated_by     text NOT NULL,
    PRIMARY KEY (from_currency, to_currency, rate_type, date)
);

-- Rules name calendars and fee schedules, so a name stays while its thing lives.
CREATE TABLE calendars (
    id         uuid PRIMARY KEY,
    num        integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    name       text NOT NULL CONSTRAINT calendars_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 120),
    body       jsonb NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);

CREATE TABLE fee_schedules (
    id         uuid PRIMARY KEY,
    num        integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    name       text NOT NULL CONSTRAINT fee_schedules_name_unique UNIQUE CHECK (length(name) BETWEEN 1 AND 120),
    body       jsonb NOT NULL,
    version    integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL
);

-- Which schedule the rows of a context's sources are charged by; the first rule that fits a row holds.
CREATE TABLE fee_rules (
    id              uuid PRIMARY KEY,
    num             integer GENERATED ALWAYS AS IDENTITY UNIQUE,
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

-- When a context runs by itself. The queue holds one job a schedule, for next_at: nobody polls this table.
CREATE TABLE schedules (
    id          uuid PRIMARY KEY,
    num         integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    context_id  uuid NOT NULL REFERENCES contexts (id),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    cron        text NOT NULL,
    time_zone   text NOT NULL DEFAULT 'UTC',
    mode        text NOT NULL DEFAULT 'COMMIT' CHECK (mode IN ('COMMIT', 'DRY_RUN')),
    enabled     boolean NOT NULL DEFAULT true,
    next_at     timestamptz, -- NULL: it does not run
    last_at     timestamptz,
    last_run_id uuid,
    last_result text NOT NULL DEFAULT '', -- STARTED, or the code of what kept it from running
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    created_by  text NOT NULL,
    CONSTRAINT schedules_name_unique UNIQUE (context_id, name)
);
