package engine

import (
	"cmp"
	"maps"
	"slices"

	"matcher/internal/recon"
)

// A partial group keeps its rows. In a later run what is left of it is one unit on the side that has more, with that
// side's keys and the oldest date of all its rows, and any rule across the sides may match it, but for SUBSET_SUM and
// rules over several currencies. Only a group that is confirmed, or partial again, takes it up: that group replaces
// the partial one and holds its rows too. Otherwise the partial group stays as it is, and is listed as kept.

// residuals are the partial groups that a run was given.
type residuals struct {
	partials  []residual
	partialOf [2]map[uint32]int // by row
}

// residual is a partial group while a run goes on.
type residual struct {
	rows  [2][]uint32
	rule  int16 // NoRule where the plan has no rule of that name across the sides any more
	taken bool
}

// NoRule is the rule of a kept partial group whose rule is gone.
const NoRule = int16(-1)

// holdPartials finds the rows of the partial groups of earlier runs, and keeps them from being anything else.
func (r *runner) holdPartials() error {
	partials := r.plan.Options.Partials
	if len(partials) == 0 {
		return nil
	}
	sets := make([]recon.RowSet, len(partials))
	for i := range partials {
		sets[i] = partials[i].RowSet
	}
	at := r.rowsOf(sets)
	r.partialOf = [2]map[uint32]int{{}, {}}
	for i := range partials {
		rows, whole := at.rows(&sets[i])
		if !whole || len(rows[0])+len(rows[1]) == 0 {
			return recon.Unprocessable(recon.CodePartialRowsInvalid,
				"a partial group holds rows that the run was not given")
		}
		rule := slices.IndexFunc(r.plan.rules, func(rp rulePlan) bool {
			return rp.rule.Name == partials[i].Rule &&
				!rp.within()
		})
		r.partials = append(r.partials, residual{rows: rows, rule: int16(rule)})
		for side := range rows {
			for _, row := range rows[side] {
				if _, twice := r.partialOf[side][row]; twice {
					return recon.Unprocessable(recon.CodePartialRowsInvalid, "a row is in two partial groups")
				}
				r.partialOf[side][row], r.sides[side].state[row] = i, statePartial
			}
		}
	}
	return nil
}

// offers reports whether a rule may match what is left of partial groups.
func (r *runner) offers(rp *rulePlan) bool {
	return len(r.partials) > 0 && !rp.within() && rp.subset == nil && rp.mode != recon.AmountAny && !rp.converts
}

// replace notes which partial groups the next group takes the place of.
func (r *runner) replace(sides [2][]uint32) {
	for _, i := range r.residualsAmong(sides) {
		r.partials[i].taken = true
		r.replaces[len(r.groups)] = append(r.replaces[len(r.groups)], i)
	}
}

// withResiduals adds what is left of partial groups to the units of a half: to the unit that shares the rule's fields
// with it, else as a unit of its own.
func (r *runner) withResiduals(x *evaluator, half int, u units) units {
	var whole [][]uint32
	at := map[string]int{}
	for i := range uint32(u.len()) {
		members := u.of(i)
		if text, shares := x.shared(nil, half, members[0]); shares && len(x.by[half]) > 0 {
			at[string(text)] = len(whole)
		}
		whole = append(whole, slices.Clone(members))
	}
	for i := range r.partials {
		left := &r.partials[i]
		if left.taken || x.largerHalf(left) != half {
			continue
		}
		entries := slices.Clone(left.rows[half])
		for _, row := range left.rows[1-half] {
			entries = append(entries, row|otherHalf)
		}
		text, shares := x.shared(nil, half, entries[0])
		shares = shares && len(x.by[half]) > 0
		if n, known := at[string(text)]; known && shares {
			whole[n] = append(whole[n], entries...)
			slices.Sort(whole[n]) // rows of the other half last
			continue
		}
		if shares {
			at[string(text)] = len(whole)
		}
		whole = append(whole, entries)
	}
	slices.SortFunc(whole, func(a, b []uint32) int { return cmp.Compare(a[0], b[0]) })
	var out units
	for _, members := range whole {
		out.add(members...)
	}
	return out
}

// largerHalf is the half that has more than the other, or −1 where the rule cannot read all of the rows.
func (x *evaluator) largerHalf(left *residual) int {
	var sums [2]recon.Total
	for half, rows := range left.rows {
		for _, row := range rows {
			if !x.comparable(half, row) {
				return -1
			}
			sums[half].Add(recon.Minor(x.amountOf(half, row)))
		}
	}
	var amounts [2]int64
	for half := range sums {
		m, err := sums[half].Minor()
		if err != nil || len(left.rows[half]) == 0 {
			return -1
		}
		amounts[half] = int64(m)
	}
	if magnitude(amounts[RightIndex]) > magnitude(amounts[LeftIndex]) {
		return RightIndex
	}
	return LeftIndex
}

// residualsAmong lists the partial groups that some rows belong to.
func (r *residuals) residualsAmong(rows [2][]uint32) []int {
	if len(r.partials) == 0 {
		return nil
	}
	found := map[int]bool{}
	for side := range rows {
		for _, row := range rows[side] {
			if i, ok := r.partialOf[side][row]; ok {
				found[i] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// keepPartials lists the partial groups that nothing changed.
func (r *runner) keepPartials() {
	for i := range r.partials {
		left := &r.partials[i]
		if left.taken {
			continue
		}
		difference, _ := r.difference(left.rows) // it did fit when the group was made
		g := Group{
			Difference: recon.Minor(difference), Compared: recon.Minor(difference), Rule: left.rule,
			status: recon.GroupPartial, traits: traitKept,
			currency: r.currencyOf(left.rows[0], left.rows[1]),
		}
		if left.rule != NoRule {
			r.byRule[left.rule].Partial++
		}
		r.replaces[len(r.groups)] = []int{i}
		r.appendGroup(g, left.rows)
	}
}

// Kept reports whether the group is a partial one of an earlier run that nothing changed.
func (g *Group) Kept() bool { return g.has(traitKept) }

// Replaces are the partial groups of RunOptions.Partials that group i of the result takes the place of; a kept one
// names itself.
func (r *Result) Replaces(i int) []int { return r.replaces[i] }

// RuleName is the name of the rule that made group i, also where a kept group's rule is gone.
func (r *Result) RuleName(p *Plan, i int) string {
	if g := &r.Groups[i]; g.Rule != NoRule {
		return p.Rules[g.Rule].Name
	}
	return p.Options.Partials[r.replaces[i][0]].Rule
}
