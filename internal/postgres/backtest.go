package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const backTestSelect = `
	SELECT r.id, r.num, r.context_id, r.status, r.date_from AS "from", r.date_to AS "to", b.rules, b.rules_hash,
		coalesce(b.rules_version = ` + ruleChangesOf + `, false) AS current, b.totals, r.progress, r.error_code, r.error_message, r.created_at,
		r.created_by, r.started_at, r.finished_at
	FROM back_tests b JOIN runs r ON r.num = b.run_num JOIN contexts c ON c.id = r.context_id`

var backTests = noun[recon.BackTest]{name: "back-test", sql: backTestSelect + ` WHERE r.id = $1`}

// CreateBackTest queues a back-test of the rules, from and to of b in its context, and its job. At most one of a
// context waits behind the running one, and neither keeps a run from starting.
func (tx *Tx) CreateBackTest(ctx context.Context, b recon.BackTest) (recon.BackTest, error) {
	run, err := tx.insertRun(ctx, recon.Run{ContextID: b.ContextID, Mode: recon.RunBackTest, From: b.From, To: b.To})
	if err != nil {
		return recon.BackTest{}, err
	}
	hash := recon.HashRules(recon.ActiveRules(b.Rules))
	if _, err := tx.exec(ctx, "storing the back-test", `
		INSERT INTO back_tests (run_num, rules, rules_hash) VALUES ($1, $2, $3)`,
		run.Num, append([]recon.Rule{}, b.Rules...), hash); err != nil {
		return recon.BackTest{}, err
	}
	tx.Audit("back_test.start", "back_test", run.ID, map[string]any{
		"contextId": b.ContextID, "rulesHash": hash, "from": b.From, "to": b.To,
	})
	return tx.BackTest(ctx, run.ID)
}

// BackTest is one back-test with the rules that it tries.
func (tx *Tx) BackTest(ctx context.Context, id string) (recon.BackTest, error) {
	return backTests.read(ctx, tx, id, "")
}

// BackTests lists a context's back-tests, newest first, without their rules.
func (tx *Tx) BackTests(ctx context.Context, contextID string, page Page) ([]recon.BackTest, string, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, "", err
	}
	found, next, err := list[recon.BackTest]{
		what: "back-tests", first: firstOfDescending, key: func(b recon.BackTest) int64 { return b.Num },
		sql: backTestSelect + `
			WHERE r.context_id = @context AND r.num < @after ORDER BY r.num DESC LIMIT @limit`,
		args: pgx.NamedArgs{"context": contextID},
	}.page(ctx, tx, page)
	for i := range found {
		found[i].Rules = nil
	}
	return found, next, err
}

// requireBackTest refuses rules that no back-test has tried since their last change; changes is how many there were.
func (tx *Tx) requireBackTest(ctx context.Context, c recon.Context, changes int64, hash string) error {
	overtaken, err := value[bool](tx.query(ctx, `
		SELECT b.rules_version < $3 FROM back_tests b JOIN runs r ON r.num = b.run_num
		WHERE b.rules_hash = $1 AND r.context_id = $2 AND r.status = 'COMPLETED' AND b.rules_version IS NOT NULL
		ORDER BY b.rules_version DESC LIMIT 1`, hash, c.ID, changes))
	const wayOut = "POST /v1/contexts/%s/back-tests with the same change, wait until it has completed, and send " +
		"this again"
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return recon.Conflict(recon.CodeBackTestRequired,
			"the context wants a back-test before its rules change, and none has tried what they would become (%s): "+wayOut, hash, c.ID)
	case err != nil:
		return fmt.Errorf("looking for a back-test: %w", err)
	case overtaken:
		return recon.Conflict(recon.CodeBackTestRequired,
			"the rules have changed since a back-test tried what they would become (%s): "+wayOut, hash, c.ID)
	}
	return nil
}

// What a list shows of one entry: the first groups of each phase with their first rows. The counts say all.
const entryGroupsInList = 10

// BackTestEntries lists the changes that a back-test found; kind "" is any.
func (tx *Tx) BackTestEntries(
	ctx context.Context, id string, kind recon.DiffKind, page Page,
) ([]recon.BackTestEntry, string, error) {
	b, err := tx.BackTest(ctx, id)
	if err != nil {
		return nil, "", err
	}
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	groups, err := all[entryRow](tx.query(ctx, `
		WITH page AS (
			SELECT entry FROM back_test_entries
			WHERE run_num = @run AND ordinal = 1 AND entry > @after AND (@kind = '' OR kind = @kind) ORDER BY entry LIMIT @limit
		)
		SELECT e.entry, e.kind, e.before AS before_count, e.after AS after_count, e.ordinal, e.group_id AS group_key, e.rule,
			cardinality(e.left_ids) AS left_count, cardinality(e.right_ids) AS right_count, e.left_ids[:@each] AS left_keys,
			e.right_ids[:@each] AS right_keys
		FROM back_test_entries e JOIN page p ON p.entry = e.entry
		WHERE e.run_num = @run AND (e.ordinal <= least(e.before, @groups) OR e.ordinal > e.before AND e.ordinal <= e.before + @groups)
		ORDER BY e.entry, e.ordinal`, pgx.NamedArgs{
		"run": b.Num, "after": after, "kind": kind, "limit": page.Size() + 1, "each": groupItemsInList, "groups": entryGroupsInList,
	}))
	if err != nil {
		return nil, "", fmt.Errorf("listing the entries of a back-test: %w", err)
	}
	items, err := tx.entryItems(ctx, groups)
	if err != nil {
		return nil, "", err
	}
	var entries []recon.BackTestEntry
	for i := range groups {
		g := &groups[i]
		if n := len(entries); n == 0 || entries[n-1].Entry != g.Entry {
			g.Before, g.After = []recon.DiffGroup{}, []recon.DiffGroup{}
			entries = append(entries, g.BackTestEntry)
		}
		g.GroupID, g.Items = tx.publicOrNone(kindGroup, g.GroupKey), []recon.GroupItem{}
		for _, key := range slices.Concat(g.LeftKeys, g.RightKeys) {
			if item, there := items[key]; there {
				g.Items = append(g.Items, item)
			}
		}
		entry := &entries[len(entries)-1]
		if g.Ordinal <= entry.BeforeCount {
			entry.Before = append(entry.Before, g.DiffGroup)
		} else {
			entry.After = append(entry.After, g.DiffGroup)
		}
	}
	entries, next := pageOf(entries, page, func(e recon.BackTestEntry) []any { return []any{e.Entry} })
	return entries, next, nil
}

// entryRow is a group of an entry.
type entryRow struct {
	recon.BackTestEntry
	recon.DiffGroup
	Ordinal             int
	GroupKey            *int64
	LeftKeys, RightKeys []int64
}

// entryItems reads the rows of groups by key, in one query. A row that was voided since is not shown.
func (tx *Tx) entryItems(ctx context.Context, groups []entryRow) (map[int64]recon.GroupItem, error) {
	var left, right []int64
	for i := range groups {
		left, right = append(left, groups[i].LeftKeys...), append(right, groups[i].RightKeys...)
	}
	rows, err := pgx.CollectRows(tx.query(ctx, groupItemSelect+`
		FROM (SELECT 0::bigint AS id) g
		CROSS JOIN (
			SELECT id, 'LEFT' AS side FROM unnest(@left::bigint[]) AS l (id)
			UNION
			SELECT id, 'RIGHT' FROM unnest(@right::bigint[]) AS r (id)
		) m`+groupItemJoin, pgx.NamedArgs{"left": left, "right": right}), tx.scanItem)
	if err != nil {
		return nil, fmt.Errorf("reading the rows of entries: %w", err)
	}
	items := make(map[int64]recon.GroupItem, len(rows))
	for i := range rows {
		items[rows[i].Key] = rows[i].GroupItem
	}
	return items, nil
}
