package mapping

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// alignSigns joins the samples of both sides by reference and inverts one side where nearly all joined rows have
// opposite signs: banks book from their own point of view. It inverts the right side, or the left one where its sign
// is only the convention of debit and credit columns. Where a map, an earlier reading, a balance or a flag states a
// sign, it inverts nothing.
func alignSigns(left, right []*Reader) SignEvidence {
	e := compareSigns(sampleAmounts(left), sampleAmounts(right))
	turned := right
	e.Side = recon.Right
	if !slices.ContainsFunc(left, func(r *Reader) bool { return !r.InDebitAndCredit() }) || provedAll(right) &&
		!provedAll(left) {
		e.Side, turned = recon.Left, left
	}
	stated := slices.ContainsFunc(slices.Concat(left, right), func(r *Reader) bool { return r.signStated }) ||
		slices.ContainsFunc(turned, func(r *Reader) bool { return r.Detection.signProved })
	opposite := e.Joined > 0 && e.Opposite*100 >= e.Joined*turnPercentMin
	if e.Inverted = !stated && e.Joined >= turnPairsMin && opposite; e.Inverted {
		for _, r := range turned {
			r.turn()
		}
		return e
	}
	e.Lines = nil
	if !stated && e.Joined >= doubtPairsMin && e.Suspect() {
		turned[0].askTurned(e, " (--"+strings.ToLower(string(e.Side))+"-negate)")
	}
	return e
}

// alignWith is alignSigns for one file. Rows that are stored keep their signs: where it is them that would be turned,
// the file is a question, and so it is where the source has files that were not turned.
func (r *Reader) alignWith(other OtherSide) {
	known := map[string][]signedRow{}
	for _, row := range other.Rows {
		if row.Reference != "" {
			known[row.Reference] = append(known[row.Reference], signedRow{amount: row.Amount})
		}
	}
	e := compareSigns(known, sampleAmounts([]*Reader{r}))
	if e.Joined < doubtPairsMin || !e.Suspect() {
		return
	}
	notes := &r.Detection.Notes
	turns := r.hints.Earlier == nil &&
		(other.Proved || !other.Convention && (r.hints.Side == recon.Right || r.InDebitAndCredit()))
	switch {
	case r.signStated || r.Detection.signProved:
		*notes = append(*notes, fmt.Sprintf("%d of %d rows that share a reference with the other side have the "+
			"opposite sign: negate of the source turns it round, if it is written from the other side's point of view",
			e.Opposite, e.Joined))
	case turns && e.Joined >= turnPairsMin && e.Opposite*100 >= e.Joined*turnPercentMin:
		r.turn()
		*notes = append(*notes, fmt.Sprintf("the signs are turned round: %d of %d rows that share a reference with "+
			"the other side have the opposite sign there", e.Opposite, e.Joined))
		if len(e.Lines) > 0 {
			*notes = append(*notes, "the other side has the same sign on "+lines(e.Lines, len(e.Lines)))
		}
	default:
		r.askTurned(e, "")
	}
}

func (r *Reader) turn() {
	r.fields.Negate = !r.fields.Negate
	r.mapper.negate = r.fields.Negate
}

// askTurned asks whether a file is written from the other side's point of view.
func (r *Reader) askTurned(e SignEvidence, flag string) {
	r.Detection.Questions = append(r.Detection.Questions, newQuestion("sign", fmt.Sprintf(
		"%d of %d rows that share a reference with the other side have the opposite sign: is this file "+
			"written from the other side's point of view%s?", e.Opposite, e.Joined, flag), [][2]string{
		{"yes: its signs are turned round", "negate: true"},
		{"no: they are as they are", "signs: asWritten"},
	}))
}

func provedAll(side []*Reader) bool {
	return !slices.ContainsFunc(side, func(r *Reader) bool { return !r.Detection.signProved })
}

// signedRow is the amount of a row, and its line.
type signedRow struct {
	amount recon.Minor
	line   int
}

// compareSigns counts the references that one row of each side has. A zero has no sign.
func compareSigns(left, right map[string][]signedRow) (e SignEvidence) {
	for _, reference := range slices.Sorted(maps.Keys(right)) {
		l, r := left[reference], right[reference]
		if len(l) != 1 || len(r) != 1 || l[0].amount == 0 || r[0].amount == 0 {
			continue
		}
		e.Joined++
		if (l[0].amount < 0) != (r[0].amount < 0) {
			e.Opposite++
		} else {
			e.Lines = append(e.Lines, r[0].line)
		}
	}
	return e
}

func sampleAmounts(side []*Reader) map[string][]signedRow {
	amounts := map[string][]signedRow{}
	for _, r := range side {
		for _, record := range r.sample {
			if tx, wrong := r.mapper.Map(record); len(wrong) == 0 && tx.Reference != "" {
				amounts[tx.Reference] = append(amounts[tx.Reference], signedRow{tx.Amount, tx.Line})
			}
		}
	}
	return amounts
}

// InDebitAndCredit reports whether the column of an amount gives its sign; which of them is money to us is a
// convention.
func (r *Reader) InDebitAndCredit() bool {
	return (r.fields.Has(recon.FieldDebit) || r.fields.Has(recon.FieldCredit)) && (r.Detection.convention ||
		r.detector == nil)
}
