package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// SettledGroup is a confirmed group with rows of both sides, one of which a later row may take back.
type SettledGroup struct {
	recon.RowSet
	ID   int64
	Firm bool // a person made or confirmed it, or an adjustment of it is in the books: no run takes it apart
}

// ApartGroup is a group that a run takes apart, and which row has come back.
type ApartGroup struct {
	ID   int64
	Note string
}

// Returns asks for the groups of which open rows may take a row back.
type Returns struct {
	ContextNum int32
	Open       map[recon.Side][]int64 // rows that no rule has matched
	Since      recon.Day              // of the newest row of a group
}

// SettledGroups returns the groups with a row of the same side and currency and of opposite money, not later than the
// open row. Whether a key joins the two, the engine decides. Of more than ReturnableMax rows it returns the newest
// groups.
func (tx *Tx) SettledGroups(ctx context.Context, r Returns) ([]SettledGroup, error) {
	defer tx.takeTurn()()
	var groups []SettledGroup
	known, room := map[int64]bool{}, recon.ReturnableMax
	for _, side := range []recon.Side{recon.Left, recon.Right} {
		found, err := all[SettledGroup](tx.query(ctx, settledGroupsSQL, pgx.NamedArgs{
			"open": r.Open[side], "context": r.ContextNum, "since": r.Since, "side": side,
		}))
		if err != nil {
			return nil, fmt.Errorf("reading what may be taken back: %w", err)
		}
		for _, g := range found {
			if known[g.ID] {
				continue
			}
			if room -= len(g.Left) + len(g.Right); room < 0 {
				break
			}
			known[g.ID] = true
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// settledGroupsSQL looks rows up by their amounts, gross and original amounts, each by its index: OFFSET 0 keeps the
// planner from reading the rows and groups of all time instead.
const settledGroupsSQL = `
	WITH open AS MATERIALIZED (
		SELECT c.amount, c.gross, c.original_amount, c.currency, c.original_currency, c.date
		FROM unnest(@open::bigint[]) AS o (id) CROSS JOIN LATERAL (
			SELECT amount, gross, original_amount, currency, original_currency, date
			FROM transactions WHERE id = o.id OFFSET 0
		) c
	), sought AS MATERIALIZED (
		SELECT amount, currency, max(date) AS date FROM (
			SELECT -amount AS amount, currency, date FROM open WHERE amount <> 0
			UNION ALL SELECT -gross, currency, date FROM open WHERE gross <> amount
			UNION ALL SELECT -original_amount, original_currency, date FROM open WHERE original_amount IS NOT NULL
		) monies GROUP BY amount, currency
	), near AS (
		SELECT a.transaction_id AS id, k.currency, k.date, false AS original
		FROM sought k CROSS JOIN LATERAL (SELECT transaction_id FROM active_items WHERE amount = k.amount OFFSET 0) a
		UNION ALL
		SELECT t.id, k.currency, k.date, false
		FROM sought k CROSS JOIN LATERAL (
			SELECT id FROM transactions WHERE gross = k.amount AND gross <> amount OFFSET 0) t
		UNION ALL
		SELECT t.id, k.currency, k.date, true
		FROM sought k CROSS JOIN LATERAL (
			SELECT id FROM transactions WHERE original_amount = k.amount AND original_amount IS NOT NULL OFFSET 0) t
	), held AS (
		SELECT DISTINCT a.group_id
		FROM near r
		CROSS JOIN LATERAL (
			SELECT source_num, date, CASE WHEN r.original THEN original_currency ELSE currency END AS currency
			FROM transactions WHERE id = r.id OFFSET 0) t
		CROSS JOIN LATERAL (SELECT group_id FROM active_items WHERE transaction_id = r.id OFFSET 0) a
		JOIN sources s ON s.num = t.source_num
		JOIN contexts c ON c.id = s.context_id
		WHERE t.currency = r.currency AND t.date <= r.date AND s.side = @side AND c.num = @context
	)
	SELECT g.id, g.left_ids AS "left", g.right_ids AS "right",
		g.id >> 32 = 0 OR EXISTS (SELECT 1 FROM group_decisions d WHERE d.group_id = g.id AND d.from_status <> d.to_status)
			OR EXISTS (SELECT 1 FROM adjustments a WHERE a.group_id = g.id AND a.posting_status = 'POSTED') AS firm
	FROM held h
	CROSS JOIN LATERAL (
		SELECT id, left_ids, right_ids FROM match_groups
		WHERE id = h.group_id AND status = 'CONFIRMED' AND left_ids <> '{}' AND right_ids <> '{}' OFFSET 0) g
	CROSS JOIN LATERAL (SELECT max(date) AS date FROM transactions WHERE id = ANY (g.left_ids || g.right_ids)) newest
	WHERE newest.date >= @since
	ORDER BY newest.date DESC, g.id DESC`

// openReturned opens the rows of groups of which a row came back, as a person would. What happened to one of them
// since the run loaded it makes the run look again.
func (tx *Tx) openReturned(ctx context.Context, save RunSave) error {
	if len(save.Apart) == 0 {
		return nil
	}
	keys := make([]int64, len(save.Apart))
	for i := range save.Apart {
		keys[i] = save.Apart[i].ID
	}
	groups, err := tx.readGroups(ctx, keys, map[string]recon.Context{save.Context.ID: save.Context})
	if recon.KindOf(err) == recon.KindNotFound {
		return ErrRowsMoved
	}
	if err != nil {
		return err
	}
	for i, g := range groups {
		if g.Status != recon.GroupConfirmed || g.Posted || g.Approved {
			return ErrRowsMoved
		}
		g.to = recon.GroupUnmatched
		decision := recon.Decision{Action: recon.ActionUnmatch, Note: save.Apart[i].Note}
		if err := tx.moveGroups(ctx, groups[i:i+1], decision); err != nil {
			return err
		}
		tx.Audit(auditOf[recon.ActionUnmatch], kindGroup, tx.ids(kindGroup).Public(g.Key), map[string]any{
			"contextId": g.ContextID, "from": g.Status, "to": g.to, "note": decision.Note, "runId": save.Run.ID,
		})
	}
	if err := tx.released(ctx, groups, recon.ActionUnmatch); err != nil {
		return err
	}
	return tx.countScores(ctx, groups)
}
