package solver

import (
	"cmp"
	"math"
	"slices"
)

// A subset search looks for items that add up to a target. Items of one amount are one kind with a count, so equal
// amounts need no search at all. Kinds are tried from the largest amount down, as many items of each as fit first; a
// branch ends where not even all that is left could reach the target. The search counts the branches that it enters and
// stops at its budget.
//
// Where amounts have both signs, a set that holds another answer plus items that cancel is no answer: a branch ends
// when some of the items that it took add up to nothing.

// SubsetAnswer is what a search found.
type SubsetAnswer struct {
	Items []uint32 // the first subset, sorted; of equal amounts the first items
	Ways  int64    // distinct subsets found, up to subsetWaysMax; 0: none
	Spent bool     // the budget ran out, or items were left out of the search: there may be others
}

// subsetWaysMax is where subsets are no longer counted.
const subsetWaysMax = 1_000

// SubsetItems is what a search chooses from: items with an amount each.
type SubsetItems struct {
	Items  []uint32
	Amount func(item uint32) int64
	// items of one amount that are interchangeable: which of them is taken is no choice
	Equal  func(a, b uint32) bool
	Single func(item uint32) bool    // an item that is never interchangeable with another
	Holds  func(sum int64) bool      // the sum is one that is sought
	Refuse func(items []uint32) bool // the subset must not be found
}

// amountKind are the items of one amount.
type amountKind struct {
	amount int64
	items  []uint32
	alike  bool // the items are interchangeable
}

type subsetSearch struct {
	*SubsetItems
	SubsetLimits
	kinds  []amountKind
	least  []int64 // of what the kinds from each on could still add; one more at the end
	most   []int64
	taken  []int
	sums   []int64 // of every choice of the items taken so far, up to sumsMax; nil where no items may cancel
	answer SubsetAnswer
}

// sumsMax is where the sums of what a branch took are no longer kept: items that cancel past it count as a choice.
const sumsMax = 1 << 10

// SubsetLimits bounds a search.
type SubsetLimits struct {
	Low, High int64 // sums outside are never sought
	Size      int   // items of a subset at most
	Budget    int64 // branches
}

// FindSubset looks for subsets whose sum holds.
func FindSubset(items *SubsetItems, limits SubsetLimits) SubsetAnswer {
	s := newSubsetSearch(items, limits)
	s.enter(0, 0, 0)
	return s.answer
}

// newSubsetSearch sorts the items into kinds. An item of nothing adds nothing, so it is part of no answer.
func newSubsetSearch(items *SubsetItems, limits SubsetLimits) *subsetSearch {
	s := &subsetSearch{SubsetItems: items, SubsetLimits: limits}
	sorted := slices.Clone(items.Items)
	slices.SortFunc(sorted, func(a, b uint32) int {
		x, y := items.Amount(a), items.Amount(b)
		return cmp.Or(cmp.Compare(uint64(max(y, -y)), uint64(max(x, -x))), cmp.Compare(y, x), cmp.Compare(a, b))
	})
	for _, item := range sorted {
		v, last := items.Amount(item), len(s.kinds)-1
		switch {
		case v == 0:
		case last >= 0 && s.kinds[last].amount == v && !items.Single(item) && !items.Single(s.kinds[last].items[0]):
			k := &s.kinds[last]
			k.alike = k.alike && items.Equal(k.items[0], item)
			k.items = append(k.items, item)
		default:
			s.kinds = append(s.kinds, amountKind{v, []uint32{item}, true})
		}
	}
	n := len(s.kinds)
	s.least, s.most, s.taken = make([]int64, n+1), make([]int64, n+1), make([]int, n)
	for i, k := range slices.Backward(s.kinds) {
		s.least[i], s.most[i] = s.least[i+1], s.most[i+1]
		if all := times(k.amount, len(k.items)); all < 0 {
			s.least[i] = AddWithin(s.least[i], all)
		} else {
			s.most[i] = AddWithin(s.most[i], all)
		}
	}
	if (limits.Low > 0 || limits.High < 0) && s.least[0] < 0 && s.most[0] > 0 {
		s.sums = []int64{0}
	}
	return s
}

// cancels adds n items of one amount to the sums, and reports whether some of what is taken adds up to nothing.
func (s *subsetSearch) cancels(amount int64, n int) bool {
	before := len(s.sums)
	for i := range n {
		if slices.Contains(s.sums, -amount) {
			return true
		}
		s.Budget = max(s.Budget-int64(len(s.sums)/64), 0)
		if len(s.sums)+before <= sumsMax {
			for _, sum := range s.sums[:before] {
				s.sums = append(s.sums, AddWithin(sum, times(amount, i+1)))
			}
		}
	}
	return false
}

// enter decides on one kind after another; it returns false when the search is over.
func (s *subsetSearch) enter(kind int, sum int64, items int) bool {
	if s.Budget == 0 {
		s.answer.Spent = true
		return false
	}
	s.Budget--
	if AddWithin(sum, s.most[kind]) < s.Low || AddWithin(sum, s.least[kind]) > s.High {
		return true
	}
	if kind == len(s.kinds) {
		return items == 0 || !s.Holds(sum) || s.found()
	}
	k, before := &s.kinds[kind], len(s.sums)
	for n := min(len(k.items), s.Size-items); n >= 0; n-- {
		s.taken[kind] = n
		if s.sums != nil {
			if s.sums = s.sums[:before]; s.cancels(k.amount, n) {
				continue
			}
		}
		if !s.enter(kind+1, AddWithin(sum, times(k.amount, n)), items+n) {
			return false
		}
	}
	return true
}

// found notes a subset, and returns false when there are more than are counted.
func (s *subsetSearch) found() bool {
	var items []uint32
	ways := int64(1)
	for i, n := range s.taken {
		k := &s.kinds[i]
		items = append(items, k.items[:n]...)
		if !k.alike {
			ways = min(ways*choices(len(k.items), n), subsetWaysMax)
		}
	}
	if s.Refuse(items) {
		return true
	}
	if s.answer.Ways == 0 {
		slices.Sort(items)
		s.answer.Items = items
	}
	s.answer.Ways = min(s.answer.Ways+ways, subsetWaysMax)
	return s.answer.Ways < subsetWaysMax
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

// times is amount · n, within what an int64 holds: no target is that large.
func times(amount int64, n int) int64 {
	if n == 0 || amount == 0 {
		return 0
	}
	switch limit := math.MaxInt64 / int64(n); {
	case amount < -limit:
		return -math.MaxInt64
	case amount > limit:
		return math.MaxInt64
	}
	return amount * int64(n)
}

// AddWithin is a + b, or the end of the range of an int64 that the sum is past.
func AddWithin(a, b int64) int64 {
	sum := a + b
	if (a^sum)&(b^sum) >= 0 {
		return sum
	}
	if a < 0 {
		return -math.MaxInt64
	}
	return math.MaxInt64
}
