package engine

import (
	"fmt"
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// runner is the state of one run.
type runner struct {
	plan    *Plan
	tables  [2]*Table
	joins   []*joined
	texts   []*joined
	state   [2][]rowState
	outside [2][]bool // rows outside the period; nil without one
	suspect [2][]bool // rows that look like an earlier row of their side; nil where nobody asked
	held    bool      // suspects wait for the second sweep
	flags   [2][]uint8
	byRule  []RuleCount
	groups  []Group
	rows    [2][]uint32
	asOf    recon.Day
	observe func(Progress) bool
	stopped bool

	refused  *refused                      // sets that are not offered again; nil: none
	refuses  func(left, right uint32) bool // nil: nothing is refused
	touched  [2][]bool                     // rows of refused sets
	unitRuns map[int16][]*unitRun          // the last run of each rule over units, for nearest misses
	subsets  map[int16]*subsetRun          // the last search of each rule for subsets, for the same
	written  writeOffs

	residuals  []residual // partial groups of earlier runs
	residualOf [2]map[uint32]int
	replaces   map[int][]int // by group: the partial groups that it takes the place of
}

const (
	// edgesMax bounds the candidates of a rule, 24 bytes each and two copies; it is shared out evenly over its left rows.
	edgesMax = 4 << 20
	fanMin   = 8
	fanMax   = 256
	// workMax bounds the exact assignment of a rule, shared out by rows: about two seconds of one core.
	workMax = 100 << 20
	// blocksAtOnce is how many blocks one core takes at a time, and rowsAtOnce how many rows between two observations.
	blocksAtOnce = 4096
)

// Run matches two sides under a plan. The tables must have been made for it; they are put into canonical order. observe,
// which may be nil, is called between blocks of work; when it says false the run ends with Stopped set and no groups. An
// error is a violated invariant, with both sides of the equation: nothing of such a result may be kept.
func Run(p *Plan, left, right *Table, observe func(Progress) bool) (*Result, error) {
	if left.plan != p || right.plan != p || left.side != LeftIndex || right.side != RightIndex {
		panic("engine: a table was made for another plan or side")
	}
	if observe == nil {
		observe = func(Progress) bool { return true }
	}
	sealBoth(left, right)
	r := &runner{plan: p, tables: [2]*Table{left, right}, observe: observe, byRule: make([]RuleCount, len(p.rules))}
	for side, t := range r.tables {
		r.state[side] = make([]rowState, t.Len())
		r.flags[side] = make([]uint8, t.Len())
	}
	if err := r.checkTotals(); err != nil {
		return nil, err
	}
	r.asOf = r.latest()
	r.markOutside()
	r.join()
	r.suspectDuplicates()
	if err := r.takeUp(p.Options.Partials); err != nil {
		return nil, err
	}
	r.unitRuns, r.subsets, r.written = map[int16][]*unitRun{}, map[int16]*subsetRun{}, writeOffs{}
	if r.refused = r.findRefused(p.Options.Rejected); r.refused != nil {
		r.refuses, r.touched = r.refused.pair, r.refused.touched
	}
	for sweep := range r.sweeps() {
		r.held = sweep == 0
		for _, i := range p.order() {
			r.byRule[i].Rule = p.Rules[i].Name
			r.runRule(&p.rules[i])
			if r.stopped {
				return &Result{AsOf: r.asOf, Stopped: true, ByRule: r.byRule}, nil
			}
		}
	}
	return r.finish()
}

// latest is the day on which the books are looked at.
func (r *runner) latest() recon.Day {
	if p := r.plan.Options.AsOf; p.Set() {
		return p
	}
	latest := recon.NoDay
	for _, t := range r.tables {
		for _, d := range t.date {
			latest = max(latest, recon.Day(d))
		}
	}
	return latest
}

// markOutside marks the rows that are no anchors. They may be matched by anchors, but are not reported open. What an
// earlier period left open is an anchor of every later one.
func (r *runner) markOutside() {
	from, to := r.plan.Options.From, r.plan.Options.To
	hasFrom, hasTo := from.Set(), to.Set()
	if !hasFrom && !hasTo {
		return
	}
	for side, t := range r.tables {
		r.outside[side] = make([]bool, t.Len())
		for row, d := range t.date {
			out := hasFrom && recon.Day(d) < from || hasTo && recon.Day(d) > to
			r.outside[side][row] = out && (t.carried == nil || !t.carried[row])
		}
	}
}

// runRule matches what is still open under one rule.
func (r *runner) runRule(rp *rulePlan) {
	if !rp.pairwise() || r.offers(rp) {
		r.runUnits(rp)
		return
	}
	x := r.ruleRun(rp)
	if outcomes := r.match(x); !r.stopped {
		r.settle(x, outcomes)
	}
}

// match finds the pairs of one rule, in blocks side by side.
func (r *runner) match(x *ruleRun) []outcome {
	x.remember()
	if !r.progress(x, 0) {
		return nil
	}
	blocks := r.blocks(x)
	total := int64(r.tables[0].Len() + r.tables[1].Len())
	outcomes := make([]outcome, (len(blocks.ranges)+blocksAtOnce-1)/blocksAtOnce)
	for done := 0; done < len(outcomes); {
		batch := min(len(outcomes)-done, 64)
		solver.InParallel(batch, func(i int) { r.solveBlocks(x, blocks, done+i, &outcomes[done+i], total) })
		done += batch
		for i := done - batch; i < done; i++ {
			x.tally.Candidates += outcomes[i].candidates
		}
		if !r.progress(x, total*int64(done)/int64(len(outcomes))) {
			return nil
		}
	}
	return outcomes
}

func (r *runner) progress(x *ruleRun, done int64) bool {
	total := int64(r.tables[0].Len() + r.tables[1].Len())
	p := Progress{
		Rule: x.rule.Name, RuleIndex: int(x.index), Rules: len(r.plan.rules), RowsDone: done,
		RowsTotal: total, Candidates: x.tally.Candidates,
	}
	r.stopped = r.stopped || !r.observe(p)
	return !r.stopped
}

func (r *runner) solveBlocks(x *ruleRun, blocks *blockList, part int, out *outcome, total int64) {
	own := blocks.ranges[part*blocksAtOnce : min((part+1)*blocksAtOnce, len(blocks.ranges))]
	out.pairs = make([]pair, 0, len(own))
	for _, at := range own {
		if at[1]-at[0] == 1 && at[3]-at[2] == 1 { // the ordinary case: one row a side, nothing to weigh
			out.single(x, blocks.rows[0][at[0]], blocks.rows[1][at[2]])
			continue
		}
		b := block{
			x: x, out: out,
			rows:   [2][]uint32{blocks.rows[0][at[0]:at[1]:at[1]], blocks.rows[1][at[2]:at[3]:at[3]]},
			fan:    min(max(edgesMax/max(len(blocks.rows[0]), 1), fanMin), fanMax),
			budget: workMax / max(total, 1) * int64(at[1]-at[0]+at[3]-at[2]),
		}
		b.solve()
	}
}

// settle turns what the blocks of a rule found into groups, ordered by left row. A left row is in one pair at most, so
// the order is a scatter, not a sort.
func (r *runner) settle(x *ruleRun, outcomes []outcome) {
	found := r.tallyUp(x, outcomes)
	if found == 0 {
		return
	}
	r.groups = slices.Grow(r.groups, found)
	for side := range r.rows {
		r.rows[side] = slices.Grow(r.rows[side], found)
	}
	r.eachPair(outcomes, func(p *pair) { r.addGroup(x, p) })
}

// tallyUp counts what the blocks of a rule found, and notes why rows found nothing.
func (r *runner) tallyUp(x *ruleRun, outcomes []outcome) (found int) {
	for i := range outcomes {
		found += len(outcomes[i].pairs)
		x.tally.Capped += outcomes[i].capped
		x.tally.Gap += outcomes[i].gap
		for _, m := range outcomes[i].marks {
			r.flags[m.side][m.row] |= m.flag
		}
	}
	return found
}

// eachPair visits pairs by their left row.
func (r *runner) eachPair(outcomes []outcome, visit func(*pair)) {
	at := make([]uint64, r.tables[0].Len()) // outcome and pair, each from 1 and 0
	for i := range outcomes {
		for j := range outcomes[i].pairs {
			at[outcomes[i].pairs[j].left] = uint64(i+1)<<32 | uint64(j)
		}
	}
	for _, n := range at {
		if n > 0 {
			visit(&outcomes[n>>32-1].pairs[uint32(n)])
		}
	}
}

func (r *runner) addGroup(x *ruleRun, p *pair) {
	if r.state[0][p.left] != stateOpen || r.state[1][p.right] != stateOpen {
		panic("engine: a row was matched twice")
	}
	held := p.held
	if held == recon.HeldByNothing && (r.flags[0][p.left]|r.flags[1][p.right])&flagCapped != 0 {
		held = recon.HeldBySearchBudget
	}
	if held == recon.HeldByNothing && (r.isSuspect(LeftIndex, p.left) || r.isSuspect(RightIndex, p.right)) {
		held = recon.HeldByDuplicate
	}
	difference, _ := subtract(r.tables[0].amounts[0][p.left], r.tables[1].amounts[0][p.right])
	currency, mixed := r.tables[0].currency[p.left], false
	if x.converts {
		if of, in, several := x.measure([2][]uint32{{p.left}, {p.right}}, p.compared); several {
			difference, currency, mixed = of, in, true
		}
	}
	held = r.affords(held, currency, difference)
	g := Group{
		Difference: recon.Minor(difference), Compared: recon.Minor(p.compared),
		LeftFrom: uint32(len(r.rows[0])), LeftCount: 1, RightFrom: uint32(len(r.rows[1])), RightCount: 1,
		Alternatives: p.alternatives, Rule: x.index, Score: x.points(p.score), Method: p.method,
		status: recon.GroupConfirmed, held: held, currency: currency, traits: traitMixed.when(mixed),
	}
	state := stateConfirmed
	if held != recon.HeldByNothing {
		g.status, state = recon.GroupProposed, stateProposed
		x.tally.Proposed++
	} else {
		if g.adjustment = x.adjustment(p, difference); mixed && difference != 0 {
			g.adjustment = recon.AdjustmentFX
		}
		x.tally.Confirmed++
	}
	r.rows[0], r.rows[1] = append(r.rows[0], p.left), append(r.rows[1], p.right)
	r.state[0][p.left], r.state[1][p.right] = state, state
	r.groups = append(r.groups, g)
}

// measure is Σ left − Σ right of a group's rows and its currency. Rows of several currencies have no difference but that
// of what was compared, in the currency in which it was; bare numbers have none at all.
func (x *ruleRun) measure(rows [2][]uint32, compared int64) (difference int64, currency uint32, mixed bool) {
	currency = x.r.tables[0].currency[rows[0][0]]
	for half := range rows {
		for _, row := range rows[half] {
			mixed = mixed || x.r.tables[half].currency[row] != currency
		}
	}
	if !mixed {
		return 0, currency, false
	}
	if currency = x.currency[0][rows[0][0]]; currency != codeAny {
		difference = compared
	}
	return difference, currency, true
}

// roundingMax is the largest difference, in minor units, that is called rounding.
const roundingMax = 5

// adjustment names the reason of a difference that a confirmed group keeps: the fee that one of the rows states or that
// lies between the named amounts, the rounding of a few minor units, else a write-off that somebody has to post.
func (x *ruleRun) adjustment(p *pair, difference int64) recon.AdjustmentReason {
	if difference == 0 {
		return recon.AdjustmentNone
	}
	if x.scheduled() {
		return recon.AdjustmentFee
	}
	if p.compared == 0 && x.mode != recon.AmountAny && x.amount != [2]int{} {
		return recon.AdjustmentFee // the named amounts agree, so what they name is all of the difference
	}
	for side, row := range [2]uint32{p.left, p.right} {
		if fee := x.r.tables[side].fee; len(fee) > 0 && fee[row] != absent && magnitude(fee[row]) == magnitude(difference) {
			return recon.AdjustmentFee
		}
	}
	if magnitude(difference) <= roundingMax {
		return recon.AdjustmentRounding
	}
	return recon.AdjustmentWriteOff
}

// ViolationError is an invariant that a run broke: a fault of the engine, never of the data.
type ViolationError struct{ Law, Detail string }

func (v *ViolationError) Error() string {
	return fmt.Sprintf("the run broke its law %q: %s", v.Law, v.Detail)
}
