package engine

import "slices"

// Of the columns that few rules read, a unit has: the currency in which its rows are compared, the rate and the text
// of its first row, and the sums of what a fee schedule is applied to and of the fees that its rows state. Converted
// amounts are summed row by row, each at its own rate.

// makeColumns makes room for them.
func (u *unitView) makeColumns(half, n int, t *Table) {
	x := u.base
	u.x.currency[half] = make([]uint32, n)
	if x.rated[half] != nil {
		u.x.rated[half] = make([]int32, n)
	}
	if x.grossOf[half] != nil {
		u.x.grossOf[half], t.fee = make([]int64, n), make([]int64, n)
	}
	if x.text != nil {
		rows := x.tables[half]
		t.arena = rows.arena
		t.keys[x.textColumn(half)] = keyColumn{hash: make([]uint64, n), start: make([]uint32, n)}
	}
}

// fillColumns fills them for one unit.
func (u *unitView) fillColumns(t *Table, half int, i uint32, members []uint32) {
	x := u.base
	h, first := member(half, members[0])
	u.x.currency[half][i] = x.currency[h][first]
	if x.rated[half] != nil && h == half {
		u.x.rated[half][i] = x.rated[half][first]
	}
	if x.grossOf[half] != nil {
		u.x.grossOf[half][i] = u.sum(half, members, func(h int, row uint32) int64 {
			if x.grossOf[h] == nil {
				return absent
			}
			return x.grossOf[h][row]
		})
		t.fee[i] = absent
		if own := slices.DeleteFunc(slices.Clone(members),
			func(m uint32) bool { return m&otherHalf != 0 }); len(own) == len(members) {
			if fees, stated := x.tables[half].fees(own); stated {
				t.fee[i] = fees
			}
		}
	}
	if x.text != nil && h == half {
		c := x.textColumn(half)
		t.keys[c].start[i] = x.tables[half].keys[c].start[first]
	}
}

// firstTexts are the numbers of the units' texts.
func (u *unitView) firstTexts(pair int) *joined {
	base := u.base.texts[pair]
	j := &joined{count: base.count}
	for half := range u.units {
		j.ids[half] = make([]uint32, u.units[half].len())
		if u.base.plan.texts[pair].side != u.base.side {
			continue
		}
		for i := range j.ids[half] {
			if h, first := member(half, u.units[half].of(uint32(i))[0]); h == half {
				j.ids[half][i] = base.ids[half][first]
			}
		}
	}
	return j
}

// textColumn is the column of the text that a half compares.
func (x *evaluator) textColumn(half int) int { return x.plan.texts[x.text.pair].column[half] }
