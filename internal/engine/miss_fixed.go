package engine

import (
	"slices"

	"matcher/internal/recon"
)

// A change of one row mends a miss only where nothing else of the rule reads what is changed: a predicate may no longer
// select the row, another key may no longer hold. There the rule's limit is all that can be moved.

// readElsewhere reports whether a field of a half is read by a predicate, a unit or, keys aside, by a key or a text
// of the rule.
func (rp *rulePlan) readElsewhere(p *Plan, half int, field string, but Change) bool {
	if at := rp.whereAt[half]; at != noWhere && slices.Contains(p.wheres[rp.side[half]][at].Fields, field) {
		return true
	}
	r := rp.rule
	if slices.Contains([2][]string{r.Group.By.Left, r.Group.By.Right}[half], field) {
		return true
	}
	if but != ChangeText && r.Text != (recon.RuleText{}) && [2]string{r.Text.Left, r.Text.Right}[half] == field {
		return true
	}
	keys := 0
	for i := range r.Keys {
		keys += int(truth([2]string{r.Keys[i].Left, r.Keys[i].Right}[half] == field))
	}
	return keys > int(truth(but == ChangeKey))
}

// fixedFields returns, by change and half, whether a row cannot be changed by itself: see readElsewhere.
func (p *Plan) fixedFields(rp *rulePlan) (fixed [changes][2]bool) {
	r := rp.rule
	for half := range 2 {
		reads := func(field string, but Change) bool { return rp.readElsewhere(p, half, field, but) }
		fixed[ChangeAmount][half] = rp.gross[half] != noGross // what the schedule leaves of a change is another one
		terms, _ := recon.AmountTerms([2]string{r.Amount.Left, r.Amount.Right}[half])
		for _, term := range terms {
			fixed[ChangeAmount][half] = fixed[ChangeAmount][half] || reads(term.Field, ChangeAmount)
		}
		if r.Currency.Mode == recon.CurrencyOriginal {
			fixed[ChangeAmount][half] = fixed[ChangeAmount][half] || reads("original", ChangeAmount)
		}
		fixed[ChangeDate][half] = reads([2]string{r.Date.Left, r.Date.Right}[half], ChangeDate) || rp.timestamp &&
			reads("time", ChangeDate)
		day := [2]string{r.Date.Left, r.Date.Right}[half]
		if r.Currency.Mode == recon.CurrencyConvert && r.Currency.RateDate == day {
			fixed[ChangeDate][half] = true // another day has another rate
		}
		for i := range r.Keys {
			fixed[ChangeKey][half] = fixed[ChangeKey][half] ||
				reads([2]string{r.Keys[i].Left, r.Keys[i].Right}[half], ChangeKey)
		}
		fixed[ChangeText][half] = reads([2]string{r.Text.Left, r.Text.Right}[half], ChangeText)
	}
	fixed[ChangeSum] = fixed[ChangeAmount]
	return fixed
}
