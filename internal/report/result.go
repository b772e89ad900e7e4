package report

import (
	"matcher/internal/engine"
	"matcher/internal/recon"
)

// Summary puts a result into the shape that machines read.
func Summary(r *engine.Result) recon.Summary {
	s := recon.Summary{
		Left:  recon.SideSummary{Counts: r.Counts[engine.LeftIndex], Amount: decimals(r.Sums[engine.LeftIndex])},
		Right: recon.SideSummary{Counts: r.Counts[engine.RightIndex], Amount: decimals(r.Sums[engine.RightIndex])},
		AsOf:  r.AsOf, Covered: r.Covered,
		InputHash: r.InputHash, RulesHash: r.RulesHash, EngineVersion: engine.Version, ResultHash: r.ResultHash,
		ByRule: make([]recon.RuleSummary, 0, len(r.ByRule)), Reasons: make([]recon.ReasonSummary, 0, len(r.Reasons)),
		Difference: make([]recon.DifferenceSummary, 0, len(r.Differences)),
		Bridge:     make([]recon.BridgeSummary, 0, len(r.Bridge)),
	}
	for _, c := range r.ByRule {
		s.ByRule = append(s.ByRule, recon.RuleSummary{
			Rule: c.Rule, Groups: c.Confirmed + c.Proposed + c.Partial,
			Confirmed: c.Confirmed, Proposed: c.Proposed, Partial: c.Partial, Gap: c.Gap,
		})
	}
	s.Postings = r.Postings
	for i := range r.Groups { // a kept partial group's rule may be gone
		switch r.Groups[i].Status() {
		case recon.GroupConfirmed:
			s.Groups.Confirmed++
		case recon.GroupProposed:
			s.Groups.Proposed++
		case recon.GroupPartial:
			s.Groups.Partial++
		}
	}
	for _, c := range r.Reasons {
		s.Reasons = append(s.Reasons, recon.ReasonSummary{Code: c.Reason, Class: c.Class, Side: c.Side, Rows: c.Rows})
	}
	for _, d := range r.Differences {
		s.Difference = append(s.Difference, recon.DifferenceSummary{
			Currency: d.Currency, Status: d.Status, Reason: d.Reason,
			Amount: decimal(d.Amount, d.Currency), Groups: d.Groups,
		})
	}
	for _, b := range r.Bridge {
		s.Bridge = append(s.Bridge, b.Summary())
	}
	return s
}

func decimals(sums []engine.Sum) map[string]string {
	out := make(map[string]string, len(sums))
	for _, s := range sums {
		out[s.Currency] = decimal(s.Amount, s.Currency)
	}
	return out
}

func decimal(amount recon.Minor, currency string) string {
	return recon.Money{Amount: amount, Currency: currency}.String()
}
