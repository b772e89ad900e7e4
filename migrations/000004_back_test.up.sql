-- Rule changes are tried on history before they are published, and runs can be replayed.

-- A back-test is worked on as a run is, under lease and fence, but it holds no rows: it may work beside a run.
ALTER TABLE runs
    DROP CONSTRAINT runs_mode_check,
    ADD CONSTRAINT runs_mode_check CHECK (mode IN ('COMMIT', 'DRY_RUN', 'BACK_TEST')),
    ADD COLUMN groups_hash text; -- of the run's groups as they were written, byte for byte
UPDATE runs SET groups_hash = '';
ALTER TABLE runs ALTER COLUMN groups_hash SET DEFAULT '', ALTER COLUMN groups_hash SET NOT NULL;
DROP INDEX runs_one_running;
DROP INDEX runs_one_queued;
CREATE UNIQUE INDEX runs_one_running ON runs (context_id, (mode = 'BACK_TEST')) WHERE status = 'RUNNING';
CREATE UNIQUE INDEX runs_one_queued ON runs (context_id, (mode = 'BACK_TEST')) WHERE status = 'QUEUED';

-- The rows that a run read: with its plan, all that is needed to run it again. One row of it may come to a few megabytes.
CREATE TABLE run_inputs (
    run_num bigint PRIMARY KEY,
    body    bytea NOT NULL -- ids in order, each as the varint of its distance from the one before, runs of neighbours as one
);

CREATE TABLE back_tests (
    run_num       bigint PRIMARY KEY,
    rules         jsonb NOT NULL,  -- the whole set that is tried
    rules_hash    text NOT NULL,   -- of its active rules, as the runs of a context with this set have it
    rules_version bigint,          -- changes of the context's rules when the back-test read them; NULL: it has not ended
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
