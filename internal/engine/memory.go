package engine

import (
	"slices"

	"matcher/internal/recon"
)

// refused are the sets of rows that somebody rejected or took apart. None of them is offered again as the same set; since a
// row that changes is another row, that holds until one of its rows changes. The rows themselves are free: each of them may
// match another one, also one that is equal to the partner that was rejected.
type refused struct {
	sets    map[uint64][][2][]uint32 // by hash; rows of each side, sorted
	touched [2][]bool                // rows of some set: they are interchangeable with nobody
}

// refusals finds the rows of the sets. A set with a row that is not here any more can be offered by nobody.
func (r *runner) findRefused(sets []recon.RowSet) *refused {
	if len(sets) == 0 {
		return nil
	}
	at := r.rowsOf(sets)
	f := &refused{sets: make(map[uint64][][2][]uint32, len(sets))}
	for side, t := range r.tables {
		f.touched[side] = make([]bool, t.Len())
	}
	for i := range sets {
		rows, whole := at.rows(&sets[i])
		if !whole {
			continue
		}
		h := hashOfSet(rows)
		f.sets[h] = append(f.sets[h], rows)
		for side := range rows {
			for _, row := range rows[side] {
				f.touched[side][row] = true
			}
		}
	}
	return f
}

// idIndex finds rows by the caller's ids: only those that some set names.
type idIndex [2]map[int64]uint32

func (r *runner) rowsOf(sets []recon.RowSet) idIndex {
	at := idIndex{{}, {}}
	for i := range sets {
		for side, ids := range [2][]int64{sets[i].Left, sets[i].Right} {
			for _, id := range ids {
				at[side][id] = NoRow
			}
		}
	}
	for side, t := range r.tables {
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

// rows of a set, sorted, and whether all of them are here.
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

// hashOfSet does not depend on the order of the rows, so that it can be added up.
func hashOfSet(rows [2][]uint32) uint64 { return hashOfRows(0, rows[0]) + hashOfRows(1, rows[1]) }

func hashOfRows(side int, rows []uint32) (sum uint64) {
	for _, row := range rows {
		v := (uint64(row)<<1 | uint64(side)) + 1
		v *= 0x9e3779b97f4a7c15
		v ^= v >> 29
		v *= 0xbf58476d1ce4e5b9
		sum += v ^ v>>32
	}
	return sum
}

// holds says whether the rows, in any order, are a set that was refused.
func (f *refused) holds(rows [2][]uint32) bool {
	if f == nil {
		return false
	}
	for _, set := range f.sets[hashOfSet(rows)] {
		if len(set[0]) != len(rows[0]) || len(set[1]) != len(rows[1]) {
			continue
		}
		a, b := slices.Sorted(slices.Values(rows[0])), slices.Sorted(slices.Values(rows[1]))
		if slices.Equal(a, set[0]) && slices.Equal(b, set[1]) {
			return true
		}
	}
	return false
}

// pair says whether two rows together are a set that was refused.
func (f *refused) pair(left, right uint32) bool {
	return f.touched[LeftIndex][left] && f.touched[RightIndex][right] && f.holds([2][]uint32{{left}, {right}})
}

// remember lets a runner over units refuse what the rows refuse.
func (u *unitRun) remember(f *refused) {
	if f == nil {
		return
	}
	r := u.x.r
	for half := range u.units {
		r.touched[half] = make([]bool, u.units[half].len())
		for i := range r.touched[half] {
			r.touched[half][i] = u.touches(f, half, u.units[half].of(uint32(i)))
		}
	}
	r.refuses = func(left, right uint32) bool {
		if !r.touched[0][left] || !r.touched[1][right] {
			return false
		}
		return f.holds(u.sides(split(1, u.units[1].of(right), split(0, u.units[0].of(left), [2][]uint32{}))))
	}
}

func (u *unitRun) touches(f *refused, half int, members []uint32) bool {
	return slices.ContainsFunc(members, func(entry uint32) bool {
		h, row := member(half, entry)
		return f.touched[u.base.side[h]][row]
	})
}
