package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

const kindResolution = "resolution"

// ending is an exception that a person ends, with the facts that its trace needs.
type ending struct {
	*heldException
	Num      int64 // of its resolution
	Key      int64
	Amount   int64
	Currency string
	Side     recon.Side
	Date     recon.Day
	Reason   recon.Reason
	GroupKey *int64 // the active group that holds the row

	asked     recon.Resolution
	note      string
	group     *int64
	adjusted  *int64
	proposed  bool // its group waits for another person
	target    *ending
	CreatedBy string
}

// limitReason is what limits call an outcome, "" where none is about it.
func limitReason(o recon.Outcome) string {
	switch o {
	case recon.OutcomeWrittenOff:
		return recon.AdjustmentWriteOff.String()
	case recon.OutcomeTransferred:
		return recon.AdjustmentTransfer.String()
	case recon.OutcomeIgnored:
		return recon.DecisionIgnored
	}
	return ""
}

// left is what a row adds to Σ left − Σ right.
func (e *ending) left() int64 {
	if e.Side == recon.Left {
		return e.Amount
	}
	return -e.Amount
}

// endings reads what is to be ended, in the order of held.
func (tx *Tx) endings(ctx context.Context, held []*heldException, c *recon.ExceptionCommand) ([]*ending, error) {
	keys := make([]int64, len(held))
	for i, e := range held {
		keys[i] = e.Key
	}
	found, err := pgx.CollectRows(tx.query(ctx, `
		SELECT e.transaction_id AS key, e.amount, e.currency, e.side, e.date, e.reason, a.group_id AS group_key
		FROM exceptions e LEFT JOIN active_items a ON a.transaction_id = e.transaction_id
		WHERE e.transaction_id = ANY ($1)`, keys), pgx.RowToAddrOfStructByNameLax[ending])
	if err != nil {
		return nil, fmt.Errorf("reading exceptions to resolve: %w", err)
	}
	byKey := make(map[int64]*ending, len(found))
	for _, e := range found {
		byKey[e.Key] = e
	}
	ends := make([]*ending, len(held))
	for i, h := range held {
		ends[i] = byKey[h.Key]
		ends[i].heldException, ends[i].asked, ends[i].note = h, c.Resolution, c.Note
	}
	return ends, nil
}

// resolveAll ends exceptions, or proposes to where another person has to decide: the caller may not, four eyes are
// asked, or a limit asks for two people. What a limit refuses is in the exception's own outcome.
func (tx *Tx) resolveAll(ctx context.Context, able []*heldException, c *recon.ExceptionCommand) error {
	ends, err := tx.endings(ctx, able, c)
	if err != nil {
		return err
	}
	if c.Outcome == recon.OutcomeTransferred {
		return tx.proposeTransfer(ctx, ends[0])
	}
	limits := limiters{}
	var now, later []*ending
	for _, e := range ends {
		if e.refused = e.fault(); e.refused != nil {
			continue
		}
		second, err := tx.judgeEnding(ctx, limits, e)
		switch {
		case err != nil && recon.KindOf(err) == "":
			return err
		case err != nil:
			e.refused = err
		case second:
			e.to, later = recon.ExceptionWaiting, append(later, e)
		default:
			now = append(now, e)
		}
	}
	if err := tx.insertResolutions(ctx, later, recon.ResolutionProposed); err != nil {
		return err
	}
	return tx.end(ctx, now)
}

// judgeEnding reports whether another person has to decide on what the caller asks for.
func (tx *Tx) judgeEnding(ctx context.Context, limits limiters, e *ending) (second bool, err error) {
	if e.asked.Outcome == recon.OutcomeMatched { // the group itself is proposed then
		return false, nil
	}
	principal, _ := auth.PrincipalFrom(ctx)
	if e.context.Settings.FourEyes || !auth.Allows(principal.Roles, auth.RoleApprover) {
		return true, nil
	}
	return tx.takeEnding(ctx, limits, e)
}

// takeEnding holds an ending to the caller's limits.
func (tx *Tx) takeEnding(ctx context.Context, limits limiters, e *ending) (second bool, err error) {
	reason := limitReason(e.asked.Outcome)
	if reason == "" {
		return false, nil
	}
	limit, err := limits.of(ctx, tx, e.context)
	if err != nil {
		return false, err
	}
	if e.asked.Party == "" {
		if e.asked.Party, err = limit.party(ctx, []int64{e.Key}, rowParty(e.Key)); err != nil {
			return false, err
		}
	}
	return limit.take(ctx, decided{reason, e.Currency, e.asked.Party, e.Amount})
}

// rowParty is by what limits count a row that names no party.
func rowParty(key int64) string { return fmt.Sprintf("row %d", key) }

// fault returns why an outcome cannot be that of an exception.
func (e *ending) fault() error {
	rest := e.Reason == recon.ReasonPartialRest
	switch {
	case e.asked.Outcome == recon.OutcomeTransferred && rest, e.asked.Outcome == recon.OutcomeMatched && rest,
		e.asked.Outcome == recon.OutcomeCorrected && rest, e.asked.Outcome == recon.OutcomeIgnored && rest:
		return recon.Unprocessable(recon.CodeResolutionRow,
			"it is what is left of a partial group, which cannot end as "+e.asked.Outcome.String()+
				": write it off, let an account take it, or decide on the group")
	case !rest && e.GroupKey != nil:
		return recon.Conflict(recon.CodeNotOpen, "the row is in a group: confirm or reject that one")
	}
	return nil
}

// insertResolutions stores resolutions and lets their exceptions name them. Proposed ones wait for another person.
func (tx *Tx) insertResolutions(ctx context.Context, ends []*ending, status string) error {
	if len(ends) == 0 {
		return nil
	}
	n := len(ends)
	keys, bodies, notes := make([]int64, n), make([]string, n), make([]string, n)
	groups, adjusted, targets := make([]*int64, n), make([]*int64, n), make([]*int64, n)
	for i, e := range ends {
		body, err := json.Marshal(e.asked)
		if err != nil {
			return fmt.Errorf("encoding a resolution: %w", err)
		}
		keys[i], bodies[i], notes[i], groups[i], adjusted[i] = e.Key, string(body), e.note, e.group, e.adjusted
		if e.target != nil {
			targets[i] = &e.target.Key
		}
	}
	made, err := pgx.CollectRows(tx.query(ctx, `
		WITH made AS (
			INSERT INTO resolutions (transaction_id, context_num, outcome, status, amount, currency, date, body, note, group_id,
				adjustment_num, target_id, created_by)
			SELECT e.transaction_id, e.context_num, u.body ->> 'outcome', @status, e.amount, e.currency, e.date, u.body, u.note,
				u.group_key, u.adjusted, u.target, @actor
			FROM unnest(@keys::bigint[], @bodies::jsonb[], @notes::text[], @groups::bigint[], @adjusted::bigint[], @targets::bigint[])
				WITH ORDINALITY AS u (id, body, note, group_key, adjusted, target, n)
			JOIN exceptions e ON e.transaction_id = u.id
			ORDER BY u.n
			RETURNING num, transaction_id
		), named AS (
			UPDATE exceptions e SET resolution_num = made.num, status = CASE @status WHEN 'PROPOSED' THEN 'WAITING' ELSE e.status END,
				snoozed_until = NULL
			FROM made WHERE e.transaction_id = made.transaction_id
		)
		SELECT num FROM made ORDER BY num`, pgx.NamedArgs{
		"keys": keys, "bodies": bodies, "notes": notes, "groups": groups, "adjusted": adjusted, "targets": targets,
		"status": status, "actor": tx.actor,
	}), pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("storing resolutions: %w", err)
	}
	for i, e := range ends {
		e.Num = made[i]
	}
	action := string(recon.ExceptionResolve)
	if status == recon.ResolutionProposed {
		action = "PROPOSE"
	}
	return tx.noteHistory(ctx, keys, recon.ExceptionEvent{
		Action: action, Note: ends[0].note, Detail: map[string]any{"resolution": ends[0].asked},
	})
}

// end leaves the trace of each outcome, and stores its resolution.
func (tx *Tx) end(ctx context.Context, ends []*ending) error {
	if len(ends) == 0 {
		return nil
	}
	var err error
	switch outcome := ends[0].asked.Outcome; {
	case outcome.KeepsOpen():
	case outcome == recon.OutcomeIgnored:
		err = tx.ignoreEnded(ctx, ends)
	default:
		for _, e := range ends {
			if err = tx.endByGroup(ctx, e); err != nil {
				return err
			}
		}
		ends = slices.DeleteFunc(ends, func(e *ending) bool { return e.proposed })
	}
	if err != nil || len(ends) == 0 {
		return err
	}
	return tx.closeEnded(ctx, ends)
}

// closeEnded resolves the exceptions of ended rows. One that was proposed has its resolution already.
func (tx *Tx) closeEnded(ctx context.Context, ends []*ending) error {
	var fresh []*ending
	keys, nums := make([]int64, len(ends)), make([]int64, len(ends))
	for _, e := range ends {
		if e.Num == 0 {
			fresh = append(fresh, e)
		}
	}
	if err := tx.insertResolutions(ctx, fresh, recon.ResolutionStanding); err != nil {
		return err
	}
	for i, e := range ends {
		keys[i], nums[i] = e.Key, e.Num
	}
	outcome := ends[0].asked.Outcome
	changed, err := pgx.CollectRows(tx.query(ctx, `
		UPDATE exceptions e SET status = 'RESOLVED', resolution = @outcome, standing = @stands, resolved_at = @now,
			resolution_num = u.num, snoozed_until = NULL
		FROM unnest(@keys::bigint[], @nums::bigint[]) AS u (id, num) WHERE e.transaction_id = u.id
		RETURNING e.transaction_id AS key, e.class, e.reason, e.resolution`, pgx.NamedArgs{
		"keys": keys, "nums": nums, "outcome": outcome.String(), "stands": outcome.KeepsOpen(), "now": tx.began,
	}), tx.scanExceptionEntry)
	if err != nil {
		return fmt.Errorf("resolving exceptions: %w", err)
	}
	if ends[0].group == nil && ends[0].adjusted == nil { // else the group has announced it
		tx.emitExceptions(recon.EventExceptionClosed, ends[0].ContextID, changed)
	}
	if outcome.KeepsOpen() { // a run leaves it as it is
		return nil
	}
	var groups []*decidedGroup
	for _, e := range ends {
		groups = append(groups, &decidedGroup{ContextID: e.ContextID})
	}
	return tx.countDecisions(ctx, groups)
}

// ignoreEnded takes rows out of reconciliation.
func (tx *Tx) ignoreEnded(ctx context.Context, ends []*ending) error {
	keys, notes, parties, review := []int64{}, []string{}, []string{}, []recon.Day{}
	for _, e := range ends {
		keys, notes, parties = append(keys, e.Key), append(notes, e.note), append(parties, e.asked.Party)
		review = append(review, e.asked.ReviewOn)
	}
	_, err := tx.exec(ctx, "ignoring rows", `
		INSERT INTO ignored_items (transaction_id, context_num, amount, currency, party, review_on, reason, created_by)
		SELECT e.transaction_id, e.context_num, e.amount, e.currency, u.party, u.review, u.note, @actor
		FROM unnest(@keys::bigint[], @notes::text[], @parties::text[], @review::date[]) AS u (id, note, party, review)
		JOIN exceptions e ON e.transaction_id = u.id`, pgx.NamedArgs{
		"keys": keys, "notes": notes, "parties": parties, "review": review, "actor": tx.actor,
	})
	return err
}

// endByGroup ends a row in a group: with the rows that it is matched or corrected with, or alone with an adjustment of
// its whole amount. What is left of a partial group is adjusted in that one.
func (tx *Tx) endByGroup(ctx context.Context, e *ending) error {
	m := recon.ManualMatch{Note: e.note, Reason: e.asked.AdjustmentReason}
	switch e.asked.Outcome {
	case recon.OutcomeMatched:
		return tx.matchEnded(ctx, e)
	case recon.OutcomeWrittenOff:
		m.Reason = recon.AdjustmentWriteOff
	case recon.OutcomeTransferred:
		m.Reason = recon.AdjustmentTransfer
	case recon.OutcomeCorrected:
		m.Reason = 0
	}
	if e.Reason == recon.ReasonPartialRest {
		made, err := tx.adjustRest(ctx, e)
		e.adjusted = &made
		return err
	}
	rows := append([]string{tx.ids(kindTransaction).Public(e.Key)}, e.asked.With...)
	if e.Side == recon.Left {
		m.Left = rows
	} else {
		m.Right = rows
	}
	g, err := tx.handMade(ctx, e.context, m)
	if err != nil {
		return err
	}
	g.to, g.party = recon.GroupConfirmed, e.asked.Party
	if err := tx.insertManual(ctx, g, m); err != nil {
		return err
	}
	e.group = &g.Key
	return tx.confirmed(ctx, []*decidedGroup{g}, m.Reason)
}

// matchEnded makes the group of a row and others: a proposal where another person confirms it.
func (tx *Tx) matchEnded(ctx context.Context, e *ending) error {
	m := recon.ManualMatch{
		Note: e.note, Reason: e.asked.AdjustmentReason, Propose: auth.RequireRole(ctx, auth.RoleApprover) != nil,
	}
	sides, err := tx.sidesOf(ctx, append([]string{tx.ids(kindTransaction).Public(e.Key)}, e.asked.With...))
	if err != nil {
		return err
	}
	m.Left, m.Right = sides[recon.Left], sides[recon.Right]
	g, err := tx.MatchByHand(ctx, e.ContextID, m)
	key := tx.key(kindGroup, g.ID)
	e.group, e.to = &key, recon.ExceptionResolved
	e.proposed = err == nil && g.Status == recon.GroupProposed
	return err
}

// sidesOf parts the ids of transactions by the sides of their sources; one that is not there goes to the left, where it
// is reported.
func (tx *Tx) sidesOf(ctx context.Context, ids []string) (map[recon.Side][]string, error) {
	keys := make([]int64, len(ids))
	for i, id := range ids {
		keys[i] = tx.key(kindTransaction, id)
	}
	right, err := pgx.CollectRows(tx.query(ctx, `
		SELECT t.id FROM transactions t JOIN sources s ON s.num = t.source_num WHERE t.id = ANY ($1) AND s.side = 'RIGHT'`,
		keys), pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("reading the sides of rows: %w", err)
	}
	sides := map[recon.Side][]string{recon.Left: {}, recon.Right: {}}
	rights := make(map[int64]bool, len(right))
	for _, key := range right {
		rights[key] = true
	}
	for i, id := range ids {
		side := recon.Left
		if rights[keys[i]] {
			side = recon.Right
		}
		sides[side] = append(sides[side], id)
	}
	return sides, nil
}
