//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestEvidence(t *testing.T) {
	p := compile(t, recon.Rule{
		Name: "net", Type: recon.RuleDateLag, Priority: 1, Amount: recon.RuleAmount{Left: "net", Abs: recon.Limits{Default: "1.00"}},
		Keys: []recon.RuleKey{{Left: "reference", Right: "description", Extract: "[A-Z]+[0-9]+"}, {Left: "kind", Right: "kind", Required: new(false)}},
	})
	left := []recon.Transaction{{Reference: "A1", Currency: "EUR", Amount: 1050, Net: recon.NullMinor{Amount: 1000, Set: true}, Date: recon.Epoch + 20454}}
	right := []recon.Transaction{{Description: "pay A1 and B2", Currency: "EUR", Amount: 975, Date: recon.Epoch + 20457}}
	res, l, r := run(t, p, left, right)
	require.Equal(t, []recon.Evidence{
		{Component: recon.ComponentKey, Field: "reference ~ description", Left: "A1", Right: "A1", Closeness: 10000, Held: true},
		{Component: recon.ComponentKey, Field: "kind", Closeness: 10000, Held: true},
		{Component: recon.ComponentCurrency, Field: "currency", Left: "EUR", Right: "EUR", Closeness: 10000, Held: true},
		{Component: recon.ComponentAmount, Field: "net ~ amount", Left: "10.00", Right: "9.75", Difference: "0.25", Allowed: "1.00", Closeness: 8750, Held: true},
		{Component: recon.ComponentDate, Field: "date", Left: "2026-01-01", Right: "2026-01-04", Difference: "3", Allowed: "0..3", Closeness: 5000, Held: true},
	}, res.Evidence(p, l, r, &res.Groups[0]))
	t.Run("several values on both sides are counted", func(t *testing.T) {
		require.Equal(t, `"A" and 1 more`, quoted([]string{"A", "B"}))
		require.Equal(t, "nothing", quoted(nil))
	})
}
