DROP TABLE work.outbox_markers;
