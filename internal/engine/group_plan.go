package engine

import "matcher/internal/recon"

// groupPlan is how a rule makes groups of several rows.
type groupPlan struct {
	side    [2]int   // of the table that each half of the rule reads; both the same where the rule is within one side
	by      [2][]int // key columns whose values the rows of a unit share; none: each row by itself
	many    [2]bool  // whether a group may hold several rows of a half
	dates   string   // whose date of a unit must be in the window
	partial bool
	subset  *subsetPlan
}

// subsetPlan bounds the search of a SUBSET_SUM.
type subsetPlan struct {
	one                      int // the half of which a group holds one row
	size, candidates, budget int
}

// acrossSides is what each half of a rule reads unless it is within one side.
var acrossSides = [2]int{LeftIndex, RightIndex}

func sidesOf(r *recon.Rule) [2]int {
	switch r.Scope {
	case recon.ScopeLeft:
		return [2]int{LeftIndex, LeftIndex}
	case recon.ScopeRight:
		return [2]int{RightIndex, RightIndex}
	}
	return acrossSides
}

// compileGroup reads how a rule groups rows; the halves' tables are known by then.
func (rp *rulePlan) compileGroup(p *Plan, r *recon.Rule) {
	for half, fields := range [2][]string{r.Group.By.Left, r.Group.By.Right} {
		for _, field := range fields {
			rp.by[half] = append(rp.by[half], p.keyColumn(rp.side[half], field,
				&recon.RuleKey{Normalise: []string{"trim"}}))
		}
	}
	c := r.Group.Cardinality
	rp.many = [2]bool{c == recon.ManyToOne || c == recon.ManyToMany, c == recon.OneToMany || c == recon.ManyToMany}
	rp.partial, rp.dates = r.Partial.Allow, r.Group.Dates
	if r.Type == recon.RuleSubsetSum {
		rp.subset = &subsetPlan{
			one: int(truth(c == recon.ManyToOne)), size: *r.Group.MaxSize, candidates: *r.Group.MaxCandidates,
			budget: *r.Group.SearchBudget,
		}
	}
}

// within reports whether the rule matches rows of one side with each other.
func (g *groupPlan) within() bool { return g.side != acrossSides }

// grouped reports whether the rule sums the rows that share a field.
func (g *groupPlan) grouped() bool { return len(g.by[0])+len(g.by[1]) > 0 }

// pairwise reports whether a group of the rule is one row a side and nothing else: the ordinary case.
func (g *groupPlan) pairwise() bool {
	return !g.within() && !g.grouped() && !g.partial && g.subset == nil
}

// several reports whether a group is judged by units: its rule works on them, or it grew out of a partial group.
func (g *Group) several(rp *rulePlan) bool { return g.has(traitGrown) || !rp.pairwise() }
