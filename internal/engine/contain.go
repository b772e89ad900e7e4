package engine

import (
	"bytes"
	"hash/maphash"
	"slices"
	"unicode/utf8"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// Two operations hold where one side's value is part of the other's, whichever is the longer:
//
//   - CONTAINS_TOKEN: as whole words in a row, an invoice number in a remittance text. A word is a run of letters or
//     one of digits, so RE1042 is two words, and RE 1042, RE-1042 and 1042 are found in it. A year inside a number or a
//     date and the whole part of a decimal are no values of their own: 01.06.2026 holds no 2026, 1042.50 no 1042. Each
//     word is normalised by itself; where the steps drop what is between words anyway (alnum, digits), words are also
//     held to run together: INV17.
//   - PREFIX: at its start, a reference that a bank cut off.
//
// Neither compares row with row. The values of each side go into a table by hash; the parts of the other side's
// values that are as long as some value there is are looked up in it, and verified by their bytes. A row then carries
// the numbers of the values that it shares with other rows, and from there on the key is one with several values a
// row.

const (
	// partBytesMax is the longest value that is sought in others, and wordsAtOnce how many words it may have.
	partBytesMax = 128
	wordsAtOnce  = 32
)

// keyOp is how a key compares two values.
type keyOp uint8

const (
	opEquals keyOp = iota
	opContainsToken
	opPrefix
)

// keyOps by the names of recon; every other name compares whole values.
var keyOps = map[string]keyOp{recon.KeyContainsToken: opContainsToken, recon.KeyPrefix: opPrefix}

// container compares the values of one key pair by their parts.
type container struct {
	op    keyOp
	least int // characters of a value that is sought in others
	glued [2]bool
	room  []byte
	ends  []int32 // of the words of the value in hand, in room
	parts []bool  // those words that are no value by themselves
}

func newContainer(p *Plan, pair keyPair) *container {
	return &container{op: pair.op, least: pair.least, glued: [2]bool{
		p.columns[pair.side[0]][pair.column[0]].Glued(),
		p.columns[pair.side[1]][pair.column[1]].Glued(),
	}}
}

// soughtable reports whether a value is long enough to mean something and short enough to be sought.
func (c *container) soughtable(part []byte) bool {
	return len(part) <= partBytesMax && utf8.RuneCount(part)-bytes.Count(part, []byte{' '}) >= c.least
}

// whole is a stored value as it is sought in others.
func (c *container) whole(side int, stored []byte) []byte {
	if c.op == opPrefix {
		return stored
	}
	c.lay(side, stored)
	return c.room
}

// lay writes the words of a stored value next to each other and notes where each ends.
func (c *container) lay(side int, stored []byte) {
	c.room, c.ends, c.parts = c.room[:0], c.ends[:0], c.parts[:0]
	for len(stored) > 0 {
		word, rest := stored, []byte(nil)
		if at := bytes.IndexByte(stored, solver.WordBreak); at >= 0 {
			word, rest = stored[:at], stored[at+1:]
		}
		if len(c.room) > 0 && !c.glued[side] {
			c.room = append(c.room, ' ')
		}
		isPart := word[0] == solver.WordPart
		c.room = append(c.room, word[truth(isPart):]...)
		c.parts = append(c.parts, isPart)
		c.ends = append(c.ends, int32(len(c.room)))
		stored = rest
	}
}

// eachPart gives every part of a stored value whose length is wanted.
func (c *container) eachPart(side int, stored []byte, wanted *[partBytesMax + 1]bool, visit func(part []byte)) {
	if c.op == opPrefix {
		for n := 1; n <= min(len(stored), partBytesMax); n++ {
			if wanted[n] {
				visit(stored[:n])
			}
		}
		return
	}
	c.lay(side, stored)
	from := int32(0)
	for i := range c.ends {
		if i > 0 {
			from = c.ends[i-1]
			if !c.glued[side] {
				from++
			}
		}
		for at, to := range c.ends[i:min(i+wordsAtOnce, len(c.ends))] {
			if n := to - from; n > partBytesMax {
				break
			} else if wanted[n] && (at > 0 || !c.parts[i]) {
				visit(c.room[from:to])
			}
		}
	}
}

// partTable finds a side's values by their bytes.
type partTable struct {
	slots   []uint32 // entry, from 1
	hashes  []uint64
	texts   []uint32 // start of each entry's bytes in arena
	arena   []byte
	lengths [partBytesMax + 1]bool
	own     []uint32 // number of each value of the column; 0: too short or too long to be sought
}

func newPartTable(c *container, side int, t *Table, column *keyColumn) *partTable {
	size := 16
	for size < 2*len(column.start) {
		size *= 2
	}
	p := &partTable{slots: make([]uint32, size), own: make([]uint32, len(column.start))}
	for i, start := range column.start {
		if start == noText {
			continue
		}
		if part := c.whole(side, t.text(start)); c.soughtable(part) {
			p.own[i] = p.number(part)
		}
	}
	return p
}

// number of a value, a new one where it is the first of its kind.
func (p *partTable) number(part []byte) uint32 {
	hash := maphash.Bytes(hashSeed, part)
	at, entry := p.look(hash, part)
	if entry == 0 {
		p.hashes = append(p.hashes, hash)
		p.texts = append(p.texts, uint32(len(p.arena)))
		p.arena = append(p.arena, part...)
		entry = uint32(len(p.hashes))
		p.slots[at] = entry
		p.lengths[len(part)] = true
	}
	return entry
}

func (p *partTable) look(hash uint64, part []byte) (slot int, entry uint32) {
	mask := uint64(len(p.slots) - 1)
	for at := hash & mask; ; at = (at + 1) & mask {
		entry := p.slots[at]
		if entry == 0 || p.hashes[entry-1] == hash && bytes.Equal(p.text(entry), part) {
			return int(at), entry
		}
	}
}

func (p *partTable) text(entry uint32) []byte {
	from, to := p.texts[entry-1], uint32(len(p.arena))
	if int(entry) < len(p.texts) {
		to = p.texts[entry]
	}
	return p.arena[from:to]
}

func (p *partTable) find(part []byte) uint32 {
	_, entry := p.look(maphash.Bytes(hashSeed, part), part)
	return entry
}

// rowsOfPart is how many rows one core looks up at a time.
const rowsOfPart = 1 << 13

// containedJoin is a join of values with their parts at work.
type containedJoin struct {
	*joined
	tables  [2]*Table
	columns [2]*keyColumn
	parts   [2]*partTable
	base    [2]uint32 // before the numbers of a side's values
}

// joinContained numbers the values of one pair that are part of a value of the other side. Left values come first, then
// right ones; a row that shares none gets a number of its own, so that it carries the key and meets no other.
func joinContained(p *Plan, tables [2]*Table, pair keyPair) *joined {
	j := &containedJoin{joined: &joined{partial: true, listed: true}, tables: tables}
	for side, t := range tables {
		j.columns[side] = &t.keys[pair.column[side]]
	}
	solver.InParallel(2, func(side int) {
		j.parts[side] = newPartTable(newContainer(p, pair), side, tables[side], j.columns[side])
	})
	j.base[1] = uint32(len(j.parts[0].hashes))
	j.count = len(j.parts[0].hashes) + len(j.parts[1].hashes)
	j.wholes = [2]uint32{j.base[1], uint32(j.count)}
	met := make([]bool, j.count+1)
	var found [2][][][]uint32
	for side, t := range tables {
		chunks := solver.Ranges(t.Len(), rowsOfPart)
		found[side] = make([][][]uint32, len(chunks))
		solver.InParallel(len(chunks), func(i int) { found[side][i] = j.find(newContainer(p, pair), side, chunks[i]) })
		for _, chunk := range found[side] {
			for _, numbers := range chunk {
				for _, n := range numbers {
					met[n] = true
				}
			}
		}
	}
	j.met = met
	for side := range tables {
		j.fill(side, found[side])
	}
	j.met = append(j.met, make([]bool, j.count+1-len(met))...)
	j.live = j.isLiveByRow()
	return j.joined
}

// find lists for each row of a range the numbers of the other side's values that it holds.
func (j *containedJoin) find(c *container, side int, rows [2]int) [][]uint32 {
	found := make([][]uint32, rows[1]-rows[0])
	column, other, base := j.columns[side], j.parts[1-side], j.base[1-side]
	for i := range found {
		first, count := column.of(uint32(rows[0] + i))
		for _, start := range column.start[first : first+count] {
			if start == noText {
				continue
			}
			c.eachPart(side, j.tables[side].text(start), &other.lengths, func(part []byte) {
				room := len(found[i]) < solver.ValuesMax
				if n := other.find(part); n > 0 && room && !slices.Contains(found[i], base+n) {
					found[i] = append(found[i], base+n)
				}
			})
		}
	}
	return found
}

// fill gives each row of a side its numbers: its own values that other rows hold, and those that it holds itself.
func (j *containedJoin) fill(side int, found [][][]uint32) {
	rows, column, own, base := j.tables[side].Len(), j.columns[side], j.parts[side].own, j.base[side]
	j.first[side], j.counts[side] = make([]uint32, rows), make([]uint32, rows)
	for row := range uint32(rows) {
		from := len(j.ids[side])
		first, count := column.of(row)
		filled := false
		for i := first; i < first+count; i++ {
			filled = filled || column.start[i] != noText
			if n := own[i]; n > 0 && j.met[base+n] && !slices.Contains(j.ids[side][from:], base+n) {
				j.ids[side] = append(j.ids[side], base+n)
			}
		}
		j.ids[side] = append(j.ids[side], found[row/rowsOfPart][row%rowsOfPart]...)
		if filled && len(j.ids[side]) == from {
			j.count++
			j.ids[side] = append(j.ids[side], uint32(j.count))
		}
		j.first[side][row], j.counts[side][row] = uint32(from), uint32(len(j.ids[side])-from)
	}
}

// isLiveByRow counts the rows that share a value with the other side against all that carry the key.
func (j *joined) isLiveByRow() bool {
	filled, meet := 0, 0
	for side := range j.first {
		for row, from := range j.first[side] {
			if n := j.counts[side][row]; n > 0 {
				filled++
				meet += int(truth(j.meetsAnybody(j.ids[side][from : from+n])))
			}
		}
	}
	return filled > 0 && meet*100 >= filled*livePercent
}

// meetsAnybody reports whether one of a row's numbers occurs on the other side at all.
func (j *joined) meetsAnybody(numbers []uint32) bool {
	return slices.ContainsFunc(numbers, func(n uint32) bool { return j.met[n] })
}

// names reports whether a row's numbers hold one of a value of the other side.
func (j *joined) names(side int, numbers []uint32) bool {
	return slices.ContainsFunc(numbers, func(n uint32) bool {
		return n <= j.wholes[RightIndex] && (n > j.wholes[LeftIndex]) == (side == LeftIndex)
	})
}

// of is where a row's values stand in the column.
func (c *keyColumn) of(row uint32) (first, count uint32) {
	if c.first != nil {
		return c.first[row], c.count[row]
	}
	return row, 1
}

// agree reports whether two rows' stored values hold the key, evaluated alone.
func (c *container) agree(a, b [][]byte) bool {
	return c.holds(LeftIndex, a, b) || c.holds(RightIndex, b, a)
}

// holds reports whether a value of `values`, which are a side's, occurs in one of the other side's.
func (c *container) holds(side int, values, others [][]byte) bool {
	for _, value := range values {
		part := bytes.Clone(c.whole(side, value))
		if !c.soughtable(part) {
			continue
		}
		var wanted [partBytesMax + 1]bool
		wanted[len(part)] = true
		for _, other := range others {
			held := false
			c.eachPart(1-side, other, &wanted, func(p []byte) { held = held || bytes.Equal(p, part) })
			if held {
				return true
			}
		}
	}
	return false
}
