package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const (
	// manualRule is what a group matched by hand has for a rule's name.
	manualRule = "manual"
	// manualScore: a person is as sure as a rule can be.
	manualScore = 100
)

// MatchByHand makes a group of open rows: confirmed, or proposed for somebody else to confirm. The rows balance, or the
// difference has a reason and becomes an adjustment when the group is confirmed.
func (tx *Tx) MatchByHand(ctx context.Context, contextID string, m recon.ManualMatch) (recon.StoredGroup, error) {
	c, err := tx.lockOpenContext(ctx, contextID)
	if err != nil {
		return recon.StoredGroup{}, err
	}
	g, err := tx.handMade(ctx, c, m)
	if err != nil {
		return recon.StoredGroup{}, err
	}
	g.to = recon.GroupConfirmed
	if m.Propose || c.Settings.FourEyes {
		g.to = recon.GroupProposed
	}
	if err := tx.insertManual(ctx, g, m); err != nil {
		return recon.StoredGroup{}, err
	}
	if g.to == recon.GroupConfirmed {
		err = tx.confirmed(ctx, []*decidedGroup{g}, m.Reason)
	} else {
		err = tx.closeExceptions(ctx, []*decidedGroup{g}, "PROPOSED")
	}
	if err != nil {
		return recon.StoredGroup{}, err
	}
	if err := tx.countDecisions(ctx, []*decidedGroup{g}); err != nil {
		return recon.StoredGroup{}, err
	}
	stored, err := tx.Group(ctx, tx.ids(kindGroup).Public(g.key))
	if err == nil {
		tx.Audit("group.create", kindGroup, stored.ID, map[string]any{
			"contextId": contextID, "status": g.to, "leftIds": m.Left, "rightIds": m.Right, "difference": stored.Difference,
			"reason": m.Reason, "note": m.Note,
		})
	}
	return stored, err
}

// handRow is a row that somebody wants in a group.
type handRow struct {
	key      int64
	side     recon.Side
	amount   int64
	currency string
	state    recon.State
}

// handMade reads the rows and adds them up, or says by pointer what keeps them from being one group.
func (tx *Tx) handMade(ctx context.Context, c recon.Context, m recon.ManualMatch) (*decidedGroup, error) {
	g := &decidedGroup{context: c, contextID: c.ID, leftCount: len(m.Left), reason: m.Reason}
	for _, side := range []struct {
		side    recon.Side
		ids     []string
		pointer string
		sum     *int64
	}{{recon.Left, m.Left, "/leftIds", &g.left}, {recon.Right, m.Right, "/rightIds", &g.right}} {
		rows, err := tx.handRows(ctx, c, side.ids, side.pointer)
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			if err := handFault(g, row, side.side, fmt.Sprintf("%s/%d", side.pointer, i)); err != nil {
				return nil, err
			}
			sum, err := recon.Minor(*side.sum).Add(recon.Minor(row.amount))
			if err != nil {
				return nil, recon.Unprocessable("SUM_TOO_LARGE", "the rows of one side add up to more than can be counted")
			}
			*side.sum = int64(sum)
			g.members = append(g.members, row.key)
			g.currency = row.currency
		}
	}
	difference, err := recon.Minor(g.left).Add(-recon.Minor(g.right))
	if err != nil {
		return nil, recon.Unprocessable("SUM_TOO_LARGE", "the sides differ by more than can be counted")
	}
	g.difference = int64(difference)
	if g.difference != 0 && m.Reason == 0 {
		return nil, recon.Unprocessable("GROUP_UNBALANCED", fmt.Sprintf(
			"left %s - right %s = %s %s: take other rows, or give the difference a reason", decimal(g.left, g.currency),
			decimal(g.right, g.currency), decimal(g.difference, g.currency), g.currency),
			recon.FieldError{Pointer: "/adjustmentReason", Code: "MISSING_VALUE", Message: "is needed for a group with a difference"})
	}
	return g, nil
}

// handFault says what keeps a row out of the group.
func handFault(g *decidedGroup, row handRow, side recon.Side, pointer string) error {
	switch {
	case row.side != side:
		return recon.Unprocessable("WRONG_SIDE", "a row is on the other side", recon.FieldError{
			Pointer: pointer, Code: "WRONG_SIDE", Message: "is a row of the " + string(row.side) + " side",
		})
	case g.currency != "" && row.currency != g.currency:
		return recon.Unprocessable("CURRENCIES_DIFFER", "the rows of one group have one currency", recon.FieldError{
			Pointer: pointer, Code: "CURRENCIES_DIFFER", Message: "is in " + row.currency + ", the rows before in " + g.currency,
		})
	case row.state != recon.StateOpen:
		err := recon.Conflict("NOT_OPEN", "only open rows can be matched by hand: restore, reject or unmatch first")
		err.Fields = []recon.FieldError{{Pointer: pointer, Code: "NOT_OPEN", Message: "is " + string(row.state)}}
		return err
	}
	return nil
}

// handRows reads rows in the order of ids.
func (tx *Tx) handRows(ctx context.Context, c recon.Context, ids []string, pointer string) ([]handRow, error) {
	keys := make([]int64, len(ids))
	for i, id := range ids {
		key, ok := tx.ids(kindTransaction).Key(id)
		if !ok {
			return nil, unknownRow(pointer, i)
		}
		keys[i] = key
	}
	rows, _ := tx.tx.Query(ctx, `
		SELECT t.id, s.side, t.amount, t.currency, coalesce(g.status, CASE WHEN n.transaction_id IS NULL THEN 'OPEN' ELSE 'IGNORED' END)
		`+transactionFrom+`
		WHERE t.id = ANY (@keys) AND s.context_id = @context`, pgx.NamedArgs{"keys": keys, "context": c.ID})
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r handRow, err error) {
		return r, row.Scan(&r.key, &r.side, &r.amount, &r.currency, &r.state)
	})
	if err != nil {
		return nil, fmt.Errorf("reading rows to match: %w", err)
	}
	ordered := make([]handRow, len(keys))
	for i, key := range keys {
		at := slices.IndexFunc(found, func(r handRow) bool { return r.key == key })
		if at < 0 || slices.Contains(keys[:i], key) {
			return nil, unknownRow(pointer, i)
		}
		ordered[i] = found[at]
	}
	return ordered, nil
}

func unknownRow(pointer string, i int) error {
	return recon.Unprocessable("TRANSACTION_UNKNOWN", "the group names a row that the context does not have, or one twice", recon.FieldError{
		Pointer: fmt.Sprintf("%s/%d", pointer, i), Code: "TRANSACTION_UNKNOWN", Message: "is no further row of this context",
	})
}

// insertManual writes the group with the decision that made it. A set that was once rejected is welcome again: a person
// has thought better of it.
func (tx *Tx) insertManual(ctx context.Context, g *decidedGroup, m recon.ManualMatch) error {
	held := recon.HeldByNothing
	if g.to == recon.GroupProposed {
		held = recon.HeldByReview
	}
	err := tx.tx.QueryRow(ctx, `
		INSERT INTO match_groups (id, context_num, rule_version, left_amount, right_amount, difference, score, status, currency,
			difference_reason, held_by, left_ids, right_ids)
		VALUES (nextval('manual_groups'), @context, 0, @left, @right, @difference, @score, @status, @currency,
			nullif(@reason, ''), nullif(@held, ''), @leftIds, @rightIds)
		RETURNING id`, pgx.NamedArgs{
		"context": g.context.Num, "left": g.left, "right": g.right, "difference": g.difference, "score": manualScore,
		"status": g.to.String(), "currency": g.currency, "reason": m.Reason.String(), "held": held.String(),
		"leftIds": g.members[:g.leftCount], "rightIds": g.members[g.leftCount:],
	}).Scan(&g.key)
	if err != nil {
		return fmt.Errorf("inserting the group: %w", err)
	}
	var batch pgx.Batch
	batch.Queue(`
		INSERT INTO active_items (transaction_id, group_id) SELECT unnest($1::bigint[]), $2`, g.members, g.key)
	batch.Queue(`
		INSERT INTO group_decisions (group_id, ordinal, from_status, to_status, note, created_by) VALUES ($1, 1, '', $2, $3, $4)`,
		g.key, g.to.String(), m.Note, tx.actor)
	batch.Queue(`DELETE FROM rejected_sets WHERE set_hash = $1`, setHash(g.members))
	return tx.tx.SendBatch(ctx, &batch).Close()
}
