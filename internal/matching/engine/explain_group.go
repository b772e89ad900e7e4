package engine

import (
	"bytes"
	"slices"

	"matcher/internal/recon"
)

// groupEvidence compares the two halves of a group of several rows: their sums, their oldest days and the keys on which
// their rows agree.
func (d *describer) groupEvidence(rp *rulePlan, left, right []uint32) []recon.Evidence {
	x := d.r.viewOf(rp).ruleRun(rp)
	rows := x.halves(left, right)
	list := x.evidenceOf(rows)
	if x.within() && slices.ContainsFunc(list, func(e recon.Evidence) bool { return !e.Held }) {
		rows[0], rows[1] = rows[1], rows[0]
		return x.evidenceOf(rows)
	}
	return list
}

func (x *ruleRun) evidenceOf(rows [2][]uint32) []recon.Evidence {
	u := x.whole(rows)
	for half := range u.units {
		u.x.r.tables[half].arena = x.r.tables[half].arena
		for c := range x.r.tables[half].keys {
			if !x.readsText(half, c) { // a unit's text is that of its first row
				u.fillTexts(half, c)
			}
		}
	}
	list := (&describer{u.x.r}).evidence(u.x, 0, 0)
	for i := range list {
		if list[i].Component == recon.ComponentCurrency {
			list[i].Rates = x.ratesOf(rows)
		}
	}
	return list
}

// fillTexts gives the only unit of a half the texts that all of its rows with any share.
func (u *unitRun) fillTexts(half, c int) {
	rows := u.base.r.tables[half]
	var common []uint32
	for _, row := range u.units[half].members {
		starts := rows.startsOf(c, row)
		switch {
		case len(starts) == 0:
		case common == nil:
			common = slices.Clone(starts)
		case u.base.subset != nil: // each row holds the key by itself, so any of their texts does
			common = append(common, starts...)
		default:
			common = slices.DeleteFunc(common, func(a uint32) bool {
				return !slices.ContainsFunc(starts, func(b uint32) bool { return bytes.Equal(rows.text(a), rows.text(b)) })
			})
		}
		if common != nil && len(common) == 0 {
			break
		}
	}
	u.x.r.tables[half].keys[c] = keyColumn{start: common, hash: make([]uint64, len(common)), first: []uint32{0}, count: []uint32{uint32(len(common))}}
}

// startsOf are where a row's texts under a key lie in the arena.
func (t *Table) startsOf(c int, row uint32) []uint32 {
	k := &t.keys[c]
	if k.first != nil {
		return k.start[k.first[row]:][:k.count[row]]
	}
	if k.start[row] == noText {
		return nil
	}
	return k.start[row : row+1]
}
