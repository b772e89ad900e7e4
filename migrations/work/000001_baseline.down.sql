DROP TABLE work.outbox_visits;
DROP TABLE work.outbox_markers;
