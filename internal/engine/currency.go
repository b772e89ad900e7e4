package engine

import "matcher/internal/recon"

// A rule compares amounts in one of four ways (recon.RuleCurrency):
//
//	SAME      each in its row's currency, and the currencies must agree
//	ORIGINAL  the original amount in its own currency where a row carries one, else the amount; no rate is used
//	CONVERT   each turned into one currency by the rate of its own day, latest on or before it and not too old
//	ANY       the bare numbers, whatever the currencies
//
// What is compared of a row, and in which currency, are columns that Table.Add fills once (amountSpec, currencySpec). A
// unit of several rows sums the amounts, each converted at its own rate; it is absent where one of them is.

// codeAny is the currency of amounts that are compared whatever their currencies: bare numbers with four decimals.
const codeAny, anyDigits = uint32(0), 4

// currencySpec is a column of the currencies in which amounts are compared.
type currencySpec struct {
	original bool
	fixed    uint32
}

func (s currencySpec) of(tx *recon.Transaction) uint32 {
	switch {
	case !s.original:
		return s.fixed
	case tx.Original != nil:
		return currencyCode(tx.Original.Currency)
	}
	return currencyCode(tx.Currency)
}

// ownCurrency is the column that every row has anyway.
const ownCurrency = -1

func (p *Plan) currencyColumn(side int, c *recon.RuleCurrency) int {
	spec := currencySpec{}
	switch c.Mode {
	case recon.CurrencySame:
		return ownCurrency
	case recon.CurrencyOriginal:
		spec.original = true
	case recon.CurrencyConvert:
		spec.fixed = currencyCode(c.To)
	default:
		spec.fixed = codeAny
	}
	return indexOrAppend(&p.currencies[side], spec)
}

// widened is an amount as a bare number with four decimals.
func widened(currency string, amount int64) int64 {
	if amount == absent {
		return absent
	}
	for range anyDigits - recon.CurrencyScale(currency) {
		if amount > maxWidened || amount < -maxWidened {
			return absent
		}
		amount *= 10
	}
	return amount
}

const maxWidened = int64(1) << 59

// ComparedLeft is the sum of what a group's rule compared of its left rows, in the currency of the comparison. It
// cannot overflow: the group was judged by it.
func (r *Result) ComparedLeft(p *Plan, left *Table, g *Group) recon.Minor {
	sum := int64(0)
	for _, row := range r.LeftRows(g) {
		sum += left.amounts[p.rules[g.Rule].amount[LeftIndex]][row]
	}
	return recon.Minor(sum)
}

// unrated reports whether a row is in the rule's sources, and only a rate keeps it from being compared.
func (x *evaluator) unrated(side int, row uint32) bool {
	return x.rated[side] != nil && x.rated[side][row] == recon.RateMissing && x.inScope(side, row)
}
