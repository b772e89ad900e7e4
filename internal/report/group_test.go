//go:build unit || !integration

package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWriteGroup(t *testing.T) {
	g := recon.StoredGroup{
		ID: "g1", Status: recon.GroupProposed, RuleName: "same amount", Score: 61, HeldBy: recon.HeldByNoKey, Alternatives: 2,
		Currency: "EUR", LeftAmount: "1200.00", Difference: "-0.25", DifferenceReason: recon.AdjustmentFee, LeftCount: 2, RightCount: 4,
		Items: []recon.GroupItem{
			{Side: recon.Left, ExternalID: "L1", Date: day("2026-01-05"), Amount: "1200.00", Currency: "EUR", Description: "rent\x1b[31m"},
			{Side: recon.Left, Reference: "R2", Row: 7, Date: day("2026-01-05"), Amount: "0.00", Currency: "EUR"},
			{Side: recon.Right, Row: 9, Date: day("2026-01-05"), Amount: "1200.25", Currency: "EUR"},
		},
		Evidence: []recon.Evidence{{Component: recon.ComponentAmount, Field: "amount", Left: "1200.00", Right: "1200.25", Difference: "-0.25", Allowed: "0.50"}},
	}
	var out strings.Builder
	require.NoError(t, WriteGroup(&out, &g))
	require.Equal(t, `g1  proposed by "same amount", score 61 of 100, held by no key; other partners that are as good: 2; difference -0.25 EUR (fee)
    LEFT   2026-01-05  1,200.00 EUR  L1     rent [31m
    LEFT   2026-01-05  0.00 EUR      R2     
    RIGHT  2026-01-05  1,200.25 EUR  row 9  
    … and 3 more rows
    amount   amount                   1200.00 | 1200.25   difference -0.25, allowed 0.50
`, out.String())
	require.Equal(t, "L1 + R2 with row 9 and 3 more, 1,200.00 EUR, difference -0.25 fee", GroupText(&g))
	g.Difference, g.Status, g.Residual = "0", recon.GroupPartial, "15.00"
	require.Equal(t, "L1 + R2 with row 9 and 3 more, 1,200.00 EUR", GroupText(&g))
	out.Reset()
	require.NoError(t, WriteGroup(&out, &g))
	require.Contains(t, out.String(), "; 15.00 EUR left open\n")
}
