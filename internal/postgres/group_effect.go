package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// eventItemsMax is how many groups or rows one message carries.
const eventItemsMax = 500

// decidedEvent announces decisions on groups of a context.
type decidedEvent struct {
	ContextID string         `json:"contextId"`
	By        string         `json:"by"`
	Groups    []decidedEntry `json:"groups"`
}

type decidedEntry struct {
	GroupID     string                 `json:"groupId"`
	From        recon.GroupStatus      `json:"from,omitempty"`
	To          recon.GroupStatus      `json:"to"`
	Currency    string                 `json:"currency"`
	LeftAmount  string                 `json:"leftAmount"`
	RightAmount string                 `json:"rightAmount"`
	Difference  string                 `json:"difference"`
	Reason      recon.AdjustmentReason `json:"differenceReason,omitempty"`
	LeftCount   int                    `json:"leftCount"`
	RightCount  int                    `json:"rightCount"`
}

func (tx *Tx) emitDecided(key string, groups []*decidedGroup) {
	for contextID, groups := range byContext(groups) {
		for part := range slices.Chunk(groups, eventItemsMax) {
			event := decidedEvent{ContextID: contextID, By: tx.actor}
			for _, g := range part {
				event.Groups = append(event.Groups, decidedEntry{
					GroupID: tx.ids(kindGroup).Public(g.Key), From: g.Status, To: g.to, Currency: g.Currency,
					LeftAmount: decimal(g.LeftAmount, g.Currency), RightAmount: decimal(g.RightAmount, g.Currency),
					Difference: decimal(g.Difference, g.Currency), Reason: g.DifferenceReason,
					LeftCount: len(g.Left), RightCount: len(g.Right),
				})
			}
			tx.Emit(key, event)
		}
	}
}

// confirmed makes adjustments of what is left of the differences, and closes the exceptions of the rows.
func (tx *Tx) confirmed(ctx context.Context, groups []*decidedGroup, given recon.AdjustmentReason) error {
	var rows []adjustmentRow
	for _, g := range groups {
		if g.Difference == 0 {
			continue
		}
		reason := cmp.Or(given, g.DifferenceReason)
		g.DifferenceReason = cmp.Or(g.DifferenceReason, reason)
		if g.rest() != 0 {
			rows = append(rows, adjustmentRow{group: g, amount: g.rest(), reason: reason, party: g.party})
		}
	}
	if _, err := tx.insertAdjustments(ctx, rows); err != nil {
		return err
	}
	if err := tx.nameDifferences(ctx, groups); err != nil {
		return err
	}
	tx.emitDecided(recon.EventMatchConfirmed, groups)
	return tx.closeExceptions(ctx, groups, "MATCHED")
}

// nameDifferences writes the reason of a difference into its group: given now, or by the first adjustment of it.
func (tx *Tx) nameDifferences(ctx context.Context, groups []*decidedGroup) error {
	_, err := tx.exec(ctx, "naming differences", `
		UPDATE match_groups g SET difference_reason = (
			SELECT a.reason FROM adjustments a
			WHERE a.group_id = g.id AND a.posting_status <> 'REVERSED' ORDER BY a.ordinal LIMIT 1)
		WHERE g.id = ANY ($1) AND g.difference <> 0 AND g.difference_reason IS NULL`, groupKeys(groups))
	return err
}

// released lets the rows of groups go: they are open again at once, with an exception each, and the same set is not
// offered again. What was adjusted and not posted is owed no more.
func (tx *Tx) released(ctx context.Context, groups []*decidedGroup, action recon.GroupAction) error {
	rows := 0
	for _, g := range groups {
		rows += len(g.Left) + len(g.Right)
	}
	freed, err := value[int](tx.query(ctx, `
		WITH freed AS (
			DELETE FROM active_items a USING (
				SELECT id, unnest(left_ids || right_ids) AS member FROM match_groups WHERE id = ANY ($1)
			) m WHERE a.transaction_id = m.member AND a.group_id = m.id
			RETURNING a.transaction_id
		), listed AS (`+listFreed+`)
		SELECT count(*) FROM freed`, groupKeys(groups)))
	if err != nil {
		return fmt.Errorf("freeing the rows of groups: %w", err)
	}
	if freed != rows {
		return fmt.Errorf("groups of %d rows held %d", rows, freed)
	}
	if err := tx.rememberSets(ctx, groups); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, "taking adjustments back", `
		UPDATE adjustments SET posting_status = 'REVERSED' WHERE group_id = ANY ($1) AND posting_status = 'UNPOSTED'`,
		groupKeys(groups)); err != nil {
		return err
	}
	if action == recon.ActionReject { // no event announced the proposal, so none withdraws it
		return tx.reopenExceptions(ctx, groups, recon.ReasonRejected)
	}
	tx.emitDecided(recon.EventMatchUnmatched, groups)
	return tx.reopenExceptions(ctx, groups, recon.ReasonUnmatched)
}

func groupKeys(groups []*decidedGroup) []int64 {
	keys := make([]int64, len(groups))
	for i, g := range groups {
		keys[i] = g.Key
	}
	return keys
}

// rememberSets keeps what was rejected or taken apart from being offered again.
func (tx *Tx) rememberSets(ctx context.Context, groups []*decidedGroup) error {
	hashes := make([][]byte, len(groups))
	for i, g := range groups {
		hashes[i] = setHash(g.members())
	}
	_, err := tx.exec(ctx, "remembering what was rejected", `
		INSERT INTO rejected_sets (set_hash, context_num, members, created_by)
		SELECT u.hash, g.context_num, g.left_ids || g.right_ids, @actor
		FROM unnest(@keys::bigint[], @hashes::bytea[]) AS u (key, hash) JOIN match_groups g ON g.id = u.key
		ON CONFLICT (set_hash) DO NOTHING`, pgx.NamedArgs{"keys": groupKeys(groups), "hashes": hashes, "actor": tx.actor})
	return err
}

// rejectedSets are those of a context whose rows are all still there.
func (tx *Tx) rejectedSets(ctx context.Context, contextNum int32) ([]recon.RowSet, error) {
	sets, err := all[recon.RowSet](tx.query(ctx, `
		SELECT coalesce(array_agg(t.id ORDER BY t.id) FILTER (WHERE s.side = 'LEFT'), '{}') AS "left",
			coalesce(array_agg(t.id ORDER BY t.id) FILTER (WHERE s.side = 'RIGHT'), '{}') AS "right"
		FROM rejected_sets r
		CROSS JOIN unnest(r.members) AS m (id)
		JOIN transactions t ON t.id = m.id
		JOIN sources s ON s.num = t.source_num
		WHERE r.context_num = $1
		GROUP BY r.set_hash
		HAVING count(*) = cardinality(r.members)
		ORDER BY r.set_hash`, contextNum))
	if err != nil {
		return nil, fmt.Errorf("reading rejected sets: %w", err)
	}
	return sets, nil
}

// exceptionsEvent announces which rows of a context need a person, or no longer do.
type exceptionsEvent struct {
	ContextID  string           `json:"contextId"`
	Exceptions []exceptionEntry `json:"exceptions"`
}

type exceptionEntry struct {
	ExceptionID   string `json:"exceptionId"`
	TransactionID string `json:"transactionId"`
	Class         string `json:"class"`
	Reason        string `json:"reason"`
	Resolution    string `json:"resolution,omitempty"`
}

// closeExceptions resolves what was open about the rows of groups. A row that a run proposed counts as closed already,
// but only now for good.
func (tx *Tx) closeExceptions(ctx context.Context, groups []*decidedGroup, resolution string) error {
	return tx.changeExceptions(ctx, groups, exceptionChange{event: recon.EventExceptionClosed, sql: `
		UPDATE exceptions SET status = 'RESOLVED', resolution = @resolution, resolved_at = now(), standing = false,
			snoozed_until = NULL, resolution_num = NULL
		WHERE transaction_id = ANY (@members) AND (status <> 'RESOLVED' OR resolution = 'PROPOSED'
			OR standing AND @resolution <> 'PROPOSED')
		RETURNING transaction_id AS key, class, reason, resolution`, args: pgx.NamedArgs{"resolution": resolution}})
}

// reopenExceptions opens one for each row of groups. What they say is replaced by the next run, which looks for another
// partner.
func (tx *Tx) reopenExceptions(ctx context.Context, groups []*decidedGroup, reason recon.Reason) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	err = tx.changeExceptions(ctx, groups, exceptionChange{
		event: recon.EventExceptionOpened, sql: `
		INSERT INTO exceptions AS e (transaction_id, context_num, source_num, run_num, amount, date, currency, side, class,
			reason, due, severity, opened_at)
		SELECT t.id, c.num, s.num, 0, t.amount, t.date, t.currency, s.side, @class, @reason, @now::date, 1, @now::timestamptz
		FROM transactions t JOIN sources s ON s.num = t.source_num JOIN contexts c ON c.id = s.context_id
		WHERE t.id = ANY (@members)
		ORDER BY t.id
		ON CONFLICT (transaction_id) DO UPDATE SET run_num = 0, amount = EXCLUDED.amount, date = EXCLUDED.date,
			class = EXCLUDED.class, reason = EXCLUDED.reason, nearest_id = NULL, nearest_difference = NULL, suggestion = '',` + openAgain + `
		RETURNING transaction_id AS key, class, reason, resolution`,
		args: pgx.NamedArgs{"class": recon.ClassMissing.String(), "reason": reason.String(), "now": now},
	})
	if err != nil {
		return err
	}
	var members []int64
	for _, g := range groups {
		members = append(members, g.members()...)
	}
	return tx.assess(ctx, members)
}

// exceptionChange is what becomes of the exceptions of the rows @members, and the event that reports it.
type exceptionChange struct {
	event, sql string
	args       pgx.NamedArgs
}

func (tx *Tx) changeExceptions(ctx context.Context, groups []*decidedGroup, change exceptionChange) error {
	for contextID, groups := range byContext(groups) {
		var members []int64
		for _, g := range groups {
			members = append(members, g.members()...)
		}
		change.args["members"] = members
		changed, err := pgx.CollectRows(tx.query(ctx, change.sql, change.args),
			tx.scanExceptionEntry)
		if err != nil {
			return fmt.Errorf("updating the exceptions of groups: %w", err)
		}
		tx.emitExceptions(change.event, contextID, changed)
	}
	return nil
}

func (tx *Tx) scanExceptionEntry(row pgx.CollectableRow) (exceptionEntry, error) {
	e, err := pgx.RowToStructByNameLax[struct {
		exceptionEntry
		Key int64
	}](row)
	e.ExceptionID = tx.ids(kindException).Public(e.Key)
	e.TransactionID = tx.ids(kindTransaction).Public(e.Key)
	return e.exceptionEntry, err
}

func (tx *Tx) emitExceptions(event, contextID string, changed []exceptionEntry) {
	for part := range slices.Chunk(changed, eventItemsMax) {
		tx.Emit(event, exceptionsEvent{ContextID: contextID, Exceptions: part})
	}
}
