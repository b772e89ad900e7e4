-- The way back of the baseline: everything it made, children first.
DROP TABLE idempotency_keys, outbox_parked, outbox_position, events, audit_log, exceptions, adjustments, rejected_sets, group_decisions, active_items,
    match_groups, runs, ignored_items, transactions, import_rejects, imports, rule_versions, rules, field_maps, sources,
    contexts, head;
