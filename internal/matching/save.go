package matching

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// seconds is how long the stages before the save took.
type seconds struct {
	Read  float64 `json:"read"`
	Match float64 `json:"match"`
}

// Summary is what a run stores: the engine's, as the command line prints it, and the times.
type Summary struct {
	recon.Summary
	Seconds seconds `json:"seconds"`
}

// save stores a result in one commit.
func (s *Service) save(ctx context.Context, run recon.Run, job *loaded, result *engine.Result) error {
	said := Summary{report.Summary(result), job.took}
	text, err := json.Marshal(said)
	if err != nil {
		return fmt.Errorf("encoding the summary: %w", err)
	}
	run.Summary, run.AsOf = text, result.AsOf
	run.InputHash, run.RulesHash, run.ResultHash = result.InputHash, result.RulesHash, result.ResultHash
	return s.DB.Tx(ctx, func(tx *postgres.Tx) error {
		found := postgres.RunSave{
			Run: run, Context: job.input.Context, Plan: job.storedPlan(result.Covered),
			Voided: job.input.Voided, Rows: job.rows(),
			Groups: job.groups(result), Items: job.items(result), Exceptions: job.exceptions(result),
			Superseded: job.superseded(result), Adjustments: job.adjustments(result),
		}
		found.Bookings, found.Firm = job.bookings(result)
		found.Apart = job.apart
		if run.Mode == recon.RunCommit {
			found.Unlisted, found.Open = job.input.Unlisted, job.open(result)
		}
		if err := tx.SaveRun(ctx, found); err != nil {
			return err
		}
		tx.Audit("run.complete", "run", run.ID, map[string]any{
			"contextId": run.ContextID, "mode": run.Mode, "resultHash": run.ResultHash, "inputHash": run.InputHash,
			"rulesHash": run.RulesHash, "groups": said.Groups, "left": said.Left.Counts, "right": said.Right.Counts,
		})
		if run.Mode == recon.RunCommit {
			tx.Emit(recon.EventRunCompleted, completedEvent{
				run.ID, run.ContextID, said.AsOf, said.Groups, said.Left, said.Right, said.Difference, run.ResultHash,
			})
		}
		return nil
	})
}

// completedEvent announces that a context has a new state. It carries counts; the groups are read by pages.
type completedEvent struct {
	RunID      string                    `json:"runId"`
	ContextID  string                    `json:"contextId"`
	AsOf       recon.Day                 `json:"asOf"`
	Groups     recon.GroupSummary        `json:"groups"`
	Left       recon.SideSummary         `json:"left"`
	Right      recon.SideSummary         `json:"right"`
	Difference []recon.DifferenceSummary `json:"difference"`
	ResultHash string                    `json:"resultHash"`
}

// storedPlan is the run's plan, with the coverage that it found: a later run reads open rows only, and begins there.
func (job *loaded) storedPlan(covered recon.Covered) recon.RunPlan {
	plan := recon.RunPlan{EngineVersion: engine.Version, Options: job.options}
	plan.Options.Covered, plan.Reached = covered, job.input.Reached
	for table, to := range map[*engine.Table]*recon.Day{job.left: &plan.Reached.Left, job.right: &plan.Reached.Right} {
		if n := table.Len(); n > 0 { // rows are in the order of their days
			*to = max(*to, table.Date(uint32(n-1)))
		}
	}
	for _, source := range job.input.Sources {
		plan.Sources = append(plan.Sources, recon.PlanSource{Num: source.Num, Name: source.Name, Side: source.Side})
	}
	for i := range job.plan.Rules {
		plan.Rules = append(plan.Rules, recon.PlanRule{
			ID: job.rules[i].id, Version: job.rules[i].version, Name: job.plan.Rules[i].Name, Rule: job.plan.Rules[i],
		})
	}
	return plan
}

// rows are the ids of all rows that the run read, in order.
func (job *loaded) rows() []int64 {
	all := make([]int64, 0, job.left.Len()+job.right.Len())
	for _, table := range []*engine.Table{job.left, job.right} {
		for row := range table.Len() {
			all = append(all, table.ID(uint32(row)))
		}
	}
	slices.Sort(all)
	return all
}

// groups gives the result's groups one by one, in its order; the row is reused.
func (job *loaded) groups(result *engine.Result) iter.Seq[*postgres.GroupRow] {
	return func(yield func(*postgres.GroupRow) bool) {
		var row postgres.GroupRow
		for i := range result.Groups {
			g := &result.Groups[i]
			if g.Kept() { // it is stored as it is
				continue
			}
			job.group(&row, result, g)
			row.Ordinal = int64(i) + 1
			if !yield(&row) {
				return
			}
		}
	}
}

// group fills row in, but for its ordinal.
func (job *loaded) group(row *postgres.GroupRow, result *engine.Result, g *engine.Group) {
	left, right := result.LeftRows(g), result.RightRows(g)
	rule := job.rules[g.Rule]
	*row = postgres.GroupRow{
		RuleID: rule.id, RuleVersion: int32(rule.version),
		Difference: int64(g.Difference), Score: int32(g.Score), Alternatives: g.Alternatives, Status: g.Status(),
		DifferenceReason: g.Adjustment(), HeldBy: g.HeldBy(),
		Left: ids(row.Left[:0], job.left, left), Right: ids(row.Right[:0], job.right, right),
		LeftAmount: total(job.left, left), RightAmount: total(job.right, right),
	}
	if g.Status() == recon.GroupPartial {
		row.Residual = int64(g.Difference)
	}
	if rule.id == "" {
		row.RuleVersion = int32(g.Rule) + 1
	}
	if len(left) > 0 {
		row.Currency = job.left.Currency(left[0])
	} else {
		row.Currency = job.right.Currency(right[0])
	}
	if g.Mixed() { // sums as its rule compared them; bare numbers stand in the first row's currency
		if currency := g.Currency(); currency != "" {
			row.Currency, row.LeftAmount = currency, int64(result.ComparedLeft(job.plan, job.left, g))
		}
		row.RightAmount = row.LeftAmount - row.Difference
	}
	if g.Score < scoreFull || g.Difference != 0 || g.Mixed() ||
		job.plan.Rules[g.Rule].Currency.Mode == recon.CurrencyConvert {
		row.Evidence = evidence(result.Evidence(job.plan, job.left, job.right, g))
	}
}

// scoreFull is the score of a group whose rows agree in everything that its rule compares.
const scoreFull = 100

// evidence is kept only where something is not wholly equal, or a rate was used: what agrees can be read off the rows.
func evidence(components []recon.Evidence) []byte {
	for i := range components {
		if components[i].Closeness < recon.ClosenessFull || len(components[i].Rates) > 0 {
			text, err := json.Marshal(components)
			if err != nil {
				panic("evidence that is no JSON: " + err.Error())
			}
			return text
		}
	}
	return nil
}

func ids(to []int64, table *engine.Table, rows []uint32) []int64 {
	for _, row := range rows {
		to = append(to, table.ID(row))
	}
	return to
}

func total(table *engine.Table, rows []uint32) int64 {
	sum := int64(0)
	for _, row := range rows {
		sum += int64(table.Amount(row))
	}
	return sum
}

// items lists every row that a group holds, by row id.
func (job *loaded) items(result *engine.Result) []postgres.ActiveItem {
	items := make([]postgres.ActiveItem, 0, 2*len(result.Groups))
	for i := range result.Groups {
		g := &result.Groups[i]
		if g.Kept() {
			continue
		}
		for _, row := range result.LeftRows(g) {
			items = append(items, activeItem(job.left, row, i))
		}
		for _, row := range result.RightRows(g) {
			items = append(items, activeItem(job.right, row, i))
		}
	}
	for _, b := range result.Bookings {
		if b.Group != engine.NoGroup {
			items = append(items, activeItem(job.left, b.Row, int(b.Group)))
		}
	}
	slices.SortFunc(items, func(a, b postgres.ActiveItem) int {
		switch {
		case a.TransactionID < b.TransactionID:
			return -1
		case a.TransactionID > b.TransactionID:
			return 1
		}
		return 0
	})
	return items
}

func activeItem(table *engine.Table, row uint32, group int) postgres.ActiveItem {
	return postgres.ActiveItem{
		TransactionID: table.ID(row), Ordinal: int64(group) + 1, Amount: int64(table.Amount(row)),
	}
}

// open lists the rows of files that this run is the first to list which it leaves in no confirmed group.
func (job *loaded) open(result *engine.Result) []postgres.OpenItem {
	unlisted := make(map[int64]bool, len(job.input.Unlisted))
	for _, num := range job.input.Unlisted {
		unlisted[num] = true
	}
	var items []postgres.OpenItem
	for side, table := range []*engine.Table{job.left, job.right} {
		confirmed := confirmedRows(result, side, table.Len())
		for row := range uint32(table.Len()) {
			if !confirmed[row] && unlisted[postgres.ImportNum(table.ID(row))] {
				items = append(items,
					postgres.OpenItem{SourceNum: job.sourceNum[table.Source(row)], TransactionID: table.ID(row)})
			}
		}
	}
	slices.SortFunc(items, func(a, b postgres.OpenItem) int {
		return cmp.Or(cmp.Compare(a.SourceNum, b.SourceNum), cmp.Compare(a.TransactionID, b.TransactionID))
	})
	return items
}

func confirmedRows(result *engine.Result, side, n int) []bool {
	confirmed := make([]bool, n)
	for row := range confirmed {
		confirmed[row] = result.State([2]recon.Side{recon.Left, recon.Right}[side], uint32(row)) == recon.StateConfirmed
	}
	return confirmed
}

// exceptions gives the open rows that need a person; a row that may still arrive needs none.
func (job *loaded) exceptions(result *engine.Result) iter.Seq[*postgres.ExceptionRow] {
	return func(yield func(*postgres.ExceptionRow) bool) {
		var row postgres.ExceptionRow
		for side := range result.Open {
			for at := range result.Open[side] {
				open := &result.Open[side][at]
				if open.Class() == recon.ClassTiming {
					continue
				}
				if row = job.exception(result, side, open); !yield(&row) {
					return
				}
			}
		}
	}
}

func (job *loaded) exception(result *engine.Result, side int, open *engine.Open) postgres.ExceptionRow {
	own, other, name := job.left, job.right, recon.Left
	if side == engine.RightIndex {
		own, other, name = job.right, job.left, recon.Right
	}
	e := postgres.ExceptionRow{
		TransactionID: own.ID(open.Row), SourceNum: job.sourceNum[own.Source(open.Row)],
		Amount: int64(own.Amount(open.Row)),
		Date:   own.Date(open.Row), Currency: own.Currency(open.Row), Side: name, Class: open.Class(),
		Reason: open.Reason(),
	}
	e.Suggestion = result.Describe(job.plan, [2]*engine.Table{job.left, job.right}, name, open).Suggestion
	if open.Miss.Row == engine.NoRow {
		return e
	}
	if job.plan.MissSide(name, &open.Miss) == name { // a rule within one side
		other = own
	}
	e.Nearest = other.ID(open.Miss.Row)
	if own.Currency(open.Row) == other.Currency(open.Miss.Row) && open.Miss.Change != engine.ChangeTakesBack {
		e.Difference = recon.NullMinor{Amount: own.Amount(open.Row) - other.Amount(open.Miss.Row), Set: true}
	}
	return e
}

// adjustments are what the confirmed groups leave to be booked, with the rows that have booked it.
func (job *loaded) adjustments(result *engine.Result) (rows []postgres.AdjustmentRow) {
	booked := result.BookedBy()
	for i := range result.Groups {
		g := &result.Groups[i]
		if g.Status() != recon.GroupConfirmed || g.Difference == 0 || g.Currency() == "" {
			continue
		}
		owed := result.Owed(job.plan, [2]*engine.Table{job.left, job.right}, g)
		row := postgres.AdjustmentRow{Ordinal: int64(i) + 1, Number: owed.Number, Account: owed.Account}
		if b := booked[int32(i)]; b != nil {
			row.BookedBy, row.Loose = job.left.ID(b.Row), b.Loose
		}
		rows = append(rows, row)
	}
	return rows
}

// bookings are the rows that book adjustments of earlier runs, and the adjustments whose numbers they carry.
func (job *loaded) bookings(result *engine.Result) (rows []postgres.BookingRow, firm []int64) {
	carried := map[string]bool{}
	for _, b := range result.Bookings {
		carried[b.Number] = carried[b.Number] || !b.Loose
		if b.Group == engine.NoGroup {
			rows = append(rows, postgres.BookingRow{
				Adjustment: job.options.Owed[b.Owed].ID, TransactionID: job.left.ID(b.Row), Loose: b.Loose,
			})
		}
	}
	for i := range job.options.Owed {
		if o := &job.options.Owed[i]; o.Booked != "" && o.Loose && carried[o.Number] {
			firm = append(firm, o.ID)
		}
	}
	return rows, firm
}

// superseded are the stored partial groups whose rows went into groups of this result.
func (job *loaded) superseded(result *engine.Result) []int64 {
	var ids []int64
	for i := range result.Groups {
		if result.Groups[i].Kept() {
			continue
		}
		for _, n := range result.Replaces(i) {
			ids = append(ids, job.options.Partials[n].ID)
		}
	}
	return ids
}
