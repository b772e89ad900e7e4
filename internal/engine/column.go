package engine

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/predicate"
	"matcher/internal/recon"
)

// A rule reads rows by columns, which Table.Add fills once: keys and texts (solver.TextSpec), amounts (amountSpec), the
// currency of what is compared (currencySpec), where predicates, and instants. Rules that read the same share a
// column, and what no rule reads is not kept. Indexes of columns are by half of the rule, on the table of the side
// that the half reads.

// noWhere is a side whose rows the rule takes as they come.
const noWhere = -1

// noGross is a side without a fee schedule.
const noGross = -1

func (rp *rulePlan) compileColumns(p *Plan, r *recon.Rule) {
	for half, text := range [2]string{r.Amount.Left, r.Amount.Right} {
		side := rp.side[half]
		rp.amount[half] = p.amountColumn(side, text, &r.Currency)
		rp.currencyAt[half] = p.currencyColumn(side, &r.Currency)
		rp.whereAt[half] = p.whereColumn(side, [2]string{r.Where.Left, r.Where.Right}[half])
		rp.gross[half] = noGross
		if name, base, isSchedule := recon.ScheduleOf(text); isSchedule {
			rp.takes = p.schedule(name).Takes()
			rp.gross[half] = p.addAmountColumn(side, amountSpec{text: baseColumn + base, base: &base})
		}
	}
	rp.converts = r.Currency.Mode != recon.CurrencySame
	rp.text = p.textRule(r, rp.side)
}

func (p *Plan) amountColumn(side int, text string, c *recon.RuleCurrency) int {
	text = strings.ReplaceAll(text, " ", "")
	spec := amountSpec{text: text}
	switch c.Mode {
	case recon.CurrencyOriginal:
		spec.original, spec.text = true, "original|"+text
	case recon.CurrencyAny:
		spec.wide, spec.text = true, "wide|"+text
	case recon.CurrencyConvert:
		spec.text = strings.Join([]string{
			"rate", c.To, c.RateType, c.RateDate, strconv.Itoa(*c.RateMaxAgeDays),
			text,
		}, "|")
		spec.rates = recon.NewRateTable(c, p.Options.Rates)
	}
	if name, base, isSchedule := recon.ScheduleOf(text); isSchedule {
		s := p.schedule(name)
		compiled, err := s.Compile()
		if err != nil {
			panic("engine: a fee schedule was not checked: " + err.Error())
		}
		spec.schedule = &schedule{s.Currency, compiled, base}
	} else {
		spec.terms, _ = recon.AmountTerms(text)
	}
	return p.addAmountColumn(side, spec)
}

func (p *Plan) schedule(name string) *recon.FeeSchedule {
	at := slices.IndexFunc(p.Options.FeeSchedules, func(s recon.FeeSchedule) bool { return s.Name == name })
	return &p.Options.FeeSchedules[at]
}

func (p *Plan) addAmountColumn(side int, spec amountSpec) int {
	if at := slices.IndexFunc(p.amounts[side], func(a amountSpec) bool { return a.text == spec.text }); at >= 0 {
		return at
	}
	p.amounts[side] = append(p.amounts[side], spec)
	return len(p.amounts[side]) - 1
}

// value is what the column holds of a row, absent where it has no such amount, and the number of the rate that it took.
func (s *amountSpec) value(tx *recon.Transaction) (amount int64, rate int32) {
	switch {
	case s.base != nil:
		amount = baseOf(tx, *s.base)
	case s.schedule != nil:
		amount = s.schedule.left(tx)
	case s.original && tx.Original != nil:
		return int64(tx.Original.Amount), 0
	default:
		amount = absent
		if sum, fits := tx.SumOf(s.terms); fits {
			amount = int64(sum)
		}
	}
	switch {
	case s.rates != nil:
		if amount == absent {
			return absent, 0
		}
		converted, number, fits := s.rates.Convert(tx, recon.Minor(amount))
		if !fits {
			return absent, number
		}
		return int64(converted), number
	case s.wide:
		return widened(tx.Currency, amount), 0
	}
	return amount, 0
}

// fields are those that the column reads.
func (s *amountSpec) fields(to map[string]bool) {
	for _, t := range s.terms {
		to[t.Field] = true
	}
	base := s.base
	if s.schedule != nil {
		base = &s.schedule.base
	}
	if base != nil {
		to[cmp.Or(*base, "gross")] = true
	}
	if s.original {
		to["original"] = true
	}
	if s.rates != nil && s.rates.ValueDate {
		to["valueDate"] = true
	}
}

// where is a compiled predicate with its text, by which rules share it.
type where struct {
	text string
	*predicate.Predicate
}

func (p *Plan) whereColumn(side int, text string) int {
	if text == "" {
		return noWhere
	}
	if at := slices.IndexFunc(p.wheres[side], func(w where) bool { return w.text == text }); at >= 0 {
		return at
	}
	compiled, err := predicate.Compile(text)
	if err != nil {
		panic("engine: a predicate was not checked: " + err.Error())
	}
	p.wheres[side] = append(p.wheres[side], where{text, compiled})
	return len(p.wheres[side]) - 1
}

// refuseWhere returns what is wrong with a predicate.
func refuseWhere(text string, refuse func(code, why string)) {
	if text == "" {
		return
	}
	if _, err := predicate.Compile(text); err != nil {
		refuse(recon.CodeInvalidValue, err.Error())
	}
}

// instants count seconds from 2000-01-01 in 32 bits, which reach from 1932 to 2068; a row without one has noInstant.
const (
	noInstant  = int32(math.MinInt32)
	epoch2000  = 946_684_800
	secondsDay = 86_400
)

func instantOf(tx *recon.Transaction) int32 {
	if tx.Time.IsZero() {
		return noInstant
	}
	seconds := tx.Time.Unix() - epoch2000
	if seconds != int64(int32(seconds)) {
		return noInstant
	}
	return int32(seconds)
}

// moreColumns are those that few plans have.
type moreColumns struct {
	rated    [][]int32  // by amountSpec: the rate that a row took, from 1; nil where the column converts nothing
	compared [][]uint32 // by currencySpec
	wheres   [][]bool   // by predicate
	instant  []int32
	row      predicate.Row
}
