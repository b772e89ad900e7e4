package matching

import (
	"context"
	"slices"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// Explain reports why a row is where it is. Evidence is computed from the rows and the rules: of a matched row by the
// plan of the run that matched it, of an open one by the rules as they stand now.
func Explain(ctx context.Context, tx *postgres.Tx, transactionID string) (recon.Explanation, error) {
	t, err := tx.Transaction(ctx, transactionID)
	if err != nil {
		return recon.Explanation{}, err
	}
	e := recon.Explanation{TransactionID: t.ID, State: t.State}
	switch t.State {
	case recon.StateIgnored:
		return e, nil
	case recon.StateOpen:
		return e, explainOpen(ctx, tx, t, &e)
	}
	return e, explainMatched(ctx, tx, t, &e)
}

func explainOpen(ctx context.Context, tx *postgres.Tx, t recon.StoredTransaction, e *recon.Explanation) error {
	why, err := tx.WhyOpen(ctx, t)
	if err != nil {
		return err
	}
	e.Class, e.Reason = why.Class, why.Reason
	e.Difference, e.Suggestion = why.NearestDifference, why.Suggestion
	if why.NearestID == "" {
		return nil
	}
	nearest, err := tx.Transaction(ctx, why.NearestID)
	if recon.KindOf(err) == recon.KindNotFound {
		return nil // its import was voided since
	}
	if err != nil {
		return err
	}
	e.Nearest = &nearest
	input, err := tx.RunInput(ctx, recon.Run{ContextID: t.ContextID}) // of a run that started now
	if err != nil {
		return err
	}
	job := &loaded{input: input}
	if err := job.compile(); err != nil {
		return nil //nolint:nilerr // such rules are refused when they run; there is nothing to compare
	}
	if t.Side == nearest.Side {
		return nil // within one side, rules compare more than two rows
	}
	ids := map[recon.Side][]string{t.Side: {t.ID}, nearest.Side: {nearest.ID}}
	tables, err := pairTables(ctx, tx, job.plan, ids)
	if err != nil {
		return err
	}
	e.Rules = job.verdicts(tables)
	return nil
}

// verdicts compares two rows under every rule that compares rows of both sides with each other.
func (job *loaded) verdicts(tables [2]*engine.Table) (out []recon.RuleVerdict) {
	for i := range job.plan.Rules {
		rule := &job.plan.Rules[i]
		if rule.Scope == recon.ScopeLeft || rule.Scope == recon.ScopeRight {
			continue
		}
		v := recon.RuleVerdict{RuleID: job.rules[i].id, Version: job.rules[i].version, Name: rule.Name, Holds: true}
		v.Compare = engine.Compare(job.plan, tables, i, [2]uint32{})
		for _, component := range v.Compare {
			v.Holds = v.Holds && component.Held
		}
		out = append(out, v)
	}
	return out
}

// pairTables are finished tables of a few rows: the engine finishes tables by running over them.
func pairTables(
	ctx context.Context, tx *postgres.Tx, plan *engine.Plan, ids map[recon.Side][]string,
) ([2]*engine.Table, error) {
	var tables [2]*engine.Table
	for i, side := range [2]recon.Side{recon.Left, recon.Right} {
		tables[i] = engine.NewTable(plan, side, len(ids[side]))
		err := tx.RowsByID(ctx, ids[side], postgres.RowReader{Fields: plan.Fields(side), Add: tables[i].Add})
		if err != nil {
			return tables, err
		}
	}
	_, err := engine.Run(plan, tables[0], tables[1], nil)
	return tables, err
}

func explainMatched(ctx context.Context, tx *postgres.Tx, t recon.StoredTransaction, e *recon.Explanation) error {
	group, err := tx.Group(ctx, t.GroupID)
	if err != nil {
		return err
	}
	e.Group = &group
	if len(group.Evidence) > 0 || group.RunID == "" || group.LeftCount != 1 || group.RightCount != 1 {
		return nil // it is stored, or a person's word, or of more rows than two
	}
	stored, err := tx.RunPlan(ctx, tx.RunNum(group.ID))
	if err != nil {
		return err
	}
	rules := make([]recon.Rule, len(stored.Rules))
	for i := range stored.Rules {
		rules[i] = stored.Rules[i].Rule
	}
	plan, problems := engine.Compile(rules, stored.Options)
	if len(problems) > 0 {
		return nil // made by an engine that knew other rules: what is stored is all there is
	}
	at := slices.IndexFunc(plan.Rules, func(r recon.Rule) bool { return r.Name == group.RuleName })
	if at < 0 {
		return nil
	}
	ids := map[recon.Side][]string{}
	for _, item := range group.Items {
		ids[item.Side] = append(ids[item.Side], item.TransactionID)
	}
	tables, err := pairTables(ctx, tx, plan, ids)
	if err == nil {
		group.Evidence = engine.Compare(plan, tables, at, [2]uint32{})
	}
	return err
}
