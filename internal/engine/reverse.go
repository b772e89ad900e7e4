package engine

import (
	"cmp"
	"hash/maphash"
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
	Held    bool  // the group is only proposed for it
	Settled bool  // an earlier period settled the row
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
	for i := range r.reversals {
		v := &r.reversals[i]
		if v.Group = groupOf[indexOf(v.Side)][v.Row]; v.Group != NoGroup {
			v.Held = r.reverse(&r.groups[v.Group], indexOf(v.Side))
		}
	}
}

func (r *record) rowsOfGroup(g *Group) [2][]uint32 {
	return [2][]uint32{r.rows[0][g.LeftFrom:][:g.LeftCount], r.rows[1][g.RightFrom:][:g.RightCount]}
}

// reverse holds a group whose row of a side was taken back, and reports whether it is only proposed then.
func (r *runner) reverse(g *Group, side int) bool {
	if g.status != recon.GroupConfirmed {
		return g.held == recon.HeldByReversed
	}
	rows := r.rowsOfGroup(g)
	claims := slices.ContainsFunc(rows[1-side], func(row uint32) bool { return !r.moves(1-side, row) })
	if g.has(traitGrown) || !claims && len(rows[0])+len(rows[1]) == 2 {
		return false
	}
	g.status, g.held, g.adjustment = recon.GroupProposed, recon.HeldByReversed, recon.AdjustmentNone
	r.byRule[g.Rule].Confirmed--
	r.byRule[g.Rule].Proposed++
	for side := range rows {
		for _, row := range rows[side] {
			r.sides[side].state[row] = stateProposed
		}
	}
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
	inner map[uint32]bool // rows that a group within the side holds: they are taken back
	lists map[moneyKey]*takeList
	named map[uint32][]uint32 // by counter-row
}

// moneyKey is money under one value of a key.
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
		inner: map[uint32]bool{}, lists: map[moneyKey]*takeList{}, named: map[uint32][]uint32{},
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

// run takes rows back, counter-row by counter-row in canonical order: those that one names, else the nearest earlier
// one of its keys that is not yet taken back.
func (g *guard) run() (found []Reversal) {
	g.findNamed()
	for pair, j := range g.joins {
		if j.live && g.plan.pairs[pair].side == acrossSides {
			g.gather(pair)
		}
	}
	if len(g.named)+len(g.lists) == 0 {
		return nil
	}
	taken := map[uint32]bool{}
	take := func(counter, row uint32) {
		taken[row] = true
		found = append(found, Reversal{
			Side: sideOf(g.side), Counter: counter, Row: row, Settled: g.sides[g.side].state[row] == stateSettled,
		})
	}
	for _, rows := range g.named {
		for _, row := range rows {
			taken[row] = true
		}
	}
	for _, counter := range g.open {
		if rows, names := g.named[counter]; names {
			for _, row := range rows {
				take(counter, row)
			}
		} else if row := g.nearest(counter, taken); row != NoRow {
			take(counter, row)
		}
	}
	return found
}

// nearest is the nearest row that a counter-row may take back and that no other one has.
func (g *guard) nearest(counter uint32, taken map[uint32]bool) uint32 {
	best, day := NoRow, g.table.date[counter]
	for pair, j := range g.joins {
		if !j.live || g.plan.pairs[pair].side != acrossSides {
			continue
		}
		for _, number := range g.values(pair, g.side, counter) {
			for _, m := range g.table.monies(counter) {
				list := g.lists[moneyKey{pair, number, m.currency, -m.amount}]
				if list == nil {
					continue
				}
				for ; list.next < len(list.rows) && g.table.date[list.rows[list.next]] <= day; list.next++ {
					list.stack = append(list.stack, list.rows[list.next])
				}
				for len(list.stack) > 0 && taken[list.stack[len(list.stack)-1]] {
					list.stack = list.stack[:len(list.stack)-1]
				}
				if n := len(list.stack); n > 0 && g.opposite(counter, list.stack[n-1]) &&
					(best == NoRow || list.stack[n-1] > best) {
					best = list.stack[n-1]
				}
			}
		}
	}
	return best
}

// opposite reports whether two rows are of one currency and opposite signs.
func (g *guard) opposite(a, b uint32) bool {
	t := g.table
	return t.currency[a] == t.currency[b] && t.amounts[0][a] < 0 != (t.amounts[0][b] < 0)
}

// gather lists the rows whose key number some open row of the opposite sign has. Nearly all rows are left out by one
// look at a bit.
func (g *guard) gather(pair int) {
	var wanted [2]bitSet // by the sign of the open rows
	for sign := range wanted {
		wanted[sign] = newBitSet(g.joins[pair].count + 1)
	}
	for _, row := range g.open {
		sign := truth(g.table.amounts[0][row] < 0)
		for _, number := range g.values(pair, g.side, row) {
			wanted[sign].set(uint64(number))
		}
	}
	j, several := g.joins[pair], g.multi(pair)
	g.eachTakeable(func(row uint32, sign int) {
		if !several {
			if wanted[1-sign].has(uint64(j.ids[g.side][row])) {
				g.list(pair, j.ids[g.side][row], row)
			}
			return
		}
		for _, number := range g.values(pair, g.side, row) {
			if wanted[1-sign].has(uint64(number)) {
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
		if state != stateElsewhere && amounts[row] != 0 && (len(g.inner) == 0 || !g.inner[uint32(row)]) {
			visit(uint32(row), int(truth(amounts[row] < 0)))
		}
	}
}

// findNamed finds the rows that open ones name: by their external id, in any key of the side that some rule reads.
func (g *guard) findNamed() {
	t, columns := g.table, g.table.keys
	amounts := newBitSet(1 << max(10, bits.Len(uint(len(g.open)))+4))
	for _, row := range g.open {
		for _, m := range t.monies(row) {
			amounts.set(moneyHash(-m.amount))
		}
	}
	ids := map[uint64][]uint32{}
	g.eachTakeable(func(row uint32, _ int) {
		if t.gross == nil && t.original == nil && !amounts.has(moneyHash(t.amounts[0][row])) {
			return
		}
		for _, m := range t.monies(row) {
			if amounts.has(moneyHash(m.amount)) && t.external[row] != noText {
				hash := maphash.Bytes(hashSeed, t.text(t.external[row]))
				ids[hash] = append(ids[hash], row)
				return
			}
		}
	})
	if len(ids) == 0 {
		return
	}
	for _, counter := range g.open {
		for c := range columns {
			first, count := columns[c].of(counter)
			for v := first; v < first+count; v++ {
				for _, row := range ids[columns[c].hash[v]] {
					if g.names(counter, row, t.text(columns[c].start[v])) && !slices.Contains(g.named[counter], row) {
						g.named[counter] = append(g.named[counter], row)
					}
				}
			}
		}
	}
}

// names reports whether a text of an open row is the id of an earlier one that it takes back.
func (g *guard) names(counter, row uint32, text []byte) bool {
	t := g.table
	if row == counter || t.date[row] > t.date[counter] || !g.opposite(counter, row) ||
		string(text) != string(t.text(t.external[row])) {
		return false
	}
	own, other := t.monies(counter), t.monies(row)
	return slices.ContainsFunc(own[:], func(m money) bool {
		return m.amount != 0 && slices.Contains(other[:], money{m.currency, -m.amount})
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

// bitSet is a set of numbers, or of hashes modulo its size.
type bitSet []uint64

func newBitSet(size int) bitSet { return make(bitSet, 1<<bits.Len(uint(size/64))) }

func (b bitSet) set(n uint64) { b[n>>6&uint64(len(b)-1)] |= 1 << (n & 63) }

func (b bitSet) has(n uint64) bool { return b[n>>6&uint64(len(b)-1)]&(1<<(n&63)) != 0 }

// byCounter orders reversals for a search.
func byCounter(a, b Reversal) int {
	return cmp.Or(cmp.Compare(a.Side, b.Side), cmp.Compare(a.Counter, b.Counter))
}
