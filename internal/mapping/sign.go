package mapping

import (
	"slices"

	"matcher/internal/recon"
)

// signPairsMin and signPercentMin are how much evidence turns a file round: refunds and corrections meet their
// opposites by nature, so a few or a mere majority prove nothing.
const (
	signPairsMin   = 5
	signPercentMin = 90
)

// SignEvidence is what rows with a common reference show about the sign conventions of two sides.
type SignEvidence struct {
	Joined   int        // pairs of rows with an amount on both sides
	Opposite int        // of them with opposite signs
	Side     recon.Side // whose signs to invert if they are opposite
	Inverted bool       // they were
}

// AlignSigns joins the samples of both sides by reference and inverts one side where nearly all joined rows have
// opposite signs: banks book from their own point of view. It inverts the right side, or the left one where its sign
// is only the convention of debit and credit columns. Where a map, an earlier reading or a flag states a sign, it
// inverts nothing.
func AlignSigns(left, right []*Reader) SignEvidence {
	e := compareSigns(sampleAmounts(left), sampleAmounts(right))
	turned := right
	e.Side = recon.Right
	if !slices.ContainsFunc(left, func(r *Reader) bool { return !r.InDebitAndCredit() }) {
		e.Side, turned = recon.Left, left
	}
	stated := slices.ContainsFunc(slices.Concat(left, right), func(r *Reader) bool { return r.signStated })
	if e.Inverted = !stated && e.Joined >= signPairsMin && e.Suspect(); e.Inverted {
		for _, r := range turned {
			r.fields.Negate = !r.fields.Negate
			r.mapper.negate = r.fields.Negate
		}
	}
	return e
}

// Suspect reports whether the signs of nearly all joined rows differ, however few they are: enough to ask, not to act.
func (e SignEvidence) Suspect() bool {
	return e.Opposite > 0 && e.Opposite*100 >= e.Joined*signPercentMin
}

// compareSigns counts the references that one row of each side has. A zero has no sign.
func compareSigns(left, right map[string][]recon.Minor) (e SignEvidence) {
	for reference, r := range right {
		l := left[reference]
		if len(l) != 1 || len(r) != 1 || l[0] == 0 || r[0] == 0 {
			continue
		}
		e.Joined++
		if (l[0] < 0) != (r[0] < 0) {
			e.Opposite++
		}
	}
	return e
}

func sampleAmounts(side []*Reader) map[string][]recon.Minor {
	amounts := map[string][]recon.Minor{}
	for _, r := range side {
		for _, record := range r.sample {
			if tx, wrong := r.mapper.Map(record); len(wrong) == 0 && tx.Reference != "" {
				amounts[tx.Reference] = append(amounts[tx.Reference], tx.Amount)
			}
		}
	}
	return amounts
}

// InDebitAndCredit reports whether the column of an amount gives its sign; which of them is money to us is a
// convention.
func (r *Reader) InDebitAndCredit() bool {
	return r.fields.Has(recon.FieldDebit) || r.fields.Has(recon.FieldCredit)
}

// ShareCurrency lends files without any currency the one that the whole other side is in.
func ShareCurrency(left, right []*Reader) {
	lend := func(to []*Reader, currency string) {
		for _, r := range to {
			switch {
			case r.fields.Has(recon.FieldCurrency) || r.currency() != recon.NoCurrency:
			case currency == "":
				r.how += " currency=none (" + recon.NoCurrency + ")"
			default:
				r.setCurrency(currency)
				r.how += " currency=" + currency + " (as the other side)"
				_ = r.compile() // a constant fits every file
			}
		}
	}
	lend(left, SideCurrency(right))
	lend(right, SideCurrency(left))
}

// SideCurrency is the one currency that all samples of a side are in, "" when there are several or none.
func SideCurrency(side []*Reader) string {
	single := ""
	for _, r := range side {
		currency := r.currency()
		if currency == "" || currency == recon.NoCurrency || single != "" && single != currency {
			return ""
		}
		single = currency
	}
	return single
}

// currency is the one currency of the file's sample; NoCurrency where it names none, "" where it names several.
func (r *Reader) currency() string {
	single := ""
	for _, record := range r.sample {
		tx, wrong := r.mapper.Map(record)
		if len(wrong) > 0 {
			continue
		}
		if single != "" && single != tx.Currency {
			return ""
		}
		single = tx.Currency
	}
	return single
}
