package engine

import (
	"cmp"
	"math/bits"
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// A counter-row is an open row of a side that takes an earlier one back: opposite money in the same currency, and it
// names the earlier row by its id or shares a live key with it. An invoice is not paid by a debit that came back. So a
// confirmed group that holds a row taken back is only proposed, unless its other side is movements: there the return is
// a movement of its own, which is not booked yet. A sum with one of the two is proposed in any case.

// Reversal is a row that an open counter-row of its side takes back.
type Reversal struct {
	Side    recon.Side
	Counter uint32
	Row     uint32
	Group   int32 // index into Result.Groups; NoGroup where the row is in none
	Held    bool  // the group is not confirmed, be it for this
	Settled bool  // an earlier period settled the row
	Moved   bool  // with a movement alone, so its group stays as it is
	Again   bool  // the row is open again, since its group was rejected or taken apart
}

// NoGroup is the group of a reversal whose row is in none.
const NoGroup = int32(-1)

// takeBack finds the counter-rows that are still open after the last rule, and holds the groups of what they take back.
func (r *runner) takeBack() {
	groupOf := [2]map[uint32]int32{{}, {}}
	var found [2][]Reversal
	solver.InParallel(2, func(side int) { found[side] = r.newGuard(side).run() })
	r.reversals = slices.Concat(found[0], found[1])
	if len(r.reversals) == 0 {
		return
	}
	for i := range r.reversals {
		v := &r.reversals[i]
		groupOf[indexOf(v.Side)][v.Row] = NoGroup
	}
	for i := range r.groups {
		g := &r.groups[i]
		for side, rows := range r.rowsOfGroup(g) {
			for _, row := range rows {
				if _, taken := groupOf[side][row]; taken {
					groupOf[side][row] = int32(i)
				}
			}
		}
	}
	moved := r.settledMovements()
	for i := range r.reversals {
		v := &r.reversals[i]
		v.Moved = v.Settled && moved[indexOf(v.Side)][v.Row]
		if v.Group = groupOf[indexOf(v.Side)][v.Row]; v.Group != NoGroup {
			v.Held = r.reverse(&r.groups[v.Group], indexOf(v.Side))
		} else if touched := r.memory.touched[indexOf(v.Side)]; touched != nil {
			v.Again = touched[v.Row] && !v.Settled
		}
	}
}

// settledMovements are the settled rows of pairs whose other row is a movement.
func (r *runner) settledMovements() (moved [2]map[uint32]bool) {
	at := r.rowsOf(r.plan.Options.Settled)
	for i := range r.plan.Options.Settled {
		rows, whole := at.rows(&r.plan.Options.Settled[i])
		for side := range rows {
			if whole && len(rows[0]) == 1 && len(rows[1]) == 1 && r.moves(1-side, rows[1-side][0]) {
				if moved[side] == nil {
					moved[side] = map[uint32]bool{}
				}
				moved[side][rows[side][0]] = true
			}
		}
	}
	return moved
}

// TakenBack returns what the rows of tables take back that no rule is run over: open rows that rules have left, and
// settled ones.
func TakenBack(p *Plan, left, right *Table) []Reversal {
	left.seal()
	right.seal()
	r := newRunner(view{plan: p, tables: [2]*Table{left, right}})
	r.join()
	r.takeBack()
	return r.reversals
}

func (r *record) rowsOfGroup(g *Group) [2][]uint32 {
	return [2][]uint32{r.rows[0][g.LeftFrom:][:g.LeftCount], r.rows[1][g.RightFrom:][:g.RightCount]}
}

// reverse holds a group whose row of a side was taken back, and reports whether it is not confirmed then.
func (r *runner) reverse(g *Group, side int) bool {
	rows := r.rowsOfGroup(g)
	claims := slices.ContainsFunc(rows[1-side], func(row uint32) bool { return !r.moves(1-side, row) })
	if g.has(traitGrown) || !claims && len(rows[0])+len(rows[1]) == 2 {
		return false
	}
	if g.status != recon.GroupConfirmed {
		return true
	}
	r.propose(g, recon.HeldByReversed)
	return true
}

// moves reports whether a row's source holds movements of money by its map. Any other counts as claims.
func (r *runner) moves(side int, row uint32) bool {
	sources := [2][]string{r.plan.Options.Movements.Left, r.plan.Options.Movements.Right}[side]
	return len(sources) > 0 && slices.Contains(sources, r.tables[side].Source(row))
}

// guard finds the counter-rows of one side.
type guard struct {
	*runner
	side  int
	table *Table
	open  []uint32        // that are not outside the period
	live  []int           // key pairs
	inner map[uint32]bool // rows that a group within the side holds: they are taken back
	lists map[moneyKey]*takeList
	ids   numbering[string] // external ids of rows that may be taken back
}

// byID is the pair of a moneyKey whose number is that of an external id.
const byID = -1

// moneyKey is money under one value of a key, or under an external id.
type moneyKey struct {
	pair     int
	number   uint32
	currency uint32
	amount   int64
}

// takeList are the rows of a moneyKey that may be taken back, in canonical order. Those up to the day of the last
// counter-row lie on a stack, the nearest on top.
type takeList struct {
	rows  []uint32
	next  int
	stack []uint32
}

func (r *runner) newGuard(side int) *guard {
	g := &guard{
		runner: r, side: side, table: r.tables[side],
		inner: map[uint32]bool{}, lists: map[moneyKey]*takeList{}, ids: numbering[string]{},
	}
	for row, state := range r.sides[side].state {
		if state == stateOpen && !r.sides[side].isOutside(row) && g.table.amounts[0][row] != 0 {
			g.open = append(g.open, uint32(row))
		}
	}
	for i := range r.groups {
		if rule := r.groups[i].Rule; rule == NoRule || !r.plan.rules[rule].within() {
			continue
		}
		for _, row := range r.rowsOfGroup(&r.groups[i])[side] {
			g.inner[row] = true
		}
	}
	return g
}

// run takes rows back, each once and one a counter-row: first for those that name one by its id the latest of that id,
// then for the others the nearest earlier one of their keys.
func (g *guard) run() (found []Reversal) {
	if a := g.table.amounts[0]; len(g.open) == 0 || slices.Min(a) >= 0 || slices.Max(a) <= 0 {
		return nil // opposite money alone takes a row back
	}
	g.gatherIDs()
	for pair := range g.joins {
		if g.plan.pairs[pair].side == acrossSides && (g.joins[pair].live || g.wasLive(pair)) {
			g.live = append(g.live, pair)
			g.gather(pair)
		}
	}
	if len(g.lists) == 0 {
		return nil
	}
	var unnamed []uint32
	taken := map[uint32]bool{}
	take := func(counter, row uint32) {
		taken[row] = true
		found = append(found, Reversal{
			Side: sideOf(g.side), Counter: counter, Row: row, Settled: g.sides[g.side].state[row] == stateSettled,
		})
	}
	for _, counter := range g.open {
		if row, names := g.nearest(counter, g.named(counter), taken); row != NoRow {
			take(counter, row)
		} else if !names {
			unnamed = append(unnamed, counter)
		}
	}
	for _, counter := range unnamed {
		var keys []moneyKey
		for _, pair := range g.live {
			for _, number := range g.values(pair, g.side, counter) {
				keys = append(keys, moneyKey{pair: pair, number: number})
			}
		}
		if row, _ := g.nearest(counter, keys, taken); row != NoRow {
			take(counter, row)
		}
	}
	slices.SortFunc(found, byCounter)
	return found
}

// wasLive reports whether enough of the settled rows that carry a key meet under it: where nearly all is settled, the
// open rows alone show too little.
func (g *guard) wasLive(pair int) bool {
	seen, filled, met := solver.NewBitSet(g.joins[pair].count+1), 0, 0
	for side, t := range g.tables {
		for row, settled := range t.settled {
			numbers := g.values(pair, side, uint32(row))
			if !settled || len(numbers) == 0 {
				continue
			}
			if side == RightIndex {
				filled++
				met += int(truth(slices.ContainsFunc(numbers, func(n uint32) bool { return seen.Has(uint64(n)) })))
				continue
			}
			for _, n := range numbers {
				seen.Set(uint64(n))
			}
		}
	}
	return filled > 0 && met*100 >= filled*livePercent
}

// named are the ids that a row names, in any key of the side that some rule reads.
func (g *guard) named(counter uint32) (keys []moneyKey) {
	if len(g.ids) == 0 {
		return nil
	}
	for c := range g.table.keys {
		column := &g.table.keys[c]
		first, count := column.of(counter)
		for v := first; v < first+count; v++ {
			if number := g.ids[string(g.table.text(column.start[v]))]; number != 0 {
				keys = append(keys, moneyKey{pair: byID, number: number})
			}
		}
	}
	return keys
}

// nearest is the nearest row under some keys that a counter-row may take back and that no other one has, and whether
// there was any.
func (g *guard) nearest(counter uint32, keys []moneyKey, taken map[uint32]bool) (best uint32, found bool) {
	best = NoRow
	for _, key := range keys {
		for _, m := range g.table.monies(counter) {
			key.currency, key.amount = m.currency, -m.amount
			list := g.lists[key]
			if list == nil {
				continue
			}
			day := g.table.date[counter]
			for ; list.next < len(list.rows) && g.table.date[list.rows[list.next]] <= day; list.next++ {
				list.stack = append(list.stack, list.rows[list.next])
			}
			found = found || list.next > 0
			for len(list.stack) > 0 && taken[list.stack[len(list.stack)-1]] {
				list.stack = list.stack[:len(list.stack)-1]
			}
			if n := len(list.stack); n > 0 && g.opposite(counter, list.stack[n-1]) &&
				(best == NoRow || list.stack[n-1] > best) {
				best = list.stack[n-1]
			}
		}
	}
	return best, found
}

// opposite reports whether two rows are of one currency and opposite signs.
func (g *guard) opposite(a, b uint32) bool {
	t := g.table
	return t.currency[a] == t.currency[b] && t.amounts[0][a] < 0 != (t.amounts[0][b] < 0)
}

// gather lists the rows whose key number some open row of the opposite sign has. Nearly all rows are left out by one
// look at a bit.
func (g *guard) gather(pair int) {
	var wanted [2]solver.BitSet // by the sign of the open rows
	for sign := range wanted {
		wanted[sign] = solver.NewBitSet(g.joins[pair].count + 1)
	}
	for _, row := range g.open {
		sign := truth(g.table.amounts[0][row] < 0)
		for _, number := range g.values(pair, g.side, row) {
			wanted[sign].Set(uint64(number))
		}
	}
	j, several := g.joins[pair], g.multi(pair)
	g.eachTakeable(func(row uint32, sign int) {
		if !several {
			if wanted[1-sign].Has(uint64(j.ids[g.side][row])) {
				g.list(pair, j.ids[g.side][row], row)
			}
			return
		}
		for _, number := range g.values(pair, g.side, row) {
			if wanted[1-sign].Has(uint64(number)) {
				g.list(pair, number, row)
			}
		}
	})
}

func (g *guard) list(pair int, number, row uint32) {
	for _, m := range g.table.monies(row) {
		key := moneyKey{pair, number, m.currency, m.amount}
		if g.lists[key] == nil {
			g.lists[key] = &takeList{}
		}
		if list := g.lists[key]; len(list.rows) == 0 || list.rows[len(list.rows)-1] != row {
			list.rows = append(list.rows, row)
		}
	}
}

// eachTakeable visits the rows that may be taken back, with their sign.
func (g *guard) eachTakeable(visit func(row uint32, sign int)) {
	amounts := g.table.amounts[0]
	for row, state := range g.sides[g.side].state {
		gone := state == stateElsewhere || state == stateEarlier
		if !gone && amounts[row] != 0 && (len(g.inner) == 0 || !g.inner[uint32(row)]) {
			visit(uint32(row), int(truth(amounts[row] < 0)))
		}
	}
}

// gatherIDs lists rows by their external ids, where some open row has the opposite money.
func (g *guard) gatherIDs() {
	t := g.table
	amounts := solver.NewBitSet(1 << max(10, bits.Len(uint(len(g.open)))+4))
	for _, row := range g.open {
		for _, m := range t.monies(row) {
			amounts.Set(moneyHash(-m.amount))
		}
	}
	g.eachTakeable(func(row uint32, _ int) {
		if t.gross == nil && t.original == nil && !amounts.Has(moneyHash(t.amounts[0][row])) ||
			t.external[row] == noText {
			return
		}
		for _, m := range t.monies(row) {
			if amounts.Has(moneyHash(m.amount)) {
				g.list(byID, g.ids.of(string(t.text(t.external[row]))), row)
				return
			}
		}
	})
}

// money is an amount of a row by which it may be taken back.
type money struct {
	currency uint32
	amount   int64
}

// monies are a row's amount, its gross and its original amount. What it has not is its amount once more.
func (t *Table) monies(row uint32) [3]money {
	m := money{t.currency[row], t.amounts[0][row]}
	all := [3]money{m, m, m}
	if t.gross != nil && t.gross[row] != absent {
		all[1].amount = t.gross[row]
	}
	if t.original != nil && t.original[row].amount != absent {
		all[2] = t.original[row]
	}
	return all
}

// addMonies keeps the gross and the original amount of the last row, where some row has them.
func (t *Table) addMonies(tx *recon.Transaction) {
	gross := amountOf(tx, "gross")
	if gross != absent && t.gross == nil {
		t.gross = slices.Repeat([]int64{absent}, t.Len()-1)
	}
	if t.gross != nil {
		t.gross = append(t.gross, gross)
	}
	original := money{0, absent}
	if tx.Original != nil {
		original = money{currencyCode(tx.Original.Currency), int64(tx.Original.Amount)}
	}
	if tx.Original != nil && t.original == nil {
		t.original = slices.Repeat([]money{{0, absent}}, t.Len()-1)
	}
	if t.original != nil {
		t.original = append(t.original, original)
	}
}

func moneyHash(amount int64) uint64 { return uint64(amount) * 0x9e3779b97f4a7c15 >> 20 }

// byCounter orders reversals for a search.
func byCounter(a, b Reversal) int {
	return cmp.Or(cmp.Compare(a.Side, b.Side), cmp.Compare(a.Counter, b.Counter))
}
