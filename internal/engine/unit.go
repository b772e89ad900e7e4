package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"matcher/internal/recon"
)

// A unit is what a rule matches as one: a row, the rows of one half that share the fields of group.by, or what is
// left of a partial group. Its amount is their sum, its day as group.dates names it, its currency the one that all of
// them have. A key counts by the values that all members who carry the key agree on: a payout's sales need not each
// repeat the payout's id, but two ids among them are none. Units make tables of their own, on which the ordinary
// matching runs; unit order is the order of their first rows, so it is canonical too.

// otherHalf marks a member that is on the other half: of a partial group, whose rest is one unit.
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

// unitView is a rule over units: base works on the rows, x on tables of the units.
type unitView struct {
	base  *evaluator
	x     *evaluator
	units [2]units
}

// unitsBy puts rows together that share the rule's fields and the currency; a row that lacks one of the fields shares
// it with none and is left out. Without fields each row is a unit. Rows come in canonical order.
func (x *evaluator) unitsBy(half int, rows []uint32) units {
	var u units
	if len(x.by[half]) == 0 {
		for _, row := range rows {
			u.add(row)
		}
		return u
	}
	numbers, known := make([]uint32, len(rows)), numbering[string]{}
	var text []byte
	for i, row := range rows {
		var whole bool
		if text, whole = x.shared(text[:0], half, row); !whole {
			continue
		}
		if numbers[i] = known[string(text)]; numbers[i] == 0 {
			numbers[i] = known.of(string(text))
		}
	}
	return gathered(rows, numbers, len(known))
}

// shared is what a row shares with the rows of its unit, and whether it has all of it.
func (x *evaluator) shared(to []byte, half int, row uint32) ([]byte, bool) {
	t := x.tables[half]
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
	from[1] = 0 // number 0 is no unit
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
func (x *evaluator) limited(half int, u units) units {
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

// onUnits returns the rule over the units of both halves: tables, joins and columns are those of the rows, summed up.
func (x *evaluator) onUnits(units [2]units) *unitView {
	unit := *x
	unit.view, unit.admitted, unit.where = &view{plan: x.plan}, [2][]bool{}, [2][]bool{}
	unit.newest = [2][]int32{}
	u := &unitView{base: x, x: &unit, units: units}
	unit.moneyIn = u.moneyIn
	for half := range units {
		unit.tables[half] = u.table(half)
	}
	for pair := range x.joins {
		unit.joins = append(unit.joins, u.join(pair))
	}
	for pair := range x.texts {
		unit.texts = append(unit.texts, u.firstTexts(pair))
	}
	u.remember()
	return u
}

// rows returns the rows of a pair of units by half.
func (u *unitView) rows(left, right uint32) [2][]uint32 {
	return split(1, u.units[1].of(right), split(0, u.units[0].of(left), [2][]uint32{}))
}

// whole is a rule over two units that hold all rows of a group: how the group is judged alone, whatever it was found
// by.
func (x *evaluator) whole(rows [2][]uint32) *unitView {
	var u [2]units
	for half := range rows {
		u[half].add(rows[half]...)
	}
	return x.onUnits(u)
}

// table sums up the units of a half, and fills the columns that the rule compares.
func (u *unitView) table(half int) *Table {
	x, n := u.base, u.units[half].len()
	rows := x.tables[half]
	t := &Table{
		plan: rows.plan, side: half, sealed: true, id: make([]int64, n), source: make([]uint16, n),
		sources:  rows.sources,
		currency: make([]uint32, n), date: make([]int32, n), digest: make([][2]uint64, n), pending: make([]bool, n),
		amounts: [][]int64{make([]int64, n)}, keys: make([]keyColumn, len(rows.keys)),
	}
	u.x.amounts[half], u.x.days[half] = make([]int64, n), make([]int32, n)
	if x.dates == recon.DatesEvery {
		u.x.newest[half] = make([]int32, n)
	}
	u.makeColumns(half, n, t)
	for i := range uint32(n) {
		members := u.units[half].of(i)
		first := members[0]
		t.id[i], t.source[i], t.currency[i] = int64(i), rows.source[first], rows.currency[first]
		t.date[i], u.x.days[half][i] = u.oldest(half, members)
		if newest := u.newest(half, members); x.dates == recon.DatesLatest {
			u.x.days[half][i] = newest
		} else if x.dates == recon.DatesEvery {
			u.x.newest[half][i] = newest
		}
		t.digest[i] = u.digest(half, members)
		t.amounts[0][i] = u.sum(half, members, func(h int, row uint32) int64 { return x.tables[h].amounts[0][row] })
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
func (u *unitView) oldest(half int, members []uint32) (date, day int32) {
	for i, entry := range members {
		h, row := member(half, entry)
		d, v := u.base.tables[h].date[row], u.base.days[h][row]
		if i == 0 || d < date {
			date = d
		}
		if i == 0 || v < day {
			day = v
		}
	}
	return date, day
}

// newest day of the members that the rule compares. What is left of a partial group counts from its oldest.
func (u *unitView) newest(half int, members []uint32) int32 {
	if members[len(members)-1]&otherHalf != 0 {
		_, day := u.oldest(half, members)
		return day
	}
	day := u.base.days[half][members[0]]
	for _, row := range members[1:] {
		day = max(day, u.base.days[half][row])
	}
	return day
}

// digest distinguishes units: rows of one digest are interchangeable, and so are units of the same rows' digests.
func (u *unitView) digest(half int, members []uint32) [2]uint64 {
	if len(members) == 1 {
		return u.base.tables[half].digest[members[0]]
	}
	h := sha256.New()
	var text [17]byte
	for _, entry := range members {
		at, row := member(half, entry)
		d := u.base.tables[at].digest[row]
		text[0] = byte(at)
		binary.BigEndian.PutUint64(text[1:], d[0])
		binary.BigEndian.PutUint64(text[9:], d[1])
		h.Write(text[:])
	}
	sum := h.Sum(nil)
	return [2]uint64{binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])}
}

// sum of the members, those of the other half taken off; absent where one has no such amount or the sum does not fit.
func (u *unitView) sum(half int, members []uint32, amount func(half int, row uint32) int64) int64 {
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
func (u *unitView) compared(half int, members []uint32) int64 {
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
	return u.sum(half, members, func(h int, row uint32) int64 {
		if x.amounts[h][row] == absent {
			return absent
		}
		return x.amountOf(h, row)
	})
}

// moneyIn is what the members have above zero as the rule compares them.
func (u *unitView) moneyIn(half int, unit uint32) int64 {
	return u.sum(half, u.units[half].of(unit), func(h int, row uint32) int64 { return max(u.base.amountOf(h, row), 0) })
}

// join gives each unit the numbers that all of its members with any share; those of the other half say nothing here.
func (u *unitView) join(pair int) *joined {
	base := u.base.joins[pair]
	j := &joined{count: base.count, live: base.live, partial: base.partial, wholes: base.wholes, met: base.met}
	if u.base.plan.pairs[pair].side != u.base.side {
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
	if !j.listed { // one number a unit, which is what makes blocks cheap
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
	return j
}

// agreed are the numbers that every member carrying the key has.
func (u *unitView) agreed(pair, half int, members []uint32) []uint32 {
	var common []uint32
	owned := false
	for _, entry := range members {
		if entry&otherHalf != 0 {
			continue
		}
		values := u.base.values(pair, half, entry)
		switch {
		case len(values) == 0, u.base.joins[pair].partial && !u.base.joins[pair].meetsAnybody(values):
		case common == nil:
			common = values
		case len(common) == 1 && len(values) == 1 && common[0] == values[0]:
		default:
			if !owned {
				common, owned = slices.Clone(common), true
			}
			if common = slices.DeleteFunc(common,
				func(v uint32) bool { return !slices.Contains(values, v) }); len(common) == 0 {
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
