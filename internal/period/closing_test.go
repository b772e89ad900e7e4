//go:build unit || !integration

package period

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

func TestSumsPast64BitsAreRefused(t *testing.T) {
	t.Parallel()
	c := january(t).closed(t)
	c.Stated[0] = nil
	c.Result.Bridge[0].Left = math.MaxInt64
	b := balance{Currency: "EUR"}
	most := engine.BridgeItem{Label: engine.LabelEarlier, Amount: math.MaxInt64}
	require.ErrorContains(t, b.settle([]engine.BridgeItem{most, most}, [2]recon.Minor{}, [2]recon.Minor{}), engine.LabelEarlier+" in EUR")
	require.ErrorContains(t, b.settle([]engine.BridgeItem{{Label: engine.LabelMixed, Amount: -math.MaxInt64}}, [2]recon.Minor{}, [2]recon.Minor{0, math.MaxInt64}),
		engine.LabelOpening+" in EUR")
	require.ErrorContains(t, c.Sides[0].tooMuch("EUR"), "books: what next period would start from in EUR is past 64 bits")
}
