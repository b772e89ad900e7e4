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

// historyRowsMax bounds the rows of both sides that a back-test takes: what a run's bars are measured on. With 400
// bytes a row at most, for the tables, the groups and the diff, that is 800 MB.
const historyRowsMax = 2_000_000

// loadHistory reads what a back-test runs over: the rows of its window in whatever state, save for ignored ones, and
// what is confirmed of them today.
func (s *Service) loadHistory(ctx context.Context, run recon.Run, beat *heart) (*loaded, error) {
	job := &loaded{sourceNum: map[string]int32{}}
	err := s.DB.Read(ctx, func(tx *postgres.Tx) (err error) {
		if job.input, err = tx.BackTestInput(ctx, run); err != nil {
			return err
		}
		// A month's limit on what runs may write off does not apply to the many runs that a history took.
		job.input.Options.MaxWriteOff = recon.Limits{}
		if err := job.compile(); err != nil {
			return err
		}
		window := postgres.Window{From: run.From, To: run.To}
		if job.confirmed, err = tx.ConfirmedGroups(ctx, job.input.Context.Num, window); err != nil {
			return err
		}
		held := []int64{}
		if !window.All() {
			for i := range job.confirmed {
				held = append(append(held, job.confirmed[i].Left...), job.confirmed[i].Right...)
			}
		}
		h := history{job: job, window: window, held: held, most: cmp.Or(s.HistoryRows, historyRowsMax), beat: beat}
		if job.left, err = h.side(ctx, tx, recon.Left); err != nil {
			return err
		}
		job.right, err = h.side(ctx, tx, recon.Right)
		return err
	})
	return job, err
}

// history reads the rows that take part.
type history struct {
	job        *loaded
	window     postgres.Window
	held       []int64 // rows of confirmed groups that reach into the window
	read, most int     // of both sides
	beat       *heart
}

func (h *history) side(ctx context.Context, tx *postgres.Tx, side recon.Side) (*engine.Table, error) {
	plan, sources := h.job.plan, h.job.sources(side)
	table := engine.NewTable(plan, side, 0)
	if len(sources) == 0 {
		return table, nil
	}
	err := tx.HistoryRows(ctx, postgres.History{Window: h.window, Lag: plan.WidestLag(), Held: h.held},
		postgres.RowReader{
			Sources: sources, Fields: plan.Fields(side),
			Add: func(t *recon.Transaction, id int64, source string) error {
				if h.read++; h.read > h.most {
					return recon.Unprocessable(recon.CodeTooManyRows, fmt.Sprintf(
						"a back-test takes at most %d rows of both sides: narrow it by from and to", h.most))
				}
				if h.read%loadStep == 0 {
					h.beat.set(recon.Progress{Phase: "LOAD", Done: int64(h.read)})
				}
				return table.Add(t, id, source)
			},
		})
	return table, err
}

// saveBackTest compares what the rules confirm with what is confirmed, and stores the difference in one commit.
func (s *Service) saveBackTest(ctx context.Context, run recon.Run, job *loaded, result *engine.Result) error {
	before, after := job.before(), job.after(run, result)
	rows, err := newRowFinder(job)
	if err != nil {
		return err
	}
	diff, err := diffGroups(before, after, rows.money)
	if err != nil {
		return err
	}
	text, err := json.Marshal(Summary{report.Summary(result), job.took})
	if err != nil {
		return fmt.Errorf("encoding the summary: %w", err)
	}
	run.Summary, run.AsOf = text, result.AsOf
	run.InputHash, run.RulesHash, run.ResultHash = result.InputHash, result.RulesHash, result.ResultHash
	totals := recon.BackTestTotals{
		Rows:   recon.SideRows{Left: int64(job.left.Len()), Right: int64(job.right.Len())},
		Groups: diff.Groups, Entries: diff.Entries, Money: append([]recon.MoneyChange{}, diff.Money...),
		Left: diff.Rows[engine.LeftIndex], Right: diff.Rows[engine.RightIndex],
	}
	return s.DB.Tx(ctx, func(tx *postgres.Tx) error {
		err := tx.SaveBackTest(ctx, postgres.BackTestSave{
			Run: run, Context: job.input.Context, RuleChanges: job.input.RuleChanges,
			Plan:   job.storedPlan(result.Covered),
			Totals: totals, Entries: job.entries(&diff, before, after),
		})
		if err != nil {
			return err
		}
		tx.Audit("back_test.complete", "back_test", run.ID, map[string]any{
			"contextId": run.ContextID, "rulesHash": run.RulesHash, "inputHash": run.InputHash, "totals": totals,
		})
		return nil
	})
}

func (job *loaded) before() []matched {
	groups := make([]matched, len(job.confirmed))
	for i := range job.confirmed {
		g := &job.confirmed[i]
		groups[i] = matched{RowSet: g.RowSet, Rule: g.Rule}
	}
	return groups
}

// after is what would be confirmed: what the rules confirm, and what people confirmed that the rules leave to people
// still. Groups that lie wholly outside the window are no matter of the back-test.
func (job *loaded) after(run recon.Run, result *engine.Result) []matched {
	window := postgres.Window{From: run.From, To: run.To}
	var groups []matched
	taken := map[int64]bool{}       // rows of those groups
	proposed := map[int64]matched{} // by their first row
	for i := range result.Groups {
		g := &result.Groups[i]
		left, right := result.LeftRows(g), result.RightRows(g)
		if !holdsAny(window, job.left, left) && !holdsAny(window, job.right, right) {
			continue
		}
		m := matched{
			RowSet: recon.RowSet{Left: ids(nil, job.left, left), Right: ids(nil, job.right, right)},
			Rule:   result.RuleName(job.plan, i),
		}
		if g.Status() != recon.GroupConfirmed {
			proposed[leastRow(m.RowSet)] = m
			continue
		}
		groups = append(groups, m)
		for _, id := range slices.Concat(m.Left, m.Right) {
			taken[id] = true
		}
	}
	for i := range job.confirmed {
		g := &job.confirmed[i]
		set := g.RowSet
		switch offered, known := proposed[leastRow(set)]; {
		case !g.ByPerson || slices.ContainsFunc(slices.Concat(g.Left, g.Right),
			func(id int64) bool { return taken[id] }):
		case known && sameRows(set, offered.RowSet):
			groups = append(groups, offered)
		case g.Manual: // no rule made it, so no rule takes it away
			groups = append(groups, matched{RowSet: set, Rule: g.Rule})
		}
	}
	return groups
}

func holdsAny(window postgres.Window, table *engine.Table, rows []uint32) bool {
	return slices.ContainsFunc(rows, func(row uint32) bool { return window.Holds(table.Date(row)) })
}

func leastRow(set recon.RowSet) int64 {
	if len(set.Left) > 0 {
		return slices.Min(set.Left)
	}
	return slices.Min(set.Right)
}

func sameRows(a, b recon.RowSet) bool {
	same := func(x, y []int64) bool {
		return len(x) == len(y) && slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y)))
	}
	return same(a.Left, b.Left) && same(a.Right, b.Right)
}

// rowFinder finds rows of the tables by their ids.
type rowFinder struct {
	tables [2]*engine.Table
	rows   [2][]foundRow // by id
}

type foundRow struct {
	id  int64
	row uint32
}

// newRowFinder fails where a confirmed group holds a row that is not there: such a history could not be compared.
func newRowFinder(job *loaded) (*rowFinder, error) {
	f := &rowFinder{tables: [2]*engine.Table{job.left, job.right}}
	for side, table := range f.tables {
		f.rows[side] = make([]foundRow, table.Len())
		for row := range f.rows[side] {
			f.rows[side][row] = foundRow{table.ID(uint32(row)), uint32(row)}
		}
		slices.SortFunc(f.rows[side], func(a, b foundRow) int { return cmp.Compare(a.id, b.id) })
	}
	for i := range job.confirmed {
		g := &job.confirmed[i]
		for side, list := range [2][]int64{g.Left, g.Right} {
			for _, id := range list {
				if _, there := f.find(side, id); !there {
					return nil, fmt.Errorf("the confirmed group %d holds the row %d, which is not there", g.ID, id)
				}
			}
		}
	}
	return f, nil
}

func (f *rowFinder) find(side int, id int64) (uint32, bool) {
	at, there := slices.BinarySearchFunc(f.rows[side], id,
		func(r foundRow, id int64) int { return cmp.Compare(r.id, id) })
	if !there {
		return 0, false
	}
	return f.rows[side][at].row, true
}

func (f *rowFinder) money(side recon.Side, id int64) recon.Money {
	at := engine.LeftIndex
	if side == recon.Right {
		at = engine.RightIndex
	}
	row, _ := f.find(at, id)
	return recon.Money{Amount: f.tables[at].Amount(row), Currency: f.tables[at].Currency(row)}
}

// entries gives the groups of the changes one by one; the row is reused.
func (job *loaded) entries(diff *groupDiff, before, after []matched) iter.Seq[*postgres.BackTestEntryRow] {
	return func(yield func(*postgres.BackTestEntryRow) bool) {
		for entry := range diff.Changes {
			c := &diff.Changes[entry]
			row := postgres.BackTestEntryRow{
				Entry: int32(entry + 1), Kind: c.Kind, Before: int32(len(c.Before)), After: int32(len(c.After)),
			}
			next := func(g matched, id int64) bool {
				row.Ordinal++
				row.GroupID, row.Rule, row.Left, row.Right = id, g.Rule, g.Left, g.Right
				return yield(&row)
			}
			for _, at := range c.Before {
				if !next(before[at], job.confirmed[at].ID) {
					return
				}
			}
			for _, at := range c.After {
				if !next(after[at], 0) {
					return
				}
			}
		}
	}
}
