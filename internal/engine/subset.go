package engine

import (
	"cmp"
	"math"
	"slices"
)

// A subset search looks for rows that add up to a target. Rows of one amount are one kind with a count, so equal amounts
// are no search at all. Kinds are tried from the largest amount down, as many rows of each as fit first; a branch ends
// where not even all that is left could reach the target. It counts the branches it enters and stops at its budget.

// subsetAnswer is what a search found.
type subsetAnswer struct {
	rows  []uint32 // the first subset, canonical within its amounts
	ways  int64    // distinct subsets found, up to subsetWaysMax; 0: none
	spent bool     // the budget ran out, or rows were left out of the search: there may be others
}

// subsetWaysMax is where subsets are no longer counted.
const subsetWaysMax = 1_000

// amountKind are the candidates of one amount.
type amountKind struct {
	amount int64
	rows   []uint32
	alike  bool // the rows are interchangeable, so that which of them are taken is no choice
}

type subsetSearch struct {
	kinds     []amountKind
	least     []int64 // of what the kinds from each on could still add; one more at the end
	most      []int64
	low, high int64 // sums outside are no use
	holds     func(sum int64) bool
	refused   func(rows []uint32) bool
	size      int
	budget    int64
	taken     []int
	answer    subsetAnswer
}

// newSubsetSearch sorts candidates into kinds. single says which rows stand for nobody but themselves.
func newSubsetSearch(rows []uint32, amount func(uint32) int64, equal func(a, b uint32) bool, single func(uint32) bool) *subsetSearch {
	s := &subsetSearch{}
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(magnitude(amount(b)), magnitude(amount(a))), cmp.Compare(amount(b), amount(a)), cmp.Compare(a, b))
	})
	for _, row := range sorted {
		v := amount(row)
		if v == 0 {
			continue // adds nothing, so it is part of no answer
		}
		last := len(s.kinds) - 1
		if last >= 0 && s.kinds[last].amount == v && !single(row) && !single(s.kinds[last].rows[0]) {
			k := &s.kinds[last]
			k.alike = k.alike && equal(k.rows[0], row)
			k.rows = append(k.rows, row)
			continue
		}
		s.kinds = append(s.kinds, amountKind{v, []uint32{row}, true})
	}
	s.bounds()
	return s
}

func (s *subsetSearch) bounds() {
	n := len(s.kinds)
	s.least, s.most, s.taken = make([]int64, n+1), make([]int64, n+1), make([]int, n)
	for i, k := range slices.Backward(s.kinds) {
		s.least[i], s.most[i] = s.least[i+1], s.most[i+1]
		all := times(k.amount, len(k.rows))
		if all < 0 {
			s.least[i] = plusUpTo(s.least[i], all)
		} else {
			s.most[i] = plusUpTo(s.most[i], all)
		}
	}
}

// find looks for subsets of at most size rows whose sum, which lies in low..high, holds.
func (s *subsetSearch) find(low, high int64, size int, budget int64) subsetAnswer {
	s.low, s.high, s.size, s.budget = low, high, size, budget
	s.enter(0, 0, 0)
	return s.answer
}

// enter decides on one kind after another; it says false when the search is over.
func (s *subsetSearch) enter(kind int, sum int64, rows int) bool {
	if s.budget == 0 {
		s.answer.spent = true
		return false
	}
	s.budget--
	if plusUpTo(sum, s.most[kind]) < s.low || plusUpTo(sum, s.least[kind]) > s.high {
		return true
	}
	if kind == len(s.kinds) {
		return rows == 0 || !s.holds(sum) || s.found()
	}
	k := &s.kinds[kind]
	for n := min(len(k.rows), s.size-rows); n >= 0; n-- {
		s.taken[kind] = n
		if !s.enter(kind+1, plusUpTo(sum, times(k.amount, n)), rows+n) {
			return false
		}
	}
	return true
}

// found notes a subset, and says false when there are more than anybody counts.
func (s *subsetSearch) found() bool {
	var rows []uint32
	ways := int64(1)
	for i, n := range s.taken {
		k := &s.kinds[i]
		rows = append(rows, k.rows[:n]...)
		if !k.alike {
			ways = min(ways*choices(len(k.rows), n), subsetWaysMax)
		}
	}
	if s.refused(rows) {
		return true
	}
	if s.answer.ways == 0 {
		slices.Sort(rows)
		s.answer.rows = rows
	}
	s.answer.ways = min(s.answer.ways+ways, subsetWaysMax)
	return s.answer.ways < subsetWaysMax
}

// choices of k out of n, up to subsetWaysMax.
func choices(n, k int) int64 {
	k = min(k, n-k)
	ways := int64(1)
	for i := 1; i <= k && ways < subsetWaysMax; i++ {
		ways = ways * int64(n-k+i) / int64(i)
	}
	return min(ways, subsetWaysMax)
}

// times and plusUpTo stay at the ends of what an int64 holds: a sum out there is no target's.
func times(amount int64, n int) int64 {
	if n == 0 || amount == 0 {
		return 0
	}
	if limit := math.MaxInt64 / int64(n); magnitude(amount) > uint64(limit) {
		if amount < 0 {
			return -math.MaxInt64
		}
		return math.MaxInt64
	}
	return amount * int64(n)
}

func plusUpTo(a, b int64) int64 {
	sum := a + b
	if (a^sum)&(b^sum) >= 0 {
		return sum
	}
	if a < 0 {
		return -math.MaxInt64
	}
	return math.MaxInt64
}
