package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/recon"
)

// DecideGroup does one thing to one group. Of two people who do so at once one wins; the other learns what the group
// is now.
func (tx *Tx) DecideGroup(ctx context.Context, id string, d recon.Decision) (recon.StoredGroup, error) {
	groups, err := tx.decide(ctx, []string{id}, d)
	if err != nil {
		return recon.StoredGroup{}, err
	}
	if groups[0].refused != nil {
		return recon.StoredGroup{}, groups[0].refused
	}
	tx.Audit(auditOf[d.Action], kindGroup, id, map[string]any{
		"contextId": groups[0].ContextID, "from": groups[0].Status, "to": groups[0].to, "note": d.Note, "reason": d.Reason,
	})
	return tx.Group(ctx, id)
}

// DecideGroups does the same to many groups in one commit. A group to which it cannot be done is left alone and reports
// why; an id that is unknown fails all.
func (tx *Tx) DecideGroups(ctx context.Context, ids []string, d recon.Decision) ([]recon.GroupOutcome, error) {
	known, err := tx.knownGroups(ctx, ids)
	if err != nil {
		return nil, err
	}
	groups, err := tx.decide(ctx, known, d)
	if err != nil {
		return nil, err
	}
	outcomes := make([]recon.GroupOutcome, len(ids))
	done, places := []string{}, make(map[string]int, len(known))
	for i, id := range known {
		places[id] = i
	}
	for i, id := range ids {
		at, there := places[id]
		if !there {
			outcomes[i] = recon.GroupOutcome{GroupID: id, Code: recon.CodeNotFound, Message: "there is no such group"}
			continue
		}
		g := groups[at]
		outcomes[i] = recon.GroupOutcome{GroupID: id, Status: g.to}
		if g.refused != nil {
			outcomes[i].Code, outcomes[i].Message = recon.CodeOf(g.refused), g.refused.Error()
			continue
		}
		done = append(done, ids[i])
	}
	if len(done) == 0 {
		return outcomes, nil
	}
	tx.Audit(auditOf[d.Action], kindGroup, "", map[string]any{"groupIds": done, "note": d.Note, "reason": d.Reason})
	return outcomes, nil
}

// knownGroups returns those of the ids that are groups, in their order.
func (tx *Tx) knownGroups(ctx context.Context, ids []string) ([]string, error) {
	keys := make([]int64, len(ids)) // no group has number 0
	for i, id := range ids {
		keys[i], _ = tx.ids(kindGroup).Key(id)
	}
	there, err := pgx.CollectRows(tx.query(ctx, `SELECT id FROM match_groups WHERE id = ANY ($1)`, keys), pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("looking for groups: %w", err)
	}
	known, found := []string{}, make(map[int64]bool, len(there))
	for _, key := range there {
		found[key] = true
	}
	for i, id := range ids {
		if found[keys[i]] {
			known = append(known, id)
		}
	}
	return known, nil
}

// ProposedGroups returns the ids of proposed groups by a filter, under the context's lock, so that nothing comes or
// goes before they are decided on.
func (tx *Tx) ProposedGroups(ctx context.Context, f recon.ProposalFilter) ([]string, error) {
	c, err := tx.lockOpenContext(ctx, f.ContextID)
	if err != nil {
		return nil, err
	}
	args, where := pgx.NamedArgs{"context": c.Num, "score": f.MinScore, "limit": recon.GroupsBulkMax + 1}, ""
	if f.RunID != "" {
		run, err := tx.Run(ctx, f.RunID)
		if err != nil {
			return nil, err
		}
		where = ` AND g.id BETWEEN @first AND @last`
		args["first"], args["last"] = rowIDs(run.Num)
	}
	for _, by := range []struct{ column, value string }{
		{"g.rule_id::text", f.RuleID}, {"g.currency", f.Currency}, {"g.held_by", f.HeldBy.String()},
	} {
		if by.value != "" {
			name := strings.TrimSuffix(by.column[2:], "::text")
			where, args[name] = where+" AND "+by.column+" = @"+name, by.value
		}
	}
	keys, err := pgx.CollectRows(tx.query(ctx, `
		SELECT g.id FROM match_groups g
		WHERE g.context_num = @context AND g.status = 'PROPOSED' AND NOT g.preview AND g.score >= @score`+where+`
		ORDER BY g.id LIMIT @limit`, args), pgx.RowTo[int64])
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading proposed groups: %w", err)
	case len(keys) > recon.GroupsBulkMax:
		return nil, recon.Unprocessable(recon.CodeTooManyAtOnce, fmt.Sprintf(
			"the filter leaves more than %d groups, which is what one commit decides on: narrow it", recon.GroupsBulkMax))
	case len(keys) != f.Count:
		return nil, recon.Conflict(recon.CodeCountChanged,
			"the filter now leaves %d groups, not the %d that you saw: read the list again", len(keys), f.Count)
	}
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = tx.ids(kindGroup).Public(key)
	}
	return ids, nil
}

// heldBack are the gates that only a look at the group itself opens.
var heldBack = []recon.HeldBy{recon.HeldByReversed, recon.HeldByContradicts, recon.HeldByDuplicate}

var auditOf = map[recon.GroupAction]string{
	recon.ActionConfirm: "group.confirm", recon.ActionReject: "group.reject",
	recon.ActionUnmatch: "group.unmatch", recon.ActionComment: "group.comment",
}

// decidedGroup is a group under its context's lock, and what is decided about it.
type decidedGroup struct {
	GroupRow
	Key       int64
	ContextID string
	Preview   bool
	Version   int
	Adjusted  int64    // of the difference, what adjustments cover
	Posted    bool     // one of them is in the books
	Hands     []string // who matched it by hand or adjusted it
	Approved  bool     // a person confirmed it, not a run
	DecidedBy string   // the person who gave it its status, "" for a run

	context recon.Context
	party   string // by which limits count what people adjust of it
	to      recon.GroupStatus
	refused error
}

// rest is the part of the difference that no adjustment covers.
func (g *decidedGroup) rest() int64 { return g.Difference - g.Adjusted }

func (g *decidedGroup) members() []int64 { return slices.Concat(g.Left, g.Right) }

// decide reads the groups under their contexts' locks, judges each, and does what is decided to those that allow it.
func (tx *Tx) decide(ctx context.Context, ids []string, d recon.Decision) ([]*decidedGroup, error) {
	groups, err := tx.lockGroups(ctx, ids)
	if err != nil {
		return nil, err
	}
	var able []*decidedGroup
	limits := limiters{}
	for _, g := range groups {
		if g.to, g.refused = tx.judge(g, d); g.refused == nil && d.Action == recon.ActionConfirm {
			g.refused = tx.withinLimits(ctx, limits, g, d)
		}
		if g.refused != nil {
			if recon.KindOf(g.refused) == "" {
				return nil, g.refused
			}
			g.to = g.Status
			continue
		}
		able = append(able, g)
	}
	if len(able) == 0 {
		return groups, nil
	}
	if err := tx.moveGroups(ctx, able, d); err != nil {
		return nil, err
	}
	switch d.Action {
	case recon.ActionConfirm:
		err = tx.confirmed(ctx, able, d.Reason)
	case recon.ActionReject, recon.ActionUnmatch:
		err = tx.released(ctx, able, d.Action)
	}
	if err != nil {
		return nil, err
	}
	if err := tx.countScores(ctx, able); err != nil {
		return nil, err
	}
	return groups, tx.countDecisions(ctx, able)
}

// lockGroups reads groups in the order of ids. Their contexts are locked in the order of their numbers, so that two
// bulk decisions never wait for each other.
func (tx *Tx) lockGroups(ctx context.Context, ids []string) ([]*decidedGroup, error) {
	keys := make([]int64, len(ids))
	for i, id := range ids {
		key, ok := tx.ids(kindGroup).Key(id)
		if !ok {
			return nil, recon.NotFound("group")
		}
		keys[i] = key
	}
	contextIDs, err := pgx.CollectRows(tx.query(ctx, `
		SELECT c.id FROM contexts c
		WHERE c.num IN (SELECT g.context_num FROM match_groups g WHERE g.id = ANY ($1)) ORDER BY c.num`, keys), pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading the contexts of groups: %w", err)
	}
	contexts := map[string]recon.Context{}
	for _, id := range contextIDs {
		if contexts[id], err = tx.lockOpenContext(ctx, id); err != nil {
			return nil, err
		}
	}
	return tx.readGroups(ctx, keys, contexts)
}

// lockOpenContext is LockContext for what an archived context forbids.
func (tx *Tx) lockOpenContext(ctx context.Context, id string) (recon.Context, error) {
	c, err := tx.LockContext(ctx, id)
	if err == nil && c.Status == recon.ContextArchived {
		err = recon.Conflict(recon.CodeContextInactive, "the context is archived: activate it to change it")
	}
	return c, err
}

func (tx *Tx) readGroups(
	ctx context.Context, keys []int64, contexts map[string]recon.Context,
) ([]*decidedGroup, error) {
	read, err := pgx.CollectRows(tx.query(ctx, `
		SELECT g.id AS key, c.id AS context_id, g.status, g.preview, g.currency, g.left_amount, g.right_amount, g.difference,
			coalesce(g.difference_reason, '') AS difference_reason, coalesce(g.held_by, '') AS held_by, g.left_ids AS "left", g.right_ids AS "right",
			1 + coalesce(d.n, 0) AS version, coalesce(a.amount, 0) AS adjusted, coalesce(a.posted, false) AS posted,
			coalesce(a.hands, '{}') || coalesce(d.makers, '{}') AS hands, coalesce(d.approved, false) AS approved,
			coalesce(d.decided_by, '') AS decided_by
		FROM match_groups g
		JOIN contexts c ON c.num = g.context_num
		CROSS JOIN LATERAL (
			SELECT count(*)::integer AS n, array_agg(created_by) FILTER (WHERE from_status = '') AS makers,
				bool_or(to_status = 'CONFIRMED' AND from_status NOT IN ('', 'CONFIRMED')) AS approved,
				(array_agg(created_by ORDER BY ordinal DESC) FILTER (WHERE to_status = g.status AND from_status <> g.status))[1] AS decided_by
			FROM group_decisions WHERE group_id = g.id
		) d
		CROSS JOIN LATERAL (
			SELECT sum(amount)::bigint AS amount, bool_or(posting_status = 'POSTED') AS posted, array_agg(created_by) AS hands
			FROM adjustments WHERE group_id = g.id AND posting_status <> 'REVERSED'
		) a
		WHERE g.id = ANY ($1)`, keys), pgx.RowToAddrOfStructByNameLax[decidedGroup])
	if err != nil {
		return nil, fmt.Errorf("reading groups: %w", err)
	}
	byKey := map[int64]*decidedGroup{}
	for _, g := range read {
		g.context = contexts[g.ContextID]
		byKey[g.Key] = g
	}
	groups := make([]*decidedGroup, len(keys))
	for i, key := range keys {
		if groups[i] = byKey[key]; groups[i] == nil {
			return nil, recon.NotFound("group")
		}
		delete(byKey, key) // one named twice is an error of the caller, found before
	}
	return groups, nil
}

// judge returns the status that the decision leads to, or why it is refused.
func (tx *Tx) judge(g *decidedGroup, d recon.Decision) (recon.GroupStatus, error) {
	if g.Preview {
		return g.Status, recon.Conflict(recon.CodeGroupPreview,
			"the group is a preview of a dry run: start a run to decide on its groups")
	}
	if d.Version != 0 && d.Version != g.Version {
		return g.Status, recon.Stale("group")
	}
	to, err := d.Action.After(g.Status, g.DecidedBy)
	if err == nil {
		err = givenReason(d.Reason, "/adjustmentReason")
	}
	switch {
	case err != nil:
		return g.Status, err
	case d.Action == recon.ActionConfirm && d.Bulk && slices.Contains(heldBack, g.HeldBy):
		return g.Status, recon.Forbidden(recon.CodeGroupHeld,
			"the group is held by %s: look at it and confirm it alone", g.HeldBy)
	case d.Action == recon.ActionConfirm && g.context.Settings.FourEyes && slices.Contains(g.Hands, tx.actor):
		return g.Status, recon.Forbidden(recon.CodeFourEyes,
			"you matched or adjusted this group yourself: another person confirms it")
	case d.Action == recon.ActionConfirm && g.rest() != 0 && cmp.Or(d.Reason, g.DifferenceReason) == 0:
		return g.Status, recon.Unprocessable(recon.CodeAdjustmentReasonMissing, fmt.Sprintf(
			"the sides differ by %s %s that no adjustment covers: say why", decimal(g.rest(), g.Currency), g.Currency),
			recon.FieldError{
				Pointer: "/adjustmentReason", Code: recon.CodeMissingValue,
				Message: "is needed for a group with a difference",
			})
	case d.Action == recon.ActionUnmatch && g.Posted:
		return g.Status, recon.Conflict(recon.CodeAdjustmentPosted,
			"an adjustment of this group is in the books: reverse it first")
	}
	return to, nil
}

// moveGroups flips the statuses and writes the history.
func (tx *Tx) moveGroups(ctx context.Context, groups []*decidedGroup, d recon.Decision) error {
	keys, from, to, versions := make([]int64, len(groups)), make([]string, len(groups)), make([]string,
		len(groups)), make([]int32, len(groups))
	for i, g := range groups {
		keys[i], from[i], to[i], versions[i] = g.Key, g.Status.String(), g.to.String(), int32(g.Version)
	}
	tag, err := tx.tx.Exec(ctx, `
		WITH decided AS (
			SELECT key, from_status, to_status, version
			FROM unnest(@keys::bigint[], @from::text[], @to::text[], @versions::integer[]) AS u (key, from_status, to_status, version)
		), told AS (
			INSERT INTO group_decisions (group_id, ordinal, from_status, to_status, note, created_by)
			SELECT key, version, from_status, to_status, @note, @actor FROM decided
		)
		UPDATE match_groups g SET status = d.to_status,
			residual = CASE d.to_status WHEN 'PARTIAL' THEN g.residual ELSE 0 END
		FROM decided d WHERE g.id = d.key AND g.Status = d.from_status AND NOT g.Preview`, pgx.NamedArgs{
		"keys": keys, "from": from, "to": to, "versions": versions, "note": d.Note, "actor": tx.actor,
	})
	if violates(err, "group_decisions_pkey") || err == nil && tag.RowsAffected() != int64(len(groups)) {
		return recon.Conflict(recon.CodeChangedMeanwhile,
			"another person decided on a group at the same moment: read it again")
	}
	if err != nil {
		return fmt.Errorf("moving groups: %w", err)
	}
	return nil
}

// byContext gathers groups by their contexts, in the order in which these come first.
func byContext(groups []*decidedGroup) iter.Seq2[string, []*decidedGroup] {
	return func(yield func(string, []*decidedGroup) bool) {
		gathered := map[string][]*decidedGroup{}
		for _, g := range groups {
			gathered[g.ContextID] = append(gathered[g.ContextID], g)
		}
		for _, g := range groups {
			same := gathered[g.ContextID]
			delete(gathered, g.ContextID)
			if same != nil && !yield(g.ContextID, same) {
				return
			}
		}
	}
}

// countDecisions lets a run that has loaded these rows, and is still at work, see that it must look again.
func (tx *Tx) countDecisions(ctx context.Context, groups []*decidedGroup) error {
	var ids []string
	for id := range byContext(groups) {
		ids = append(ids, id)
	}
	_, err := tx.exec(ctx, "counting decisions", `UPDATE contexts SET decisions = decisions + 1 WHERE id = ANY ($1::uuid[])`, ids)
	return err
}

// setHash names a set of rows whatever their order.
func setHash(members []int64) []byte {
	sorted := slices.Sorted(slices.Values(members))
	raw := make([]byte, 0, 8*len(sorted))
	for _, id := range sorted {
		raw = binary.BigEndian.AppendUint64(raw, uint64(id))
	}
	sum := sha256.Sum256(raw)
	return sum[:]
}

// GroupDecisions is a group's history, oldest first.
func (tx *Tx) GroupDecisions(ctx context.Context, id string, page Page) ([]recon.GroupDecision, string, error) {
	group, err := tx.Group(ctx, id)
	if err != nil {
		return nil, "", err
	}
	return list[recon.GroupDecision]{
		what: "a group's history", args: pgx.NamedArgs{"group": tx.key(kindGroup, group.ID)}, sql: `
			SELECT from_status AS "from", to_status AS "to", note, created_at, created_by FROM group_decisions
			WHERE group_id = @group AND ordinal > @after ORDER BY ordinal LIMIT @limit`, // ordinals have no gaps
	}.page(ctx, tx, page)
}
