//go:build unit || !integration

package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestEvidenceOfARate: the rate that a group used is in its evidence, whole, even where everything agrees.
func TestEvidenceOfARate(t *testing.T) {
	t.Parallel()
	rate := recon.FXRate{From: "EUR", To: "USD", Date: recon.Epoch + 20453, Rate: "1.25", Type: "ECB", Source: "daily file"}
	p, errs := Compile([]recon.Rule{{Name: "in euro", Type: recon.RuleExact, Priority: 1, Currency: recon.RuleCurrency{To: "EUR"}}}, recon.RunOptions{Rates: []recon.FXRate{rate}})
	require.Empty(t, errs)
	left := []recon.Transaction{{Row: 1, Reference: "A", Amount: 125_00, Currency: "USD", Date: recon.Epoch + 20454}}
	right := []recon.Transaction{{Row: 1, Reference: "A", Amount: 100_00, Currency: "EUR", Date: recon.Epoch + 20454}}
	res, l, r := run(t, p, left, right)
	require.Len(t, res.Groups, 1)
	g := &res.Groups[0]
	require.True(t, g.Mixed())
	require.Equal(t, "EUR", g.Currency())
	require.Zero(t, g.Difference)
	require.Equal(t, uint8(100), g.Score)
	evidence := res.Evidence(p, l, r, g)
	require.Equal(t, recon.ComponentCurrency, evidence[1].Component)
	require.Equal(t, "USD as EUR", evidence[1].Left)
	require.Equal(t, []recon.FXRate{rate}, evidence[1].Rates)
}

func TestLagsOfInstants(t *testing.T) {
	t.Parallel()
	p := compile(t, recon.Rule{Name: "day", Type: recon.RuleExact, Priority: 1, Date: recon.RuleDate{Precision: recon.PrecisionTimestamp, MaxDays: new(2)}})
	require.Equal(t, int32(2*86_400), p.rules[0].maxLag)
	require.Equal(t, 2, p.widest)
	require.Contains(t, p.Fields(recon.Right), "time")
	x := &evaluator{rulePlan: &p.rules[0]}
	days := [2][]int32{{0}, {2*86_400 + 1}}
	require.Equal(t, ", or set maxDays to 3", (&comparison{evaluator: &evaluator{rulePlan: &p.rules[0], days: days}}).lagLimit(), "a part of a day counts")
	require.Equal(t, "1h30m0s", x.lagText(5400))
	for text, want := range map[string]int32{"2000-01-01T00:00:01Z": 1, "1999-12-31T23:59:59+00:00": -1, "2068-02-01T00:00:00Z": noInstant, "1931-01-01T00:00:00Z": noInstant} {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		require.Equal(t, want, instantOf(&recon.Transaction{Time: at}), text)
	}
	require.Equal(t, noInstant, instantOf(&recon.Transaction{}))
}

func TestGroupEvidence(t *testing.T) {
	p := compile(t, payoutRule())
	left, right := payout(3)
	res, l, r := run(t, p, left, right)
	require.Len(t, res.Groups, 1)
	fields := map[string]recon.Evidence{}
	g := &res.Groups[0]
	for _, e := range res.Evidence(p, l, r, g) {
		fields[e.Component] = e
	}
	require.Equal(t, "PO-1", fields[recon.ComponentKey].Left, "the key that all rows carry")
	require.Equal(t, "30.03", fields[recon.ComponentAmount].Left, "the sum")
	require.Equal(t, "2", fields[recon.ComponentDate].Difference, "to the newest row")
}
