package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"slices"
	"time"

	"matcher/internal/recon"
)

// GroupRow is one group of a run on its way into the database. Amounts are minor units of Currency.
type GroupRow struct {
	Ordinal          int64
	RuleID           string // "" for a rule of the default ladder
	RuleVersion      int32  // of the stored rule; of the ladder, the 1-based place in the run's plan
	LeftAmount       int64
	RightAmount      int64
	Difference       int64
	Residual         int64
	Score            int32
	Alternatives     int32
	Status           recon.GroupStatus
	Currency         string
	DifferenceReason recon.AdjustmentReason
	HeldBy           recon.HeldBy
	Left, Right      []int64
	Evidence         []byte // JSON, nil where every component agrees

	// Of a stored group: its status now, and the last one in the history of decisions, 0 without any. Status is that
	// with which the run stored it.
	Now, Recorded recon.GroupStatus
}

// ActiveItem is the membership of a row in a group of the run.
type ActiveItem struct{ TransactionID, Ordinal, Amount int64 }

// ExceptionRow is an open row that needs a person.
type ExceptionRow struct {
	TransactionID int64
	SourceNum     int32
	Amount        int64
	Nearest       int64 // 0: none
	Difference    recon.NullMinor
	Date          recon.Day
	Currency      string
	Side          recon.Side
	Class         recon.Class
	Reason        recon.Reason
	Suggestion    string
}

// RunSave is everything that a run found.
type RunSave struct {
	Run         recon.Run // final but for its status
	Context     recon.Context
	Plan        any
	Voided      int64                   // RunInput's
	Rows        []int64                 // that the run read, in order
	Groups      iter.Seq[*GroupRow]     // the row is reused
	Items       []ActiveItem            // by transaction id, which makes the primary key grow at its end
	Exceptions  iter.Seq[*ExceptionRow] // likewise
	Adjustments []AdjustmentRow         // of its confirmed groups
	Bookings    []BookingRow            // of adjustments of earlier runs
	Firm        []int64                 // adjustments that were booked loosely, and that a row carries the number of
	Apart       []ApartGroup            // that a row has taken back
	Superseded  []int64                 // partial groups whose rows the groups take over
	Unlisted    []int64                 // RunInput's
	Open        []OpenItem              // rows of those imports that stand in no confirmed group, by source and id
}

// ErrRowsMoved means that rows which the run used were taken, voided or ignored after it loaded them: run again.
var ErrRowsMoved = errors.New("rows of the run changed while it was computed")

// SaveRun stores a run's outcome whole. The state flips as its last write.
func (tx *Tx) SaveRun(ctx context.Context, save RunSave) error {
	if err := tx.CheckFence(ctx, save.Run); err != nil {
		return err
	}
	c, err := tx.LockContext(ctx, save.Run.ContextID)
	if err != nil {
		return err
	}
	if c.Status == recon.ContextArchived {
		return recon.Conflict(recon.CodeContextInactive, "the context was archived while the run was computed")
	}
	voided, err := tx.voidedImports(ctx, save.Run.ContextID)
	if err != nil {
		return err
	}
	decided := save.Run.Mode == recon.RunCommit && c.Decisions != save.Context.Decisions
	if voided != save.Voided || decided {
		return ErrRowsMoved
	}
	defer tx.takeTurn()()
	if err := tx.dropPreviews(ctx, save); err != nil {
		return err
	}
	preview := save.Run.Mode == recon.RunDry
	if save.Run.GroupsHash, err = tx.copyGroups(ctx, save, preview); err != nil {
		return err
	}
	if err := tx.saveRunInput(ctx, save.Run.Num, save.Rows); err != nil {
		return err
	}
	if !preview {
		if err := tx.activate(ctx, save); err != nil {
			return err
		}
	}
	save.Run.Status = recon.RunCompleted
	return tx.FinishRun(ctx, save.Run, save.Plan)
}

// activate lets the groups hold their rows, and brings exceptions and adjustments in line.
func (tx *Tx) activate(ctx context.Context, save RunSave) error {
	if err := tx.openReturned(ctx, save); err != nil {
		return err
	}
	if err := tx.dropUntouchedProposals(ctx, save); err != nil {
		return err
	}
	if err := tx.supersede(ctx, save); err != nil {
		return err
	}
	if err := tx.copyItems(ctx, save); err != nil {
		return err
	}
	if err := tx.saveBookings(ctx, save); err != nil {
		return err
	}
	if err := tx.listOpen(ctx, save); err != nil {
		return err
	}
	if err := tx.saveExceptions(ctx, save); err != nil {
		return err
	}
	return tx.saveAdjustments(ctx, save)
}

// dropUntouchedProposals deletes earlier runs' proposals that no one has touched: this run has just weighed those rows
// again. A group that this run stored is not an earlier one.
func (tx *Tx) dropUntouchedProposals(ctx context.Context, save RunSave) error {
	_, err := tx.exec(ctx, "dropping earlier proposals", `
		WITH dropped AS (
			DELETE FROM match_groups g
			WHERE g.context_num = $1 AND g.status = 'PROPOSED' AND NOT g.preview AND g.id < $2
			AND NOT EXISTS (SELECT 1 FROM group_decisions d WHERE d.group_id = g.id)
			RETURNING g.left_ids || g.right_ids AS members
		), freed AS (
			DELETE FROM active_items WHERE transaction_id IN (SELECT unnest(members) FROM dropped)
			RETURNING transaction_id
		)`+listFreed,
		save.Context.Num, rowID(save.Run.Num, 0))
	return err
}

// previewLife is how long the groups of a dry run can be read, unless another run of the context ends before.
const previewLife = 24 * time.Hour

// dropPreviews deletes the groups of the context's earlier dry runs, and of any dry run of the tenant that is too old:
// they show what a run would have done with rows that have moved on. Their summaries stay.
func (tx *Tx) dropPreviews(ctx context.Context, save RunSave) error {
	for _, sql := range []string{
		`DELETE FROM match_groups g USING runs r WHERE g.id >= r.num << 32 AND g.id < (r.num + 1) << 32 AND g.preview`,
		`DELETE FROM run_inputs i USING runs r WHERE r.num = i.run_num`,
	} {
		if _, err := tx.exec(ctx, "dropping earlier previews", sql+`
			AND r.mode = 'DRY_RUN' AND r.num <> $2 AND (r.context_id = $1 OR r.finished_at < now() - $3::interval)`,
			save.Run.ContextID, save.Run.Num, previewLife); err != nil {
			return err
		}
	}
	return nil
}

// copyGroups writes the groups and hashes what it writes, so that a replay can be held against it to the byte.
func (tx *Tx) copyGroups(ctx context.Context, save RunSave, preview bool) (hash string, err error) {
	encode := groupEncoder{runNum: save.Run.Num, contextNum: save.Context.Num, preview: preview}
	sum := sha256.New()
	stream := newCopyStream(save.Groups, func(r copyRow, g *GroupRow) copyRow {
		n := len(r)
		r = encode.append(r, g)
		sum.Write(r[n:])
		return r
	})
	_, err = tx.copyIn(ctx, `COPY match_groups (id, context_num, rule_version, left_amount, right_amount, difference, residual,
		score, alternatives, preview, rule_id, status, currency, difference_reason, held_by, left_ids, right_ids, evidence)
		FROM STDIN (FORMAT binary)`, stream)
	return hashText(sum.Sum(nil)), err
}

func hashText(sum []byte) string { return "sha256:" + hex.EncodeToString(sum) }

// HashGroups is what storing groups as those of a run would give for their hash.
func HashGroups(run recon.Run, contextNum int32, groups iter.Seq[*GroupRow]) string {
	encode := groupEncoder{runNum: run.Num, contextNum: contextNum, preview: run.Mode == recon.RunDry}
	sum := sha256.New()
	var row copyRow
	for g := range groups {
		row = encode.append(row[:0], g)
		sum.Write(row)
	}
	return hashText(sum.Sum(nil))
}

type groupEncoder struct {
	runNum     int64
	contextNum int32
	preview    bool
}

func (e groupEncoder) append(r copyRow, g *GroupRow) copyRow {
	r = r.fields(18).int8(rowID(e.runNum, g.Ordinal)).int4(e.contextNum).int4(g.RuleVersion)
	r = r.int8(g.LeftAmount).int8(g.RightAmount).int8(g.Difference).int8(g.Residual).int4(g.Score).int4(g.Alternatives)
	r = r.boolean(e.preview)
	if g.RuleID == "" {
		r = r.null()
	} else {
		r = r.uuid(g.RuleID)
	}
	r = r.text(g.Status.String()).text(g.Currency).textOrNull(g.DifferenceReason.String()).textOrNull(g.HeldBy.String())
	r = r.int8Array(g.Left).int8Array(g.Right)
	if g.Evidence == nil {
		return r.null()
	}
	return r.jsonb(g.Evidence)
}

// copyItems is where using a row twice fails: the primary key refuses a row that a person matched meanwhile.
func (tx *Tx) copyItems(ctx context.Context, save RunSave) error {
	stream := newCopyStream(slices.Values(save.Items), func(r copyRow, item ActiveItem) copyRow {
		return r.fields(3).int8(item.TransactionID).int8(rowID(save.Run.Num, item.Ordinal)).int8(item.Amount)
	})
	_, err := tx.copyIn(ctx, `COPY active_items (transaction_id, group_id, amount) FROM STDIN (FORMAT binary)`, stream)
	if violates(err, "active_items_pkey") {
		return ErrRowsMoved
	}
	if err != nil {
		return err
	}
	first, last := rowIDs(save.Run.Num)
	ignored, err := value[bool](tx.query(ctx, `
		SELECT EXISTS (
			SELECT 1 FROM ignored_items n JOIN active_items a ON a.transaction_id = n.transaction_id
			WHERE a.group_id BETWEEN $1 AND $2)`, first, last))
	if err == nil && ignored {
		err = ErrRowsMoved
	}
	return err
}

// RunPlan is the plan of a run, empty before the run has ended.
func (tx *Tx) RunPlan(ctx context.Context, runNum int64) (plan recon.RunPlan, err error) {
	plan, err = value[recon.RunPlan](tx.query(ctx, `SELECT plan FROM runs WHERE num = $1`, runNum))
	return plan, notFound(err, "run")
}
