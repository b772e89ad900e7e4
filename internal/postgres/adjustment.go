package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

const kindAdjustment = "adjustment"

// adjustmentRow is an adjustment on its way into the database.
type adjustmentRow struct {
	group  *decidedGroup
	amount int64
	reason recon.AdjustmentReason
	note   string
	party  string // by which limits count it; "": the group's own
}

// insertAdjustments adds at most one to each group; the numbers within a group go on from the last.
func (tx *Tx) insertAdjustments(ctx context.Context, adjustments []adjustmentRow) ([]recon.Adjustment, error) {
	if len(adjustments) == 0 {
		return nil, nil
	}
	keys, amounts, reasons, notes, parties := []int64{}, []int64{}, []string{}, []string{}, []string{}
	for _, a := range adjustments {
		keys, amounts = append(keys, a.group.Key), append(amounts, a.amount)
		reasons, notes = append(reasons, a.reason.String()), append(notes, a.note)
		parties = append(parties, cmp.Or(a.party, groupParty(a.group.Key)))
	}
	made, err := pgx.CollectRows(tx.query(ctx, `
		WITH made AS (
			INSERT INTO adjustments (group_id, ordinal, context_num, amount, currency, reason, note, created_by, party)
			SELECT g.id, 1 + (SELECT coalesce(max(ordinal), 0) FROM adjustments a WHERE a.group_id = g.id), g.context_num,
				u.amount, g.currency, u.reason, u.note, @actor, u.party
			FROM unnest(@keys::bigint[], @amounts::bigint[], @reasons::text[], @notes::text[], @parties::text[])
				AS u (key, amount, reason, note, party)
			JOIN match_groups g ON g.id = u.key
			RETURNING num, group_id, ordinal, context_num, amount, currency, reason, note, number, account, booked_by, posting_status, posting_reference, posted_at,
				posted_by, created_at, created_by
		)
		SELECT `+adjustmentColumns+` FROM made a JOIN contexts c ON c.num = a.context_num ORDER BY a.num`, pgx.NamedArgs{
		"keys": keys, "amounts": amounts, "reasons": reasons, "notes": notes, "parties": parties, "actor": tx.actor,
	}), tx.scanAdjustment)
	if err != nil {
		return nil, fmt.Errorf("adding adjustments: %w", err)
	}
	for _, a := range made {
		tx.Emit(recon.EventAdjustment, a)
	}
	return made, nil
}

const (
	adjustmentColumns = `a.num, a.group_id AS group_key, c.id AS context_id, a.amount AS minor, a.currency, a.reason, a.note, a.number, a.account,
		a.booked_by AS booked_key, a.posting_status,
		a.posting_reference, a.posted_at, a.posted_by, a.created_at, a.created_by`
	adjustmentSelect = `SELECT ` + adjustmentColumns + ` FROM adjustments a JOIN contexts c ON c.num = a.context_num`
)

func (tx *Tx) scanAdjustment(row pgx.CollectableRow) (recon.Adjustment, error) {
	a, err := pgx.RowToStructByNameLax[struct {
		recon.Adjustment
		Num, GroupKey, Minor int64
		BookedKey            *int64
	}](row)
	a.ID, a.GroupID = tx.ids(kindAdjustment).Public(a.Num), tx.ids(kindGroup).Public(a.GroupKey)
	a.Amount, a.Version = decimal(a.Minor, a.Currency), a.PostingStatus.Version()
	a.Number = cmp.Or(a.Number, tx.adjustmentNumber(a.Num))
	a.BookedBy = tx.publicOrNone(kindTransaction, a.BookedKey)
	return a.Adjustment, err
}

// adjustmentNumber is the number of an adjustment that a person made: those of runs follow from their rows.
func (tx *Tx) adjustmentNumber(num int64) string {
	return recon.AdjustmentNumber(nil, []recon.RowIdentity{{ExternalID: tx.ids(kindAdjustment).Public(num)}})
}

// Adjust covers part or all of a group's difference, by the amount, reason and note of a. The amount is a decimal in
// the group's currency, "" for all that is left.
func (tx *Tx) Adjust(ctx context.Context, groupID string, a recon.Adjustment) (recon.Adjustment, error) {
	groups, err := tx.lockGroups(ctx, []string{groupID})
	if err != nil {
		return recon.Adjustment{}, err
	}
	g := groups[0]
	minor, err := adjustable(g, a.Amount)
	if err == nil {
		err = givenReason(a.Reason, "/reason")
	}
	if err != nil {
		return recon.Adjustment{}, err
	}
	second, err := tx.takeGroup(ctx, limiters{}, g, groupPart{a.Reason, minor})
	if err == nil && second && g.Status != recon.GroupProposed {
		err = recon.Forbidden(recon.CodeSecondPerson,
			"above this amount two people decide: resolve the exception as WRITTEN_OFF, and another person approves it")
	}
	if err != nil {
		return recon.Adjustment{}, err
	}
	made, err := tx.adjust(ctx, g, minor, a)
	if err == nil {
		tx.Audit("adjustment.create", kindAdjustment, made.ID, made)
	}
	return made, err
}

// givenReason refuses the reason that only a transfer gives.
func givenReason(reason recon.AdjustmentReason, pointer string) error {
	if reason != recon.AdjustmentTransfer {
		return nil
	}
	return recon.Unprocessable(recon.CodeValidationFailed, "the reason cannot be given by hand", recon.FieldError{
		Pointer: pointer, Code: recon.CodeInvalidValue,
		Message: "is that of a transfer: resolve the exception as TRANSFERRED",
	})
}

// groupParty is by what limits count a group whose rows name no party.
func groupParty(key int64) string { return fmt.Sprintf("group %d", key) }

// adjust covers an amount of a group's difference.
func (tx *Tx) adjust(
	ctx context.Context, g *decidedGroup, minor int64, a recon.Adjustment,
) (recon.Adjustment, error) {
	groups := []*decidedGroup{g}
	made, err := tx.insertAdjustments(ctx, []adjustmentRow{{g, minor, a.Reason, a.Note, g.party}})
	if err != nil {
		return recon.Adjustment{}, err
	}
	// What is adjusted of a partial group is no longer open money.
	if _, err := tx.exec(ctx, "lowering the residual", `
		UPDATE match_groups SET residual = residual - $2 WHERE id = $1 AND status = 'PARTIAL'`, g.Key, minor); err != nil {
		return recon.Adjustment{}, err
	}
	if err := tx.restChanged(ctx, g.Key); err != nil {
		return recon.Adjustment{}, err
	}
	if err := tx.nameDifferences(ctx, groups); err != nil {
		return recon.Adjustment{}, err
	}
	// The line in its history keeps the group over later runs.
	g.to = g.Status
	if err := tx.moveGroups(ctx, groups, recon.Decision{Action: recon.ActionComment, Note: a.Note}); err != nil {
		return recon.Adjustment{}, err
	}
	return made[0], tx.countDecisions(ctx, groups)
}

// adjustable returns the amount to adjust in minor units: of the sign of what is left of the difference, and no more
// than that.
func adjustable(g *decidedGroup, amount string) (int64, error) {
	refused := func(why string) error {
		return recon.Unprocessable(recon.CodeValidationFailed, "the adjustment cannot have this amount",
			recon.FieldError{Pointer: "/amount", Code: recon.CodeInvalidValue, Message: why})
	}
	rest := g.rest()
	switch {
	case !slices.Contains([]recon.GroupStatus{recon.GroupProposed, recon.GroupPartial, recon.GroupConfirmed}, g.Status):
		return 0, recon.Conflict(recon.CodeGroupStatus, "the group is %s: there is nothing to adjust", g.Status)
	case g.Preview:
		return 0, recon.Conflict(recon.CodeGroupPreview,
			"the group is a preview of a dry run: start a run to decide on its groups")
	case rest == 0:
		return 0, recon.Conflict(recon.CodeNothingToAdjust, "no part of the group's difference is left to adjust")
	case amount == "":
		return rest, nil
	}
	money, err := recon.ParseMoney(amount, g.Currency)
	if err != nil {
		return 0, refused(err.Error())
	}
	minor := int64(money.Amount)
	if minor == 0 || min(rest, 0) > minor || minor > max(rest, 0) {
		return 0, refused(fmt.Sprintf("must be between 0 and %s %s, which is what is left of the difference",
			decimal(rest, g.Currency), g.Currency))
	}
	return minor, nil
}

// AdjustmentFilter narrows a context's list of adjustments; empty fields do not.
type AdjustmentFilter struct{ Status recon.PostingStatus }

// Adjustments lists a context's adjustments in the order in which they were made.
func (tx *Tx) Adjustments(
	ctx context.Context, contextID string, filter AdjustmentFilter, page Page,
) ([]recon.Adjustment, string, error) {
	c, err := tx.Context(ctx, contextID)
	if err != nil {
		return nil, "", err
	}
	return tx.adjustments(ctx, page, `a.context_num = @context AND (@status = '' OR a.posting_status = @status)`,
		pgx.NamedArgs{"context": c.Num, "status": filter.Status})
}

// GroupAdjustments lists a group's adjustments.
func (tx *Tx) GroupAdjustments(ctx context.Context, groupID string, page Page) ([]recon.Adjustment, string, error) {
	group, err := tx.Group(ctx, groupID)
	if err != nil {
		return nil, "", err
	}
	return tx.adjustments(ctx, page, `a.group_id = @group`, pgx.NamedArgs{"group": tx.key(kindGroup, group.ID)})
}

func (tx *Tx) adjustments(
	ctx context.Context, page Page, where string, args pgx.NamedArgs,
) ([]recon.Adjustment, string, error) {
	return list[recon.Adjustment]{
		what: "adjustments", scan: tx.scanAdjustment,
		key:  func(a recon.Adjustment) int64 { return tx.key(kindAdjustment, a.ID) },
		sql:  adjustmentSelect + ` WHERE ` + where + ` AND a.num > @after ORDER BY a.num LIMIT @limit`,
		args: args,
	}.page(ctx, tx, page)
}

// Adjustment is one adjustment.
func (tx *Tx) Adjustment(ctx context.Context, id string) (recon.Adjustment, error) {
	num, ok := tx.ids(kindAdjustment).Key(id)
	if !ok {
		return recon.Adjustment{}, recon.NotFound("adjustment")
	}
	a, err := pgx.CollectExactlyOneRow(tx.query(ctx, adjustmentSelect+` WHERE a.num = $1`, num), tx.scanAdjustment)
	return a, notFound(err, "adjustment")
}

// PostAdjustment brings an adjustment into a posting status: POSTED with the reference of the entry in the books, or
// REVERSED, after which the difference it covered may be adjusted anew.
func (tx *Tx) PostAdjustment(ctx context.Context, id string, p recon.Posting) (recon.Adjustment, error) {
	a, err := tx.Adjustment(ctx, id)
	if err != nil {
		return a, err
	}
	if _, err := tx.lockOpenContext(ctx, a.ContextID); err != nil {
		return a, err
	}
	if a, err = tx.Adjustment(ctx, id); err != nil {
		return a, err
	}
	if p.Version != 0 && p.Version != a.Version {
		return a, recon.Stale("adjustment")
	}
	if err := recon.PostingMove(a.PostingStatus, p.To); err != nil {
		return a, err
	}
	action, posting := "adjustment.reverse", ""
	if p.To == recon.Posted {
		action, posting = "adjustment.post", `, posted_at = now(), posted_by = @actor, posting_reference = @reference`
	}
	var group, amount int64
	err = tx.tx.QueryRow(ctx, `
		UPDATE adjustments SET posting_status = @to`+posting+`
		WHERE num = @num AND posting_status = @from RETURNING group_id, amount`, pgx.NamedArgs{
		"num": tx.key(kindAdjustment, id), "from": a.PostingStatus, "to": p.To, "actor": tx.actor, "reference": p.Reference,
	}).Scan(&group, &amount)
	if errors.Is(err, pgx.ErrNoRows) {
		err = recon.Conflict(recon.CodeChangedMeanwhile, "the adjustment was changed at the same moment: read it again")
	}
	if err != nil {
		return a, err
	}
	if p.To == recon.Reversed {
		if err := tx.unbook(ctx, a); err != nil {
			return a, err
		}
		if err := tx.reopenRest(ctx, a.ContextID, group, amount); err != nil {
			return a, err
		}
	}
	if a, err = tx.Adjustment(ctx, id); err == nil {
		tx.Audit(action, kindAdjustment, id, a)
	}
	return a, err
}

// unbook frees the row that booked an adjustment. A run that takes it as booked must look again.
func (tx *Tx) unbook(ctx context.Context, a recon.Adjustment) error {
	if a.BookedBy != "" {
		if _, err := tx.exec(ctx, "freeing the row that booked an adjustment", `
			WITH row AS (
				SELECT booked_by FROM adjustments WHERE num = $1
			), freed AS (
				DELETE FROM active_items WHERE transaction_id IN (SELECT booked_by FROM row) RETURNING transaction_id
			), unbooked AS (
				UPDATE adjustments SET booked_by = NULL, booked_loosely = false WHERE num = $1
			)`+listFreed, tx.key(kindAdjustment, a.ID)); err != nil {
			return err
		}
	}
	return tx.countDecisions(ctx, []*decidedGroup{{ContextID: a.ContextID}})
}

// reopenRest adds the amount of a reversed adjustment to what is left of a partial group. A run that weighs the group
// by its residual must look again.
func (tx *Tx) reopenRest(ctx context.Context, contextID string, group, amount int64) error {
	changed, err := tx.exec(ctx, "raising the residual", `
		UPDATE match_groups SET residual = residual + $2 WHERE id = $1 AND status = 'PARTIAL'`, group, amount)
	if err != nil || changed == 0 {
		return err
	}
	if err := tx.restChanged(ctx, group); err != nil {
		return err
	}
	return tx.countDecisions(ctx, []*decidedGroup{{ContextID: contextID}})
}
