DROP TRIGGER list_open_items ON ignored_items;
DROP TRIGGER list_open_items ON active_items;
DROP FUNCTION list_open_items();
ALTER TABLE imports DROP COLUMN listed;
DROP TABLE open_items;
