package engine

import (
	"encoding/binary"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// resultHash covers the groups by what a person can see on both surfaces: status, rule name, and each row's external id
// (its digest and ordinal where it has none) with amount and currency; and every open row by its identity, class and
// reason; and every row that books an adjustment, with its number. No server id, row number or time enters.
func (r *runner) resultHash(res *Result) string {
	listed := len(r.groups) + len(res.Open[LeftIndex]) + len(res.Open[RightIndex])
	return solver.HashChunks("result/2", listed+len(res.Bookings), func(to []byte, i int) []byte {
		if i >= listed {
			b := &res.Bookings[i-listed]
			return appendText(r.tables[LeftIndex].appendIdentity(append(to, 'B'), b.Row), b.Number)
		}
		if i >= len(r.groups) {
			side, at := LeftIndex, i-len(r.groups)
			if left := len(res.Open[LeftIndex]); at >= left {
				side, at = RightIndex, at-left
			}
			o := &res.Open[side][at]
			to = append(to, 'O', byte(side))
			to = r.tables[side].appendIdentity(to, o.Row)
			return appendText(appendText(to, o.class.String()), o.reason.String())
		}
		g := &r.groups[i]
		to = appendText(to, g.status.String())
		to = appendText(to, res.RuleName(r.plan, i))
		to = r.appendRow(to, 'L', 0, r.rows[0][g.LeftFrom:][:g.LeftCount])
		return r.appendRow(to, 'R', 1, r.rows[1][g.RightFrom:][:g.RightCount])
	})
}

func (r *runner) appendRow(to []byte, letter byte, side int, rows []uint32) []byte {
	t := r.tables[side]
	to = append(to, letter)
	to = binary.AppendUvarint(to, uint64(len(rows)))
	for _, row := range rows {
		to = t.appendIdentity(to, row)
		to = binary.BigEndian.AppendUint64(to, uint64(t.amounts[0][row]))
		to = binary.BigEndian.AppendUint32(to, t.currency[row])
	}
	return to
}

func (t *Table) appendIdentity(to []byte, row uint32) []byte {
	if id := t.text(t.external[row]); len(id) > 0 {
		to = append(to, 'i')
		to = binary.AppendUvarint(to, uint64(len(id)))
		return append(to, id...)
	}
	to = append(to, 'd')
	to = binary.BigEndian.AppendUint64(to, t.digest[row][0])
	to = binary.BigEndian.AppendUint64(to, t.digest[row][1])
	return binary.BigEndian.AppendUint32(to, uint32(t.ordinal[row]))
}

func appendText(to []byte, text string) []byte {
	to = binary.AppendUvarint(to, uint64(len(text)))
	return append(to, text...)
}

// inputHash covers the rows of both sides in canonical order: digest, identity and source.
func (r *runner) inputHash() string {
	left := r.tables[0].Len()
	return solver.HashChunks("input/1", left+r.tables[1].Len(), func(to []byte, i int) []byte {
		side := 0
		if i >= left {
			side, i = 1, i-left
		}
		t := r.tables[side]
		to = append(to, byte('L'+6*side))
		to = binary.BigEndian.AppendUint64(to, t.digest[i][0])
		to = binary.BigEndian.AppendUint64(to, t.digest[i][1])
		to = t.appendIdentity(to, uint32(i))
		return appendText(to, t.sources[t.source[i]])
	})
}

// Hash covers the active rules with their defaults, in the order in which they run.
func (p *Plan) Hash() string { return recon.HashRules(p.Rules) }
