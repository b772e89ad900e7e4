package recon

import (
	"cmp"
	"slices"
)

// RateMissing is the number of a rate that was sought and not found; 0 is that of an amount that needed none.
const RateMissing = int32(-1)

// RateTable is the dated rates of one type into one currency.
type RateTable struct {
	to        string
	byFrom    map[string][]datedRate
	rates     []FXRate
	maxAge    Day
	ValueDate bool // rows are converted at it
}

// datedRate is a rate in one of its two directions. Of one day, the direct one is last and wins.
type datedRate struct {
	date  Day
	index int32
	back  bool
}

// NewRateTable is the table of the rates that a rule looks up.
func NewRateTable(c *RuleCurrency, rates []FXRate) *RateTable {
	t := &RateTable{
		to: c.To, byFrom: map[string][]datedRate{}, rates: rates,
		maxAge: Day(*c.RateMaxAgeDays), ValueDate: c.RateDate == "valueDate",
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
	back := func(r datedRate) int {
		if r.back {
			return 1
		}
		return 0
	}
	for _, list := range t.byFrom {
		slices.SortFunc(list, func(a, b datedRate) int {
			return cmp.Or(cmp.Compare(a.date, b.date), -cmp.Compare(back(a), back(b)),
				cmp.Compare(a.index, b.index))
		})
	}
	return t
}

// rateFor is the latest rate on or before a row's day, counted from 1, or RateMissing. A row without the date that the
// rule names is converted at its booking date.
func (t *RateTable) rateFor(tx *Transaction) (rate *datedRate, number int32) {
	day := tx.Date
	if t.ValueDate && tx.ValueDate.Set() {
		day = tx.ValueDate
	}
	list := t.byFrom[tx.Currency]
	after, _ := slices.BinarySearchFunc(list, day+1,
		func(r datedRate, d Day) int { return cmp.Compare(r.date, d) })
	if after == 0 || day-list[after-1].date > t.maxAge {
		return nil, RateMissing
	}
	return &list[after-1], list[after-1].index + 1
}

// Convert turns an amount of a row into the table's currency, and returns the number of the rate that it took.
func (t *RateTable) Convert(tx *Transaction, amount Minor) (converted Minor, number int32, fits bool) {
	if tx.Currency == t.to {
		return amount, 0, true
	}
	rate, number := t.rateFor(tx)
	if rate == nil {
		return 0, number, false
	}
	turn := t.rates[rate.index].Convert
	if rate.back {
		turn = t.rates[rate.index].ConvertBack
	}
	converted, err := turn(amount)
	return converted, number, err == nil
}
