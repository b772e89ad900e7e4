package engine

import (
	"slices"

	"matcher/internal/recon"
)

// A row may name several rows of the other side by one key: a payout its orders, a remittance the invoices that it
// pays. A group that does not hold all that it names is proposed, and its evidence lists what is missing.

// naming is what a row names by one of the rule's keys: the numbers of the values, in the order in which it does.
type naming struct {
	pair    int
	numbers []uint32
}

// namedBy returns the list of the first required key by which a row of a half names several rows of the other one, none
// where there is none.
func (x *evaluator) namedBy(half int, row uint32) naming {
	for _, k := range x.keys {
		numbers := x.values(k.pair, half, row)
		if !k.required || len(numbers) < 2 {
			continue
		}
		if j := x.joins[k.pair]; j.partial {
			numbers = slices.DeleteFunc(slices.Clone(numbers),
				func(n uint32) bool { return !j.names(half, []uint32{n}) })
		}
		if len(numbers) > 1 {
			return naming{k.pair, numbers}
		}
	}
	return naming{}
}

// missing is what the one row of a half names and none of the other half's rows carries.
func (x *evaluator) missing(one int, rows [2][]uint32) naming {
	n := x.namedBy(one, rows[one][0])
	if len(n.numbers) == 0 {
		return n
	}
	carried := map[uint32]bool{}
	for _, row := range rows[1-one] {
		for _, v := range x.values(n.pair, 1-one, row) {
			carried[v] = true
		}
	}
	n.numbers = slices.DeleteFunc(slices.Clone(n.numbers), func(v uint32) bool { return carried[v] })
	return n
}

// namesMore reports whether one of two rows names a further row of the other's side, which is there.
func (x *evaluator) namesMore(left, right uint32) bool {
	for half := range x.tables {
		n := x.missing(half, [2][]uint32{{left}, {right}})
		if slices.ContainsFunc(n.numbers, func(v uint32) bool { return x.joins[n.pair].met[v] }) {
			return true
		}
	}
	return false
}

// namedShown is how many values or rows are named; the others are counted.
const namedShown = 10

// noteMissing keeps what the last group names and does not hold, as people read it.
func (r *runner) noteMissing(x *evaluator, one int, rows [2][]uint32) {
	missing, t := x.missing(one, rows), x.tables[1-one]
	if len(missing.numbers) == 0 {
		return
	}
	carriers, column := r.carriersOf(x, missing.pair, 1-one), x.plan.pairs[missing.pair].column[one]
	var texts []string
	for _, v := range missing.numbers {
		row, known := carriers[v]
		switch {
		case !known:
			at := slices.Index(x.values(missing.pair, one, rows[one][0]), v)
			texts = append(texts, x.tables[one].keyTexts(column, rows[one][0])[at]+" (no row)")
		case r.sides[1-one].state[row] == stateOpen:
			texts = append(texts, t.label(row)+" of "+t.money(row, t.amounts[0][row]))
		default:
			texts = append(texts, t.label(row)+" (matched)")
		}
	}
	e := recon.Evidence{Component: recon.ComponentNamed, Field: "not in the group"}
	*[2]*string{&e.Left, &e.Right}[1-one] = shown(texts)
	r.notes[r.groups[len(r.groups)-1].key()] = e
}

// carriersOf finds the first row of a half that carries each value of a key.
func (r *record) carriersOf(x *evaluator, pair, half int) map[uint32]uint32 {
	at := [2]int{pair, half}
	if r.carriers[at] == nil {
		first := map[uint32]uint32{}
		for row := range uint32(x.tables[half].Len()) {
			for _, v := range x.values(pair, half, row) {
				if _, known := first[v]; !known {
					first[v] = row
				}
			}
		}
		r.carriers[at] = first
	}
	return r.carriers[at]
}
