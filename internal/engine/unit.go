package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"matcher/internal/recon"
)

// A unit is what a rule matches as one: a row, the rows of one half that share the fields of group.by, or what is left of
// a partial group. Its amount is their sum, its day their oldest, its currency the one that all of them have. A key counts
// by the values that all members who carry the key agree on: a payout's sales need not each repeat the payout's id, but two
// ids among them are none. Units make tables of their own, on which the ordinary matching runs; unit order is the order of
// their first rows, so it is canonical too.

// otherHalf marks a member that stands on the other half: of a partial group, whose rest is one unit.
const otherHalf = uint32(1) << 31

// units are the members of each unit, unit by unit, each in canonical order.
type units struct {
	members []uint32
	from    []uint32 // of each unit in members; one more at the end
}

func (u *units) len() int { return max(len(u.from), 1) - 1 }

func (u *units) of(i uint32) []uint32 { return u.members[u.from[i]:u.from[i+1]] }

func (u *units) add(members ...uint32) {
	if len(u.from) == 0 {
		u.from = append(u.from, 0)
	}
	u.members = append(u.members, members...)
	u.from = append(u.from, uint32(len(u.members)))
}

// unitRun is a rule over units: x and its runner work on unit tables, base on the rows.
type unitRun struct {
	base   *ruleRun
	x      *ruleRun
	units  [2]units
	parent *runner // gets the groups
}

// unitsBy puts rows together that share the rule's fields and the currency; a row that lacks one of the fields shares it
// with nobody and is left out. Without fields each row is a unit. Rows come in canonical order.
func (x *ruleRun) unitsBy(half int, rows []uint32) units {
	var u units
	if len(x.by[half]) == 0 {
		for _, row := range rows {
			u.add(row)
		}
		return u
	}
	numbers := make([]uint32, len(rows))
	known := make(map[string]uint32)
	var text []byte
	for i, row := range rows {
		var whole bool
		if text, whole = x.shared(text[:0], half, row); !whole {
			continue
		}
		n, seen := known[string(text)]
		if !seen {
			n = uint32(len(known) + 1)
			known[string(text)] = n
		}
		numbers[i] = n
	}
	return gathered(rows, numbers, len(known))
}

// shared is what a row shares with the rows of its unit, and whether it has all of it.
func (x *ruleRun) shared(to []byte, half int, row uint32) ([]byte, bool) {
	t := x.r.tables[half]
	to = binary.BigEndian.AppendUint32(to, x.currency[half][row])
	for _, column := range x.by[half] {
		start := t.keys[column].start[row]
		if start == noText {
			return to, false
		}
		text := t.text(start)
		to = binary.AppendUvarint(to, uint64(len(text)))
		to = append(to, text...)
	}
	return to, true
}

// gathered puts the rows of each number, from 1, together.
func gathered(rows, numbers []uint32, count int) units {
	from := make([]uint32, count+2)
	for _, n := range numbers {
		from[n+1]++
	}
	from[1] = 0 // number 0 is nobody's
	for n := 1; n <= count; n++ {
		from[n+1] += from[n]
	}
	next := slices.Clone(from)
	members := make([]uint32, from[count+1])
	for i, n := range numbers {
		if n > 0 {
			members[next[n]] = rows[i]
			next[n]++
		}
	}
	return units{members: members, from: from[1:]}
}

// limited leaves out the units of a half that have more rows than a group of the rule may have of it.
func (x *ruleRun) limited(half int, u units) units {
	if x.many[half] || len(x.by[half]) == 0 {
		return u
	}
	var kept units
	for i := range uint32(u.len()) {
		if len(u.of(i)) == 1 {
			kept.add(u.of(i)...)
		}
	}
	return kept
}

// onUnits is the rule over the units of both halves: tables, joins and columns are those of the rows, summed up.
func (x *ruleRun) onUnits(u [2]units) *unitRun {
	r := x.r
	sub := &runner{
		plan: r.plan, byRule: r.byRule, held: r.held, asOf: r.asOf,
		observe: func(Progress) bool { return r.progress(x, 0) },
	}
	unit := *x
	unit.r, unit.allowed, unit.where = sub, [2][]bool{}, [2][]bool{}
	run := &unitRun{base: x, x: &unit, units: u, parent: r}
	for half := range u {
		sub.tables[half] = run.table(half)
		sub.state[half] = make([]rowState, u[half].len())
		sub.flags[half] = make([]uint8, u[half].len())
	}
	for pair := range r.joins {
		sub.joins = append(sub.joins, run.join(pair))
	}
	for pair := range r.texts {
		sub.texts = append(sub.texts, run.firstTexts(pair))
	}
	run.remember(r.refused)
	return run
}

// table sums up the units of a half, and fills the columns that the rule compares.
func (u *unitRun) table(half int) *Table {
	x, n := u.base, u.units[half].len()
	rows := x.r.tables[half]
	t := &Table{
		plan: rows.plan, side: half, sealed: true, id: make([]int64, n), source: make([]uint16, n), sources: rows.sources,
		currency: make([]uint32, n), date: make([]int32, n), digest: make([][2]uint64, n), pending: make([]bool, n),
		amounts: [][]int64{make([]int64, n)}, keys: make([]keyColumn, len(rows.keys)),
	}
	u.x.amounts[half], u.x.days[half] = make([]int64, n), make([]int32, n)
	u.makeColumns(half, n, t)
	for i := range uint32(n) {
		members := u.units[half].of(i)
		first := members[0]
		t.id[i], t.source[i], t.currency[i] = int64(i), rows.source[first], rows.currency[first]
		t.date[i], u.x.days[half][i] = u.oldest(half, members)
		t.digest[i] = u.digest(half, members)
		t.amounts[0][i] = u.sum(half, members, func(h int, row uint32) int64 { return x.r.tables[h].amounts[0][row] })
		u.x.amounts[half][i] = u.compared(half, members)
		u.fillColumns(t, half, i, members)
		if t.amounts[0][i] == absent { // no sum, nothing to compare
			u.x.amounts[half][i], u.x.days[half][i] = absent, noInstant
		}
	}
	return t
}

// member is the half and the row of an entry of units.members.
func member(half int, entry uint32) (int, uint32) {
	if entry&otherHalf != 0 {
		return 1 - half, entry &^ otherHalf
	}
	return half, entry
}

// oldest booking date of the members, and the oldest day that the rule compares.
func (u *unitRun) oldest(half int, members []uint32) (date, day int32) {
	for i, entry := range members {
		h, row := member(half, entry)
		d, v := u.base.r.tables[h].date[row], u.base.days[h][row]
		if i == 0 || d < date {
			date = d
		}
		if i == 0 || v < day {
			day = v
		}
	}
	return date, day
}

// digest tells units apart: rows of one digest are interchangeable, and so are units of the same rows' digests.
func (u *unitRun) digest(half int, members []uint32) [2]uint64 {
	if len(members) == 1 {
		return u.base.r.tables[half].digest[members[0]]
	}
	h := sha256.New()
	var text [17]byte
	for _, entry := range members {
		at, row := member(half, entry)
		d := u.base.r.tables[at].digest[row]
		text[0] = byte(at)
		binary.BigEndian.PutUint64(text[1:], d[0])
		binary.BigEndian.PutUint64(text[9:], d[1])
		h.Write(text[:])
	}
	sum := h.Sum(nil)
	return [2]uint64{binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])}
}

// sum of the members, those of the other half taken off; absent where one has no such amount or the sum does not fit.
func (u *unitRun) sum(half int, members []uint32, amount func(half int, row uint32) int64) int64 {
	var sum recon.Total
	for _, entry := range members {
		h, row := member(half, entry)
		v := amount(h, row)
		switch {
		case v == absent:
			return absent
		case h != half:
			v = -v
		}
		sum.Add(recon.Minor(v))
	}
	m, err := sum.Minor()
	if err != nil {
		return absent
	}
	return int64(m)
}

// compared is the unit's amount as the rule reads it before it looks at signs. What is left of a partial group has the
// sign of its own half.
func (u *unitRun) compared(half int, members []uint32) int64 {
	x := u.base
	if x.mode == recon.AmountAny {
		return u.sum(half, members, func(h int, row uint32) int64 { return x.amounts[h][row] })
	}
	if len(members) == 1 {
		return x.amounts[half][members[0]]
	}
	if x.sign == recon.SignOpposite || members[len(members)-1]&otherHalf == 0 {
		return u.sum(half, members, func(h int, row uint32) int64 {
			if h != half && x.amounts[h][row] != absent { // of opposite sign already
				return -x.amounts[h][row]
			}
			return x.amounts[h][row]
		})
	}
	return u.sum(half, members, func(h int, row uint32) int64 { return x.amountOfOr(h, row) })
}

// amountOfOr is amountOf for a row that may have no amount.
func (x *ruleRun) amountOfOr(half int, row uint32) int64 {
	if x.amounts[half][row] == absent {
		return absent
	}
	return x.amountOf(half, row)
}

// join gives each unit the numbers that all of its members with any share; those of the other half say nothing here.
func (u *unitRun) join(pair int) *joined {
	r := u.base.r
	base := r.joins[pair]
	j := &joined{count: base.count, live: base.live, partial: base.partial, wholes: base.wholes, met: base.met}
	if r.plan.pairs[pair].side != u.base.side {
		for half := range u.units {
			j.ids[half] = make([]uint32, u.units[half].len())
		}
		return j
	}
	for half := range u.units {
		n := u.units[half].len()
		j.first[half], j.counts[half] = make([]uint32, n), make([]uint32, n)
		for i := range uint32(n) {
			values := u.agreed(pair, half, u.units[half].of(i))
			j.first[half][i], j.counts[half][i] = uint32(len(j.ids[half])), uint32(len(values))
			j.ids[half] = append(j.ids[half], values...)
			j.listed = j.listed || len(values) > 1
		}
	}
	if !j.listed {
		j.unlist()
	}
	return j
}

// unlist keeps one number a unit where none has more, which is what makes blocks cheap.
func (j *joined) unlist() {
	for half := range j.ids {
		single := make([]uint32, len(j.counts[half]))
		for i, n := range j.counts[half] {
			if n > 0 {
				single[i] = j.ids[half][j.first[half][i]]
			}
		}
		j.ids[half], j.first[half], j.counts[half] = single, nil, nil
	}
}

// agreed are the numbers that every member carrying the key has.
func (u *unitRun) agreed(pair, half int, members []uint32) []uint32 {
	var common []uint32
	owned := false
	for _, entry := range members {
		if entry&otherHalf != 0 {
			continue
		}
		values := u.base.r.values(pair, half, entry)
		switch {
		case len(values) == 0, u.base.r.joins[pair].partial && !u.base.r.joins[pair].meetsAnybody(values):
		case common == nil:
			common = values
		case len(common) == 1 && len(values) == 1 && common[0] == values[0]:
		default:
			if !owned {
				common, owned = slices.Clone(common), true
			}
			if common = slices.DeleteFunc(common, func(v uint32) bool { return !slices.Contains(values, v) }); len(common) == 0 {
				return nil
			}
		}
	}
	return common
}

// split parts the members of a unit into rows of the two halves.
func split(half int, members []uint32, to [2][]uint32) [2][]uint32 {
	for _, entry := range members {
		h, row := member(half, entry)
		to[h] = append(to[h], row)
	}
	return to
}
