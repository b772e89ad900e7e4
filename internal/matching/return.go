package matching

import (
	"context"
	"fmt"

	"matcher/internal/engine"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

// A row may take back what an earlier run confirmed: a debit that comes back, a refund. A run looks only for groups of
// which a row has the opposite money of a row that its rules leave open, so it costs open rows and not history. Which
// of them is taken back the engine decides, as on the command line. A group that a run confirmed is taken apart then,
// since what it rests on is gone. One that a person confirmed, or whose difference is in the books, is named and left
// to a person.

// returnRounds bounds how often a run looks again. What it has not seen by then is open, and the next run sees it.
const returnRounds = 8

// givenRow is what a row of a confirmed group is in a run.
type givenRow uint8

const (
	givenSettled givenRow = iota + 1 // there to be taken back
	givenOpen                        // its group is taken apart
)

func givenRows(options *recon.RunOptions) map[int64]givenRow {
	rows := map[int64]givenRow{}
	for given, sets := range map[givenRow][]recon.RowSet{givenSettled: options.Settled, givenOpen: options.Reopened} {
		for i := range sets {
			for _, ids := range [][]int64{sets[i].Left, sets[i].Right} {
				for _, id := range ids {
					rows[id] = given
				}
			}
		}
	}
	return rows
}

// returns are the confirmed groups of which a row is taken back.
type returns struct {
	groups    []postgres.SettledGroup
	of        map[int64]int // by row: index into groups
	apart     []postgres.ApartGroup
	taken     map[int64]bool // groups that are taken apart, by id
	decisions int64          // of the context, when the first of them was read
}

func (r *returns) apartIDs() []int64 {
	ids := make([]int64, len(r.apart))
	for i := range r.apart {
		ids[i] = r.apart[i].ID
	}
	return ids
}

// fill adds the groups to what a run knows. A decision since they were read may have changed one of them.
func (r *returns) fill(in *postgres.RunInput) error {
	if len(r.groups) == 0 {
		r.decisions = in.Context.Decisions
		return nil
	}
	if r.decisions != in.Context.Decisions {
		return postgres.ErrRowsMoved
	}
	for i := range r.groups {
		set := r.groups[i].RowSet
		if r.taken[r.groups[i].ID] {
			in.Options.Reopened = append(in.Options.Reopened, set)
			in.Options.Rejected = append(in.Options.Rejected, set)
		} else {
			in.Options.Settled = append(in.Options.Settled, set)
		}
	}
	return nil
}

func (r *returns) knows(g *postgres.SettledGroup) bool {
	_, known := r.of[g.Left[0]]
	return known
}

func (r *returns) add(g *postgres.SettledGroup) {
	if r.of == nil {
		r.of, r.taken = map[int64]int{}, map[int64]bool{}
	}
	for _, ids := range [][]int64{g.Left, g.Right} {
		for _, id := range ids {
			r.of[id] = len(r.groups)
		}
	}
	r.groups = append(r.groups, *g)
}

// comesBack reports whether the run must look again: a row takes back one of the groups, or of others.
func (s *Service) comesBack(
	ctx context.Context, job *loaded, result *engine.Result, back *returns,
) (again bool, err error) {
	tables := [2]*engine.Table{job.left, job.right}
	for i := range result.Reversals {
		v := &result.Reversals[i]
		if !v.Settled || v.Moved {
			continue
		}
		table := tableOf(tables, v.Side)
		g := &back.groups[back.of[table.ID(v.Row)]]
		if g.Firm || back.taken[g.ID] {
			continue
		}
		back.taken[g.ID], again = true, true
		back.apart = append(back.apart, postgres.ApartGroup{
			ID: g.ID, Note: fmt.Sprintf("%s takes back %s", called(table, v.Counter), called(table, v.Row)),
		})
	}
	found, err := s.findReturns(ctx, job, result, back)
	return again || found, err
}

// called is what people call a row.
func called(table *engine.Table, row uint32) string {
	if id := table.ExternalID(row); id != "" {
		return id
	}
	return "a row of " + table.Date(row).String()
}

// findReturns looks for further groups that rows of this result take back.
func (s *Service) findReturns(
	ctx context.Context, job *loaded, result *engine.Result, back *returns,
) (found bool, err error) {
	days := job.input.Context.Settings.ReturnsFor()
	if days == 0 {
		return false, nil
	}
	open := map[recon.Side][]int64{}
	for side, table := range []*engine.Table{job.left, job.right} {
		name := [2]recon.Side{recon.Left, recon.Right}[side]
		for i := range result.Open[side] {
			open[name] = append(open[name], table.ID(result.Open[side][i].Row))
		}
	}
	since := result.AsOf - recon.Day(days)
	err = s.DB.Read(ctx, func(tx *postgres.Tx) error {
		groups, err := tx.SettledGroups(ctx, postgres.Returns{
			ContextNum: job.input.Context.Num, Open: open, Since: since,
		})
		if err != nil {
			return err
		}
		further := returns{}
		for i := range groups {
			if !back.knows(&groups[i]) {
				further.add(&groups[i])
			}
		}
		if len(further.groups) == 0 {
			return nil
		}
		rows, err := job.takenBack(ctx, tx, open, &further)
		for _, row := range rows {
			if g := &further.groups[further.of[row]]; !back.knows(g) {
				back.add(g)
				found = true
			}
		}
		return err
	})
	return found, err
}

// takenBack returns the rows of settled groups that open rows take back.
func (job *loaded) takenBack(
	ctx context.Context, tx *postgres.Tx, open map[recon.Side][]int64, settled *returns,
) (rows []int64, err error) {
	plan, tables := *job.plan, [2]*engine.Table{}
	for side, name := range [2]recon.Side{recon.Left, recon.Right} {
		ids := append([]int64{}, open[name]...)
		for i := range settled.groups {
			ids = append(ids, [2][]int64{settled.groups[i].Left, settled.groups[i].Right}[side]...)
		}
		table := engine.NewTable(&plan, name, len(ids))
		err = tx.RowsByKey(ctx, ids, postgres.RowReader{
			Sources: job.sources(name), Fields: plan.Fields(name),
			Add: func(t *recon.Transaction, id int64, source string) error {
				if _, is := settled.of[id]; is {
					return table.Settle(t, id, source)
				}
				return table.Carry(t, id, source)
			},
		})
		if err != nil {
			return nil, err
		}
		tables[side] = table
	}
	for _, v := range engine.TakenBack(&plan, tables[engine.LeftIndex], tables[engine.RightIndex]) {
		if v.Settled {
			rows = append(rows, tableOf(tables, v.Side).ID(v.Row))
		}
	}
	return rows, nil
}

func tableOf(tables [2]*engine.Table, side recon.Side) *engine.Table {
	if side == recon.Left {
		return tables[engine.LeftIndex]
	}
	return tables[engine.RightIndex]
}
