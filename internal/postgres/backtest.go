package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const backTestSelect = `
	SELECT r.id::text, r.num, r.context_id::text, r.status, r.date_from, r.date_to, b.rules, b.rules_hash,
		coalesce(b.rules_version = ` + ruleChangesOf + `, false), b.totals, r.progress, r.error_code, r.error_message, r.created_at,
		r.created_by, r.started_at, r.finished_at
	FROM back_tests b JOIN runs r ON r.num = b.run_num JOIN contexts c ON c.id = r.context_id`

// CreateBackTest queues a back-test of a whole rule set and its job. At most one of a context waits beside the one that
// is worked on, and neither keeps a run from starting.
func (tx *Tx) CreateBackTest(ctx context.Context, contextID string, rules []recon.Rule, from, to recon.Day) (recon.BackTest, error) {
	run, err := tx.insertRun(ctx, recon.Run{ContextID: contextID, Mode: recon.RunBackTest, From: from, To: to})
	if err != nil {
		return recon.BackTest{}, err
	}
	hash := recon.HashRules(recon.ActiveRules(rules))
	if _, err := tx.tx.Exec(ctx, `INSERT INTO back_tests (run_num, rules, rules_hash) VALUES ($1, $2, $3)`,
		run.Num, append([]recon.Rule{}, rules...), hash); err != nil {
		return recon.BackTest{}, fmt.Errorf("storing the back-test: %w", err)
	}
	tx.Audit("back_test.start", "back_test", run.ID, map[string]any{
		"contextId": contextID, "rulesHash": hash, "from": from, "to": to,
	})
	return tx.BackTest(ctx, run.ID)
}

// BackTest is one back-test with the rules that it tries.
func (tx *Tx) BackTest(ctx context.Context, id string) (recon.BackTest, error) {
	if !auth.IsUUID(id) {
		return recon.BackTest{}, recon.NotFound("back-test")
	}
	rows, _ := tx.tx.Query(ctx, backTestSelect+` WHERE r.id = $1`, id)
	b, err := pgx.CollectExactlyOneRow(rows, scanBackTest)
	return b, notFound(err, "back-test")
}

// BackTests lists a context's back-tests, newest first, without their rules.
func (tx *Tx) BackTests(ctx context.Context, contextID string, page Page) ([]recon.BackTest, string, error) {
	if _, err := tx.Context(ctx, contextID); err != nil {
		return nil, "", err
	}
	before, err := page.afterInt(firstOfDescending)
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, backTestSelect+`
		WHERE r.context_id = @context AND r.num < @before ORDER BY r.num DESC LIMIT @limit`,
		pgx.NamedArgs{"context": contextID, "before": before, "limit": page.Size() + 1})
	list, err := pgx.CollectRows(rows, scanBackTest)
	if err != nil {
		return nil, "", fmt.Errorf("listing back-tests: %w", err)
	}
	list, next := pageOf(list, page, func(b recon.BackTest) []any { return []any{b.Num} })
	for i := range list {
		list[i].Rules = nil
	}
	return list, next, nil
}

func scanBackTest(row pgx.CollectableRow) (b recon.BackTest, err error) {
	var from, to pgtype.Date
	var rules, totals []byte
	err = row.Scan(&b.ID, &b.Num, &b.ContextID, &b.Status, &from, &to, &rules, &b.RulesHash, &b.Current, &totals, &b.Progress,
		&b.ErrorCode, &b.ErrorMessage, &b.CreatedAt, &b.CreatedBy, &b.StartedAt, &b.FinishedAt)
	if err != nil {
		return b, err
	}
	b.From, b.To = dayOf(from), dayOf(to)
	b.CreatedAt, b.StartedAt, b.FinishedAt = b.CreatedAt.UTC(), inUTC(b.StartedAt), inUTC(b.FinishedAt)
	if totals != nil {
		if err := json.Unmarshal(totals, &b.Totals); err != nil {
			return b, err
		}
	}
	return b, json.Unmarshal(rules, &b.Rules)
}

// requireBackTest refuses rules that no back-test has tried since their last change; changes is how many there were.
func (tx *Tx) requireBackTest(ctx context.Context, c recon.Context, changes int64, hash string) error {
	var overtaken bool
	err := tx.tx.QueryRow(ctx, `
		SELECT b.rules_version < $3 FROM back_tests b JOIN runs r ON r.num = b.run_num
		WHERE b.rules_hash = $1 AND r.context_id = $2 AND r.status = 'COMPLETED' AND b.rules_version IS NOT NULL
		ORDER BY b.rules_version DESC LIMIT 1`, hash, c.ID, changes).Scan(&overtaken)
	const wayOut = "POST /v1/contexts/%s/back-tests with the same change, wait until it has completed, and send this again"
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return recon.Conflict("BACK_TEST_REQUIRED",
			"the context wants a back-test before its rules change, and none has tried what they would become (%s): "+wayOut, hash, c.ID)
	case err != nil:
		return fmt.Errorf("looking for a back-test: %w", err)
	case overtaken:
		return recon.Conflict("BACK_TEST_REQUIRED",
			"the rules have changed since a back-test tried what they would become (%s): "+wayOut, hash, c.ID)
	}
	return nil
}

// What a list shows of one entry: the first groups of each phase with their first rows. The counts say all.
const entryGroupsInList = 10

// BackTestEntries lists the changes that a back-test found; kind "" is any.
func (tx *Tx) BackTestEntries(ctx context.Context, id string, kind recon.DiffKind, page Page) ([]recon.BackTestEntry, string, error) {
	b, err := tx.BackTest(ctx, id)
	if err != nil {
		return nil, "", err
	}
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	rows, _ := tx.tx.Query(ctx, `
		WITH page AS (
			SELECT entry FROM back_test_entries
			WHERE run_num = @run AND ordinal = 1 AND entry > @after AND (@kind = '' OR kind = @kind) ORDER BY entry LIMIT @limit
		)
		SELECT e.entry, e.kind, e.before, e.after, e.ordinal, coalesce(e.group_id, 0), e.rule, cardinality(e.left_ids),
			cardinality(e.right_ids), e.left_ids[:@each], e.right_ids[:@each]
		FROM back_test_entries e JOIN page p ON p.entry = e.entry
		WHERE e.run_num = @run AND (e.ordinal <= least(e.before, @groups) OR e.ordinal > e.before AND e.ordinal <= e.before + @groups)
		ORDER BY e.entry, e.ordinal`, pgx.NamedArgs{
		"run": b.Num, "after": after, "kind": string(kind), "limit": page.Size() + 1, "each": groupItemsInList, "groups": entryGroupsInList,
	})
	list := entryList{tx: tx}
	if _, err := pgx.CollectRows(rows, list.scan); err != nil {
		return nil, "", fmt.Errorf("listing the entries of a back-test: %w", err)
	}
	if err := list.fillItems(ctx); err != nil {
		return nil, "", err
	}
	entries, next := pageOf(list.entries, page, func(e recon.BackTestEntry) []any { return []any{e.Entry} })
	return entries, next, nil
}

// entryList gathers rows of back_test_entries, a group each, into entries.
type entryList struct {
	tx          *Tx
	entries     []recon.BackTestEntry
	left, right []int64
	rows        [][]int64 // by group, in their order: which rows it shows
}

func (l *entryList) scan(row pgx.CollectableRow) (struct{}, error) {
	var e recon.BackTestEntry
	var g recon.DiffGroup
	var ordinal int
	var group int64
	var left, right []int64
	err := row.Scan(&e.Entry, &e.Kind, &e.BeforeCount, &e.AfterCount, &ordinal, &group, &g.Rule, &g.LeftCount, &g.RightCount, &left, &right)
	if err != nil {
		return struct{}{}, err
	}
	if group != 0 {
		g.GroupID = l.tx.ids(kindGroup).Public(group)
	}
	l.left, l.right, l.rows = append(l.left, left...), append(l.right, right...), append(l.rows, append(left, right...))
	if n := len(l.entries); n == 0 || l.entries[n-1].Entry != e.Entry {
		e.Before, e.After = []recon.DiffGroup{}, []recon.DiffGroup{}
		l.entries = append(l.entries, e)
	}
	of := &l.entries[len(l.entries)-1]
	if ordinal <= of.BeforeCount {
		of.Before = append(of.Before, g)
	} else {
		of.After = append(of.After, g)
	}
	return struct{}{}, nil
}

// fillItems reads the rows of all entries in one query. A row that was voided since is shown no more.
func (l *entryList) fillItems(ctx context.Context) error {
	rows, _ := l.tx.tx.Query(ctx, groupItemSelect+`
		FROM (SELECT 0::bigint AS id) g
		CROSS JOIN (
			SELECT id, 'LEFT' AS side FROM unnest(@left::bigint[]) AS l (id)
			UNION
			SELECT id, 'RIGHT' FROM unnest(@right::bigint[]) AS r (id)
		) m`+groupItemJoin, pgx.NamedArgs{"left": l.left, "right": l.right})
	items := map[string]recon.GroupItem{}
	_, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		_, item, err := l.tx.scanItem(row)
		items[item.TransactionID] = item
		return struct{}{}, err
	})
	if err != nil {
		return fmt.Errorf("reading the rows of entries: %w", err)
	}
	at, ids := 0, l.tx.ids(kindTransaction)
	for e := range l.entries {
		for _, groups := range [][]recon.DiffGroup{l.entries[e].Before, l.entries[e].After} {
			for g := range groups {
				groups[g].Items = make([]recon.GroupItem, 0, len(l.rows[at]))
				for _, key := range l.rows[at] {
					if item, there := items[ids.Public(key)]; there {
						groups[g].Items = append(groups[g].Items, item)
					}
				}
				at++
			}
		}
	}
	return nil
}
