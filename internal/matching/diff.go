package matching

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// matched is a group as a diff sees it: its rows by their ids.
type matched struct {
	recon.RowSet
	Rule string
}

func (m *matched) sides() [2][]int64 { return [2][]int64{m.Left, m.Right} }

func (m *matched) size() int { return len(m.Left) + len(m.Right) }

// first is the least row on each side.
func (m *matched) first() [2]int64 {
	least := [2]int64{math.MaxInt64, math.MaxInt64}
	for side, rows := range m.sides() {
		for _, row := range rows {
			least[side] = min(least[side], row)
		}
	}
	return least
}

// groupDiff is how two sets of groups over the same rows differ.
type groupDiff struct {
	// Changes are ordered by kind, then by their first row, whatever the order of the groups.
	Changes []groupChange
	Groups  recon.DiffGroups
	Entries recon.DiffEntries
	Rows    [2]recon.RowChanges
	Money   []recon.MoneyChange // by currency and side
}

// groupChange is one change: groups that share rows, directly or through each other, and are not the same. Before and
// After are indexes into the sets, in the order of the groups' first rows. A LOST one has a single group before and a
// GAINED one a single group after, since the groups of one set share no rows.
type groupChange struct {
	Kind          recon.DiffKind
	Before, After []int
}

// diffGroups compares what is confirmed before with what is confirmed after. In each of the two sets a row is in at
// most one group. money returns the amount of a row. An error is a sum that does not fit.
func diffGroups(before, after []matched, money func(side recon.Side, id int64) recon.Money) (groupDiff, error) {
	d := differ{before: before, after: after, money: money, union: solver.NewUnion[int](len(before) + len(after))}
	for side := range d.rows {
		d.rows[side] = [2][]owner{owners(before, side), owners(after, side)}
	}
	d.findSame()
	diff := groupDiff{Groups: recon.DiffGroups{Before: int64(len(before)), After: int64(len(after))}}
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

// differ is a diff at work. In the union the groups of both sets have one numbering: before, then after.
type differ struct {
	before, after []matched
	money         func(side recon.Side, id int64) recon.Money
	rows          [2][2][]owner // by side: of the groups before, of those after
	same          []int         // by group before: the group after that holds the same rows, or one of the two below
	union         solver.Union[int]
}

// Values of same for a group that is not in both sets.
const (
	unmet  = -1 // none of its rows is confirmed after
	parted = -2 // its rows are confirmed after, with others or in part
)

// owner is the group that holds a row.
type owner struct {
	row   int64
	group int
}

// owners returns the rows of one side of groups, by id.
func owners(groups []matched, side int) []owner {
	var list []owner
	for g := range groups {
		for _, row := range groups[g].sides()[side] {
			list = append(list, owner{row, g})
		}
	}
	slices.SortFunc(list, func(a, b owner) int { return cmp.Compare(a.row, b.row) })
	return list
}

// eachRow visits the rows of one side by id, each with its group before and its group after, or -1.
func (d *differ) eachRow(side int, visit func(row int64, before, after int)) {
	rows := d.rows[side]
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

// findSame joins groups of the two sets that share a row, and finds for each group before the one after with the very
// same rows: all of the one group's rows are the other's, and as many.
func (d *differ) findSame() {
	d.same = slices.Repeat([]int{unmet}, len(d.before))
	shared := make([]int, len(d.before))
	for side := range d.rows {
		d.eachRow(side, func(_ int64, before, after int) {
			if before < 0 || after < 0 {
				return
			}
			d.union.Join(before, len(d.before)+after)
			shared[before]++
			if d.same[before] == unmet {
				d.same[before] = after
			} else if d.same[before] != after {
				d.same[before] = parted
			}
		})
	}
	for b, a := range d.same {
		if a >= 0 && (shared[b] != d.before[b].size() || d.after[a].size() != d.before[b].size()) {
			d.same[b] = parted
		}
	}
}

// changes collects the groups that are connected and not the same.
func (d *differ) changes() []groupChange {
	unchanged := make([]bool, len(d.after))
	at := map[int]int{} // by root of the union
	var list []groupChange
	changeOf := func(group int) *groupChange {
		root := d.union.Root(group)
		i, known := at[root]
		if !known {
			i = len(list)
			at[root] = i
			list = append(list, groupChange{})
		}
		return &list[i]
	}
	for b, a := range d.same {
		if a >= 0 {
			unchanged[a] = true
			continue
		}
		c := changeOf(b)
		c.Before = append(c.Before, b)
	}
	for a := range d.after {
		if !unchanged[a] {
			c := changeOf(len(d.before) + a)
			c.After = append(c.After, a)
		}
	}
	first := func(groups []matched, i int) [2]int64 { return groups[i].first() }
	for i := range list {
		c := &list[i]
		switch {
		case len(c.After) == 0:
			c.Kind = recon.DiffLost
		case len(c.Before) == 0:
			c.Kind = recon.DiffGained
		default:
			c.Kind = recon.DiffRePaired
		}
		slices.SortFunc(c.Before, func(x, y int) int { return compareFirst(first(d.before, x), first(d.before, y)) })
		slices.SortFunc(c.After, func(x, y int) int { return compareFirst(first(d.after, x), first(d.after, y)) })
	}
	kinds := []recon.DiffKind{recon.DiffLost, recon.DiffRePaired, recon.DiffGained}
	slices.SortFunc(list, func(x, y groupChange) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, x.Kind), slices.Index(kinds, y.Kind)),
			compareFirst(d.first(&x), d.first(&y)))
	})
	return list
}

// first is the first row of a change: no two changes share one.
func (d *differ) first(c *groupChange) [2]int64 {
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

// moved are the sums of one currency's rows on one side, of their amounts without a sign.
type moved struct{ gained, lost, rePaired, unchanged recon.Total }

// count finds what becomes of every row, and sums the money by that.
func (d *differ) count(diff *groupDiff) error {
	for i, side := range [2]recon.Side{engine.LeftIndex: recon.Left, engine.RightIndex: recon.Right} {
		rows, sums := &diff.Rows[i], map[string]*moved{}
		d.eachRow(i, func(row int64, before, after int) {
			money := d.money(side, row)
			sum := sums[money.Currency]
			if sum == nil {
				sum = &moved{}
				sums[money.Currency] = sum
			}
			switch amount := money.Amount.Abs(); {
			case before < 0:
				rows.Gained++
				sum.gained.Add(amount)
			case after < 0:
				rows.Lost++
				sum.lost.Add(amount)
			case d.same[before] < 0:
				rows.RePaired++
				sum.rePaired.Add(amount)
			default:
				rows.Unchanged++
				sum.unchanged.Add(amount)
			}
		})
		for _, currency := range slices.Sorted(maps.Keys(sums)) {
			change, err := sums[currency].change(side, currency)
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

func (m *moved) change(side recon.Side, currency string) (recon.MoneyChange, error) {
	change := recon.MoneyChange{Currency: currency, Side: side}
	for _, part := range []struct {
		what string
		sum  recon.Total
		to   *string
	}{
		{"gained", m.gained, &change.Gained},
		{"lost", m.lost, &change.Lost},
		{"re-paired", m.rePaired, &change.RePaired},
		{"unchanged", m.unchanged, &change.Unchanged},
	} {
		amount, err := part.sum.Fit(fmt.Sprintf("the %s rows of the %s side", part.what,
			strings.ToLower(string(side))), currency)
		if err != nil {
			return change, err //nolint:wrapcheck // it names the sum
		}
		*part.to = recon.Money{Amount: amount, Currency: currency}.String()
	}
	return change, nil
}
