package engine

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// subsetRun matches single rows of one half with subsets of the other.
//
// Every target is searched by itself first, over all rows that it may take: in its block by key, or of its currency,
// and inside its window of days. A target with one subset that no other target wants is matched. Then the rest are
// served in canonical order: what two targets want is proposed to the first of them, and the others are searched
// again without it. A target that names several rows by a key (a payout's list of orders, the invoices of a remittance)
// takes all of them where they tie; where another set does, it is proposed, with what it names and does not hold.
type subsetRun struct {
	r       *runner
	x       *evaluator
	one     int // the half of the targets
	targets []subsetTarget
	wanted  []uint8 // by row of the other half: how many targets found it, up to 2
	budget  int64   // of each target
}

type subsetTarget struct {
	row    uint32
	pool   *subsetPool
	answer solver.SubsetAnswer
}

// subsetPool are the rows of the other half that targets of one block choose from, by day.
type subsetPool struct {
	rows []uint32
	days []int32
}

const (
	// subsetWorkMax bounds the branches of all searches of a rule: about two seconds of one core.
	subsetWorkMax = 64 << 20
	subsetWorkMin = 1_000
	// subsetLooks is how many rows are looked at for each that a search may hold.
	subsetLooks = 16
)

func (r *runner) runSubsets(rp *rulePlan) {
	x := r.evaluator(rp)
	if !r.progress(x, 0) {
		return
	}
	s := &subsetRun{r: r, x: x, one: rp.subset.one, wanted: make([]uint8, r.tables[1-rp.subset.one].Len())}
	r.subsets[rp.index] = s
	s.gather()
	s.budget = min(int64(rp.subset.budget), max(subsetWorkMin, subsetWorkMax/int64(max(len(s.targets), 1))))
	parts := solver.Ranges(len(s.targets), 256)
	for _, part := range parts {
		solver.InParallel(part[1]-part[0], func(i int) {
			t := &s.targets[part[0]+i]
			t.answer = s.search(t)
		})
		if !r.progress(x, int64(part[1])) {
			return
		}
	}
	s.settle()
}

// gather lists the targets in canonical order, each with the pool of its block.
func (s *subsetRun) gather() {
	r, x := s.r, s.x
	var rows [2][]uint32
	for half := range rows {
		rows[half] = r.openRows(x, half)
	}
	var numbers [2][]uint32
	var count int
	if x.required > 0 {
		numbers, count = r.keyNumbers(x, rows)
	} else {
		known := numbering[uint32]{}
		for half := range rows {
			numbers[half] = make([]uint32, len(rows[half]))
			for i, row := range rows[half] {
				numbers[half][i] = known.of(x.currency[half][row])
			}
		}
		count = len(known)
	}
	pools := make([]*subsetPool, count+1)
	for i, n := range numbers[1-s.one] {
		if pools[n] == nil {
			pools[n] = &subsetPool{}
		}
		pools[n].rows = append(pools[n].rows, rows[1-s.one][i])
	}
	for _, p := range pools {
		if p != nil {
			p.sort(x, 1-s.one)
		}
	}
	for i, n := range numbers[s.one] {
		if pools[n] != nil {
			s.targets = append(s.targets, subsetTarget{row: rows[s.one][i], pool: pools[n]})
		}
	}
}

func (p *subsetPool) sort(x *evaluator, half int) {
	slices.SortStableFunc(p.rows, func(a, b uint32) int { return cmp.Compare(x.dayOf(half, a), x.dayOf(half, b)) })
	p.days = make([]int32, len(p.rows))
	for i, row := range p.rows {
		p.days[i] = x.dayOf(half, row)
	}
}

// search answers for one target with what is open now.
func (s *subsetRun) search(t *subsetTarget) solver.SubsetAnswer {
	x, half := s.x, 1-s.one
	rows, cut := s.candidates(t)
	if len(rows) == 0 {
		return solver.SubsetAnswer{Spent: cut}
	}
	if !cut && len(x.namedBy(s.one, t.row).numbers) > 1 && s.ties(t, rows) {
		slices.Sort(rows)
		return solver.SubsetAnswer{Items: rows, Ways: 1}
	}
	digests, touched := x.tables[half].digest, x.memory.touched[half]
	target, code := x.amountOf(s.one, t.row), x.currency[s.one][t.row]
	reach := x.reach(code, target)
	answer := solver.FindSubset(&solver.SubsetItems{
		Items:  rows,
		Amount: func(row uint32) int64 { return x.amountOf(half, row) },
		Equal:  func(a, b uint32) bool { return digests[a] == digests[b] },
		Single: func(row uint32) bool { return touched != nil && touched[row] },
		Holds: func(sum int64) bool {
			left, right := s.ordered(target, sum)
			_, _, held := x.amountHeld(code, left, right)
			return held
		},
		Refuse: func(rows []uint32) bool { return !x.mayBe(s.halves(t.row, rows)) },
	}, solver.SubsetLimits{
		Low: solver.AddWithin(target, -reach), High: solver.AddWithin(target, reach), Size: x.subset.size,
		Budget: s.budget,
	})
	answer.Spent = answer.Spent || cut
	return answer
}

// mayBe reports whether a row and a set may be a group: it was not rejected, and is in time where one row decides.
func (x *evaluator) mayBe(rows [2][]uint32) bool {
	if x.dates != recon.DatesEvery {
		if _, inTime := x.whole(rows).x.lagBetween(0, 0); !inTime {
			return false
		}
	}
	return !x.memory.holds(rows)
}

// ties reports whether all of the rows are an answer.
func (s *subsetRun) ties(t *subsetTarget, rows []uint32) bool {
	sums, fits := s.x.sums(s.halves(t.row, rows))
	_, _, held := s.x.amountHeld(s.x.currency[s.one][t.row], sums[LeftIndex], sums[RightIndex])
	return fits && held && s.x.mayBe(s.halves(t.row, rows))
}

// ordered puts what belongs to the target and what to the subset into the order left, right.
func (s *subsetRun) ordered(target, sum int64) (left, right int64) {
	if s.one == LeftIndex {
		return target, sum
	}
	return sum, target
}

func (s *subsetRun) halves(target uint32, rows []uint32) (halves [2][]uint32) {
	halves[s.one], halves[1-s.one] = []uint32{target}, rows
	return halves
}

// candidates are the open rows that hold everything but the amount with the target, those nearest in time first, and
// whether some were left out.
func (s *subsetRun) candidates(t *subsetTarget) (rows []uint32, cut bool) {
	x, half, day := s.x, 1-s.one, s.x.dayOf(s.one, t.row)
	farthest := int64(x.maxLag)
	if x.dates != recon.DatesEvery { // one row of them decides for all
		farthest = math.MaxInt64 - 1
	}
	most := max(x.subset.candidates, 2*len(x.namedBy(s.one, t.row).numbers))
	from := sort.Search(len(t.pool.days), func(i int) bool { return t.pool.days[i] >= day })
	up, down := from, from-1
	distance := func(i int) int64 {
		if i < 0 || i >= len(t.pool.days) {
			return farthest + 1
		}
		return int64(magnitude(int64(t.pool.days[i]) - int64(day)))
	}
	for looks := 0; ; looks++ {
		above, below := distance(up), distance(down)
		if min(above, below) > farthest {
			return rows, false
		}
		i := up
		if above <= below {
			up++
		} else {
			i = down
			down--
		}
		if row := t.pool.rows[i]; s.r.sides[half].state[row] == stateOpen && s.fits(t.row, row) {
			if len(rows) == most {
				return rows, true
			}
			rows = append(rows, row)
		}
		if looks >= most*subsetLooks {
			return rows, true
		}
	}
}

// fits reports whether a row may be part of the target's subset.
func (s *subsetRun) fits(target, row uint32) bool {
	x := s.x
	l, r := target, row
	if s.one == RightIndex {
		l, r = row, target
	}
	_, ok := x.together(l, r)
	return ok
}

// companion is how well two rows go together, their amounts aside.
type companion struct {
	text  int64
	lag   int32
	keyed bool
}

// together reports whether two rows hold every predicate but the amount, and the date where not every one must.
func (x *evaluator) together(l, r uint32) (companion, bool) {
	c := companion{text: full}
	if x.currency[LeftIndex][l] != x.currency[RightIndex][r] {
		return c, false
	}
	var held bool
	if c.lag, held = x.lagBetween(l, r); !held && x.dates == recon.DatesEvery {
		return c, false
	}
	compared, ok := x.keysHeld(l, r)
	if c.keyed = compared > 0; ok && x.text != nil {
		c.text, ok = x.textHeld(l, r)
	}
	return c, ok
}

// settle takes what only one target wants, and then serves the others one after another.
func (s *subsetRun) settle() {
	for i := range s.targets {
		for _, row := range s.targets[i].answer.Items {
			s.wanted[row] = min(s.wanted[row]+1, 2)
		}
	}
	for i := range s.targets {
		if t := &s.targets[i]; t.answer.Ways == 1 && !s.contested(t) {
			s.group(t, false)
		}
	}
	for i := range s.targets {
		t := &s.targets[i]
		if s.r.sides[s.one].state[t.row] != stateOpen {
			continue
		}
		disputed := s.contested(t)
		if slices.ContainsFunc(t.answer.Items,
			func(row uint32) bool { return s.r.sides[1-s.one].state[row] != stateOpen }) {
			t.answer, disputed = s.search(t), true
		}
		flags := s.r.sides[s.one].flags
		switch {
		case t.answer.Ways > 0:
			s.group(t, disputed)
		case t.answer.Spent:
			s.r.sides[s.one].limits[t.row] = s.x.index
			s.r.byRule[s.x.index].Capped++
		case disputed:
			flags[t.row] |= flagBeaten
		}
	}
}

func (s *subsetRun) contested(t *subsetTarget) bool {
	return slices.ContainsFunc(t.answer.Items, func(row uint32) bool { return s.wanted[row] > 1 })
}

func (s *subsetRun) group(t *subsetTarget, disputed bool) {
	x := s.x
	rows := s.halves(t.row, t.answer.Items)
	v, held, ok := x.judgeSubset(rows)
	s.r.byRule[x.index].Candidates += t.answer.Ways
	if !ok {
		return // below proposeAt
	}
	p := &pair{
		left: rows[0][0], right: rows[1][0], compared: v.compared, score: v.score, held: held,
		method: solver.Exact,
	}
	switch {
	case t.answer.Spent:
		p.held, p.method = recon.HeldBySearchBudget, solver.Greedy
	case t.answer.Ways > 1 || disputed:
		p.held = recon.HeldByAmbiguity
	}
	p.alternatives = int32(t.answer.Ways - 1)
	if disputed {
		p.alternatives = max(p.alternatives, 1)
	}
	if before := len(s.r.groups); s.r.addGroup(x, p, rows) && len(s.r.groups) > before {
		s.r.noteMissing(x, s.one, rows)
	}
}

// judgeSubset judges a row against a subset: each row of it by keys and days, all of them by their sum.
func (x *evaluator) judgeSubset(rows [2][]uint32) (verdict, recon.HeldBy, bool) {
	v := verdict{keyed: true}
	worst := companion{text: full, lag: x.minLag}
	for _, l := range rows[0] {
		for _, r := range rows[1] {
			c, ok := x.together(l, r)
			if !ok {
				return v, recon.HeldByNothing, false
			}
			worst.text, worst.lag = min(worst.text, c.text), max(worst.lag, c.lag)
			v.keyed = v.keyed && c.keyed
		}
	}
	sums, fits := x.sums(rows)
	if !fits {
		return v, recon.HeldByNothing, false
	}
	near, difference, held := x.amountHeld(x.currency[0][rows[0][0]], sums[0], sums[1])
	whole := x.whole(rows).x
	lag, inTime := worst.lag, true
	if x.dates != recon.DatesEvery {
		lag, inTime = whole.lagBetween(0, 0)
	}
	v.compared = difference
	v.score = weightAmount*near + weightDate*closeness(int64(lag-x.minLag), int64(x.maxLag-x.minLag))
	if v.keyed {
		v.score += weightKeys * full
	}
	if x.text != nil {
		v.score += weightText * worst.text
	}
	gate := whole.gate(0, 0, v)
	if gate == recon.HeldByNothing && len(x.missing(x.subset.one, rows).numbers) > 0 {
		gate = recon.HeldByNamed
	}
	return v, gate, held && inTime && v.score >= x.proposeAt
}

// sums adds up what is compared of the rows of each half.
func (x *evaluator) sums(rows [2][]uint32) (sums [2]int64, fits bool) {
	for half := range rows {
		var sum recon.Total
		for _, row := range rows[half] {
			sum.Add(recon.Minor(x.amountOf(half, row)))
		}
		m, err := sum.Minor()
		if err != nil {
			return sums, false
		}
		sums[half] = int64(m)
	}
	return sums, true
}
