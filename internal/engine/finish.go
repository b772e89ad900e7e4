package engine

import (
	"cmp"
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// finish classifies what is left, counts, sums, checks every invariant and hashes.
func (r *runner) finish() (*Result, error) {
	r.keepPartials()
	res := &Result{Groups: r.groups, ByRule: r.byRule, AsOf: r.asOf, leftRows: r.rows[0], rightRows: r.rows[1], state: r.state, replaces: r.replaces}
	finder := r.missFinder()
	for side := range r.tables {
		res.Open[side] = r.classify(finder, side)
		res.Counts[side] = r.count(side, res.Open[side])
	}
	res.Reasons = countReasons(res)
	ledger := r.ledger(res)
	if err := r.check(res, ledger); err != nil {
		return nil, err
	}
	if err := ledger.publish(res); err != nil {
		return nil, err
	}
	res.ResultHash, res.InputHash, res.RulesHash = r.resultHash(res), r.inputHash(), r.plan.Hash()
	return res, nil
}

// classify gives each open row of a side its class, its reason and its nearest miss. Rows are explained by amount, so that
// one row and the next are held against the same few rows of the other side while those are in the cache.
func (r *runner) classify(f *missFinder, side int) []Open {
	t := r.tables[side]
	rows := r.openAnchors(side)
	order := make([]uint32, len(rows))
	for i := range order {
		order[i] = uint32(i)
	}
	solver.Sort(order, func(i uint32) uint64 { return uint64(t.amounts[0][rows[i]]) ^ 1<<63 })
	solver.Sort(order, func(i uint32) uint64 { return uint64(t.currency[rows[i]]) })
	found, parts := make([]Open, len(rows)), solver.Ranges(len(rows), 1<<12)
	solver.InParallel(len(parts), func(p int) {
		for _, i := range order[parts[p][0]:parts[p][1]] {
			found[i] = r.explainOpen(f, side, rows[i])
		}
	})
	return found
}

// openAnchors lists the open rows of a side that are not outside the period.
func (r *runner) openAnchors(side int) []uint32 {
	var rows []uint32
	for row, state := range r.state[side] {
		if state == stateOpen && (r.outside[side] == nil || !r.outside[side][row]) {
			rows = append(rows, uint32(row))
		}
	}
	return rows
}

func (r *runner) explainOpen(f *missFinder, side int, row uint32) Open {
	best := f.find(side, row)
	o := Open{Row: row, Miss: f.advised(f.inside(&best, side, row), side, row)}
	flags := r.flags[side][row]
	switch {
	case r.tables[side].pending[row] && !f.carried(side, row):
		o.class, o.reason = recon.ClassTiming, recon.ReasonPending
	case flags&flagAmbiguous != 0:
		o.class, o.reason = recon.ClassAmbiguous, recon.ReasonAmbiguous
	case flags&flagSurplus != 0, r.isSuspect(side, row):
		o.class, o.reason = recon.ClassData, recon.ReasonDuplicate
	case flags&flagCapped != 0:
		o.class, o.reason = recon.ClassAmbiguous, recon.ReasonSearchBudget
	case best.miss.failed == recon.ReasonSplitIncomplete, best.keyed && best.miss.failed == recon.ReasonRejected:
		o.class, o.reason = recon.ClassBreak, best.miss.failed
	case best.keyed && best.fails > 0, best.keyed && best.miss.failed == recon.ReasonScoreBelow, best.onlyText(), !best.keyed && best.miss.Change == ChangeKey && best.amount == 0:
		o.class, o.reason = recon.ClassBreak, best.miss.failed
	case f.unrated(side, row):
		o.class, o.reason = recon.ClassData, recon.ReasonFXRateMissing
	case r.inTransit(side, row):
		o.class, o.reason = recon.ClassTiming, recon.ReasonInTransit
	case flags&flagBeaten != 0:
		o.class, o.reason = recon.ClassMissing, recon.ReasonTaken
	case !f.carried(side, row):
		o.class, o.reason = recon.ClassData, recon.ReasonFieldMissing
	default:
		o.class, o.reason = recon.ClassMissing, recon.ReasonNoCandidate
	}
	return o
}

// inTransit says whether a row is younger than the widest lag: its partner may still be on the way.
func (r *runner) inTransit(side int, row uint32) bool {
	return int(r.asOf)-int(r.tables[side].date[row]) < r.plan.widest
}

// onlyText says whether a near row agrees in amount and date, and no key of the rule speaks against it.
func (n *near) onlyText() bool { return n.miss.Change == ChangeText && n.amount == 0 }

// unrated says whether some rule would have compared the row, had there been a rate for its day.
func (f *missFinder) unrated(side int, row uint32) bool {
	return slices.ContainsFunc(f.all, func(x *ruleRun) bool {
		return x.side[0] == side && x.unrated(0, row) || x.side[1] == side && x.unrated(1, row)
	})
}

// carried says whether some rule could compare the row at all, or none looks at such rows.
func (f *missFinder) carried(side int, row uint32) bool {
	inScope := false
	for _, x := range f.all {
		for half, s := range x.side {
			if s != side {
				continue
			}
			if x.takes(half, row) {
				return true
			}
			inScope = inScope || x.selects(half, row)
		}
	}
	return !inScope
}

func (r *runner) count(side int, open []Open) Counts {
	t := r.tables[side]
	c := Counts{Rows: int64(t.Len()) + t.Rejected + t.Duplicates, Rejected: t.Rejected, Duplicates: t.Duplicates}
	for row, state := range r.state[side] {
		switch state {
		case stateConfirmed:
			c.Matched++
		case stateProposed:
			c.Proposed++
		case statePartial:
			c.Partial++
		default:
			if r.outside[side] != nil && r.outside[side][row] {
				c.Outside++
			} else {
				c.Unmatched++
			}
		}
	}
	for _, carried := range t.carried {
		if carried {
			c.Carried++
		}
	}
	for i := range open {
		if open[i].class == recon.ClassTiming {
			c.InTransit++
		}
	}
	return c
}

func countReasons(res *Result) []ReasonCount {
	var counts [2][classes][reasons]int64
	for side := range res.Open {
		for i := range res.Open[side] {
			counts[side][res.Open[side][i].class][res.Open[side][i].reason]++
		}
	}
	var list []ReasonCount
	for side := range counts {
		for class := range counts[side] {
			for reason, rows := range counts[side][class] {
				if rows > 0 {
					list = append(list, ReasonCount{sideOf(side), recon.Class(class), recon.Reason(reason), rows})
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b ReasonCount) int {
		return cmp.Or(
			cmp.Compare(a.Side, b.Side), cmp.Compare(a.Class.String(), b.Class.String()),
			cmp.Compare(a.Reason.String(), b.Reason.String()),
		)
	})
	return list
}

// State of a row after the run.
func (r *Result) State(side recon.Side, row uint32) recon.State {
	return [...]recon.State{recon.StateOpen, recon.StateProposed, recon.StatePartial, recon.StateConfirmed}[r.state[indexOf(side)][row]]
}
