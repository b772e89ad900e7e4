DROP TABLE schedules, fee_rules, fee_schedules, calendars, fx_rates;
DROP INDEX adjustments_context;
ALTER TABLE adjustments
    DROP COLUMN num,
    DROP COLUMN note,
    DROP COLUMN posting_reference,
    DROP COLUMN posted_by;
DROP SEQUENCE manual_groups;
ALTER TABLE contexts DROP COLUMN decisions;
