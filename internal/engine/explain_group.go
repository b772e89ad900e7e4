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

// evidenceOf compares two units. A unit's text is that of its first row, but its keys are what all of its rows share, and
// both may read one column: so keys are compared by themselves.
func (x *ruleRun) evidenceOf(rows [2][]uint32) []recon.Evidence {
	list := x.comparison(rows, x.text)
	for i, e := range x.comparison(rows, nil) {
		if e.Component == recon.ComponentKey {
			// A key that compares parts and is not required speaks against nothing where nobody else carries the value.
			k := x.keys[i]
			e.Held = e.Held || !k.required && x.r.plan.pairs[k.pair].op != opEquals
			list[i] = e
		}
		if list[i].Component == recon.ComponentCurrency {
			list[i].Rates = x.ratesOf(rows)
		}
	}
	return list
}

func (x *ruleRun) comparison(rows [2][]uint32, text *textRule) []recon.Evidence {
	u := x.whole(rows)
	rp := *u.x.rulePlan
	rp.text = text
	u.x.rulePlan = &rp
	for half := range u.units {
		u.x.r.tables[half].arena = x.r.tables[half].arena
		for c := range x.r.tables[half].keys {
			if !u.x.readsText(half, c) {
				u.fillTexts(half, c)
			}
		}
	}
	return (&describer{u.x.r}).evidence(u.x, 0, 0)
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
	if len(common) == 0 && u.base.comparesParts(half, c) { // texts that name the same invoice in words of their own
		for _, row := range u.units[half].members {
			common = append(common, rows.startsOf(c, row)...)
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

// comparesParts says whether some key compares parts of a column's texts, which may agree where the texts do not.
func (x *ruleRun) comparesParts(half, c int) bool {
	return slices.ContainsFunc(x.keys, func(k ruleKey) bool {
		pair := x.r.plan.pairs[k.pair]
		return pair.op != opEquals && pair.column[half] == c
	})
}
