DROP TABLE back_test_entries, back_tests, run_inputs;
DROP INDEX runs_one_running;
DROP INDEX runs_one_queued;
DELETE FROM runs WHERE mode = 'BACK_TEST';
ALTER TABLE runs
    DROP COLUMN groups_hash,
    DROP CONSTRAINT runs_mode_check,
    ADD CONSTRAINT runs_mode_check CHECK (mode IN ('COMMIT', 'DRY_RUN'));
CREATE UNIQUE INDEX runs_one_running ON runs (context_id) WHERE status = 'RUNNING';
CREATE UNIQUE INDEX runs_one_queued ON runs (context_id) WHERE status = 'QUEUED';
