package postgres

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// groupSelect reads groups; a run's groups are a range of ids, so neither a list nor one group needs another index. A
// rule of the default ladder has no row of its own: its name stands in the run's plan. A group matched by hand has no run.
const groupSelect = `
	SELECT g.id, c.id::text, coalesce(r.id::text, ''), g.status, g.preview, coalesce(g.rule_id::text, ''), g.rule_version,
		CASE WHEN r.id IS NULL THEN '` + manualRule + `' ELSE coalesce(v.body ->> 'name', r.plan -> 'rules' -> (g.rule_version - 1) ->> 'name', '') END,
		g.score, g.currency, g.left_amount, g.right_amount, g.difference, coalesce(g.difference_reason, ''), g.residual,
		coalesce(g.held_by, ''), g.alternatives, cardinality(g.left_ids), cardinality(g.right_ids), g.evidence,
		coalesce(r.finished_at, r.created_at, (SELECT d.created_at FROM group_decisions d WHERE d.group_id = g.id AND d.ordinal = 1)),
		1 + (SELECT count(*) FROM group_decisions d WHERE d.group_id = g.id)
	FROM match_groups g
	JOIN contexts c ON c.num = g.context_num
	LEFT JOIN runs r ON r.num = g.id >> 32
	LEFT JOIN rule_versions v ON v.rule_id = g.rule_id AND v.version = g.rule_version`

// groupItemsInList is how many rows of each side a list shows with a group; the rest is read by pages.
const groupItemsInList = 5

// Group is one group with its first items.
func (tx *Tx) Group(ctx context.Context, id string) (recon.StoredGroup, error) {
	key, ok := tx.ids(kindGroup).Key(id)
	if !ok {
		return recon.StoredGroup{}, recon.NotFound("group")
	}
	rows, _ := tx.tx.Query(ctx, groupSelect+` WHERE g.id = $1`, key)
	g, err := pgx.CollectExactlyOneRow(rows, tx.scanGroup)
	if err != nil {
		return recon.StoredGroup{}, notFound(err, "group")
	}
	groups := []keyedGroup{g}
	if err = tx.fillItems(ctx, groups, DefaultPageLimit); err == nil {
		err = tx.fillConfidence(ctx, groups)
	}
	return groups[0].StoredGroup, err
}

// Groups lists a context's groups, or one run's, in the order in which they were made, with their first items.
func (tx *Tx) Groups(
	ctx context.Context, contextID string, filter recon.GroupFilter, page Page,
) ([]recon.StoredGroup, string, error) {
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	where, args, err := tx.groupWhere(ctx, contextID, filter)
	if err != nil {
		return nil, "", err
	}
	args["after"], args["status"], args["limit"] = after, filter.Status, page.Size()+1
	args["rule"], args["held"] = filter.RuleID, filter.HeldBy.String()
	rows, _ := tx.tx.Query(ctx, groupSelect+`
		WHERE `+where+` AND g.id > @after AND (@status = '' OR g.status = @status)
		AND (@rule = '' OR g.rule_id::text = @rule) AND (@held = '' OR g.held_by = @held)
		ORDER BY g.id LIMIT @limit`, args)
	groups, err := pgx.CollectRows(rows, tx.scanGroup)
	if err != nil {
		return nil, "", fmt.Errorf("listing groups: %w", err)
	}
	groups, next := pageOf(groups, page, func(g keyedGroup) []any { return []any{g.key} })
	if err := tx.fillItems(ctx, groups, groupItemsInList); err != nil {
		return nil, "", err
	}
	if err := tx.fillConfidence(ctx, groups); err != nil {
		return nil, "", err
	}
	plain := make([]recon.StoredGroup, len(groups))
	for i := range groups {
		plain[i] = groups[i].StoredGroup
	}
	return plain, next, nil
}

func (tx *Tx) groupWhere(ctx context.Context, contextID string, filter recon.GroupFilter) (string, pgx.NamedArgs, error) {
	if filter.RunID != "" {
		run, err := tx.Run(ctx, filter.RunID)
		if err != nil {
			return "", nil, err
		}
		return "g.id BETWEEN @first AND @last",
			pgx.NamedArgs{"first": rowID(run.Num, 0), "last": rowID(run.Num+1, 0) - 1}, nil
	}
	c, err := tx.Context(ctx, contextID)
	return "g.context_num = @context AND NOT g.preview", pgx.NamedArgs{"context": c.Num}, err
}

type keyedGroup struct {
	recon.StoredGroup
	key int64
}

func (tx *Tx) scanGroup(row pgx.CollectableRow) (g keyedGroup, err error) {
	var left, right, difference, residual int64
	err = row.Scan(&g.key, &g.ContextID, &g.RunID, &g.Status, &g.Preview, &g.RuleID, &g.RuleVersion, &g.RuleName, &g.Score,
		&g.Currency, &left, &right, &difference, &g.DifferenceReason, &residual, &g.HeldBy, &g.Alternatives, &g.LeftCount,
		&g.RightCount, &g.Evidence, &g.CreatedAt, &g.Version)
	g.ID = tx.ids(kindGroup).Public(g.key)
	g.LeftAmount, g.RightAmount, g.Difference = decimal(left, g.Currency), decimal(right, g.Currency), decimal(difference, g.Currency)
	if g.Status == recon.GroupPartial {
		g.Residual = decimal(residual, g.Currency)
	}
	if g.RuleID == "" {
		g.RuleVersion = 0
	}
	g.CreatedAt = g.CreatedAt.UTC()
	return g, err
}

// fillItems reads the first items of each side of some groups in one query.
func (tx *Tx) fillItems(ctx context.Context, groups []keyedGroup, each int) error {
	keys := make([]int64, len(groups))
	at := make(map[int64]int, len(groups))
	for i := range groups {
		keys[i], at[groups[i].key] = groups[i].key, i
	}
	rows, _ := tx.tx.Query(ctx, groupItemSelect+`
		FROM match_groups g
		CROSS JOIN LATERAL (
			SELECT id, n, 'LEFT' AS side FROM unnest(g.left_ids[:@each]) WITH ORDINALITY AS l (id, n)
			UNION ALL
			SELECT id, n, 'RIGHT' FROM unnest(g.right_ids[:@each]) WITH ORDINALITY AS r (id, n)
		) m`+groupItemJoin+`
		WHERE g.id = ANY (@keys)
		ORDER BY g.id, m.side, m.n`, pgx.NamedArgs{"keys": keys, "each": each})
	_, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		key, item, err := tx.scanItem(row)
		if err == nil {
			groups[at[key]].Items = append(groups[at[key]].Items, item)
		}
		return struct{}{}, err
	})
	return err
}

const groupItemSelect = `
	SELECT g.id, t.id, m.side, s.id::text, t.external_id, t.reference, t.amount, t.currency, t.date, t.description`

const groupItemJoin = `
	JOIN transactions t ON t.id = m.id
	JOIN sources s ON s.num = t.source_num`

func (tx *Tx) scanItem(row pgx.CollectableRow) (group int64, item recon.GroupItem, err error) {
	var id, amount int64
	var external, reference, description pgtype.Text
	var date pgtype.Date
	err = row.Scan(&group, &id, &item.Side, &item.SourceID, &external, &reference, &amount, &item.Currency, &date, &description)
	item.TransactionID, item.Row, item.Date = tx.ids(kindTransaction).Public(id), id&0xffffffff, dayOf(date)
	item.ExternalID, item.Reference, item.Description = external.String, reference.String, description.String
	item.Amount = decimal(amount, item.Currency)
	item.Allocated = item.Amount // one row stands in one group with all it has
	return group, item, err
}

// GroupItems lists the rows of a group, left before right, each side in the order of the match.
func (tx *Tx) GroupItems(ctx context.Context, id string, page Page) ([]recon.GroupItem, string, error) {
	key, ok := tx.ids(kindGroup).Key(id)
	if !ok {
		return nil, "", recon.NotFound("group")
	}
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	after = min(after, math.MaxInt32-MaxPageLimit-1) // no group is that large, and an index of an array is an integer
	rows, _ := tx.tx.Query(ctx, `
		WITH g AS MATERIALIZED ( -- the page is cut out of the arrays once: they are large and compressed
			SELECT id, cardinality(left_ids) AS lefts, (left_ids || right_ids)[@after::integer + 1:@after::integer + @limit::integer] AS members
			FROM match_groups WHERE id = @key
		)`+groupItemSelect+`
		FROM g
		CROSS JOIN LATERAL (
			SELECT id, n, CASE WHEN @after::integer + n <= g.lefts THEN 'LEFT' ELSE 'RIGHT' END AS side
			FROM unnest(g.members) WITH ORDINALITY AS u (id, n)
		) m`+groupItemJoin+`
		ORDER BY m.n`, pgx.NamedArgs{"key": key, "after": after, "limit": page.Size() + 1})
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (recon.GroupItem, error) {
		_, item, err := tx.scanItem(row)
		return item, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("listing a group's items: %w", err)
	}
	if len(items) == 0 && after == 0 {
		return nil, "", recon.NotFound("group")
	}
	items, next := pageOf(items, page, func(recon.GroupItem) []any { return []any{after + int64(page.Size())} })
	return items, next, nil
}
