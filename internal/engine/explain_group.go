package engine

import (
	"bytes"
	"slices"

	"matcher/internal/recon"
)

// groupEvidence compares the two halves of a group of several rows: their sums, their oldest days and the keys on which
// their rows agree.
func (x *evaluator) groupEvidence(left, right []uint32) []recon.Evidence {
	rows := x.halves(left, right)
	list := x.evidenceOf(rows)
	if x.within() && slices.ContainsFunc(list, func(e recon.Evidence) bool { return !e.Held }) {
		return x.evidenceOf([2][]uint32{rows[1], rows[0]})
	}
	return list
}

// evidenceOf compares two units. A unit's text is that of its first row, but its keys are what all of its rows share, and
// both may read one column: so keys are compared by themselves.
func (x *evaluator) evidenceOf(rows [2][]uint32) []recon.Evidence {
	list := x.unitEvidence(rows, x.text)
	for i, e := range x.unitEvidence(rows, nil) {
		if e.Component == recon.ComponentKey {
			// A key that compares parts and is not required does not count against rows whose value occurs nowhere else.
			k := x.keys[i]
			e.Held = e.Held || !k.required && x.plan.pairs[k.pair].op != opEquals
			list[i] = e
		}
		if list[i].Component == recon.ComponentCurrency {
			list[i].Rates = x.ratesOf(rows)
		}
	}
	return list
}

func (x *evaluator) unitEvidence(rows [2][]uint32, text *textRule) []recon.Evidence {
	u := x.whole(rows)
	rp := *u.x.rulePlan
	rp.text = text
	u.x.rulePlan = &rp
	for half := range u.units {
		u.x.tables[half].arena = x.tables[half].arena
		for c := range x.tables[half].keys {
			if text == nil || u.x.textColumn(half) != c {
				u.fillTexts(half, c)
			}
		}
	}
	return (&comparison{evaluator: u.x}).evidence()
}

// fillTexts gives the only unit of a half the texts that all of its rows with any share.
func (u *unitView) fillTexts(half, c int) {
	rows := u.base.tables[half]
	var common []uint32
	for _, row := range u.units[half].members {
		starts := rows.startsOf(c, row)
		switch {
		case len(starts) == 0:
		case common == nil:
			common = starts
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
	comparesParts := slices.ContainsFunc(u.base.keys, func(k ruleKey) bool {
		pair := u.base.plan.pairs[k.pair]
		return pair.op != opEquals && pair.column[half] == c
	})
	if len(common) == 0 && comparesParts { // texts that name the same invoice in words of their own
		for _, row := range u.units[half].members {
			common = append(common, rows.startsOf(c, row)...)
		}
	}
	u.x.tables[half].keys[c] = keyColumn{
		start: common, hash: make([]uint64, len(common)), first: []uint32{0}, count: []uint32{uint32(len(common))},
	}
}
