package engine

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// Matched is a group as a diff sees it: its rows by the caller's ids.
type Matched struct {
	recon.RowSet
	Rule string
}

// Diff is how two sets of groups over the same rows differ.
type Diff struct {
	// Changes are ordered by kind, then by their first row, whatever the order of the groups.
	Changes []DiffChange
	Groups  recon.DiffGroups
	Entries recon.DiffEntries
	Rows    [2]recon.RowChanges
	Money   []recon.MoneyChange // by currency and side
}

// DiffChange is one change: groups that share rows, directly or through each other, and are not the same. Before and After
// are indexes into the sets, in the order of the groups' first rows. A LOST one has a single group before and a GAINED one
// a single group after, since the groups of one set share no rows.
type DiffChange struct {
	Kind          recon.DiffKind
	Before, After []int
}

// DiffGroups compares what is confirmed before with what is confirmed after. In each of the two sets a row stands in one
// group at most. money tells the amount of a row. An error is a sum that nobody could print.
func DiffGroups(before, after []Matched, money func(side recon.Side, id int64) recon.Money) (Diff, error) {
	d := differ{before: before, after: after, money: money, union: newUnion(len(before) + len(after))}
	d.same = make([]int, len(before))
	for b := range before {
		d.same[b] = unmet
	}
	for side := range d.rows {
		d.rows[side] = [2][]owner{owners(before, side), owners(after, side)}
		d.meet(d.rows[side])
	}
	d.dropUnequal()
	diff := Diff{Groups: recon.DiffGroups{Before: int64(len(before)), After: int64(len(after))}}
	for _, a := range d.same {
		if a >= 0 {
			diff.Groups.Unchanged++
		}
	}
	diff.Changes = d.changes()
	for i := range diff.Changes {
		switch diff.Changes[i].Kind {
		case recon.DiffLost:
			diff.Entries.Lost++
		case recon.DiffRePaired:
			diff.Entries.RePaired++
		case recon.DiffGained:
			diff.Entries.Gained++
		}
	}
	return diff, d.count(&diff)
}

// differ is a diff at work. Groups of both sets are numbered in one row: before, then after.
type differ struct {
	before, after []Matched
	money         func(side recon.Side, id int64) recon.Money
	rows          [2][2][]owner // by side: of the groups before, of those after
	same          []int         // by group before: the group after that holds the same rows, or one of the two below
	union         union
}

// What stands in same of a group that is not in both sets.
const (
	unmet  = -1 // none of its rows is confirmed after
	parted = -2 // its rows are confirmed after, with others or in part
)

// owner says which group holds a row.
type owner struct {
	row   int64
	group int
}

// owners are the rows of one side of groups, by id.
func owners(groups []Matched, side int) []owner {
	var list []owner
	for g := range groups {
		for _, row := range rowsOn(&groups[g].RowSet, side) {
			list = append(list, owner{row, g})
		}
	}
	slices.SortFunc(list, func(a, b owner) int { return cmp.Compare(a.row, b.row) })
	return list
}

func rowsOn(s *recon.RowSet, side int) []int64 {
	if side == LeftIndex {
		return s.Left
	}
	return s.Right
}

func (m *Matched) size() int { return len(m.Left) + len(m.Right) }

// eachRow visits the rows of one side by id, each with its group before and its group after, or -1.
func eachRow(rows [2][]owner, visit func(row int64, before, after int)) {
	for b, a := 0, 0; b < len(rows[0]) || a < len(rows[1]); {
		switch {
		case a == len(rows[1]) || b < len(rows[0]) && rows[0][b].row < rows[1][a].row:
			visit(rows[0][b].row, rows[0][b].group, -1)
			b++
		case b == len(rows[0]) || rows[1][a].row < rows[0][b].row:
			visit(rows[1][a].row, -1, rows[1][a].group)
			a++
		default:
			visit(rows[0][b].row, rows[0][b].group, rows[1][a].group)
			a, b = a+1, b+1
		}
	}
}

// meet joins groups of the two sets that share a row of one side.
func (d *differ) meet(rows [2][]owner) {
	eachRow(rows, func(_ int64, before, after int) {
		if before < 0 || after < 0 {
			return
		}
		d.union.join(before, len(d.before)+after)
		switch d.same[before] {
		case unmet:
			d.same[before] = after
		case after:
		default:
			d.same[before] = parted
		}
	})
}

// dropUnequal leaves in same what holds the very same rows: all of the one group's rows are the other's, and as many.
func (d *differ) dropUnequal() {
	shared := make([]int, len(d.before))
	for side := range d.rows {
		eachRow(d.rows[side], func(_ int64, before, after int) {
			if before >= 0 && after >= 0 {
				shared[before]++
			}
		})
	}
	for b, a := range d.same {
		if a >= 0 && (shared[b] != d.before[b].size() || d.after[a].size() != d.before[b].size()) {
			d.same[b] = parted
		}
	}
}

// changes collects the groups that hang together and are not the same.
func (d *differ) changes() []DiffChange {
	unchanged := make([]bool, len(d.after))
	for _, a := range d.same {
		if a >= 0 {
			unchanged[a] = true
		}
	}
	at := map[int]int{} // by root of the union
	var list []DiffChange
	of := func(group int) *DiffChange {
		root := d.union.root(group)
		i, known := at[root]
		if !known {
			i = len(list)
			at[root] = i
			list = append(list, DiffChange{})
		}
		return &list[i]
	}
	for b, a := range d.same {
		if a < 0 {
			c := of(b)
			c.Before = append(c.Before, b)
		}
	}
	for a := range d.after {
		if !unchanged[a] {
			c := of(len(d.before) + a)
			c.After = append(c.After, a)
		}
	}
	for i := range list {
		list[i].settle(d)
	}
	slices.SortFunc(list, func(x, y DiffChange) int {
		return cmp.Or(cmp.Compare(rankOf(x.Kind), rankOf(y.Kind)), compareFirst(d.first(&x), d.first(&y)))
	})
	return list
}

// settle names the kind of a change and orders its groups.
func (c *DiffChange) settle(d *differ) {
	switch {
	case len(c.After) == 0:
		c.Kind = recon.DiffLost
	case len(c.Before) == 0:
		c.Kind = recon.DiffGained
	default:
		c.Kind = recon.DiffRePaired
	}
	slices.SortFunc(c.Before, func(x, y int) int { return compareFirst(d.before[x].first(), d.before[y].first()) })
	slices.SortFunc(c.After, func(x, y int) int { return compareFirst(d.after[x].first(), d.after[y].first()) })
}

func rankOf(kind recon.DiffKind) int {
	return slices.Index([]recon.DiffKind{recon.DiffLost, recon.DiffRePaired, recon.DiffGained}, kind)
}

// first is the least row of a set on each side.
func (m *Matched) first() [2]int64 {
	least := [2]int64{math.MaxInt64, math.MaxInt64}
	for side := range least {
		for _, row := range rowsOn(&m.RowSet, side) {
			least[side] = min(least[side], row)
		}
	}
	return least
}

// first is the first row of a change: no two changes share one.
func (d *differ) first(c *DiffChange) [2]int64 {
	if len(c.Before) == 0 {
		return d.after[c.After[0]].first()
	}
	least := d.before[c.Before[0]].first()
	if len(c.After) > 0 {
		if other := d.after[c.After[0]].first(); compareFirst(other, least) < 0 {
			least = other
		}
	}
	return least
}

func compareFirst(a, b [2]int64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }

// moved are the sums of one currency's rows on one side.
type moved struct {
	currency                          string
	gained, lost, rePaired, unchanged recon.Total
}

// count says of every row what becomes of it, and sums the money by that.
func (d *differ) count(diff *Diff) error {
	for side := range d.rows {
		var sums []*moved
		eachRow(d.rows[side], func(row int64, before, after int) {
			money := d.money(sideOf(side), row)
			sum := sumOf(&sums, money.Currency)
			amount := int64(money.Amount)
			if amount < 0 {
				amount = -amount
			}
			rows := &diff.Rows[side]
			switch {
			case before < 0:
				rows.Gained++
				sum.gained.Add(recon.Minor(amount))
			case after < 0:
				rows.Lost++
				sum.lost.Add(recon.Minor(amount))
			case d.same[before] < 0:
				rows.RePaired++
				sum.rePaired.Add(recon.Minor(amount))
			default:
				rows.Unchanged++
				sum.unchanged.Add(recon.Minor(amount))
			}
		})
		for _, sum := range sums {
			change, err := sum.change(sideOf(side))
			if err != nil {
				return err
			}
			diff.Money = append(diff.Money, change)
		}
	}
	slices.SortFunc(diff.Money, func(a, b recon.MoneyChange) int {
		return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Side, b.Side))
	})
	return nil
}

// sumOf finds a currency's sums; there are few currencies.
func sumOf(sums *[]*moved, currency string) *moved {
	for _, sum := range *sums {
		if sum.currency == currency {
			return sum
		}
	}
	sum := &moved{currency: currency}
	*sums = append(*sums, sum)
	return sum
}

func (m *moved) change(side recon.Side) (recon.MoneyChange, error) {
	change := recon.MoneyChange{Currency: m.currency, Side: side}
	for _, part := range []struct {
		what string
		sum  *recon.Total
		to   *string
	}{
		{"gained", &m.gained, &change.Gained},
		{"lost", &m.lost, &change.Lost},
		{"re-paired", &m.rePaired, &change.RePaired},
		{"unchanged", &m.unchanged, &change.Unchanged},
	} {
		amount, err := fitting(*part.sum, fmt.Sprintf("the %s rows of the %s side", part.what, strings.ToLower(string(side))), m.currency)
		if err != nil {
			return change, err
		}
		*part.to = decimal(amount, m.currency)
	}
	return change, nil
}

// union finds which groups hang together.
type union []int

func newUnion(n int) union {
	u := make(union, n)
	for i := range u {
		u[i] = i
	}
	return u
}

func (u union) root(i int) int {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

func (u union) join(a, b int) {
	if x, y := u.root(a), u.root(b); x != y {
		u[max(x, y)] = min(x, y)
	}
}
