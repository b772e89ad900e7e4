//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheSummaryOfABridgeSumsItsKinds(t *testing.T) {
	b := Bridge{Currency: "EUR", Left: 10_000, Right: 9_750, Items: []BridgeItem{
		{Label: LabelOutside, Side: Left, Amount: -200},
		{Label: LabelDifference, Reason: "ROUNDING", Amount: -5},
		{Label: LabelProposed, Amount: -45},
	}}
	s := b.Summary()
	require.Equal(t, []string{"100.00", "97.50", "99.95", "-0.05", "-2.00", "-0.45"},
		[]string{s.Left, s.Right, s.Adjusted, s.ToBook, s.Timing, s.Unexplained})
	require.Equal(t, BridgeItemSummary{Label: LabelDifference, Reason: "ROUNDING", Kind: KindToBook, Amount: "-0.05"}, s.Items[1])
}
