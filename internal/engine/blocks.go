package engine

import (
	"slices"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// blockList holds closed blocks as ranges {left from, left to, right from, right to} of its rows.
type blockList struct {
	rows   [2][]uint32
	ranges [][4]uint32
}

// blocks cuts the open rows that carry what the rule needs into closed blocks, in the order of their first left row.
func (r *runner) blocks(x *evaluator) *blockList {
	var rows [2][]uint32
	for side := range rows {
		rows[side] = r.openRows(x, side)
	}
	if x.required > 0 {
		numbers, count := r.keyNumbers(x, rows)
		return blocksByNumber(rows, numbers, count)
	}
	return blocksByAmount(x, rows)
}

func (r *runner) openRows(x *evaluator, side int) []uint32 {
	parts := solver.Ranges(r.tables[side].Len(), 1<<16)
	found := make([][]uint32, len(parts))
	solver.InParallel(len(parts), func(p int) {
		from, to := parts[p][0], parts[p][1]
		rows := make([]uint32, 0, to-from)
		for row := from; row < to; row++ {
			if r.mayTake(side, uint32(row)) && x.carries(side, uint32(row)) {
				rows = append(rows, uint32(row))
			}
		}
		found[p] = rows
	})
	return slices.Concat(found...)
}

// keyNumbers gives each row one number such that rows with different numbers share no required key: the number of its
// only value, folded over the keys of one value a row, or where a key has several, the first value of all those that
// are linked by some row.
func (r *runner) keyNumbers(x *evaluator, rows [2][]uint32) (numbers [2][]uint32, count int) {
	first := true
	for _, k := range x.keys {
		if !k.required || r.multi(k.pair) {
			continue
		}
		j := r.joins[k.pair]
		var next [2][]uint32
		for side := range rows {
			next[side] = make([]uint32, len(rows[side]))
			for i, row := range rows[side] {
				next[side][i] = j.ids[side][row]
			}
		}
		if first {
			numbers, count, first = next, j.count, false
			continue
		}
		both := make(numbering[uint64], len(numbers[0])) // of both numbers at once
		for side := range numbers {
			for i := range numbers[side] {
				numbers[side][i] = both.of(uint64(numbers[side][i])<<32 | uint64(next[side][i]))
			}
		}
		count = len(both)
	}
	if first {
		return r.linkedNumbers(x, rows)
	}
	return numbers, count
}

// numbering numbers values from 1 in the order in which they first occur.
type numbering[K comparable] map[K]uint32

func (n numbering[K]) of(value K) uint32 {
	number, known := n[value]
	if !known {
		number = uint32(len(n) + 1)
		n[value] = number
	}
	return number
}

// linkedNumbers unites values that stand in one row: rows that share a value, even over other rows, get one number.
// Only values that occur on both sides link; a row without any gets a number that its side has alone.
func (r *runner) linkedNumbers(x *evaluator, rows [2][]uint32) (numbers [2][]uint32, count int) {
	pair := -1
	for _, k := range x.keys {
		if k.required {
			pair = k.pair
			break
		}
	}
	j := r.joins[pair]
	union := solver.NewUnion[uint32](j.count + 1)
	for side := range rows {
		for _, row := range rows[side] {
			linked := uint32(0)
			for _, v := range r.values(pair, side, row) {
				switch {
				case !j.met[v]:
				case linked == 0:
					linked = v
				default:
					union.Join(v, linked)
				}
			}
		}
	}
	for side := range rows {
		numbers[side] = make([]uint32, len(rows[side]))
		for i, row := range rows[side] {
			numbers[side][i] = uint32(j.count + 1 + side)
			for _, v := range r.values(pair, side, row) {
				if j.met[v] {
					numbers[side][i] = union.Root(v)
					break
				}
			}
		}
	}
	return numbers, j.count + len(numbers)
}

// blocksByNumber groups rows by number with a counting sort, and keeps the numbers that both sides have.
func blocksByNumber(rows, numbers [2][]uint32, count int) *blockList {
	var at [2][]uint32
	solver.InParallel(2, func(side int) {
		at[side] = make([]uint32, count+2)
		for _, n := range numbers[side] {
			at[side][n+1]++
		}
	})
	blocks := 0
	for n := range count + 1 {
		if at[0][n+1] == 0 || at[1][n+1] == 0 {
			at[0][n+1], at[1][n+1] = 0, 0
		} else {
			blocks++
		}
		at[0][n+1] += at[0][n]
		at[1][n+1] += at[1][n]
	}
	list := &blockList{ranges: make([][4]uint32, 0, blocks)}
	solver.InParallel(2, func(side int) {
		list.rows[side] = make([]uint32, at[side][count+1])
		next := slices.Clone(at[side])
		for i, n := range numbers[side] {
			if at[side][n] < at[side][n+1] {
				list.rows[side][next[n]] = rows[side][i]
				next[n]++
			}
		}
	})
	for i, n := range numbers[0] {
		if from, to := at[0][n], at[0][n+1]; from < to && list.rows[0][from] == rows[0][i] {
			list.ranges = append(list.ranges, [4]uint32{from, to, at[1][n], at[1][n+1]})
		}
	}
	return list
}

// blocksByAmount cuts rows by currency and, where amounts must be equal, by amount. Tolerant rules get one block a
// currency, which is searched by windows and solved by components.
func blocksByAmount(x *evaluator, rows [2][]uint32) *blockList {
	keys := [2]func(uint32) uint64{}
	solver.InParallel(2, func(side int) {
		amount := func(row uint32) uint64 { return uint64(x.amountOf(side, row)) ^ 1<<63 }
		currency := func(row uint32) uint64 { return uint64(x.currency[side][row]) }
		if x.mode == recon.AmountExact {
			solver.Sort(rows[side], amount)
		}
		solver.Sort(rows[side], currency)
		keys[side] = func(row uint32) uint64 { return currency(row) }
		if x.mode == recon.AmountExact {
			keys[side] = amount
		}
	})
	same := func(side int, a uint32, other int, b uint32) bool {
		return x.currency[side][a] == x.currency[other][b] && keys[side](a) == keys[other](b)
	}
	less := func(a, b uint32) bool {
		ca, cb := x.currency[0][a], x.currency[1][b]
		return ca < cb || ca == cb && keys[0](a) < keys[1](b)
	}
	list := &blockList{rows: rows}
	for l, r := 0, 0; l < len(rows[0]) && r < len(rows[1]); {
		a, b := rows[0][l], rows[1][r]
		switch {
		case same(0, a, 1, b):
			toL, toR := l+1, r+1
			for toL < len(rows[0]) && same(0, a, 0, rows[0][toL]) {
				toL++
			}
			for toR < len(rows[1]) && same(1, b, 1, rows[1][toR]) {
				toR++
			}
			list.ranges = append(list.ranges, [4]uint32{uint32(l), uint32(toL), uint32(r), uint32(toR)})
			l, r = toL, toR
		case less(a, b):
			l++
		default:
			r++
		}
	}
	return list
}
