package postgres

import (
	"context"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// groupSelect reads groups; a run's groups are a range of ids, so neither a list nor one group needs another index. A
// rule of the default ladder has no row of its own: its name is in the run's plan. A group matched by hand has no
// run.
const groupSelect = `
	SELECT g.id AS key, c.id AS context_id, coalesce(r.id::text, '') AS run_id, g.status, g.preview,
		coalesce(g.rule_id::text, '') AS rule_id, CASE WHEN g.rule_id IS NULL THEN 0 ELSE g.rule_version END AS rule_version,
		CASE WHEN r.id IS NULL THEN '` + manualRule + `'
			ELSE coalesce(v.body ->> 'name', r.plan -> 'rules' -> (g.rule_version - 1) ->> 'name', '') END AS rule_name,
		g.score, g.currency, g.left_amount AS left_minor, g.right_amount AS right_minor, g.difference AS difference_minor,
		coalesce(g.difference_reason, '') AS difference_reason, g.residual AS residual_minor,
		coalesce(g.held_by, '') AS held_by, g.alternatives, cardinality(g.left_ids) AS left_count,
		cardinality(g.right_ids) AS right_count, g.evidence,
		coalesce(r.finished_at, r.created_at,
			(SELECT d.created_at FROM group_decisions d WHERE d.group_id = g.id AND d.ordinal = 1)) AS created_at,
		1 + (SELECT count(*) FROM group_decisions d WHERE d.group_id = g.id) AS version
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
	groups, err := pgx.CollectRows(tx.query(ctx, groupSelect+` WHERE g.id = $1`, key), tx.scanGroup)
	if err == nil && len(groups) == 0 {
		err = recon.NotFound("group")
	}
	if err != nil {
		return recon.StoredGroup{}, err
	}
	return groups[0], tx.fillGroups(ctx, groups, DefaultPageLimit)
}

// Groups lists a context's groups, or one run's, in the order in which they were made, with their first items. The page
// is found first, run by run, and joined afterwards. Groups that wait for a decision have an index of their own.
func (tx *Tx) Groups(
	ctx context.Context, contextID string, filter recon.GroupFilter, page Page,
) ([]recon.StoredGroup, string, error) {
	args, where := pgx.NamedArgs{"score": filter.MinScore}, " AND g.score >= @score"
	add := func(value, sql, name string) {
		if value != "" {
			where += " AND " + sql
			args[name] = value
		}
	}
	add(filter.Status.String(), "g.status = @status", "status")
	add(filter.RuleID, "g.rule_id::text = @rule", "rule")
	add(filter.Currency, "g.currency = @currency", "currency")
	add(filter.HeldBy.String(), "g.held_by = @held", "held")
	found := groupsOfContext
	switch {
	case filter.RunID != "":
		run, err := tx.Run(ctx, filter.RunID)
		if err != nil {
			return nil, "", err
		}
		found = "SELECT g.id FROM match_groups g WHERE g.id BETWEEN @run_first AND @run_last AND g.id > @after%s" + byID
		args["run_first"], args["run_last"] = rowIDs(run.Num)
	default:
		c, err := tx.Context(ctx, contextID)
		if err != nil {
			return nil, "", err
		}
		args["context"], args["context_num"] = c.ID, c.Num
		if filter.Status == recon.GroupProposed || filter.Status == recon.GroupPartial {
			found = `SELECT g.id FROM match_groups g WHERE g.context_num = @context_num AND NOT g.preview
				AND g.status = '` + filter.Status.String() + "' AND g.id > @after%s" + byID
		}
	}
	groups, next, err := list[recon.StoredGroup]{
		what: "groups", args: args, scan: tx.scanGroup,
		key: func(g recon.StoredGroup) int64 { return tx.key(kindGroup, g.ID) },
		sql: "WITH page AS MATERIALIZED (" + fmt.Sprintf(found, where) + ")" + groupSelect +
			" JOIN page p ON p.id = g.id ORDER BY g.id",
	}.page(ctx, tx, page)
	if err == nil {
		err = tx.fillGroups(ctx, groups, groupItemsInList)
	}
	return groups, next, err
}

// groupsOfContext reads groups run by run, those matched by hand first, so that it ends with the page.
const groupsOfContext = `
	SELECT g.id
	FROM (
		SELECT 0 AS num UNION ALL
		SELECT num FROM runs WHERE context_id = @context AND mode = 'COMMIT' AND num >= @after::bigint >> 32
		ORDER BY num
	) r
	CROSS JOIN LATERAL (
		SELECT g.id
		FROM match_groups g
		WHERE g.id > greatest(@after, r.num << 32) AND g.id < (r.num + 1) << 32
			AND g.context_num = @context_num AND NOT g.preview%s
		ORDER BY g.id LIMIT @limit
	) g
	ORDER BY r.num, g.id LIMIT @limit`

const byID = " ORDER BY g.id LIMIT @limit"

func (tx *Tx) scanGroup(row pgx.CollectableRow) (recon.StoredGroup, error) {
	g, err := pgx.RowToStructByNameLax[struct {
		recon.StoredGroup
		Key, LeftMinor, RightMinor, DifferenceMinor, ResidualMinor int64
	}](row)
	g.ID = tx.ids(kindGroup).Public(g.Key)
	g.LeftAmount, g.RightAmount = decimal(g.LeftMinor, g.Currency), decimal(g.RightMinor, g.Currency)
	g.Difference = decimal(g.DifferenceMinor, g.Currency)
	if g.Status == recon.GroupPartial {
		g.Residual = decimal(g.ResidualMinor, g.Currency)
	}
	return g.StoredGroup, err
}

// fillGroups reads the first items of each side of some groups, in one query, and what their scores have been worth.
func (tx *Tx) fillGroups(ctx context.Context, groups []recon.StoredGroup, each int) error {
	keys := make([]int64, len(groups))
	at := make(map[int64]int, len(groups))
	for i := range groups {
		keys[i] = tx.key(kindGroup, groups[i].ID)
		at[keys[i]] = i
	}
	items, err := pgx.CollectRows(tx.query(ctx, groupItemSelect+`
		FROM match_groups g
		CROSS JOIN LATERAL (
			SELECT id, n, 'LEFT' AS side FROM unnest(g.left_ids[:@each]) WITH ORDINALITY AS l (id, n)
			UNION ALL
			SELECT id, n, 'RIGHT' FROM unnest(g.right_ids[:@each]) WITH ORDINALITY AS r (id, n)
		) m`+groupItemJoin+`
		WHERE g.id = ANY (@keys)
		ORDER BY g.id, m.side, m.n`, pgx.NamedArgs{"keys": keys, "each": each}), tx.scanItem)
	if err != nil {
		return fmt.Errorf("reading the items of groups: %w", err)
	}
	for i := range items {
		g := &groups[at[items[i].GroupKey]]
		g.Items = append(g.Items, items[i].GroupItem)
	}
	return tx.fillConfidence(ctx, groups)
}

const groupItemSelect = `
	SELECT g.id AS group_key, t.id AS key, m.side, s.id AS source_id, coalesce(t.external_id, '') AS external_id,
		coalesce(t.reference, '') AS reference, t.amount AS minor, t.currency, t.date,
		coalesce(t.description, '') AS description`

const groupItemJoin = `
	JOIN transactions t ON t.id = m.id
	JOIN sources s ON s.num = t.source_num`

// itemRow is a row of groupItemSelect.
type itemRow struct {
	recon.GroupItem
	GroupKey, Key, Minor int64
}

func (tx *Tx) scanItem(row pgx.CollectableRow) (itemRow, error) {
	i, err := pgx.RowToStructByNameLax[itemRow](row)
	i.TransactionID, i.Row = tx.ids(kindTransaction).Public(i.Key), i.Key&0xffffffff
	i.Amount = decimal(i.Minor, i.Currency)
	i.Allocated = i.Amount // one row is in one group with its whole amount
	return i, err
}

// GroupItems lists the rows of a group, left before right, each side in the order of the match.
func (tx *Tx) GroupItems(ctx context.Context, id string, page Page) ([]recon.GroupItem, string, error) {
	key, ok := tx.ids(kindGroup).Key(id)
	if !ok {
		return nil, "", recon.NotFound("group")
	}
	// No group is that large, and an index of an array is an integer.
	if after, _ := page.afterInt(0); after > math.MaxInt32-MaxPageLimit-1 {
		return []recon.GroupItem{}, "", nil
	}
	items, next, err := list[recon.GroupItem]{
		what: "a group's items", args: pgx.NamedArgs{"key": key}, sql: `
			WITH g AS MATERIALIZED ( -- the page is cut out of the arrays once: they are large and compressed
				SELECT id, cardinality(left_ids) AS lefts,
					(left_ids || right_ids)[@after::integer + 1:@after::integer + @limit::integer] AS members
				FROM match_groups WHERE id = @key
			)` + groupItemSelect + `
			FROM g
			CROSS JOIN LATERAL (
				SELECT id, n, CASE WHEN @after::integer + n <= g.lefts THEN 'LEFT' ELSE 'RIGHT' END AS side
				FROM unnest(g.members) WITH ORDINALITY AS u (id, n)
			) m` + groupItemJoin + `
			ORDER BY m.n`,
		scan: func(row pgx.CollectableRow) (recon.GroupItem, error) {
			item, err := tx.scanItem(row)
			return item.GroupItem, err
		},
	}.page(ctx, tx, page)
	if err == nil && len(items) == 0 && page.After == "" {
		err = recon.NotFound("group")
	}
	return items, next, err
}
