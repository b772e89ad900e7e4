package engine

import (
	"fmt"
	"strconv"
	"time"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

// money is an amount as the rule compares it, in the currency in which it does.
func (x *ruleRun) money(side int, row uint32, amount int64) string {
	code := x.currency[side][row]
	if code == codeAny {
		return recon.Minor(amount).Decimal(anyDigits)
	}
	return recon.Money{Amount: recon.Minor(amount), Currency: currencyName(code)}.String()
}

// dayText is the day or the instant that the rule compares.
func (x *ruleRun) dayText(side int, row uint32) string {
	if x.timestamp {
		return time.Unix(int64(x.days[side][row])+epoch2000, 0).UTC().Format(time.RFC3339)
	}
	return recon.Day(x.days[side][row]).String()
}

// lagText is a shift of a date as a person reads it.
func (x *ruleRun) lagText(delta int64) string {
	if x.timestamp {
		return (time.Duration(delta) * time.Second).String()
	}
	return fmt.Sprintf("%d days", delta)
}

// lagShort is a lag in evidence: a number of days, or a duration.
func (x *ruleRun) lagShort(lag int32) string {
	if x.timestamp {
		return (time.Duration(lag) * time.Second).String()
	}
	return strconv.Itoa(int(lag))
}

// unit names the currency of a compared amount where it is not the row's own.
func (x *ruleRun) unit(side int, row uint32) string {
	code := x.currency[side][row]
	if code == codeAny || code == x.r.tables[side].currency[row] {
		return ""
	}
	return " " + currencyName(code)
}

// feeChange says by what a fee left its schedule, where that is what keeps a pair apart.
func (d *describer) feeChange(x *ruleRun, left, right uint32) string {
	for side := range x.gross {
		if e, known := d.feeOf(x, side, [2]uint32{left, right}); known && !e.Held {
			return fmt.Sprintf("%s of %s: a fee of %s was taken, not %s; ", e.Verdict, e.Difference, e.Right, e.Left)
		}
	}
	return ""
}

// inDays is a lag in the unit of minDays and maxDays; a part of a day counts as `part`.
func (x *ruleRun) inDays(lag, part int32) int32 {
	if !x.timestamp {
		return lag
	}
	days := lag / secondsDay
	if lag%secondsDay != 0 {
		days += part
	}
	return days
}

// inUnits is a similarity as a decimal.
func inUnits(similar int64) string { return recon.Minor(similar).Decimal(similarityScale) }

// similarAlone is the similarity of two rows' texts, computed from the texts themselves.
func (x *ruleRun) similarAlone(left, right uint32) int64 {
	if !x.hasText(LeftIndex, left) || !x.hasText(RightIndex, right) {
		return 0
	}
	return solver.Similarity(x.text.algorithm, x.textOf(LeftIndex, left), x.textOf(RightIndex, right))
}

func (x *ruleRun) textEvidence(left, right uint32) recon.Evidence {
	similar := x.similarAlone(left, right)
	return recon.Evidence{
		Component: recon.ComponentText, Field: sameOrBoth(x.rule.Text.Left, x.rule.Text.Right),
		Left: string(x.textOf(LeftIndex, left)), Right: string(x.textOf(RightIndex, right)),
		Difference: inUnits(full - similar), Allowed: inUnits(full - x.text.min), Closeness: int(similar), Held: similar >= x.text.min,
	}
}

// currencyEvidence says in which currencies two rows are, and by which rates they were compared.
func (d *describer) currencyEvidence(x *ruleRun, left, right uint32) recon.Evidence {
	lt, rt := d.r.tables[LeftIndex], d.r.tables[RightIndex]
	e := recon.Evidence{
		Component: recon.ComponentCurrency, Field: "currency", Left: lt.Currency(left), Right: rt.Currency(right),
		Held: x.currency[LeftIndex][left] == x.currency[RightIndex][right],
	}
	if x.currencyAt[LeftIndex] != ownCurrency {
		e.Field = "currency " + x.rule.Currency.Mode
		e.Left, e.Right = x.comparedIn(LeftIndex, left), x.comparedIn(RightIndex, right)
	}
	e.Rates = x.ratesOf([2][]uint32{{left}, {right}})
	if e.Held {
		e.Closeness = full
	}
	return e
}

// comparedIn names a row's currency, and the one in which it was compared where that is another.
func (x *ruleRun) comparedIn(side int, row uint32) string {
	own, code := x.r.tables[side].Currency(row), x.currency[side][row]
	if code == codeAny || currencyName(code) == own {
		return own
	}
	return own + " as " + currencyName(code)
}

// ratesOf are the rates that turned the amounts of rows, each once, in the order in which the rows first used them.
func (x *ruleRun) ratesOf(rows [2][]uint32) (rates []recon.FXRate) {
	seen := map[int32]bool{}
	for side := range rows {
		for _, row := range rows[side] {
			if x.rated[side] == nil || x.rated[side][row] <= 0 || seen[x.rated[side][row]] {
				continue
			}
			seen[x.rated[side][row]] = true
			rates = append(rates, x.r.plan.Options.Rates[x.rated[side][row]-1])
		}
	}
	return rates
}

// feeOf is the evidence of a fee on a side that compares what a schedule leaves, in the row's own currency.
func (d *describer) feeOf(x *ruleRun, side int, rows [2]uint32) (recon.Evidence, bool) {
	if x.gross[side] == noGross || x.converts {
		return recon.Evidence{}, false
	}
	return d.feeEvidence(x, side, rows)
}
