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

// MatchByHand makes a group of open rows: confirmed, or proposed for another person to confirm. The rows balance, or
// the difference has a reason and becomes an adjustment when the group is confirmed.
func (tx *Tx) MatchByHand(ctx context.Context, contextID string, m recon.ManualMatch) (recon.StoredGroup, error) {
	c, err := tx.lockOpenContext(ctx, contextID)
	if err != nil {
		return recon.StoredGroup{}, err
	}
	if err := givenReason(m.Reason, "/adjustmentReason"); err != nil {
		return recon.StoredGroup{}, err
	}
	g, err := tx.handMade(ctx, c, m)
	if err != nil {
		return recon.StoredGroup{}, err
	}
	g.to = recon.GroupConfirmed
	if m.Propose || c.Settings.FourEyes {
		g.to = recon.GroupProposed
	} else if g.Difference != 0 {
		second, err := tx.takeGroup(ctx, limiters{}, g, groupPart{m.Reason, g.Difference})
		if err != nil {
			return recon.StoredGroup{}, err
		}
		if second {
			g.to = recon.GroupProposed
		}
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
	stored, err := tx.Group(ctx, tx.ids(kindGroup).Public(g.Key))
	if err == nil {
		tx.Audit("group.create", kindGroup, stored.ID, map[string]any{
			"contextId": contextID, "status": g.to, "leftIds": m.Left, "rightIds": m.Right, "difference": stored.Difference,
			"reason": m.Reason, "note": m.Note,
		})
	}
	return stored, err
}

// handRow is a row that a person wants in a group.
type handRow struct {
	ID       int64
	Side     recon.Side
	Amount   recon.Minor
	Currency string
	State    recon.State
}

// handMade reads the rows and adds them up, or reports by pointer what keeps them from being one group.
func (tx *Tx) handMade(ctx context.Context, c recon.Context, m recon.ManualMatch) (*decidedGroup, error) {
	g := &decidedGroup{context: c, ContextID: c.ID}
	g.DifferenceReason = m.Reason
	var err error
	if g.Left, g.LeftAmount, err = tx.addByHand(ctx, g, recon.Left, m.Left); err != nil {
		return nil, err
	}
	if g.Right, g.RightAmount, err = tx.addByHand(ctx, g, recon.Right, m.Right); err != nil {
		return nil, err
	}
	difference, err := recon.Minor(g.LeftAmount).Add(-recon.Minor(g.RightAmount))
	if err != nil {
		return nil, recon.Unprocessable(recon.CodeSumTooBig, "the sides differ by more than can be counted")
	}
	g.Difference = int64(difference)
	if g.Difference != 0 && m.Reason == 0 {
		return nil, recon.Unprocessable(recon.CodeAdjustmentReasonMissing, fmt.Sprintf(
			"left %s - right %s = %s %s: take other rows, or give the difference a reason", decimal(g.LeftAmount, g.Currency),
			decimal(g.RightAmount, g.Currency), decimal(g.Difference, g.Currency), g.Currency),
			recon.FieldError{
				Pointer: "/adjustmentReason", Code: recon.CodeMissingValue,
				Message: "is needed for a group with a difference",
			})
	}
	return g, nil
}

// addByHand returns the keys and the sum of the rows of one side, in the order of their ids.
func (tx *Tx) addByHand(
	ctx context.Context, g *decidedGroup, side recon.Side, ids []string,
) (keys []int64, sum int64, err error) {
	pointers := map[recon.Side]string{recon.Left: "/leftIds", recon.Right: "/rightIds"}
	keys = make([]int64, len(ids))
	for i, id := range ids {
		keys[i] = tx.key(kindTransaction, id) // 0, which no row has, where it is no id of a row
	}
	found, err := all[handRow](tx.query(ctx, `
		SELECT t.id, s.side, t.amount, t.currency,
			coalesce(g.status, CASE WHEN n.transaction_id IS NULL THEN 'OPEN' ELSE 'IGNORED' END) AS state
		`+transactionFrom+`
		WHERE t.id = ANY (@keys) AND s.context_id = @context`, pgx.NamedArgs{"keys": keys, "context": g.ContextID}))
	if err != nil {
		return nil, 0, fmt.Errorf("reading rows to match: %w", err)
	}
	rows := make([]handRow, len(keys))
	for i, key := range keys {
		at := slices.IndexFunc(found, func(r handRow) bool { return r.ID == key })
		if at < 0 || slices.Contains(keys[:i], key) {
			return nil, 0, recon.Unprocessable(recon.CodeIDUnknown,
				"the group names a row that the context does not have, or one twice",
				recon.FieldError{
					Pointer: fmt.Sprintf("%s/%d", pointers[side], i), Code: recon.CodeIDUnknown,
					Message: "is no further row of this context",
				})
		}
		rows[i] = found[at]
	}
	for i, row := range rows {
		if err := handFault(g, row, side, fmt.Sprintf("%s/%d", pointers[side], i)); err != nil {
			return nil, 0, err
		}
		total, err := recon.Minor(sum).Add(row.Amount)
		if err != nil {
			return nil, 0, recon.Unprocessable(recon.CodeSumTooBig,
				"the rows of one side add up to more than can be counted")
		}
		sum, g.Currency = int64(total), row.Currency
	}
	return keys, sum, nil
}

// handFault returns what keeps a row out of the group.
func handFault(g *decidedGroup, row handRow, side recon.Side, pointer string) error {
	switch {
	case row.Side != side:
		return recon.Unprocessable(recon.CodeWrongSide, "a row is on the other side", recon.FieldError{
			Pointer: pointer, Code: recon.CodeWrongSide, Message: "is a row of the " + string(row.Side) + " side",
		})
	case g.Currency != "" && row.Currency != g.Currency:
		return recon.Unprocessable(recon.CodeCurrenciesDiffer,
			"the rows of one group have one currency", recon.FieldError{
				Pointer: pointer, Code: recon.CodeCurrenciesDiffer,
				Message: "is in " + row.Currency + ", the rows before in " + g.Currency,
			})
	case row.State != recon.StateOpen:
		err := recon.Conflict(recon.CodeNotOpen,
			"only open rows can be matched by hand: restore, reject or unmatch first")
		err.Fields = []recon.FieldError{{Pointer: pointer, Code: recon.CodeNotOpen, Message: "is " + string(row.State)}}
		return err
	}
	return nil
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
		"context": g.context.Num, "left": g.LeftAmount, "right": g.RightAmount, "difference": g.Difference, "score": manualScore,
		"status": g.to.String(), "currency": g.Currency, "reason": m.Reason.String(), "held": held.String(),
		"leftIds": g.Left, "rightIds": g.Right,
	}).Scan(&g.Key)
	if err != nil {
		return fmt.Errorf("inserting the group: %w", err)
	}
	var batch pgx.Batch
	batch.Queue(`
		INSERT INTO active_items (transaction_id, group_id, amount)
		SELECT id, $2, amount FROM transactions WHERE id = ANY ($1::bigint[])`, g.members(), g.Key)
	batch.Queue(`
		INSERT INTO group_decisions (group_id, ordinal, from_status, to_status, note, created_by) VALUES ($1, 1, '', $2, $3, $4)`,
		g.Key, g.to.String(), m.Note, tx.actor)
	batch.Queue(`DELETE FROM rejected_sets WHERE set_hash = $1`, setHash(g.members()))
	return tx.tx.SendBatch(ctx, &batch).Close()
}
