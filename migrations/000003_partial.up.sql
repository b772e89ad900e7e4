-- A run that takes up a partial group makes another one of its rows; the partial one stays as history.
ALTER TABLE match_groups
    DROP CONSTRAINT match_groups_status_check,
    ADD CONSTRAINT match_groups_status_check
        CHECK (status IN ('CONFIRMED', 'PROPOSED', 'PARTIAL', 'REJECTED', 'UNMATCHED', 'SUPERSEDED'));
-- A run takes up the partial groups of a context, and must find them without reading history.
CREATE INDEX match_groups_partial ON match_groups (context_num) WHERE status = 'PARTIAL' AND NOT preview;
