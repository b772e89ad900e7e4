package engine

import (
	"bytes"
	"cmp"
	"math/bits"
	"slices"

	"matcher/internal/engine/solver"
)

// seal puts the rows into canonical order: date, amount, currency, external id, digest, then source and ordinal. Rows
// that still tie are equal in everything that a result can show.
func (t *Table) seal() {
	if t.sealed {
		return
	}
	t.sealed = true
	order := t.canonicalOrder()
	if slices.IsSorted(order) {
		return
	}
	t.permute(order)
}

// canonicalOrder leaves dates and amounts in the order that it returns; permute does the rest.
func (t *Table) canonicalOrder() []uint32 {
	order := make([]uint32, t.Len())
	for i := range order {
		order[i] = uint32(i)
	}
	t.sortByDateAndAmount(order)
	dates, amounts := solver.Reordered(t.date, order), solver.Reordered(t.amounts[0], order)
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && dates[to] == dates[from] && amounts[to] == amounts[from] {
			to++
		}
		if to-from > 1 {
			slices.SortStableFunc(order[from:to], t.compareTied)
		}
		from = to
	}
	t.date, t.amounts[0] = dates, amounts
	return order
}

// sortByDateAndAmount sorts by both at once where their ranges fit into one number, as they do unless an amount of a
// billion billions meets a date of another century.
func (t *Table) sortByDateAndAmount(order []uint32) {
	if len(order) == 0 {
		return
	}
	day, amount := slices.Min(t.date), slices.Min(t.amounts[0])
	days, width := uint64(slices.Max(t.date)-day), bits.Len64(uint64(slices.Max(t.amounts[0]))-uint64(amount))
	if bits.Len64(days)+width <= 64 {
		solver.Sort(order, func(row uint32) uint64 {
			return uint64(t.date[row]-day)<<width | (uint64(t.amounts[0][row]) - uint64(amount))
		})
		return
	}
	solver.Sort(order, func(row uint32) uint64 { return uint64(t.amounts[0][row]) ^ 1<<63 })
	solver.Sort(order, func(row uint32) uint64 { return uint64(uint32(t.date[row]) ^ 1<<31) })
}

// compareTied orders rows of the same date and amount.
func (t *Table) compareTied(a, b uint32) int {
	if c := cmp.Compare(t.currency[a], t.currency[b]); c != 0 {
		return c
	}
	if c := bytes.Compare(t.text(t.external[a]), t.text(t.external[b])); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(t.digest[a][0], t.digest[b][0]), cmp.Compare(t.digest[a][1], t.digest[b][1]),
		cmp.Compare(t.sources[t.source[a]], t.sources[t.source[b]]), cmp.Compare(t.ordinal[a], t.ordinal[b]),
	)
}

// permute reorders every column but those that canonicalOrder has, two at a time.
func (t *Table) permute(order []uint32) {
	if len(t.marks) > 0 {
		marks := make(map[uint32]bookMark, len(t.marks))
		for to, from := range order {
			if m, has := t.marks[from]; has {
				marks[uint32(to)] = m
			}
		}
		t.marks = marks
	}
	jobs := []func(){
		func() { t.id = solver.Reordered(t.id, order) },
		func() { t.source = solver.Reordered(t.source, order) },
		func() { t.currency = solver.Reordered(t.currency, order) },
		func() { t.value = solver.Reordered(t.value, order) },
		func() { t.fee = solver.Reordered(t.fee, order) },
		func() { t.digest = solver.Reordered(t.digest, order) },
		func() { t.ordinal = solver.Reordered(t.ordinal, order) },
		func() { t.pending = solver.Reordered(t.pending, order) },
		func() { t.carried = solver.Reordered(t.carried, order) },
		func() { t.settled = solver.Reordered(t.settled, order) },
		func() { t.gross = solver.Reordered(t.gross, order) },
		func() { t.original = solver.Reordered(t.original, order) },
		func() { t.instant = solver.Reordered(t.instant, order) },
	}
	for i := range t.rated {
		jobs = append(jobs, func() { t.rated[i] = solver.Reordered(t.rated[i], order) })
	}
	for i := range t.compared {
		jobs = append(jobs, func() { t.compared[i] = solver.Reordered(t.compared[i], order) })
	}
	for i := range t.wheres {
		jobs = append(jobs, func() { t.wheres[i] = solver.Reordered(t.wheres[i], order) })
	}
	t.rearrange(order)
	for i := range t.amounts[1:] {
		jobs = append(jobs, func() { t.amounts[i+1] = solver.Reordered(t.amounts[i+1], order) })
	}
	for c := range t.keys {
		k := &t.keys[c]
		if k.first != nil {
			jobs = append(jobs, func() { k.first = solver.Reordered(k.first, order) })
			jobs = append(jobs, func() { k.count = solver.Reordered(k.count, order) })
			continue
		}
		jobs = append(jobs, func() { k.hash = solver.Reordered(k.hash, order) }) // its texts have been rearranged
	}
	solver.InParallel(len(jobs), func(i int) { jobs[i]() })
}

// rearrange writes the texts into a new arena in canonical order, so that later passes over ids and keys read memory
// from front to back. A row's texts lie together and move as one. Values of a column with several a row keep their
// order.
func (t *Table) rearrange(order []uint32) {
	ends := slices.Concat(t.texts, []uint32{uint32(len(t.arena))})
	arena, at := make([]byte, len(t.arena)), uint32(0)
	moved := make([]uint32, len(order)) // by how much a row's texts do, modulo 2^32
	for i := range order {
		if i%touchAhead == 0 {
			t.touchRows(order[i:min(i+touchAhead, len(order))])
		}
		from, to := ends[order[i]], ends[order[i]+1]
		moved[i] = at - from
		solver.MoveText(arena[at:], t.arena[from:], to-from)
		at += to - from
	}
	t.arena, t.texts = arena, nil
	t.external = shifted(t.external, order, moved)
	for c := range t.keys {
		k := &t.keys[c]
		if k.first == nil {
			k.start = shifted(k.start, order, moved)
			continue
		}
		for i, row := range order {
			for v := k.first[row]; v < k.first[row]+k.count[row]; v++ {
				if k.start[v] != noText {
					k.start[v] += moved[i]
				}
			}
		}
	}
}

// shifted is where texts start after their rows have moved.
func shifted(starts, order, moved []uint32) []uint32 {
	out := make([]uint32, len(order))
	for i, row := range order {
		if out[i] = starts[row]; out[i] != noText {
			out[i] += moved[i]
		}
	}
	return out
}

// touchRows fetches where the texts of some rows begin, as touchTexts does.
func (t *Table) touchRows(rows []uint32) {
	touched := byte(0)
	for _, row := range rows {
		if at := t.texts[row]; int(at) < len(t.arena) {
			touched |= t.arena[at]
		}
	}
	keepTouched(touched)
}
