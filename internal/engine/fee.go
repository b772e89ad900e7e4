package engine

import "matcher/internal/recon"

// A rule may compare what a fee schedule leaves of an amount: amount.left "schedule:cards" is the row's gross, or its
// amount where it states no gross, less the fee that the schedule takes of it, in the schedule's currency;
// "schedule:cards(net)" is the same of the net amount. A row in another currency has no such amount. What was taken in
// fact is the fee that the row states, or else what is between the gross and the other side's amount. The evidence of a
// pair has expected, actual and delta, and a pair that fails on the amount alone is open by FEE_VARIANCE.

// schedule is a fee schedule that a rule names.
type schedule struct {
	currency string
	compiled *recon.CompiledSchedule
	base     string
}

// baseColumn leads the text of a column that holds what a schedule is applied to.
const baseColumn = "base|"

// baseOf is what a schedule is applied to.
func baseOf(tx *recon.Transaction, base string) int64 {
	if base != "" {
		return amountOf(tx, base)
	}
	if tx.Gross.Set {
		return int64(tx.Gross.Amount)
	}
	return int64(tx.Amount)
}

// left is what the schedule leaves of a row.
func (s *schedule) left(tx *recon.Transaction) int64 {
	base := baseOf(tx, s.base)
	if tx.Currency != s.currency || base == absent {
		return absent
	}
	simulation, err := s.compiled.Simulate(recon.Minor(base))
	if err != nil {
		return absent
	}
	return int64(simulation.Net)
}

// scheduled reports whether the rule compares what a schedule leaves.
func (rp *rulePlan) scheduled() bool { return rp.gross[LeftIndex] >= 0 || rp.gross[RightIndex] >= 0 }
