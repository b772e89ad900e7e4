//go:build unit || !integration

package period

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestSumsPast64BitsAreRefused(t *testing.T) {
	t.Parallel()
	c := january(t).closed(t)
	c.Stated[0] = nil
	c.Result.Bridge[0].Left = math.MaxInt64
	b := balance{Currency: "EUR"}
	most := recon.BridgeItem{Label: recon.LabelEarlier, Amount: math.MaxInt64}
	require.ErrorContains(t, b.settle([]recon.BridgeItem{most, most}, [2]recon.Minor{}, [2]recon.Minor{}), recon.LabelEarlier+" in EUR")
	require.ErrorContains(t, b.settle([]recon.BridgeItem{{Label: recon.LabelMixed, Amount: -math.MaxInt64}}, [2]recon.Minor{}, [2]recon.Minor{0, math.MaxInt64}),
		recon.LabelOpening+" in EUR")
	require.ErrorContains(t, c.Sides[0].tooMuch("EUR"), "books: what next period would start from in EUR is past 64 bits")
}

func TestWhatClearsAfterTheCutOffIsInTheNextBalance(t *testing.T) {
	t.Parallel()
	december := month{
		left:    []string{"L1|2025-12-31|INV-1|20.00 EUR|", "L2|2026-01-03|INV-2|7.00 EUR|"},
		right:   []string{"R1|2026-01-02|INV-1|19.95 EUR|", "R2|2026-01-03|INV-2|7.00 EUR|"},
		options: recon.RunOptions{From: day("2025-12-01"), To: day("2025-12-31")},
	}
	c := december.closed(t)
	require.Equal(t, []recon.Minor{2000, 0}, []recon.Minor{c.Result.Bridge[0].Left, c.Result.Bridge[0].Right})
	carry := read(t, write(t, c))
	require.Equal(t, balance{Currency: "EUR", Left: "20.00", Right: "19.95", Items: []item{
		{recon.LabelEarlier, "ROUNDING", "-0.05", 1},
	}}, carry.balance("EUR"), "nothing of it was brought in from before")
	december.carry, december.options = carry, recon.RunOptions{From: day("2026-01-01"), To: day("2026-01-31")}
	c = december.closed(t)
	require.Equal(t, []recon.Minor{2700, 2695}, []recon.Minor{c.Result.Bridge[0].Left, c.Result.Bridge[0].Right})
}
