//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestMiss(t *testing.T) {
	t.Run("a smaller amount change would not do", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "near", Type: recon.RuleTolerance, Priority: 1, Amount: recon.RuleAmount{Percent: "10"}})
		x := &mender{&evaluator{rulePlan: &p.rules[0]}}
		rapid.Check(t, func(t *rapid.T) {
			a, b := rapid.Int64Range(-5000, 5000).Draw(t, "a"), rapid.Int64Range(-5000, 5000).Draw(t, "b")
			if _, _, held := x.amountHeld(currencyCode("EUR"), a, b); held {
				return
			}
			for side := range 2 {
				delta := x.amountChange(side, currencyCode("EUR"), a, b)
				moved := [2]int64{a, b}
				moved[side] += delta
				_, _, held := x.amountHeld(currencyCode("EUR"), moved[0], moved[1])
				require.True(t, held)
				moved[side] -= delta / int64(magnitude(delta))
				_, _, held = x.amountHeld(currencyCode("EUR"), moved[0], moved[1])
				require.False(t, held)
			}
		})
	})
	t.Run("a lag in business days is moved to the nearest day that holds", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "b", Type: recon.RuleDateLag, Priority: 1, Date: recon.RuleDate{Unit: recon.UnitBusiness, MaxDays: new(1)}})
		x := &mender{&evaluator{rulePlan: &p.rules[0]}}
		friday := int32(recon.Epoch + 20455) // 2026-01-02
		delta, ok := x.dayChange(RightIndex, friday, friday+6)
		require.True(t, ok)
		require.Equal(t, int64(-3), delta) // Thursday back to Monday
	})
}
