package engine

import (
	"encoding/binary"
	"slices"

	"matcher/internal/recon"
)

// memory holds the sets of rows that were rejected or taken apart. None of them is offered again as the same set;
// since a row that changes is another row, that holds until one of its rows changes. The rows themselves are free:
// each of them may match another one, also one that is equal to the partner that was rejected.
type memory struct {
	sets    map[string]bool               // by setKey
	touched [2][]bool                     // rows of some set: they are not interchangeable; nil: none
	pair    func(left, right uint32) bool // whether two rows are such a set; nil: there are none
}

// remember finds the rows of the sets. A set with a row that is gone cannot be offered.
func (v *view) remember(sets []recon.RowSet) {
	if len(sets) == 0 {
		return
	}
	m := memory{sets: make(map[string]bool, len(sets))}
	for side, t := range v.tables {
		m.touched[side] = make([]bool, t.Len())
	}
	at := v.rowsOf(sets)
	for i := range sets {
		rows, whole := at.rows(&sets[i])
		if !whole {
			continue
		}
		m.sets[setKey(rows)] = true
		for side := range rows {
			for _, row := range rows[side] {
				m.touched[side][row] = true
			}
		}
	}
	m.pair = func(left, right uint32) bool { return m.holds([2][]uint32{{left}, {right}}) }
	v.memory = m
}

// idIndex finds rows by the caller's ids: only those that some set names.
type idIndex [2]map[int64]uint32

func (v *view) rowsOf(sets []recon.RowSet) idIndex {
	at := idIndex{{}, {}}
	for i := range sets {
		for side, ids := range [2][]int64{sets[i].Left, sets[i].Right} {
			for _, id := range ids {
				at[side][id] = NoRow
			}
		}
	}
	for side, t := range v.tables {
		if len(at[side]) == 0 {
			continue
		}
		for row, id := range t.id {
			if _, wanted := at[side][id]; wanted {
				at[side][id] = uint32(row)
			}
		}
	}
	return at
}

// rows returns those of a set, sorted, and whether all of them are there.
func (x idIndex) rows(set *recon.RowSet) (rows [2][]uint32, whole bool) {
	for side, ids := range [2][]int64{set.Left, set.Right} {
		for _, id := range ids {
			row := x[side][id]
			if row == NoRow {
				return rows, false
			}
			rows[side] = append(rows[side], row)
		}
		slices.Sort(rows[side])
	}
	return rows, true
}

// setKey is the same for the same rows in any order.
func setKey(rows [2][]uint32) string {
	key := binary.AppendUvarint(nil, uint64(len(rows[0])))
	for side := range rows {
		for _, row := range slices.Sorted(slices.Values(rows[side])) {
			key = binary.BigEndian.AppendUint32(key, row)
		}
	}
	return string(key)
}

// holds reports whether the rows, in any order, are a set that was rejected.
func (m *memory) holds(rows [2][]uint32) bool {
	if m.sets == nil {
		return false
	}
	for side := range rows {
		for _, row := range rows[side] {
			if !m.touched[side][row] {
				return false
			}
		}
	}
	return m.sets[setKey(rows)]
}

// remember makes the memory of the units from that of their rows.
func (u *unitView) remember() {
	m := &u.base.memory
	if m.pair == nil {
		return
	}
	to := &u.x.memory
	for half := range u.units {
		to.touched[half] = make([]bool, u.units[half].len())
		for i := range to.touched[half] {
			to.touched[half][i] = slices.ContainsFunc(u.units[half].of(uint32(i)), func(entry uint32) bool {
				h, row := member(half, entry)
				return m.touched[u.base.side[h]][row]
			})
		}
	}
	to.pair = func(left, right uint32) bool {
		return to.touched[0][left] && to.touched[1][right] && m.holds(u.base.sidesOf(u.rows(left, right)))
	}
}
