package engine

import (
	"cmp"
	"slices"

	"matcher/internal/recon"
)

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

// rateMissing marks a row for which no rate was found; 0 is a row that needed none.
const rateMissing = int32(-1)

// rateTable is the dated rates of one type into one currency.
type rateTable struct {
	to        string
	byFrom    map[string][]datedRate
	rates     []recon.FXRate
	maxAge    recon.Day
	valueDate bool
}

// datedRate is a rate in one of its two directions. Of one day, the direct one is last and wins.
type datedRate struct {
	date  recon.Day
	index int32
	back  bool
}

func newRateTable(c *recon.RuleCurrency, rates []recon.FXRate) *rateTable {
	t := &rateTable{
		to: c.To, byFrom: map[string][]datedRate{}, rates: rates,
		maxAge: recon.Day(*c.RateMaxAgeDays), valueDate: c.RateDate == "valueDate",
	}
	for i := range rates {
		switch r := &rates[i]; {
		case c.RateType != "" && r.Type != c.RateType:
		case r.To == c.To:
			t.byFrom[r.From] = append(t.byFrom[r.From], datedRate{r.Date, int32(i), false})
		case r.From == c.To:
			t.byFrom[r.To] = append(t.byFrom[r.To], datedRate{r.Date, int32(i), true})
		}
	}
	for _, list := range t.byFrom {
		slices.SortFunc(list, func(a, b datedRate) int {
			return cmp.Or(cmp.Compare(a.date, b.date), -cmp.Compare(truth(a.back), truth(b.back)),
				cmp.Compare(a.index, b.index))
		})
	}
	return t
}

// rateFor is the latest rate on or before a row's day, counted from 1, or rateMissing. A row without the date that the
// rule names is converted at its booking date.
func (t *rateTable) rateFor(tx *recon.Transaction) (rate *datedRate, number int32) {
	day := tx.Date
	if t.valueDate && tx.ValueDate.Set() {
		day = tx.ValueDate
	}
	list := t.byFrom[tx.Currency]
	after, _ := slices.BinarySearchFunc(list, day+1,
		func(r datedRate, d recon.Day) int { return cmp.Compare(r.date, d) })
	if after == 0 || day-list[after-1].date > t.maxAge {
		return nil, rateMissing
	}
	return &list[after-1], list[after-1].index + 1
}

// convert turns an amount of a row into the table's currency, and returns the number of the rate that it took.
func (t *rateTable) convert(tx *recon.Transaction, amount int64) (converted int64, number int32) {
	if tx.Currency == t.to || amount == absent {
		return amount, 0
	}
	rate, number := t.rateFor(tx)
	if rate == nil {
		return absent, number
	}
	turn := t.rates[rate.index].Convert
	if rate.back {
		turn = t.rates[rate.index].ConvertBack
	}
	value, err := turn(recon.Minor(amount))
	if err != nil {
		return absent, number
	}
	return int64(value), number
}

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

// refuseRates refuses a conversion that could not know which rate to take.
func refuseRates(c *recon.RuleCurrency, rates []recon.FXRate, impossible func(pointer, why string)) {
	if c.Mode != recon.CurrencyConvert || c.RateType != "" {
		return
	}
	for i := range rates {
		if rates[i].Type != rates[0].Type {
			impossible("/currency/rateType", "there are rates of several types: say which one counts")
			return
		}
	}
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
	return x.rated[side] != nil && x.rated[side][row] == rateMissing && x.inScope(side, row)
}
