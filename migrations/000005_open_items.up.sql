-- What is open among the rows that a run has seen, so that the next run costs open rows and not history: files that are
-- not listed yet are read whole, of the others only the rows that stand here. A row that is open no more may stand here
-- until the next run is saved; but every open row of a listed file does, for a run lists what it leaves open, and the
-- triggers list what is let go afterwards, whoever lets it go.
CREATE TABLE open_items (
    source_num     integer NOT NULL,
    transaction_id bigint NOT NULL,
    PRIMARY KEY (source_num, transaction_id)
);
ALTER TABLE imports ADD COLUMN listed boolean;
UPDATE imports SET listed = false;
ALTER TABLE imports ALTER COLUMN listed SET DEFAULT false, ALTER COLUMN listed SET NOT NULL;

-- Under the context's lock, like all that lets a row go, so that no run lists the file meanwhile. The schema is that of the
-- trigger's table whatever the search path is.
CREATE FUNCTION list_open_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('
        INSERT INTO %1$I.open_items (source_num, transaction_id)
        SELECT t.source_num, t.id
        FROM gone g JOIN %1$I.transactions t ON t.id = g.transaction_id JOIN %1$I.imports i ON i.num = t.id >> 32
        WHERE i.listed AND i.status = ''COMPLETED''
        ON CONFLICT DO NOTHING', TG_TABLE_SCHEMA);
    RETURN NULL;
END $$;
CREATE TRIGGER list_open_items AFTER DELETE ON active_items REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION list_open_items();
CREATE TRIGGER list_open_items AFTER DELETE ON ignored_items REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION list_open_items();
