package engine

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sync"
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

func (t *Table) canonicalOrder() []uint32 {
	order := make([]uint32, t.Len())
	for i := range order {
		order[i] = uint32(i)
	}
	radixSort(order, func(row uint32) uint64 { return uint64(t.amounts[0][row]) ^ 1<<63 })
	radixSort(order, func(row uint32) uint64 { return uint64(uint32(t.date[row]) ^ 1<<31) })
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && t.date[order[to]] == t.date[order[from]] && t.amounts[0][order[to]] == t.amounts[0][order[from]] {
			to++
		}
		if to-from > 1 {
			slices.SortStableFunc(order[from:to], t.compareTied)
		}
		from = to
	}
	return order
}

// compareTied orders rows of the same date and amount.
func (t *Table) compareTied(a, b uint32) int {
	if c := cmp.Compare(t.currency[a], t.currency[b]); c != 0 {
		return c
	}
	if c := bytes.Compare(t.text(t.external[a]), t.text(t.external[b])); c != 0 {
		return c
	}
	if c := compareDigest(t.digest[a], t.digest[b]); c != 0 {
		return c
	}
	if c := cmp.Compare(t.sources[t.source[a]], t.sources[t.source[b]]); c != 0 {
		return c
	}
	return cmp.Compare(t.ordinal[a], t.ordinal[b])
}

func compareDigest(a, b [2]uint64) int {
	if c := cmp.Compare(a[0], b[0]); c != 0 {
		return c
	}
	return cmp.Compare(a[1], b[1])
}

// permute reorders every column, two at a time.
func (t *Table) permute(order []uint32) {
	jobs := []func(){
		func() { t.id = reordered(t.id, order) },
		func() { t.source = reordered(t.source, order) },
		func() { t.currency = reordered(t.currency, order) },
		func() { t.date = reordered(t.date, order) },
		func() { t.value = reordered(t.value, order) },
		func() { t.fee = reordered(t.fee, order) },
		func() { t.digest = reordered(t.digest, order) },
		func() { t.ordinal = reordered(t.ordinal, order) },
		func() { t.pending = reordered(t.pending, order) },
	}
	t.rearrange(order)
	for i := range t.amounts {
		jobs = append(jobs, func() { t.amounts[i] = reordered(t.amounts[i], order) })
	}
	for c := range t.keys {
		k := &t.keys[c]
		if k.first != nil {
			jobs = append(jobs, func() { k.first, k.count = reordered(k.first, order), reordered(k.count, order) })
			continue
		}
		jobs = append(jobs, func() { k.hash = reordered(k.hash, order) }) // its texts have been rearranged
	}
	inParallel(len(jobs), func(i int) { jobs[i]() })
}

// rearrange writes the texts into a new arena in canonical order, so that later passes over ids and keys read memory
// from front to back. Values of a column with several a row keep their own order.
func (t *Table) rearrange(order []uint32) {
	arena := make([]byte, 0, len(t.arena))
	move := func(start uint32) uint32 {
		if start == noText {
			return noText
		}
		at := uint32(len(arena))
		n, width := uint64(t.arena[start]), 1
		if n >= 0x80 {
			n, width = binary.Uvarint(t.arena[start:])
		}
		arena = append(arena, t.arena[start:][:width+int(n)]...)
		return at
	}
	external, starts := make([]uint32, len(order)), make([][]uint32, len(t.keys))
	for c := range t.keys {
		if t.keys[c].first == nil {
			starts[c] = make([]uint32, len(order))
			continue
		}
		for i, start := range t.keys[c].start {
			t.keys[c].start[i] = move(start)
		}
	}
	for i, row := range order { // a row's texts lie together, so each row is one place in memory
		if i%touchAhead == 0 {
			t.touchRows(order[i:min(i+touchAhead, len(order))])
		}
		external[i] = move(t.external[row])
		for c, to := range starts {
			if to != nil {
				to[i] = move(t.keys[c].start[row])
			}
		}
	}
	t.external = external
	for c, to := range starts {
		if to != nil {
			t.keys[c].start = to
		}
	}
	t.arena = arena
}

// touchRows fetches where the texts of some rows begin, as touchTexts does.
func (t *Table) touchRows(rows []uint32) {
	touched := byte(0)
	for _, row := range rows {
		if start := t.external[row]; start != noText {
			touched |= t.arena[start]
		}
	}
	keepTouched(touched)
}

// reordered is column[order[0]], column[order[1]] …; a column that the plan does not keep stays empty.
func reordered[T any](column []T, order []uint32) []T {
	if len(column) == 0 {
		return column
	}
	out := make([]T, len(order))
	for i, row := range order {
		out[i] = column[row]
	}
	return out
}

const (
	radixBits = 11
	radixSize = 1 << radixBits
	radixMask = radixSize - 1
	// radixLeast is where a comparison sort stops being faster: below it the histogram costs more than the sort.
	radixLeast = 2048
)

// radixSort orders rows by key, stably. Digits in which all keys agree are skipped, so a day or an amount costs two or
// three passes.
func radixSort(rows []uint32, key func(uint32) uint64) {
	if len(rows) < radixLeast {
		slices.SortStableFunc(rows, func(a, b uint32) int { return cmp.Compare(key(a), key(b)) })
		return
	}
	keys, differ := make([]uint64, len(rows)), uint64(0)
	for i, row := range rows {
		keys[i] = key(row)
		differ |= keys[i] ^ keys[0]
	}
	rowsTo, keysTo := make([]uint32, len(rows)), make([]uint64, len(rows))
	from, fromKeys := rows, keys
	for shift := 0; shift < 64; shift += radixBits {
		if differ>>shift&radixMask == 0 {
			continue
		}
		radixPass(from, fromKeys, rowsTo, keysTo, shift)
		from, rowsTo = rowsTo, from
		fromKeys, keysTo = keysTo, fromKeys
	}
	if len(from) > 0 && &from[0] != &rows[0] {
		copy(rows, from)
	}
}

func radixPass(from []uint32, fromKeys []uint64, to []uint32, toKeys []uint64, shift int) {
	var at [radixSize]uint32
	for _, k := range fromKeys {
		at[k>>shift&radixMask]++
	}
	sum := uint32(0)
	for i := range at {
		at[i], sum = sum, sum+at[i]
	}
	for i, k := range fromKeys {
		digit := k >> shift & radixMask
		to[at[digit]], toKeys[at[digit]] = from[i], k
		at[digit]++
	}
}

// sealBoth seals the two sides beside each other.
func sealBoth(left, right *Table) {
	var wait sync.WaitGroup
	wait.Go(left.seal)
	right.seal()
	wait.Wait()
}
