//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Wednesday 2026-04-01, before Good Friday and Easter Monday.
var assessedOn = Epoch + 20_544

func TestAssess(t *testing.T) {
	t.Parallel()
	easter := Calendar{Holidays: []Day{assessedOn + 2, assessedOn + 5}}
	rates := []FXRate{
		{From: "USD", To: "EUR", Rate: "0.9"}, {From: "EUR", To: "GBP", Rate: "0.8"}, {From: "EUR", To: "JPY", Rate: "160"},
	}
	a := NewAssessor(ExceptionPolicy{ReportingCurrency: "EUR", GraceDays: map[string]int{"TEXT_BELOW": 3}}, easter, rates, assessedOn)
	fact := func(amount Minor, currency string, age Day) OpenFact {
		return OpenFact{
			Amount: amount, Currency: currency, Date: assessedOn - age, Side: Left, Class: ClassMissing, Reason: ReasonNoCandidate,
		}
	}
	for _, c := range []struct {
		why  string
		of   OpenFact
		want Severity
		due  Day // after the day of the assessment
	}{
		{"little", fact(99_99, "EUR", 0), SeverityLow, 16},
		{"the bound itself", fact(-100_00, "EUR", 0), SeverityMedium, 9},
		{"thirty days are not old", fact(100_00, "EUR", 30), SeverityMedium, 9},
		{"thirty-one are, and matter more by a step", fact(100_00, "EUR", 31), SeverityHigh, 6},
		{"nothing is above critical", fact(1_000_000_00, "EUR", 31), SeverityCritical, 1},
		{"a rate that leads to the reporting currency", fact(112_00, "USD", 0), SeverityMedium, 9},
		{"a rate that leads to it, just below", fact(111_00, "USD", 0), SeverityLow, 16},
		{"a rate that leads from it", fact(80_00, "GBP", 0), SeverityMedium, 9},
		{"a currency without decimals", fact(15_999, "JPY", 0), SeverityLow, 16},
		{"no rate", fact(1, "CHF", 0), SeverityMedium, 9},
	} {
		got := a.Assess(c.of)
		require.Equal(t, c.want, got.Severity, c.why)
		require.Equal(t, assessedOn+c.due, got.Due, c.why)
		require.Equal(t, c.of.Currency == "CHF", got.Note != "", c.why)
		require.Equal(t, NoDay, got.OpensOn, c.why)
	}
	t.Run("money out of the bank without a candidate is looked at on the next business day", func(t *testing.T) {
		out := fact(-1, "EUR", 0)
		out.Side = Right
		require.Equal(t, Assessment{Severity: SeverityHigh, Due: assessedOn + 1}, a.Assess(out))
	})
	t.Run("a row that may still arrive is never old", func(t *testing.T) {
		timing := fact(100_00, "EUR", 90)
		timing.Class, timing.Reason = ClassTiming, ReasonInTransit
		require.Equal(t, SeverityMedium, a.Assess(timing).Severity)
	})
	t.Run("days of grace count from the booking date", func(t *testing.T) {
		graced := fact(1, "EUR", 1)
		graced.Reason = ReasonTextBelow
		require.Equal(t, assessedOn+2, a.Assess(graced).OpensOn)
	})
	t.Run("without a reporting currency amounts are not ranked", func(t *testing.T) {
		got := NewAssessor(ExceptionPolicy{}, Calendar{}, nil, assessedOn).Assess(fact(1_000_000_00, "EUR", 0))
		require.Equal(t, SeverityMedium, got.Severity)
		require.NotEmpty(t, got.Note)
	})
}
