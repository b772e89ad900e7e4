package engine

import (
	"bytes"
	"slices"

	"matcher/internal/engine/solver"
)

// joined is a key pair after the hash join: equal texts of the two sides have the same number, 1.., and 0 is no text.
// For a column of several values a row, numbers are by value. A number is the place where its text first occurs, left
// before right, so what is counted by number is in memory in about the order in which the rows do.
type joined struct {
	ids   [2][]uint32
	count int  // numbers go up to it; not all of them are taken
	live  bool // enough of the rows that carry it meet across the sides

	// Where rows carry several numbers that are not those of a column, those of one are ids[first] ..
	// ids[first+counts].
	listed        bool
	first, counts [2][]uint32

	partial bool      // values are compared by their parts
	wholes  [2]uint32 // the last number of a left value, and of a right one
	met     []bool    // by number: rows of both sides carry it; nil where every row has one number at most
}

const (
	// joinPartBits cut the join into 256 parts: at a million rows a part's table is 128 kB and stays in a core's cache.
	joinPartBits = 8
	joinParts    = 1 << joinPartBits
	joinShift    = 64 - joinPartBits
	// livePercent: a key is live when at least this share of the rows carrying it meet across the sides.
	livePercent = 10
)

// joinEntry is one filled value, 16 bytes: four to a cache line. Every value takes two bytes of an arena of 4 GiB, so
// an index and its side fit in 32 bits.
type joinEntry struct {
	hash  uint64
	start uint32 // of its text
	place uint32 // index of the value · 2 + side
}

func (e joinEntry) side() int     { return int(e.place & 1) }
func (e joinEntry) value() uint32 { return e.place >> 1 }

// join numbers the values of every key and text that a rule compares.
func (v *view) join() {
	both := func(pair keyPair) [2]*Table { return [2]*Table{v.tables[pair.side[0]], v.tables[pair.side[1]]} }
	for _, pair := range v.plan.pairs {
		if pair.op == opEquals {
			v.joins = append(v.joins, joinKeys(both(pair), pair))
		} else {
			v.joins = append(v.joins, joinContained(v.plan, both(pair), pair))
		}
	}
	for _, pair := range v.plan.texts {
		v.texts = append(v.texts, joinKeys(both(pair), pair))
	}
}

// joinKeys numbers the texts of one key pair by a radix-partitioned hash join; equal hashes are verified by the text.
func joinKeys(tables [2]*Table, pair keyPair) *joined {
	columns := [2]*keyColumn{&tables[0].keys[pair.column[0]], &tables[1].keys[pair.column[1]]}
	parts, bounds := partition(columns)
	// A side's texts take two bytes each of 4 GiB, so the places of both fit in 32 bits.
	j := &joined{count: len(columns[0].hash) + len(columns[1].hash)}
	for side := range columns {
		j.ids[side] = make([]uint32, len(columns[side].hash))
	}
	var meet [joinParts]int
	solver.InParallel(joinParts, func(p int) {
		meet[p] = numberPart(parts[bounds[p]:bounds[p+1]], tables, j)
	})
	met := 0
	for _, n := range meet {
		met += n
	}
	j.live = len(parts) > 0 && met*100 >= len(parts)*livePercent
	if columns[0].first != nil || columns[1].first != nil {
		j.live = j.isLiveOfSeveral(columns)
	}
	return j
}

// partition scatters the filled values of both sides by the top bits of their hashes: in each part left before right,
// and each side by value.
func partition(columns [2]*keyColumn) ([]joinEntry, [joinParts + 1]uint32) {
	var at [2][joinParts]uint32
	solver.InParallel(2, func(side int) {
		c := columns[side]
		for i, h := range c.hash {
			if c.start[i] != noText {
				at[side][h>>joinShift]++
			}
		}
	})
	var bounds [joinParts + 1]uint32
	for p := range joinParts {
		lefts, rights := at[0][p], at[1][p]
		at[0][p], at[1][p] = bounds[p], bounds[p]+lefts
		bounds[p+1] = bounds[p] + lefts + rights
	}
	parts := make([]joinEntry, bounds[joinParts])
	solver.InParallel(2, func(side int) {
		c := columns[side]
		for i, h := range c.hash {
			if start := c.start[i]; start != noText {
				p := h >> joinShift
				parts[at[side][p]] = joinEntry{h, start, uint32(i)<<1 | uint32(side)}
				at[side][p]++
			}
		}
	})
	return parts, bounds
}

// numberPart numbers the texts of a part by an open-addressing table, and returns how many of its entries have one of
// the other side of the same text.
func numberPart(part []joinEntry, tables [2]*Table, j *joined) (meet int) {
	size := 16
	for size < 2*len(part) {
		size *= 2
	}
	slots, mask := make([]uint32, size), uint64(size-1)
	lefts := make([]uint32, len(part)) // by the first entry of a text: left ones that have met no right one yet
	base := [2]uint32{1, uint32(len(j.ids[0])) + 1}
	for i, e := range part {
		if i%touchAhead == 0 {
			touchTexts(part[i:min(i+touchAhead, len(part))], tables)
		}
		at := e.hash & mask
		for slots[at] != 0 && !sameText(tables, part[slots[at]-1], e) {
			at = (at + 1) & mask
		}
		if slots[at] == 0 {
			slots[at] = uint32(i + 1)
		}
		first := slots[at] - 1
		origin := part[first]
		j.ids[e.side()][e.value()] = base[origin.side()] + origin.value()
		switch {
		case e.side() == LeftIndex:
			lefts[first]++
		case origin.side() == LeftIndex:
			meet += 1 + int(lefts[first])
			lefts[first] = 0
		}
	}
	return meet
}

// touchAhead is how many texts are fetched at once: alone each would cost the wait for one place in memory, together
// they wait once.
const touchAhead = 64

// touchTexts reads one byte of each text, so that the comparisons that follow find them in the cache.
func touchTexts(part []joinEntry, tables [2]*Table) {
	touched := byte(0)
	for _, e := range part {
		touched |= tables[e.side()].arena[e.start]
	}
	keepTouched(touched)
}

// keepTouched keeps the compiler from leaving out loads whose value is not needed.
//
//go:noinline
func keepTouched(byte) {}

func sameText(tables [2]*Table, a, b joinEntry) bool {
	return a.hash == b.hash && bytes.Equal(tables[a.side()].text(a.start), tables[b.side()].text(b.start))
}

// isLiveOfSeveral counts by row where a row may carry several values, and notes which values meet.
func (j *joined) isLiveOfSeveral(columns [2]*keyColumn) bool {
	seen := make([]uint8, j.count+1)
	for side := range j.ids {
		for _, id := range j.ids[side] {
			seen[id] |= 1 << side
		}
	}
	j.met = make([]bool, len(seen))
	for n := range seen {
		j.met[n] = n > 0 && seen[n] == 3
	}
	filled, meet := 0, 0
	for side, c := range columns {
		rows := len(c.hash)
		if c.first != nil {
			rows = len(c.first)
		}
		for row := range uint32(rows) {
			first, count := c.of(row)
			if numbers := j.ids[side][first : first+count]; len(numbers) > 0 && numbers[0] > 0 {
				filled++
				meet += int(truth(j.meetsAnybody(numbers)))
			}
		}
	}
	return filled > 0 && meet*100 >= filled*livePercent
}

// values of a row under a key: one number or several, none when the row does not carry the key.
func (v *view) values(pair, side int, row uint32) []uint32 {
	column, j := &v.tables[side].keys[v.plan.pairs[pair].column[side]], v.joins[pair]
	if j.listed {
		return j.ids[side][j.first[side][row]:][:j.counts[side][row]]
	}
	if column.first != nil {
		return j.ids[side][column.first[row]:][:column.count[row]]
	}
	if j.ids[side][row] == 0 {
		return nil
	}
	return j.ids[side][row : row+1]
}

// filled reports whether both rows carry a key. One that compares parts of values and is not required counts only
// where one of the rows names a row: a text without any invoice number contradicts none.
func (v *view) filled(k ruleKey, a, b []uint32) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	if k.required || !v.joins[k.pair].partial {
		return true
	}
	return v.joins[k.pair].names(LeftIndex, a) || v.joins[k.pair].names(RightIndex, b)
}

// multi reports whether a pair has several values a row on either side.
func (v *view) multi(pair int) bool {
	if v.joins[pair].listed {
		return true
	}
	for side := range v.tables {
		if v.tables[side].keys[v.plan.pairs[pair].column[side]].first != nil {
			return true
		}
	}
	return false
}

// meets reports whether two lists of numbers share one.
func meets(a, b []uint32) bool {
	if len(a) == 1 && len(b) == 1 {
		return a[0] == b[0]
	}
	for _, x := range a {
		if slices.Contains(b, x) {
			return true
		}
	}
	return false
}
