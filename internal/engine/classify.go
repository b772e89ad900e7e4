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
	res := &Result{
		Groups: r.groups, ByRule: r.byRule, AsOf: r.asOf,
		Covered: recon.Covered{Left: r.covered[LeftIndex], Right: r.covered[RightIndex]},
		state:   [2][]rowState{r.sides[0].state, r.sides[1].state}, replaces: r.replaces, Reversals: r.reversals,
		notes: r.notes, rivals: r.rivals, Bookings: r.bookings, books: r.books,
		leftRows: r.rows[0], rightRows: r.rows[1],
	}
	c := newClassifier(r)
	for side := range r.tables {
		res.Open[side] = c.classify(side)
	}
	res.Reasons = countReasons(res)
	ledger := r.ledger(res)
	for side := range r.tables {
		for row, state := range r.sides[side].state {
			if state == stateElsewhere || state == stateEarlier {
				r.sides[side].state[row] = stateOpen
			}
		}
		res.Counts[side] = r.count(side, res.Open[side])
	}
	if err := r.check(res, ledger); err != nil {
		return nil, err
	}
	if err := ledger.publish(res); err != nil {
		return nil, err
	}
	if err := r.publishPostings(res); err != nil {
		return nil, err
	}
	res.ResultHash, res.InputHash, res.RulesHash = r.resultHash(res), r.inputHash(), r.plan.Hash()
	return res, nil
}

// classifier gives open rows their class, their reason and their nearest miss, after the run: nothing of it flows back.
type classifier struct {
	*missFinder
	all   []*mender // every rule
	sides *[2]sideState
	asOf  recon.Day

	covered   [2]recon.Day
	reversals []Reversal
	books     map[uint32]bookNote
	returned  [2]map[uint32]uint32 // rows that are open again, by the counter-row that takes them back
}

func newClassifier(r *runner) *classifier {
	c := &classifier{sides: &r.sides, asOf: r.asOf, covered: r.covered, reversals: r.reversals, books: r.books}
	c.returned = [2]map[uint32]uint32{{}, {}}
	for _, v := range r.reversals {
		if v.Again {
			c.returned[indexOf(v.Side)][v.Row] = v.Counter
		}
	}
	var pairwise []*mender
	for i := range r.plan.rules {
		x := &mender{r.evaluator(&r.plan.rules[i])}
		x.rememberTexts()
		if x.posts == nil {
			c.all = append(c.all, x)
		}
		if !x.pairwise() && (x.subset == nil || x.within()) {
			x = nil
		}
		pairwise = append(pairwise, x)
	}
	c.missFinder = newMissFinder(&r.view, [2][]rowState{r.sides[0].state, r.sides[1].state}, pairwise)
	for i := range r.plan.rules {
		for _, u := range r.units[int16(i)] {
			if u.base.within() {
				c.within = append(c.within, u.misses())
			} else {
				c.units = append(c.units, u.misses())
			}
		}
		if s := r.subsets[int16(i)]; s != nil && s.x.required > 0 {
			c.sums = append(c.sums, s.misses())
		}
	}
	return c
}

// classify classifies the open rows of a side that are not outside the period. Rows go by amount, so that one row and
// the next are held against the same few rows of the other side while those are in the cache.
func (c *classifier) classify(side int) []Open {
	t := c.tables[side]
	rows := slices.DeleteFunc(c.openRows(side), func(row uint32) bool { return c.sides[side].isOutside(int(row)) })
	order := make([]uint32, len(rows))
	for i := range order {
		order[i] = uint32(i)
	}
	solver.Sort(order, func(i uint32) uint64 { return uint64(t.amounts[0][rows[i]]) ^ 1<<63 })
	solver.Sort(order, func(i uint32) uint64 { return uint64(t.currency[rows[i]]) })
	found, parts := make([]Open, len(rows)), solver.Ranges(len(rows), 1<<12)
	solver.InParallel(len(parts), func(p int) {
		for _, i := range order[parts[p][0]:parts[p][1]] {
			found[i] = c.explain(side, rows[i])
		}
	})
	return found
}

func (c *classifier) explain(side int, row uint32) Open {
	if note, has := c.books[row]; has && side == LeftIndex && note.reason != 0 {
		return Open{Row: row, Miss: Miss{Row: NoRow}, class: recon.ClassBreak, reason: note.reason}
	}
	if o, takes := c.takesBack(side, row); takes {
		return o
	}
	best := c.find(side, row)
	o := Open{Row: row, Miss: c.advised(c.inside(&best, side, row), side, row)}
	if l, known := c.sides[side].lost[row]; known && o.Miss.Row == NoRow {
		o.Miss = Miss{
			Row: l.partner, Rule: l.rule, Change: ChangeRival, Delta: int64(l.rival), failed: recon.ReasonTaken,
		}
	}
	_, limited := c.sides[side].limits[row]
	flags, near := c.sides[side].flags[row], &best.miss
	class, reason := c.waiting(side, row)
	switch {
	case c.tables[side].pending[row] && !c.carried(side, row):
		o.class, o.reason = recon.ClassTiming, recon.ReasonPending
	case flags&flagAmbiguous != 0:
		o.class, o.reason = recon.ClassAmbiguous, recon.ReasonAmbiguous
	case flags&flagSurplus != 0, c.sides[side].isSuspect(row):
		o.class, o.reason = recon.ClassData, recon.ReasonDuplicate
	case limited:
		o.class, o.reason = recon.ClassAmbiguous, recon.ReasonSearchBudget
	case near.failed == recon.ReasonRejected && c.cameBack(1-side, near.Row):
		o.class, o.reason = recon.ClassBreak, recon.ReasonReturned
	case near.failed == recon.ReasonSplitIncomplete,
		best.keyed && (best.fails > 0 || near.failed == recon.ReasonRejected || near.failed == recon.ReasonScoreBelow),
		best.amount == 0 && (near.Change == ChangeText || near.Change == ChangeKey && !best.keyed):
		o.class, o.reason = recon.ClassBreak, near.failed
	case c.unrated(side, row):
		o.class, o.reason = recon.ClassData, recon.ReasonFXRateMissing
	case class != 0:
		o.class, o.reason = class, reason
	case flags&flagBeaten != 0:
		o.class, o.reason = recon.ClassMissing, recon.ReasonTaken
	case !c.carried(side, row):
		o.class, o.reason = recon.ClassData, recon.ReasonFieldMissing
	default:
		o.class, o.reason = recon.ClassMissing, recon.ReasonNoCandidate
	}
	return o
}

// takesBack classifies a counter-row: what it takes back is not confirmed, or was settled earlier, or is a movement
// whose return is not booked yet. One that takes back what never was in a group is an open row like others; where the
// group was taken apart, both rows are returned.
func (c *classifier) takesBack(side int, row uint32) (Open, bool) {
	at, found := slices.BinarySearchFunc(c.reversals, Reversal{Side: sideOf(side), Counter: row}, byCounter)
	o := Open{
		Row: row, Miss: Miss{Change: ChangeTakesBack, failed: recon.ReasonReturned},
		class: recon.ClassBreak, reason: recon.ReasonReturned,
	}
	if !found {
		o.Miss.Row, found = c.returned[side][row]
		return o, found
	}
	v := &c.reversals[at]
	o.Miss.Row = v.Row
	if !v.Settled && !v.Again && v.Group == NoGroup {
		return o, false
	}
	if v.Moved || !v.Settled && !v.Again && !v.Held {
		o.class, o.reason = recon.ClassMissing, recon.ReasonReturnNotBooked
	}
	return o, true
}

// cameBack reports whether a row is open again since a later one takes it back.
func (c *classifier) cameBack(side int, row uint32) bool {
	_, back := c.returned[side][row]
	return back
}

// unrated reports whether some rule would have compared the row, had there been a rate for its day.
func (c *classifier) unrated(side int, row uint32) bool {
	return slices.ContainsFunc(c.all, func(x *mender) bool {
		return x.side[0] == side && x.unrated(0, row) || x.side[1] == side && x.unrated(1, row)
	})
}

// carried reports whether some rule could compare the row at all, or none looks at such rows.
func (c *classifier) carried(side int, row uint32) bool {
	inScope := false
	for _, x := range c.all {
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

// takes reports whether a row has what the rule compares of a single row.
func (x *mender) takes(half int, row uint32) bool {
	if x.pairwise() || x.within() {
		return x.carries(half, row)
	}
	for _, column := range x.by[half] {
		if x.tables[half].keys[column].start[row] == noText {
			return false
		}
	}
	return x.comparable(half, row)
}

func (r *runner) count(side int, open []Open) recon.Counts {
	t := r.tables[side]
	c := recon.Counts{
		Rows:     int64(t.Len()-t.settledRows()) + t.Rejected + t.SetAside + t.Duplicates,
		Rejected: t.Rejected, SetAside: t.SetAside, Duplicates: t.Duplicates,
	}
	for row, state := range r.sides[side].state {
		switch state {
		case stateConfirmed:
			c.Matched++
		case stateProposed:
			c.Proposed++
		case statePartial:
			c.Partial++
		case stateSettled:
		default:
			if r.sides[side].isOutside(row) {
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
	return [...]recon.State{
		recon.StateOpen, recon.StateProposed, recon.StatePartial, recon.StateConfirmed, recon.StateOpen,
		recon.StateOpen, recon.StateConfirmed, recon.StateOpen,
	}[r.state[indexOf(side)][row]]
}
