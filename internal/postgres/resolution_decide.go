package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// resolutionStatus is the state of a resolution r: it is in force, or waits, as long as its exception e names it.
const resolutionStatus = `CASE WHEN r.status = 'REFUSED' OR e.resolution_num = r.num THEN r.status WHEN r.status = 'PROPOSED' THEN 'REFUSED'
		WHEN r.outcome IN ('BOOKED', 'SUSPENSE', 'UNAPPLIED') THEN 'ENDED' ELSE 'REVERSED' END`

const resolutionSelect = `
	SELECT r.num AS key, r.transaction_id AS row_key, c.id AS context_id, r.outcome, ` + resolutionStatus + ` AS status, r.amount AS minor,
		r.currency, r.date, greatest(current_date - r.date, 0) AS age_days, r.note, coalesce(r.body ->> 'account', '') AS account,
		coalesce(r.body ->> 'party', '') AS party, (r.body ->> 'reviewOn')::date AS review_on, r.group_id AS group_key,
		r.target_id AS target_key, r.peer_num AS peer_key, r.body, r.created_at, r.created_by, r.decided_at, r.decided_by
	FROM resolutions r
	JOIN contexts c ON c.num = r.context_num
	LEFT JOIN exceptions e ON e.transaction_id = r.transaction_id`

// storedResolution is a row of resolutionSelect.
type storedResolution struct {
	recon.StoredResolution
	Key, RowKey, Minor           int64
	GroupKey, TargetKey, PeerKey *int64
	Body                         json.RawMessage
}

func (tx *Tx) scanResolution(row pgx.CollectableRow) (storedResolution, error) {
	r, err := pgx.RowToStructByNameLax[storedResolution](row)
	r.ID, r.Amount = tx.ids(kindResolution).Public(r.Key), decimal(r.Minor, r.Currency)
	r.ExceptionID, r.TransactionID = tx.ids(kindException).Public(r.RowKey), tx.ids(kindTransaction).Public(r.RowKey)
	r.GroupID, r.TargetID = tx.publicOrNone(kindGroup, r.GroupKey), tx.publicOrNone(kindException, r.TargetKey)
	r.PeerID = tx.publicOrNone(kindResolution, r.PeerKey)
	return r, err
}

// Resolution is one resolution.
func (tx *Tx) Resolution(ctx context.Context, id string) (recon.StoredResolution, error) {
	r, err := tx.resolution(ctx, id)
	return r.StoredResolution, err
}

func (tx *Tx) resolution(ctx context.Context, id string) (storedResolution, error) {
	num, ok := tx.ids(kindResolution).Key(id)
	if !ok {
		return storedResolution{}, recon.NotFound("resolution")
	}
	r, err := pgx.CollectExactlyOneRow(tx.query(ctx, resolutionSelect+` WHERE r.num = $1`, num), tx.scanResolution)
	return r, notFound(err, "resolution")
}

// ResolutionFilter narrows a list of resolutions; empty fields do not.
type ResolutionFilter struct {
	Status  string
	Outcome string
	DueBy   recon.Day // IGNORED ones that are to be looked at again
}

// Resolutions lists a context's resolutions in the order in which they were made: with BOOKED, SUSPENSE or UNAPPLIED
// and STANDING it is what the statement has under that reason.
func (tx *Tx) Resolutions(
	ctx context.Context, contextID string, f ResolutionFilter, page Page,
) ([]recon.StoredResolution, string, error) {
	c, err := tx.Context(ctx, contextID)
	if err != nil {
		return nil, "", err
	}
	found, next, err := list[storedResolution]{
		what: "resolutions", scan: tx.scanResolution, key: func(r storedResolution) int64 { return r.Key },
		sql: resolutionSelect + ` WHERE r.context_num = @context AND r.num > @after AND (@outcome = '' OR r.outcome = @outcome)
			AND (@status = '' OR ` + resolutionStatus + ` = @status)
			AND (@review::date IS NULL OR (r.body ->> 'reviewOn')::date <= @review)
			ORDER BY r.num LIMIT @limit`,
		args: pgx.NamedArgs{"context": c.Num, "outcome": f.Outcome, "status": f.Status, "review": f.DueBy},
	}.page(ctx, tx, page)
	items := make([]recon.StoredResolution, len(found))
	for i := range found {
		items[i] = found[i].StoredResolution
	}
	return items, next, err
}

// proposeTransfer asks another context to take a row's money: both exceptions wait until a person there accepts.
func (tx *Tx) proposeTransfer(ctx context.Context, e *ending) error {
	if e.refused = e.fault(); e.refused != nil {
		return nil //nolint:nilerr // the refusal is of this row alone, and is kept
	}
	other, err := tx.transferTarget(ctx, e)
	if recon.KindOf(err) == recon.KindUnprocessable {
		e.refused = err
		return nil
	}
	if err != nil {
		return err
	}
	e.target, other.target = other, e
	e.to = recon.ExceptionWaiting
	if err := tx.insertResolutions(ctx, []*ending{e, other}, recon.ResolutionProposed); err != nil {
		return err
	}
	_, err = tx.exec(ctx, "linking the sides of a transfer", `
		UPDATE resolutions r SET peer_num = p.peer FROM (VALUES ($1::bigint, $2::bigint), ($2, $1)) AS p (num, peer) WHERE r.num = p.num`,
		e.Num, other.Num)
	return err
}

// transferTarget is the open row that a transfer leads to: of another context, and of the amount that makes both
// nothing.
func (tx *Tx) transferTarget(ctx context.Context, e *ending) (*ending, error) {
	unfit := func(why string) error {
		return recon.Unprocessable(recon.CodeResolutionRow, "the transfer does not fit",
			recon.FieldError{Pointer: "/targetId", Code: recon.CodeResolutionRow, Message: why})
	}
	key, ok := tx.ids(kindException).Key(e.asked.TargetID)
	if !ok {
		return nil, unfit("is no exception")
	}
	if _, err := tx.Access(ctx, "exceptionId", e.asked.TargetID); recon.KindOf(err) == recon.KindNotFound {
		return nil, unfit("is no exception")
	} else if err != nil {
		return nil, err
	}
	held, err := tx.lockExceptions(ctx, []int64{key})
	if err != nil {
		return nil, err
	}
	if held[0] == nil {
		return nil, unfit("is no exception")
	}
	found, err := tx.endings(ctx, held, &recon.ExceptionCommand{Note: e.note, Resolution: recon.Resolution{
		Outcome: recon.OutcomeTransferred, TargetID: tx.ids(kindException).Public(e.Key),
	}})
	if err != nil {
		return nil, err
	}
	other := found[0]
	switch {
	case other.ContextID == e.ContextID:
		return nil, unfit("is in the same context: match the two rows instead")
	case other.Status == recon.ExceptionResolved || other.Pending || other.fault() != nil:
		return nil, unfit("is resolved, or waits for another decision")
	case other.Currency != e.Currency || other.left()+e.left() != 0:
		return nil, unfit(fmt.Sprintf(
			"is %s %s: only a row of %s %s on the other side, or of the opposite amount on the same, takes it",
			decimal(other.Amount, other.Currency), other.Currency, decimal(e.Amount, e.Currency), e.Currency))
	}
	return other, nil
}

// DecideResolution approves what another person proposed, or refuses it. A transfer is accepted in the other context.
func (tx *Tx) DecideResolution(
	ctx context.Context, id string, approve bool, note string,
) (recon.StoredResolution, error) {
	r, err := tx.resolution(ctx, id)
	if err != nil {
		return r.StoredResolution, err
	}
	ends, err := tx.lockProposed(ctx, r)
	if err != nil {
		return r.StoredResolution, err
	}
	action := "refuse"
	if approve {
		action = "approve"
		err = tx.approve(ctx, r, ends)
	} else {
		err = tx.refuse(ctx, ends, note)
	}
	if err != nil {
		return r.StoredResolution, err
	}
	tx.Audit("resolution."+action, kindResolution, id, map[string]any{"resolution": r.StoredResolution, "note": note})
	return tx.Resolution(ctx, id)
}

// lockProposed returns the exceptions that a proposed resolution ends, under their contexts' locks: of a transfer both.
func (tx *Tx) lockProposed(ctx context.Context, r storedResolution) ([]*ending, error) {
	keys := []int64{r.RowKey}
	if r.TargetKey != nil {
		keys = append(keys, *r.TargetKey)
	}
	held, err := tx.lockExceptions(ctx, keys)
	if err != nil {
		return nil, err
	}
	now, err := tx.resolution(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if now.Status != recon.ResolutionProposed || slices.Contains(held, nil) {
		return nil, recon.Conflict(recon.CodeResolutionStatus,
			"the resolution is %s: no decision on it is waited for", now.Status)
	}
	var asked recon.Resolution
	if err := json.Unmarshal(r.Body, &asked); err != nil {
		return nil, fmt.Errorf("reading a stored resolution: %w", err)
	}
	ends, err := tx.endings(ctx, held, &recon.ExceptionCommand{Note: r.Note, Resolution: asked})
	if err != nil {
		return nil, err
	}
	ends[0].Num, ends[0].CreatedBy = r.Key, r.CreatedBy
	if len(ends) > 1 {
		ends[1].Num, ends[1].CreatedBy = *r.PeerKey, r.CreatedBy
	}
	return ends, nil
}

// approve ends the exceptions as they were proposed. The maker cannot, and the approver's own limits count.
func (tx *Tx) approve(ctx context.Context, r storedResolution, ends []*ending) error {
	if r.CreatedBy == tx.actor {
		return recon.Forbidden(recon.CodeFourEyes, "you proposed this yourself: another person approves it")
	}
	if r.PeerKey != nil && r.Key < *r.PeerKey {
		return recon.Conflict(recon.CodeResolutionStatus,
			"the other context accepts a transfer: approve the resolution that peerId names")
	}
	limits := limiters{}
	for _, e := range ends {
		if err := e.fault(); err != nil {
			return err
		}
		if _, err := tx.takeEnding(ctx, limits, e); err != nil {
			return err
		}
	}
	if err := tx.end(ctx, ends); err != nil {
		return err
	}
	return tx.decidedResolutions(ctx, ends, recon.ResolutionStanding)
}

// refuse lets the exceptions go on where they were.
func (tx *Tx) refuse(ctx context.Context, ends []*ending, note string) error {
	keys := make([]int64, len(ends))
	for i, e := range ends {
		keys[i] = e.Key
	}
	if _, err := tx.exec(ctx, "taking exceptions up again", `
		UPDATE exceptions SET resolution_num = NULL, status = CASE assignee WHEN '' THEN 'OPEN' ELSE 'IN_PROGRESS' END
		WHERE transaction_id = ANY ($1)`, keys); err != nil {
		return err
	}
	if err := tx.noteHistory(ctx, keys, recon.ExceptionEvent{Action: "REFUSE", Note: note}); err != nil {
		return err
	}
	return tx.decidedResolutions(ctx, ends, recon.ResolutionRefused)
}

func (tx *Tx) decidedResolutions(ctx context.Context, ends []*ending, status string) error {
	for _, e := range ends {
		if _, err := tx.exec(ctx, "deciding on a resolution", `
			UPDATE resolutions SET status = $2, decided_by = $3, decided_at = $4, group_id = coalesce($5, group_id),
				adjustment_num = coalesce($6, adjustment_num)
			WHERE num = $1`, e.Num, status, tx.actor, tx.began, e.group, e.adjusted); err != nil {
			return err
		}
	}
	return nil
}

// adjustRest writes off what is left of a partial group.
func (tx *Tx) adjustRest(ctx context.Context, e *ending) (int64, error) {
	groups, err := tx.lockGroups(ctx, []string{tx.ids(kindGroup).Public(*e.GroupKey)})
	if err != nil {
		return 0, err
	}
	g := groups[0]
	minor, err := adjustable(g, "")
	if err != nil {
		return 0, err
	}
	g.party = e.asked.Party
	made, err := tx.adjust(ctx, g, minor, recon.Adjustment{Reason: recon.AdjustmentWriteOff, Note: e.note})
	return tx.key(kindAdjustment, made.ID), err
}

// reopenAll takes the trace of ended exceptions back: the group is unmatched, the adjustment reversed, the row taken
// back in, or the line in the statement has its own reason again.
func (tx *Tx) reopenAll(ctx context.Context, able []*heldException, c *recon.ExceptionCommand) error {
	ends, err := tx.endings(ctx, able, c)
	if err != nil {
		return err
	}
	for _, e := range ends {
		if err := tx.reopen(ctx, e); err != nil {
			if recon.KindOf(err) == "" || len(ends) == 1 {
				return err
			}
			return fmt.Errorf("reopening %s: %w", tx.ids(kindException).Public(e.Key), err)
		}
	}
	keys := make([]int64, len(ends))
	for i, e := range ends {
		keys[i] = e.Key
	}
	return tx.noteHistory(ctx, keys, c.Event())
}

func (tx *Tx) reopen(ctx context.Context, e *ending) error {
	trace, err := all[struct{ AdjustmentNum, PeerGroup *int64 }](tx.query(ctx, `
		SELECT r.adjustment_num, p.group_id AS peer_group
		FROM exceptions e JOIN resolutions r ON r.num = e.resolution_num LEFT JOIN resolutions p ON p.num = r.peer_num
		WHERE e.transaction_id = $1`, e.Key))
	if err != nil {
		return fmt.Errorf("reading the trace of a resolution: %w", err)
	}
	switch {
	case e.Standing:
		_, err = tx.exec(ctx, "reopening an exception", `
			UPDATE exceptions SET status = 'REOPENED', resolution = '', resolution_num = NULL, standing = false, resolved_at = NULL,
				opened_at = $2 WHERE transaction_id = $1`, e.Key, tx.began)
		return err
	case e.Resolution == recon.OutcomeIgnored.String():
		_, err = tx.Restore(ctx, tx.ids(kindTransaction).Public(e.Key))
		return err
	case len(trace) > 0 && trace[0].AdjustmentNum != nil:
		adjustment := tx.ids(kindAdjustment).Public(*trace[0].AdjustmentNum)
		_, err = tx.PostAdjustment(ctx, adjustment, recon.Posting{To: recon.Reversed})
		return err
	case e.GroupKey == nil:
		return recon.Conflict(recon.CodeExceptionStatus,
			"nothing holds the row: the next run opens the exception again")
	}
	groups := []string{tx.ids(kindGroup).Public(*e.GroupKey)}
	if len(trace) > 0 && trace[0].PeerGroup != nil {
		groups = append(groups, tx.ids(kindGroup).Public(*trace[0].PeerGroup))
	}
	unmatched, err := tx.decide(ctx, groups, recon.Decision{Action: recon.ActionUnmatch, Note: e.note})
	for i := 0; err == nil && i < len(unmatched); i++ {
		err = unmatched[i].refused
	}
	return err
}
