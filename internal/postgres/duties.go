package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// dutiesSQL finds who decided on their own work. A group that is matched by hand and confirmed at once counts too.
const dutiesSQL = `
	WITH confirmed AS (
		SELECT d.group_id AS key, d.created_by AS subject, d.created_at AS at, g.rule_id, g.left_ids || g.right_ids AS members
		FROM group_decisions d JOIN match_groups g ON g.id = d.group_id
		WHERE g.context_num = @context AND d.to_status = 'CONFIRMED'
			AND (@from::date IS NULL OR d.created_at >= @from::date) AND (@to::date IS NULL OR d.created_at < @to::date + 1)
	), found AS (
		SELECT 'MATCHED_AND_CONFIRMED' AS kind, subject, at, key FROM confirmed c
		WHERE EXISTS (SELECT FROM group_decisions m WHERE m.group_id = c.key AND m.from_status = '' AND m.created_by = c.subject)
		UNION ALL
		SELECT 'ADJUSTED_AND_CONFIRMED', subject, at, key FROM confirmed c
		WHERE EXISTS (SELECT FROM adjustments a WHERE a.group_id = c.key AND a.created_by = c.subject AND a.created_at < c.at)
		UNION ALL
		SELECT 'CONFIGURED_AND_CONFIRMED', subject, at, key FROM confirmed c
		WHERE EXISTS (SELECT FROM rule_versions v WHERE v.rule_id = c.rule_id AND v.created_by = c.subject)
		UNION ALL
		SELECT 'IMPORTED_AND_CONFIRMED', subject, at, key FROM confirmed c
		WHERE EXISTS (SELECT FROM unnest(c.members) AS m (id) JOIN imports i ON i.num = m.id >> 32 WHERE i.created_by = c.subject)
		UNION ALL
		SELECT 'ADJUSTED_AND_POSTED', posted_by, posted_at, num FROM adjustments
		WHERE context_num = @context AND posted_by = created_by AND posting_status = 'POSTED'
			AND (@from::date IS NULL OR posted_at >= @from::date) AND (@to::date IS NULL OR posted_at < @to::date + 1)
		UNION ALL
		SELECT 'PROPOSED_AND_APPROVED', decided_by, decided_at, num FROM resolutions
		WHERE context_num = @context AND decided_by = created_by AND status = 'STANDING'
			AND (@from::date IS NULL OR decided_at >= @from::date) AND (@to::date IS NULL OR decided_at < @to::date + 1)
	)
	SELECT kind, subject, count(*), min(at) AS first_at, max(at) AS last_at, (array_agg(key ORDER BY at DESC, key))[1:10] AS keys
	FROM found WHERE subject <> @system GROUP BY kind, subject ORDER BY kind, subject`

type dutyRow struct {
	recon.DutyConflict
	Keys []int64
}

// Duties lists by person what one decided on that was the same person's own work, between two days of UTC; NoDay is no
// bound.
func (tx *Tx) Duties(ctx context.Context, contextID string, from, to recon.Day) (recon.Duties, error) {
	out := recon.Duties{ContextID: contextID, From: from, To: to, Conflicts: []recon.DutyConflict{}}
	c, err := tx.Context(ctx, contextID)
	if err != nil {
		return out, err
	}
	rows, err := all[dutyRow](tx.query(ctx, dutiesSQL,
		pgx.NamedArgs{"context": c.Num, "from": from, "to": to, "system": actorSystem}))
	if err != nil {
		return out, fmt.Errorf("looking for conflicts of duties: %w", err)
	}
	for _, row := range rows {
		kind := kindGroup
		switch {
		case strings.HasSuffix(row.Kind, "_POSTED"):
			kind = kindAdjustment
		case strings.HasSuffix(row.Kind, "_APPROVED"):
			kind = kindResolution
		}
		row.Samples = make([]string, len(row.Keys))
		for i, key := range row.Keys {
			row.Samples[i] = tx.ids(kind).Public(key)
		}
		out.Conflicts = append(out.Conflicts, row.DutyConflict)
	}
	return out, nil
}
