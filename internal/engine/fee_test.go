//go:build unit || !integration

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestScheduledAmount(t *testing.T) {
	t.Parallel()
	fees := recon.FeeSchedule{Name: "cards", Currency: "EUR", Items: []recon.FeeItem{{Name: "all", Type: recon.FeePercentage, Percent: "2"}}}
	compiled, err := fees.Compile()
	require.NoError(t, err)
	s := schedule{"EUR", compiled, ""}
	require.Equal(t, int64(98_00), s.left(&recon.Transaction{Amount: 100_00, Currency: "EUR"}))
	require.Equal(t, int64(49_00), s.left(&recon.Transaction{Amount: 100_00, Gross: recon.NullMinor{Amount: 50_00, Set: true}, Currency: "EUR"}))
	require.Equal(t, absent, s.left(&recon.Transaction{Amount: 100_00, Currency: "USD"}))
	require.Equal(t, int64(math.MaxInt64)-184467440737095516, s.left(&recon.Transaction{Amount: math.MaxInt64, Currency: "EUR"}))
	net := schedule{"EUR", compiled, "net"}
	require.Equal(t, int64(98), net.left(&recon.Transaction{Amount: 107_00, Net: recon.NullMinor{Amount: 100, Set: true}, Currency: "EUR"}))
	require.Equal(t, absent, net.left(&recon.Transaction{Amount: 107_00, Currency: "EUR"}), "a row without the base has no such amount")
	t.Run("a rule that names an unknown schedule, or one that cannot work, is refused", func(t *testing.T) {
		t.Parallel()
		rule := recon.Rule{Name: "r", Type: recon.RuleExact, Priority: 1, Amount: recon.RuleAmount{Left: "schedule:cards", Right: "schedule:other"}}
		broken := fees
		broken.Items = nil
		_, errs := Compile([]recon.Rule{rule}, recon.RunOptions{FeeSchedules: []recon.FeeSchedule{broken}})
		require.Len(t, errs, 2)
		require.Equal(t, "/0/amount/left", errs[0].Pointer)
		require.Equal(t, recon.CodeImpossible, errs[0].Code)
		require.Equal(t, "/0/amount/right", errs[1].Pointer)
	})
	t.Run("a plan reads the gross of a scheduled side, and no other's", func(t *testing.T) {
		t.Parallel()
		rule := recon.Rule{Name: "r", Type: recon.RuleExact, Priority: 1, Amount: recon.RuleAmount{Left: "schedule:cards"}}
		p, errs := Compile([]recon.Rule{rule}, recon.RunOptions{FeeSchedules: []recon.FeeSchedule{fees}})
		require.Empty(t, errs)
		require.Contains(t, p.Fields(recon.Left), "gross")
		require.NotContains(t, p.Fields(recon.Right), "gross")
	})
}
