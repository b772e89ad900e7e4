package postgres

import (
	"context"
	"errors"
	"fmt"

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
}

// insertAdjustments adds at most one to each group; the numbers within a group go on from the last.
func (tx *Tx) insertAdjustments(ctx context.Context, adjustments []adjustmentRow) error {
	if len(adjustments) == 0 {
		return nil
	}
	keys, amounts, reasons, notes := []int64{}, []int64{}, []string{}, []string{}
	for _, a := range adjustments {
		keys, amounts = append(keys, a.group.key), append(amounts, a.amount)
		reasons, notes = append(reasons, a.reason.String()), append(notes, a.note)
	}
	rows, _ := tx.tx.Query(ctx, `
		WITH made AS (
			INSERT INTO adjustments (group_id, ordinal, context_num, amount, currency, reason, note, created_by)
			SELECT g.id, 1 + (SELECT coalesce(max(ordinal), 0) FROM adjustments a WHERE a.group_id = g.id), g.context_num,
				u.amount, g.currency, u.reason, u.note, @actor
			FROM unnest(@keys::bigint[], @amounts::bigint[], @reasons::text[], @notes::text[]) AS u (key, amount, reason, note)
			JOIN match_groups g ON g.id = u.key
			RETURNING `+adjustmentOwn+`
		)
		SELECT `+adjustmentColumns+` FROM made a JOIN contexts c ON c.num = a.context_num ORDER BY a.num`, pgx.NamedArgs{
		"keys": keys, "amounts": amounts, "reasons": reasons, "notes": notes, "actor": tx.actor,
	})
	made, err := pgx.CollectRows(rows, tx.scanAdjustment)
	if err != nil {
		return fmt.Errorf("adding adjustments: %w", err)
	}
	for _, a := range made {
		tx.Emit(recon.EventAdjustment, a)
	}
	return nil
}

const (
	adjustmentOwn = `num, group_id, ordinal, context_num, amount, currency, reason, note, posting_status, posting_reference,
		posted_at, posted_by, created_at, created_by`
	adjustmentColumns = `a.num, a.group_id, c.id::text, a.amount, a.currency, a.reason, a.note, a.posting_status,
		a.posting_reference, a.posted_at, a.posted_by, a.created_at, a.created_by`
	adjustmentSelect = `SELECT ` + adjustmentColumns + ` FROM adjustments a JOIN contexts c ON c.num = a.context_num`
)

func (tx *Tx) scanAdjustment(row pgx.CollectableRow) (a recon.Adjustment, err error) {
	var num, group, amount int64
	err = row.Scan(&num, &group, &a.ContextID, &amount, &a.Currency, &a.Reason, &a.Note, &a.PostingStatus, &a.PostingReference,
		&a.PostedAt, &a.PostedBy, &a.CreatedAt, &a.CreatedBy)
	a.ID, a.GroupID = tx.ids(kindAdjustment).Public(num), tx.ids(kindGroup).Public(group)
	a.Amount, a.PostedAt, a.CreatedAt = decimal(amount, a.Currency), inUTC(a.PostedAt), a.CreatedAt.UTC()
	return a, err
}

// Adjust covers part or all of a group's difference. amount is a decimal in the group's currency, "" for all that is left.
func (tx *Tx) Adjust(ctx context.Context, groupID, amount string, reason recon.AdjustmentReason, note string) (recon.Adjustment, error) {
	groups, err := tx.lockGroups(ctx, []string{groupID})
	if err != nil {
		return recon.Adjustment{}, err
	}
	g := groups[0]
	minor, err := adjustable(g, amount)
	if err != nil {
		return recon.Adjustment{}, err
	}
	if err := tx.insertAdjustments(ctx, []adjustmentRow{{g, minor, reason, note}}); err != nil {
		return recon.Adjustment{}, err
	}
	// What is adjusted of a partial group is open money no more.
	if _, err := tx.tx.Exec(ctx, `
		UPDATE match_groups SET residual = residual - $2 WHERE id = $1 AND status = 'PARTIAL'`, g.key, minor); err != nil {
		return recon.Adjustment{}, fmt.Errorf("lowering the residual: %w", err)
	}
	if err := tx.restChanged(ctx, g.key); err != nil {
		return recon.Adjustment{}, err
	}
	if err := tx.nameDifferences(ctx, groups); err != nil {
		return recon.Adjustment{}, err
	}
	if err := tx.touch(ctx, g, note); err != nil {
		return recon.Adjustment{}, err
	}
	rows, _ := tx.tx.Query(ctx, adjustmentSelect+` WHERE a.group_id = $1 ORDER BY a.ordinal DESC LIMIT 1`, g.key)
	made, err := pgx.CollectExactlyOneRow(rows, tx.scanAdjustment)
	if err == nil {
		tx.Audit("adjustment.create", kindAdjustment, made.ID, made)
	}
	return made, err
}

// touch writes into a group's history that somebody was at it, which keeps it over later runs.
func (tx *Tx) touch(ctx context.Context, g *decidedGroup, note string) error {
	g.to = g.status
	if err := tx.moveGroups(ctx, []*decidedGroup{g}, recon.Decision{Action: recon.ActionComment, Note: note}); err != nil {
		return err
	}
	return tx.countDecisions(ctx, []*decidedGroup{g})
}

// adjustable is the amount to adjust in minor units: of the sign of what is left of the difference, and no more than that.
func adjustable(g *decidedGroup, amount string) (int64, error) {
	switch g.status {
	case recon.GroupProposed, recon.GroupPartial, recon.GroupConfirmed:
	default:
		return 0, recon.Conflict("GROUP_"+g.status.String(), "the group is %s: there is nothing to adjust", g.status)
	}
	if g.preview {
		return 0, recon.Conflict("GROUP_PREVIEW", "the group is a preview of a dry run: start a run to decide on its groups")
	}
	rest := g.rest()
	if rest == 0 {
		return 0, recon.Conflict("NOTHING_TO_ADJUST", "no part of the group's difference is left to adjust")
	}
	if amount == "" {
		return rest, nil
	}
	money, err := recon.ParseMoney(amount, g.currency)
	if err != nil {
		return 0, amountRefused(err.Error())
	}
	minor := int64(money.Amount)
	if minor == 0 || minor < 0 != (rest < 0) || (minor-rest)*sign(rest) > 0 {
		return 0, amountRefused(fmt.Sprintf("must lie between 0 and %s %s, which is what is left of the difference", decimal(rest, g.currency), g.currency))
	}
	return minor, nil
}

func sign(v int64) int64 {
	if v < 0 {
		return -1
	}
	return 1
}

func amountRefused(why string) error {
	return recon.Unprocessable("ADJUSTMENT_AMOUNT", "the adjustment cannot have this amount",
		recon.FieldError{Pointer: "/amount", Code: recon.CodeValue, Message: why})
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
		pgx.NamedArgs{"context": c.Num, "status": string(filter.Status)})
}

// GroupAdjustments lists a group's adjustments.
func (tx *Tx) GroupAdjustments(ctx context.Context, groupID string, page Page) ([]recon.Adjustment, string, error) {
	group, err := tx.Group(ctx, groupID)
	if err != nil {
		return nil, "", err
	}
	key, _ := tx.ids(kindGroup).Key(group.ID)
	return tx.adjustments(ctx, page, `a.group_id = @group`, pgx.NamedArgs{"group": key})
}

func (tx *Tx) adjustments(ctx context.Context, page Page, where string, args pgx.NamedArgs) ([]recon.Adjustment, string, error) {
	after, err := page.afterInt(0)
	if err != nil {
		return nil, "", err
	}
	args["after"], args["limit"] = after, page.Size()+1
	rows, _ := tx.tx.Query(ctx, adjustmentSelect+` WHERE `+where+` AND a.num > @after ORDER BY a.num LIMIT @limit`, args)
	items, err := pgx.CollectRows(rows, tx.scanAdjustment)
	if err != nil {
		return nil, "", fmt.Errorf("listing adjustments: %w", err)
	}
	items, next := pageOf(items, page, func(a recon.Adjustment) []any {
		num, _ := tx.ids(kindAdjustment).Key(a.ID)
		return []any{num}
	})
	return items, next, nil
}

// Adjustment is one adjustment.
func (tx *Tx) Adjustment(ctx context.Context, id string) (recon.Adjustment, error) {
	num, ok := tx.ids(kindAdjustment).Key(id)
	if !ok {
		return recon.Adjustment{}, recon.NotFound("adjustment")
	}
	rows, _ := tx.tx.Query(ctx, adjustmentSelect+` WHERE a.num = $1`, num)
	a, err := pgx.CollectExactlyOneRow(rows, tx.scanAdjustment)
	return a, notFound(err, "adjustment")
}

// PostAdjustment brings an adjustment into a posting status: POSTED with the reference of the entry in the books, or
// REVERSED, after which the difference it covered may be adjusted anew.
func (tx *Tx) PostAdjustment(ctx context.Context, id string, to recon.PostingStatus, reference string) (recon.Adjustment, error) {
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
	if err := recon.PostingMove(a.PostingStatus, to); err != nil {
		return a, err
	}
	if err := tx.movePosting(ctx, a, to, reference); err != nil {
		return a, err
	}
	if a, err = tx.Adjustment(ctx, id); err == nil {
		tx.Audit(map[recon.PostingStatus]string{recon.Posted: "adjustment.post", recon.Reversed: "adjustment.reverse"}[to],
			kindAdjustment, id, a)
	}
	return a, err
}

func (tx *Tx) movePosting(ctx context.Context, a recon.Adjustment, to recon.PostingStatus, reference string) error {
	num, _ := tx.ids(kindAdjustment).Key(a.ID)
	var group, amount int64
	err := tx.tx.QueryRow(ctx, `
		UPDATE adjustments SET posting_status = @to, posted_at = CASE @to WHEN 'POSTED' THEN now() ELSE posted_at END,
			posted_by = CASE @to WHEN 'POSTED' THEN @actor ELSE posted_by END,
			posting_reference = CASE @to WHEN 'POSTED' THEN @reference ELSE posting_reference END
		WHERE num = @num AND posting_status = @from RETURNING group_id, amount`, pgx.NamedArgs{
		"num": num, "from": string(a.PostingStatus), "to": string(to), "actor": tx.actor, "reference": reference,
	}).Scan(&group, &amount)
	if errors.Is(err, pgx.ErrNoRows) {
		return recon.Conflict("ADJUSTMENT_CHANGED", "somebody else changed the adjustment at the same moment: read it again")
	}
	if err != nil || to != recon.Reversed {
		return err
	}
	// A run that weighs a partial group by its residual must look again.
	tag, err := tx.tx.Exec(ctx, `UPDATE match_groups SET residual = residual + $2 WHERE id = $1 AND status = 'PARTIAL'`, group, amount)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	if err := tx.restChanged(ctx, group); err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `UPDATE contexts SET decisions = decisions + 1 WHERE id = $1`, a.ContextID)
	return err
}
