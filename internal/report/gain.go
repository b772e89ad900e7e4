package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

const (
	gainsShown      = 3
	gainDaysMax     = 10  // a wider lag is no cheap change
	gainPercentMax  = 2   // nor is a tolerance above this share of the amount
	gainCoverNeeded = 0.8 // of the rows within those bounds, so that one outlier does not set the limit
)

// gain is a limit of one rule that would match more if it were wider.
type gain struct {
	rule     int16
	change   engine.Change
	needs    []int64 // by row: days, or minor units
	currency string  // of the minor units
}

// WriteGains names the limits that would match most if they were a little wider.
func (r *Run) WriteGains(to io.Writer) {
	gains := r.gains()
	lines := r.scheduleGains()
	for _, g := range gains[:min(gainsShown, len(gains))] {
		lines = append(lines, g.line(&r.Plan.Rules[g.rule]))
	}
	if len(lines) > 0 {
		fmt.Fprintf(to, "Cheapest gains   %s\n", strings.Join(lines, " · "))
	}
}

// scheduleGains are the rules that apply a fee schedule to the amount, or to the gross, of rows on whose net it gives
// what the other side has.
func (r *Run) scheduleGains() (lines []string) {
	hits := make([]int, len(r.Plan.Rules))
	for i := range r.Result.Open[engine.LeftIndex] {
		open := &r.Result.Open[engine.LeftIndex][i]
		if open.Reason() != recon.ReasonFeeVariance || open.Miss.Row == engine.NoRow {
			continue
		}
		name, base, _ := recon.ScheduleOf(r.Plan.Rules[open.Miss.Rule].Amount.Left)
		tx := r.Sides[engine.LeftIndex].Transaction(open.Row)
		at := slices.IndexFunc(r.Plan.Options.FeeSchedules, func(s recon.FeeSchedule) bool { return s.Name == name })
		if at < 0 || base != "" || !tx.Net.Set {
			continue
		}
		compiled, err := r.Plan.Options.FeeSchedules[at].Compile()
		if err != nil {
			continue
		}
		left, err := compiled.Simulate(tx.Net.Amount)
		if err == nil && left.Net == r.Sides[engine.RightIndex].Table.Amount(open.Miss.Row) {
			hits[open.Miss.Rule]++
		}
	}
	for i, n := range hits {
		if rule := &r.Plan.Rules[i]; n > 0 {
			amount := rule.Amount.Left
			lines = append(lines, fmt.Sprintf("%s → %s(net) in %q: +%d", amount, amount, rule.Name, n))
		}
	}
	return lines
}

func (r *Run) gains() []gain {
	var found []gain
	for i := range r.Result.Open[engine.LeftIndex] {
		open := &r.Result.Open[engine.LeftIndex][i]
		need, currency, cheap := r.need(open)
		if !cheap {
			continue
		}
		at := slices.IndexFunc(found, func(g gain) bool {
			return g.rule == open.Miss.Rule && g.change == open.Miss.Change && g.currency == currency
		})
		if at < 0 {
			found = append(found, gain{rule: open.Miss.Rule, change: open.Miss.Change, currency: currency})
			at = len(found) - 1
		}
		found[at].needs = append(found[at].needs, need)
	}
	slices.SortStableFunc(found, func(a, b gain) int { return len(b.needs) - len(a.needs) })
	return found
}

// need returns how much wider a limit must be for a left row to match, where the rule has a key and the widening is
// small.
func (r *Run) need(open *engine.Open) (need int64, currency string, cheap bool) {
	if open.Miss.Row == engine.NoRow || len(r.Plan.Rules[open.Miss.Rule].Keys) == 0 {
		return 0, "", false
	}
	need = max(open.Miss.Delta, -open.Miss.Delta)
	switch open.Miss.Change {
	case engine.ChangeDate:
		return need, "", need <= gainDaysMax
	case engine.ChangeAmount:
		amount := r.Sides[engine.LeftIndex].money(open.Row)
		return need, amount.Currency, need*100 <= int64(amount.Amount.Abs())*gainPercentMax
	}
	return 0, "", false
}

// line states the smallest widening that covers enough of the rows, with every row that it covers.
func (g *gain) line(rule *recon.Rule) string {
	slices.Sort(g.needs)
	covered := int(float64(len(g.needs)-1) * gainCoverNeeded)
	need := g.needs[covered]
	for covered+1 < len(g.needs) && g.needs[covered+1] == need {
		covered++
	}
	if g.change == engine.ChangeDate {
		return fmt.Sprintf("lag %d → %d days in %q: +%d", *rule.Date.MaxDays, int64(*rule.Date.MaxDays)+need, rule.Name,
			covered+1)
	}
	return fmt.Sprintf("%s %s more tolerance in %q: +%d",
		recon.Money{Amount: recon.Minor(need), Currency: g.currency}, g.currency, rule.Name, covered+1)
}
