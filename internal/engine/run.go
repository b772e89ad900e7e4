package engine

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// runner is one run over a view. Rules over units and within one side have a runner of their own over other tables; all
// of them share what the run records, the partial groups that it was given, and its progress.
type runner struct {
	view
	*record
	*residuals
	*control
	sides   [2]sideState
	asOf    recon.Day
	covered [2]recon.Day // by side
	held    bool         // suspected duplicates wait for the second sweep
}

// sideState is the state of one side's rows.
type sideState struct {
	state   []rowState
	flags   []uint8
	outside []bool // rows outside the period; nil without one
	lost    map[uint32]lost
	limits  map[uint32]int16 // rows of which a rule did not weigh every candidate, by the last such rule
	suspect []bool           // rows that look like an earlier row of their side; nil where none is sought
}

func newSideState(rows int) sideState {
	return sideState{state: make([]rowState, rows), flags: make([]uint8, rows), limits: map[uint32]int16{}}
}

// lost is what a row agreed with and did not get.
type lost struct {
	partner, rival uint32 // the row of the other side, and the row of its own that took part in it
	rule           int16
}

// isOutside reports whether a row is outside the period.
func (s *sideState) isOutside(row int) bool { return s.outside != nil && s.outside[row] }

// noted reports whether some rule had a candidate for a row that it did not give it.
func (s *sideState) noted(row uint32) bool {
	_, limited := s.limits[row]
	return limited || s.flags[row] != 0
}

// isSuspect reports whether a row is a suspected duplicate.
func (s *sideState) isSuspect(row uint32) bool { return s.suspect != nil && s.suspect[row] }

// record is what a run has found.
type record struct {
	groups    []Group
	rows      [2][]uint32
	byRule    []RuleCount
	written   writeOffs
	reversals []Reversal
	bookings  []Booking
	books     map[uint32]bookNote         // left rows that carry the number of an adjustment and book none
	replaces  map[int][]int               // by group: the partial groups that it takes the place of
	notes     map[groupKey]recon.Evidence // by group: what it names and does not hold

	rivals   map[groupKey][2]uint32       // by group that is ambiguous or too narrow: the next best row of each side
	carriers map[[2]int]map[uint32]uint32 // by key pair and half: the first row with a value

	// For nearest misses: the last run of each rule over units, and the last search of each for subsets.
	units   map[int16][]*unitRun
	subsets map[int16]*subsetRun
}

// control is where a run reports its progress, and whether it was stopped.
type control struct {
	observe func(Progress) bool
	total   int64 // rows of both sides
	stopped bool
}

const (
	// edgesMax bounds the candidates of a rule, 24 bytes each and two copies; it is shared out evenly over its left
	// rows.
	edgesMax = 4 << 20
	fanMin   = 8
	fanMax   = 256
	// workMax bounds the exact assignment of a rule, shared out by rows: about two seconds of one core.
	workMax = 100 << 20
	// blocksAtOnce is how many blocks one core takes at a time.
	blocksAtOnce = 4096
)

// Run matches two sides under a plan. The tables must have been made for it; they are put into canonical order.
// observe, which may be nil, is called between blocks of work; when it returns false the run ends with Stopped set
// and no groups. An error is a violated invariant, with both sides of the equation: nothing of such a result may be
// kept.
func Run(p *Plan, left, right *Table, observe func(Progress) bool) (*Result, error) {
	if left.plan != p || right.plan != p || left.side != LeftIndex || right.side != RightIndex {
		panic("engine: a table was made for another plan or side")
	}
	if observe == nil {
		observe = func(Progress) bool { return true }
	}
	var wait sync.WaitGroup
	wait.Go(left.seal)
	right.seal()
	wait.Wait()
	r := newRunner(view{plan: p, tables: [2]*Table{left, right}})
	r.observe = observe
	if err := checkTotals(r.tables); err != nil {
		return nil, err
	}
	r.look()
	if err := r.holdPartials(); err != nil {
		return nil, err
	}
	r.markOutside()
	r.join()
	r.suspectDuplicates()
	r.remember(p.Options.Rejected)
	r.reserve()
	for sweep := range r.sweeps() {
		r.held = sweep == 0
		for i := range p.rules {
			r.byRule[i].Rule = p.Rules[i].Name
			r.runRule(&p.rules[i])
			if r.stopped {
				return &Result{AsOf: r.asOf, Stopped: true, ByRule: r.byRule}, nil
			}
		}
	}
	r.takeBack()
	r.limitWriteOffs()
	r.post()
	r.bookDue()
	return r.finish()
}

func newRunner(v view) *runner {
	r := &runner{
		view: v,
		record: &record{
			byRule: make([]RuleCount, len(v.plan.rules)), written: newWriteOffs(v.plan.Options.Written, ""),
			replaces: map[int][]int{}, books: map[uint32]bookNote{},
			notes: map[groupKey]recon.Evidence{}, rivals: map[groupKey][2]uint32{},
			carriers: map[[2]int]map[uint32]uint32{},
			units:    map[int16][]*unitRun{}, subsets: map[int16]*subsetRun{},
		},
		residuals: &residuals{}, control: &control{total: int64(v.tables[0].Len() + v.tables[1].Len())},
	}
	for side, t := range v.tables {
		r.sides[side] = newSideState(t.Len())
		for row, settled := range t.settled {
			if settled {
				r.sides[side].state[row] = stateSettled
			}
		}
	}
	return r
}

// facing returns the run as a rule within one side sees it: that side on both halves.
func (r *runner) facing(side int) *runner {
	facing := *r
	facing.view = *r.view.facing(side)
	facing.sides = [2]sideState{r.sides[side], r.sides[side]}
	return &facing
}

// markOutside marks the rows that are no anchors. They may be matched by anchors, but are not reported open, and a
// group without an anchor is none of this period. What an earlier period left open is an anchor of every later one, and
// so are the rows of its partial groups.
func (r *runner) markOutside() {
	from, to := r.plan.Options.From, r.plan.Options.To
	hasFrom, hasTo := from.Set(), to.Set()
	if !hasFrom && !hasTo {
		return
	}
	for side, t := range r.tables {
		outside := make([]bool, t.Len())
		for row, d := range t.date {
			out := hasFrom && recon.Day(d) < from || hasTo && recon.Day(d) > to
			_, partial := r.partialOf[side][uint32(row)]
			outside[row] = out && !partial && (t.carried == nil || !t.carried[row])
		}
		r.sides[side].outside = outside
	}
}

// runRule matches what is still open under one rule.
func (r *runner) runRule(rp *rulePlan) {
	if rp.posts != nil {
		return
	}
	r.forgetLimits(rp)
	if !rp.pairwise() || r.offers(rp) {
		r.runUnits(rp)
		return
	}
	x := r.evaluator(rp)
	r.eachPair(r.match(x), func(p *pair) {
		r.holdLimited(p)
		left, right := [1]uint32{p.left}, [1]uint32{p.right}
		rows := [2][]uint32{left[:], right[:]}
		before := len(r.groups)
		if r.addGroup(x, p, rows); p.held == recon.HeldByNamed && len(r.groups) > before {
			r.noteMissing(x, LeftIndex, rows)
			r.noteMissing(x, RightIndex, rows)
		}
	})
}

// forgetLimits forgets where the searches of a rule ended at a limit, and those of rules that are the same but for
// smaller limits: it looks at these rows anew.
func (r *runner) forgetLimits(rp *rulePlan) {
	for side := range r.sides {
		maps.DeleteFunc(r.sides[side].limits, func(_ uint32, by int16) bool {
			return by == rp.index || rp.rule.Widens(r.plan.rules[by].rule)
		})
	}
}

// holdLimited holds a pair of rows of which not every candidate was weighed.
func (r *runner) holdLimited(p *pair) {
	_, left := r.sides[0].limits[p.left]
	if _, right := r.sides[1].limits[p.right]; p.held == recon.HeldByNothing && (left || right) {
		p.held = recon.HeldBySearchBudget
	}
}

// match finds the pairs of one rule, in blocks on every core, and notes why rows found nothing. Of a run that was
// stopped nothing is returned.
func (r *runner) match(x *evaluator) []outcome {
	x.rememberTexts()
	tally := &r.byRule[x.index]
	if !r.progress(x, 0) {
		return nil
	}
	blocks := r.blocks(x)
	outcomes := make([]outcome, (len(blocks.ranges)+blocksAtOnce-1)/blocksAtOnce)
	for done := 0; done < len(outcomes); {
		batch := min(len(outcomes)-done, 64)
		solver.InParallel(batch, func(i int) { r.solveBlocks(x, blocks, done+i, &outcomes[done+i]) })
		done += batch
		for i := done - batch; i < done; i++ {
			tally.Candidates += outcomes[i].candidates
		}
		if !r.progress(x, r.total*int64(done)/int64(len(outcomes))) {
			return nil
		}
	}
	for i := range outcomes {
		tally.Capped += outcomes[i].capped
		tally.Gap += outcomes[i].gap
		for _, m := range outcomes[i].marks {
			s := &r.sides[m.side]
			if m.flag == flagCapped {
				s.limits[m.row] = x.index
				continue
			}
			if s.flags[m.row] |= m.flag; m.flag&(flagAmbiguous|flagBeaten) == 0 || m.lost.partner == NoRow {
				continue
			}
			if s.lost == nil {
				s.lost = map[uint32]lost{}
			}
			s.lost[m.row] = m.lost
		}
	}
	return outcomes
}

func (r *runner) progress(x *evaluator, done int64) bool {
	p := Progress{
		Rule: x.rule.Name, RuleIndex: int(x.index), Rules: len(r.plan.rules), RowsDone: done,
		RowsTotal: r.total, Candidates: r.byRule[x.index].Candidates,
	}
	r.stopped = r.stopped || !r.observe(p)
	return !r.stopped
}

func (r *runner) solveBlocks(x *evaluator, blocks *blockList, part int, out *outcome) {
	own := blocks.ranges[part*blocksAtOnce : min((part+1)*blocksAtOnce, len(blocks.ranges))]
	total := int64(max(r.tables[0].Len()+r.tables[1].Len(), 1))
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
			budget: workMax / total * int64(at[1]-at[0]+at[3]-at[2]),
		}
		b.solve()
	}
}

// eachPair visits pairs by their left row. A left row is in one pair at most, so the order is a scatter, not a sort.
func (r *runner) eachPair(outcomes []outcome, visit func(*pair)) {
	found := 0
	for i := range outcomes {
		found += len(outcomes[i].pairs)
	}
	if found == 0 {
		return
	}
	at := make([]uint64, r.tables[0].Len()) // outcome and pair, each from 1 and 0
	for i := range outcomes {
		for j := range outcomes[i].pairs {
			at[outcomes[i].pairs[j].left] = uint64(i+1)<<32 | uint64(j)
		}
	}
	r.groups = slices.Grow(r.groups, found)
	for side := range r.rows {
		r.rows[side] = slices.Grow(r.rows[side], found)
	}
	for _, n := range at {
		if n > 0 {
			visit(&outcomes[n>>32-1].pairs[uint32(n)])
		}
	}
}

// addGroup makes a group of rows of the two halves; the pair is how well they match, and p.held whether they are
// confirmed. What is left of a partial group is taken up by a confirmed group only: a proposal may be gone tomorrow,
// and the partial group with it. It returns false where nothing was made.
func (r *runner) addGroup(x *evaluator, p *pair, rows [2][]uint32) bool {
	if r.elsewhere(rows) {
		return true
	}
	if p.held == recon.HeldByNothing && r.anyRow(rows, r.suspect) {
		p.held = recon.HeldByDuplicate
	}
	sides := x.sidesOf(rows)
	difference, currency, mixed, fits := x.measure(rows, sides, p.compared)
	if !fits { // the rows stay open: no group could express what it leaves
		return false
	}
	grown := len(r.residualsAmong(sides)) > 0
	if grown && p.held != recon.HeldByNothing {
		return false
	}
	g := Group{
		Difference: recon.Minor(difference), Compared: recon.Minor(p.compared), Alternatives: p.alternatives,
		Rule:  x.index,
		Score: x.points(p.score), Method: p.method, held: p.held, currency: currency,
		traits: traitMixed.when(mixed) | traitGrown.when(grown), status: recon.GroupConfirmed,
	}
	if grown && !r.affords(&g, sides) {
		return false
	}
	state := stateConfirmed
	if p.held != recon.HeldByNothing {
		g.status, state = recon.GroupProposed, stateProposed
		r.byRule[x.index].Proposed++
	} else {
		if g.adjustment = x.adjustment(p, rows, difference); mixed && difference != 0 &&
			x.rule.Difference.Reason == recon.AdjustmentNone {
			g.adjustment = recon.AdjustmentFX
		}
		r.byRule[x.index].Confirmed++
	}
	r.hold(rows, state)
	if grown {
		r.replace(sides)
	}
	r.appendGroup(g, sides)
	if p.rivals != [2]uint32{} && len(rows[0])+len(rows[1]) == 2 {
		r.rivals[r.groups[len(r.groups)-1].key()] = p.rivals
	}
	return true
}

// elsewhere keeps rows for another period where none of them is an anchor: they go with each other, so no anchor gets
// them, and no group of this run has them.
func (r *runner) elsewhere(rows [2][]uint32) bool {
	if r.anyRow(rows, func(half int, row uint32) bool { return !r.sides[half].isOutside(int(row)) }) {
		return false
	}
	state := stateEarlier
	if r.anyRow(rows, func(half int, row uint32) bool { return r.isAfter(r.tables[half], row) }) {
		state = stateElsewhere
	}
	r.hold(rows, state)
	return true
}

// propose holds a confirmed group.
func (r *runner) propose(g *Group, held recon.HeldBy) {
	g.status, g.held, g.adjustment = recon.GroupProposed, held, recon.AdjustmentNone
	r.byRule[g.Rule].Confirmed--
	r.byRule[g.Rule].Proposed++
	for side, rows := range r.rowsOfGroup(g) {
		for _, row := range rows {
			r.sides[side].state[row] = stateProposed
		}
	}
}

func (r *runner) suspect(half int, row uint32) bool { return r.sides[half].isSuspect(row) }

// anyRow reports whether something holds of a row of the two halves.
func (r *runner) anyRow(rows [2][]uint32, holds func(half int, row uint32) bool) bool {
	for half := range rows {
		if slices.ContainsFunc(rows[half], func(row uint32) bool { return holds(half, row) }) {
			return true
		}
	}
	return false
}

// hold gives rows of the two halves the state of their group. They were open, or in a partial group that the group
// takes up.
func (r *runner) hold(rows [2][]uint32, state rowState) {
	for half := range rows {
		for _, row := range rows[half] {
			now := &r.sides[half].state[row]
			i, carried := r.partialOf[half][row]
			if *now != stateOpen && (*now != statePartial || !carried || r.partials[i].taken) {
				panic("engine: a row was matched twice")
			}
			*now = state
		}
	}
}

func (r *runner) appendGroup(g Group, sides [2][]uint32) {
	g.LeftFrom, g.LeftCount = uint32(len(r.rows[0])), uint32(len(sides[0]))
	g.RightFrom, g.RightCount = uint32(len(r.rows[1])), uint32(len(sides[1]))
	r.rows[0], r.rows[1] = append(r.rows[0], sides[0]...), append(r.rows[1], sides[1]...)
	r.groups = append(r.groups, g)
}

// groupKey is a group by where its rows begin.
type groupKey [2]uint32

func (g *Group) key() groupKey { return groupKey{g.LeftFrom, g.RightFrom} }

// sidesOf turns the rows of two halves into rows of two sides, each in canonical order.
func (x *evaluator) sidesOf(rows [2][]uint32) [2][]uint32 {
	if !x.within() && len(rows[0])+len(rows[1]) == 2 {
		return rows
	}
	var sides [2][]uint32
	for half := range rows {
		side := x.side[half]
		sides[side] = append(sides[side], rows[half]...)
	}
	slices.Sort(sides[0])
	slices.Sort(sides[1])
	return sides
}

// measure returns Σ left − Σ right of a group's rows and its currency. Rows of several currencies have no difference
// but that of what was compared, in the currency in which it was; bare numbers have none at all. Sums of units fit,
// or they are no candidates; where named amounts are compared, those of the rows themselves may still be too far
// apart.
func (x *evaluator) measure(
	rows, sides [2][]uint32, compared int64,
) (difference int64, currency uint32, mixed, fits bool) {
	currency = x.tables[0].currency[rows[0][0]]
	for half := range rows {
		for _, row := range rows[half] {
			mixed = mixed || x.tables[half].currency[row] != currency
		}
	}
	if !mixed {
		difference, fits = x.difference(sides)
		return difference, currency, false, fits
	}
	if currency = x.currency[0][rows[0][0]]; currency != codeAny {
		difference = compared
	}
	return difference, currency, true, true
}

// ViolationError is an invariant that a run broke: a fault of the engine, never of the data.
type ViolationError struct{ Law, Detail string }

func (v *ViolationError) Error() string {
	return fmt.Sprintf("run invariant %q violated: %s", v.Law, v.Detail)
}
