DROP INDEX match_groups_partial;
UPDATE match_groups SET status = 'UNMATCHED' WHERE status = 'SUPERSEDED';
ALTER TABLE match_groups
    DROP CONSTRAINT match_groups_status_check,
    ADD CONSTRAINT match_groups_status_check
        CHECK (status IN ('CONFIRMED', 'PROPOSED', 'PARTIAL', 'REJECTED', 'UNMATCHED'));
