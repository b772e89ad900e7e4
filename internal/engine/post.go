package engine

import (
	"slices"

	"matcher/internal/recon"
)

// A rule of type POST books open rows of one side, each in a group of its own, after all rules that match and after
// counter-rows have been found. It takes no row that another rule could still match: one that waits, that lost a
// partner or a tie, whose partner differs in what one change would mend, that takes another row back, or that is taken
// back. The whole amount is the difference of its group.

// post runs the rules of type POST.
func (r *runner) post() {
	if !slices.ContainsFunc(r.plan.rules, func(rp rulePlan) bool { return rp.posts != nil }) {
		return
	}
	c := newClassifier(r)
	back := [2]map[uint32]bool{{}, {}}
	for _, v := range r.reversals {
		back[indexOf(v.Side)][v.Counter], back[indexOf(v.Side)][v.Row] = true, true
	}
	for i := range r.plan.rules {
		rp := &r.plan.rules[i]
		if rp.posts == nil {
			continue
		}
		x, side, spent := r.evaluator(rp), rp.side[0], newWriteOffs(r.plan.Options.Written, rp.rule.Name)
		for row := range uint32(r.tables[side].Len()) {
			s := &r.sides[side]
			if s.state[row] != stateOpen || s.isOutside(int(row)) || s.isSuspect(row) || s.noted(row) ||
				back[side][row] || !x.carries(side, row) || r.tables[side].amounts[0][row] == 0 {
				continue
			}
			var rows [2][]uint32
			rows[side] = []uint32{row}
			class, _ := c.waiting(side, row)
			if class != recon.ClassTiming && c.explain(side, row).class != recon.ClassBreak && !r.memory.holds(rows) {
				r.book(x, rows, spent)
			}
		}
	}
}

// book makes the group of a row that a rule posts.
func (r *runner) book(x *evaluator, rows [2][]uint32, spent writeOffs) {
	side := x.side[0]
	t, row := r.tables[side], rows[side][0]
	g := Group{
		Difference: t.Amount(row), Rule: x.index, Score: 100, currency: t.currency[row], status: recon.GroupConfirmed,
		adjustment: x.rule.Difference.Reason, held: x.postHeld(row),
	}
	if side == RightIndex {
		g.Difference = -g.Difference
	}
	if g.adjustment == recon.AdjustmentNone {
		g.adjustment = recon.AdjustmentWriteOff
	}
	month := writeOffMonth{t.currency[row], t.Date(row).Month()}
	size := magnitude(t.amounts[0][row])
	most, capped := x.posts.in(t.currency[row])
	if g.held == recon.HeldByNothing && capped && (size > uint64(most) || spent[month] > uint64(most)-size) {
		g.held = recon.HeldByWriteOff
	}
	state := stateConfirmed
	if g.held == recon.HeldByNothing {
		spent[month] += size
		r.byRule[x.index].Confirmed++
	} else {
		g.status, g.adjustment, state = recon.GroupProposed, recon.AdjustmentNone, stateProposed
		r.byRule[x.index].Proposed++
	}
	r.hold(rows, state)
	r.appendGroup(g, rows)
}

// postHeld is what keeps a row from being booked without a person.
func (x *evaluator) postHeld(row uint32) recon.HeldBy {
	t := x.tables[0]
	switch {
	case x.proposes:
		return recon.HeldByRule
	case x.over(x.maxAmount, t.currency[row], t.amounts[0][row]):
		return recon.HeldByAmount
	}
	return recon.HeldByNothing
}

// booked reports whether the rows of a confirmed group are one that its rule may book.
func (x *evaluator) booked(rows []uint32) bool {
	return len(rows) == 1 && x.carries(x.side[0], rows[0]) && x.postHeld(rows[0]) == recon.HeldByNothing
}

// posting is the evidence of a row that is booked.
func (x *evaluator) posting(row uint32) []recon.Evidence {
	e := recon.Evidence{
		Component: recon.ComponentAmount, Field: "post to " + x.rule.Post.Account, Held: true, Closeness: full,
	}
	*[2]*string{&e.Left, &e.Right}[x.side[0]] = x.tables[0].money(row, x.tables[0].amounts[0][row])
	return []recon.Evidence{e}
}

// publishPostings sums what the rules book and no left row has booked.
func (r *runner) publishPostings(res *Result) error {
	booked, at, sums := res.BookedBy(), map[[2]uint32]int{}, []recon.Total{}
	for i := range r.groups {
		g := &r.groups[i]
		if g.status != recon.GroupConfirmed || g.Rule == NoRule || r.plan.rules[g.Rule].posts == nil {
			continue
		}
		if _, has := booked[int32(i)]; has {
			continue
		}
		key := [2]uint32{uint32(g.Rule), g.currency}
		n, known := at[key]
		if !known {
			n = len(sums)
			rule, post := r.plan.rules[g.Rule].rule, r.plan.rules[g.Rule].rule.Post
			post.MaxMonth = recon.Limits{}
			at[key], sums = n, append(sums, recon.Total{})
			p := recon.PostingSummary{Rule: rule.Name, RulePost: post, Currency: g.Currency()}
			res.Postings = append(res.Postings, p)
		}
		sums[n].Add(-g.Difference)
		res.Postings[n].Rows++
	}
	for n := range sums {
		p := &res.Postings[n]
		amount, err := sums[n].Fit("what "+p.Rule+" books", p.Currency)
		if err != nil {
			return err
		}
		p.Amount = decimal(amount, p.Currency)
	}
	return nil
}
