package matching

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// replayRowsMax bounds what is done while the caller waits: two million rows are some ten seconds.
const replayRowsMax = 2_000_000

// Replay does a finished run again, with the rows that it read and the plan that it kept, and compares the outcome
// with what is stored. It changes nothing. Where rows or the engine are not what they were, it reports that and
// compares nothing.
func Replay(ctx context.Context, db *postgres.DB, runID string) (recon.Replay, error) {
	p := replay{told: recon.Replay{RunID: runID, Comparable: true, Differences: []recon.ReplayDifference{}}}
	err := db.Read(ctx, func(tx *postgres.Tx) error { return p.load(ctx, tx, runID) })
	if err != nil {
		return p.told, err
	}
	if p.told.Comparable {
		if err := p.compare(ctx, db); err != nil {
			return p.told, err
		}
	}
	p.told.Identical = p.told.Comparable && p.told.DifferencesTotal == 0
	err = db.Tx(ctx, func(tx *postgres.Tx) error {
		tx.Audit("run.replay", "run", runID, map[string]any{
			"identical": p.told.Identical, "comparable": p.told.Comparable, "reason": p.told.Reason,
			"resultHash": p.told.ResultHash, "groupsHash": p.told.GroupsHash, "differences": p.told.DifferencesTotal,
		})
		return nil
	})
	return p.told, err
}

// replay is one at work.
type replay struct {
	told       recon.Replay
	run        recon.Run
	contextNum int32
	job        *loaded
}

// incomparable returns why the stored run cannot be compared, "" when it can.
func (p *replay) incomparable(code, format string, args ...any) {
	p.told.Comparable = false
	p.told.Reason = &recon.ReplayReason{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (p *replay) load(ctx context.Context, tx *postgres.Tx, runID string) (err error) {
	if p.run, err = tx.Run(ctx, runID); err != nil {
		return err
	}
	if p.run.Status != recon.RunCompleted || p.run.Mode == recon.RunBackTest {
		return recon.Conflict(recon.CodeRunNotReplayable,
			"only a run that has completed can be replayed, and no back-test: this is a %s of mode %s", p.run.Status, p.run.Mode)
	}
	c, err := tx.Context(ctx, p.run.ContextID)
	if err != nil {
		return err
	}
	p.contextNum = c.Num
	plan, err := tx.RunPlan(ctx, p.run.Num)
	if err != nil {
		return err
	}
	rows, kept, err := tx.RunRows(ctx, p.run.Num, replayRowsMax)
	switch {
	case err != nil:
		return err
	case !kept:
		p.incomparable(recon.CodeRowsNotKept,
			"which rows the run read is not kept: it is older than the keeping of them, or a preview that has expired")
		return nil
	case plan.EngineVersion != engine.Version:
		p.incomparable(recon.CodeEngineChanged,
			"the run was computed by %s, this is %s", plan.EngineVersion, engine.Version)
		return nil
	}
	if !p.compile(&plan) {
		return nil
	}
	return p.loadRows(ctx, tx, &plan, rows)
}

func (p *replay) compile(stored *recon.RunPlan) bool {
	rules := make([]recon.Rule, len(stored.Rules))
	p.job = &loaded{options: stored.Options, given: givenRows(&stored.Options)}
	for i := range stored.Rules {
		rules[i] = stored.Rules[i].Rule
		p.job.rules = append(p.job.rules, planRule{stored.Rules[i].ID, stored.Rules[i].Version})
	}
	plan, problems := engine.Compile(rules, stored.Options)
	if len(problems) > 0 {
		p.incomparable(recon.CodePlanUnusable, "the stored plan does not compile any more: %s %s", problems[0].Pointer,
			problems[0].Message)
		return false
	}
	p.job.plan = plan
	return true
}

// loadRows reads the rows of the run, with the names that their sources had.
func (p *replay) loadRows(ctx context.Context, tx *postgres.Tx, plan *recon.RunPlan, rows []int64) error {
	for _, side := range []recon.Side{recon.Left, recon.Right} {
		r := postgres.RowReader{Fields: p.job.plan.Fields(side)}
		for _, source := range plan.Sources {
			if source.Side == side {
				r.Sources = append(r.Sources, recon.Source{Num: source.Num, Name: source.Name})
			}
		}
		table := engine.NewTable(p.job.plan, side, 0)
		r.Add = func(t *recon.Transaction, id int64, source string) error { return p.job.add(table, t, id, source) }
		if err := tx.RowsByKey(ctx, rows, r); err != nil {
			return err
		}
		if side == recon.Left {
			p.job.left = table
		} else {
			p.job.right = table
		}
	}
	if there := p.job.left.Len() + p.job.right.Len(); there != len(rows) {
		p.incomparable(recon.CodeRowsVoided,
			"%d of the %d rows that the run read are gone, their imports were voided: what is left is another input", len(rows)-there, len(rows))
	}
	return nil
}

// compare runs the engine, with no transaction open, and holds what is stored against what it gives.
func (p *replay) compare(ctx context.Context, db *postgres.DB) error {
	result, err := Compute(p.job.plan, p.job.left, p.job.right, func(engine.Progress) bool { return ctx.Err() == nil })
	if err != nil {
		return err //nolint:wrapcheck // a violated invariant is returned as it is
	}
	if result.Stopped {
		return context.Cause(ctx)
	}
	r := &p.told
	r.InputHash, r.RulesHash, r.ResultHash = result.InputHash, result.RulesHash, result.ResultHash
	r.GroupsHash = postgres.HashGroups(p.run, p.contextNum, p.job.groups(result))
	r.Differ("", "inputHash", p.run.InputHash, r.InputHash)
	r.Differ("", "rulesHash", p.run.RulesHash, r.RulesHash)
	r.Differ("", "resultHash", p.run.ResultHash, r.ResultHash)
	r.Differ("", "groupsHash", p.run.GroupsHash, r.GroupsHash)
	r.Differ("", "asOf", p.run.AsOf.String(), result.AsOf.String())
	return db.Read(ctx, func(tx *postgres.Tx) error { return p.compareGroups(ctx, tx, result) })
}

// compareGroups walks along the stored groups and the replayed ones, both in their order.
func (p *replay) compareGroups(ctx context.Context, tx *postgres.Tx, result *engine.Result) error {
	next, stop := iter.Pull(p.job.groups(result))
	defer stop()
	replayed, more := next()
	err := tx.RunGroups(ctx, p.run.Num, func(stored *postgres.GroupRow) error {
		for more && replayed.Ordinal < stored.Ordinal {
			p.gone(tx, replayed)
			replayed, more = next()
		}
		if !more || replayed.Ordinal != stored.Ordinal {
			p.told.Differ(tx.GroupPublicID(p.run.Num, stored.Ordinal), "group", "stored", "none")
			return nil
		}
		p.compareGroup(tx.GroupPublicID(p.run.Num, stored.Ordinal), stored, replayed)
		replayed, more = next()
		return nil
	})
	for ; err == nil && more; replayed, more = next() {
		p.gone(tx, replayed)
	}
	return err
}

// gone counts a group that is not stored any more. Later runs drop untouched proposals, and previews expire;
// anything else is missing.
func (p *replay) gone(tx *postgres.Tx, replayed *postgres.GroupRow) {
	p.told.Groups++
	if replayed.Status == recon.GroupProposed || p.run.Mode == recon.RunDry {
		p.told.GroupsGone++
		return
	}
	p.told.Differ(tx.GroupPublicID(p.run.Num, replayed.Ordinal), "group", "none", replayed.Status.String())
}

// compareGroup compares what a run alone writes. What people and adjustments change later is judged by the history of
// decisions: the status must be the last one in it.
func (p *replay) compareGroup(id string, stored, replayed *postgres.GroupRow) {
	r := &p.told
	r.Groups, r.GroupsCompared = r.Groups+1, r.GroupsCompared+1
	if stored.Recorded != 0 {
		r.Differ(id, "status", stored.Now.String(), stored.Recorded.String())
	}
	if replayed.DifferenceReason == 0 { // an adjustment names it
		stored.DifferenceReason = 0
	}
	for _, f := range []struct {
		name             string
		stored, replayed any
	}{
		{"status", stored.Status, replayed.Status},
		{"ruleId", stored.RuleID, replayed.RuleID},
		{"ruleVersion", stored.RuleVersion, replayed.RuleVersion},
		{"leftAmount", stored.LeftAmount, replayed.LeftAmount},
		{"rightAmount", stored.RightAmount, replayed.RightAmount},
		{"difference", stored.Difference, replayed.Difference},
		{"score", stored.Score, replayed.Score},
		{"alternatives", stored.Alternatives, replayed.Alternatives},
		{"currency", stored.Currency, replayed.Currency},
		{"differenceReason", stored.DifferenceReason, replayed.DifferenceReason},
		{"heldBy", stored.HeldBy, replayed.HeldBy},
		{"leftIds", stored.Left, replayed.Left},
		{"rightIds", stored.Right, replayed.Right},
		{"evidence", canonical(stored.Evidence), canonical(replayed.Evidence)},
	} {
		r.Differ(id, f.name, fmt.Sprint(f.stored), fmt.Sprint(f.replayed))
	}
}

// canonical is JSON in one form: the database keeps the members of an object in an order of its own.
func canonical(text []byte) string {
	if len(bytes.TrimSpace(text)) == 0 {
		return ""
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if decoder.Decode(&value) != nil {
		return string(text)
	}
	again, err := json.Marshal(value)
	if err != nil {
		panic("JSON that was read and cannot be written: " + err.Error())
	}
	return string(again)
}
