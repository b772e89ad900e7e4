//go:build unit || !integration

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestCompile(t *testing.T) {
	t.Run("a loader knows what to read, once and sorted", func(t *testing.T) {
		p := compile(t, recon.Rule{
			Name: "a", Type: recon.RuleTolerance, Priority: 1, Amount: recon.RuleAmount{Left: "net + fee"}, Date: recon.RuleDate{Right: "valueDate"},
			Keys: []recon.RuleKey{{Left: "metadata.batch", Right: "kind"}, {Left: "reference", Right: "kind"}},
		})
		require.Equal(t, []string{"bookingStatus", "description", "fee", "metadata.batch", "net", "reference"}, p.Fields(recon.Left))
		require.Equal(t, []string{"bookingStatus", "fee", "kind", "valueDate"}, p.Fields(recon.Right))
		require.Len(t, p.columns[RightIndex], 1, "the same field read the same way is one column")
	})
	t.Run("rules run by priority and disabled ones not at all", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "late", Type: recon.RuleExact, Priority: 9}, recon.Rule{Name: "early", Type: recon.RuleExact, Priority: 1}, recon.Rule{Name: "off", Type: recon.RuleExact, Priority: 5, Enabled: new(false)})
		require.Equal(t, []string{"early", "late"}, []string{p.Rules[0].Name, p.Rules[1].Name})
	})
	t.Run("no right amount that holds is outside the reach of its left amount", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			base := rapid.SampledFrom([]string{recon.BaseMax, recon.BaseMin, recon.BaseAverage, recon.BaseLeft, recon.BaseRight}).Draw(t, "base")
			percent := rapid.SampledFrom([]recon.Decimal{"", "0.5", "12.5", "50"}).Draw(t, "percent")
			p := compile(t, recon.Rule{Name: "a", Type: recon.RuleTolerance, Priority: 1, Amount: recon.RuleAmount{Base: base, Percent: percent, Abs: recon.Limits{Default: "0.03"}}})
			left := rapid.Int64Range(-3000, 3000).Draw(t, "left")
			right := rapid.Int64Range(-6000, 6000).Draw(t, "right")
			if _, difference, held := p.rules[0].amountHeld(currencyCode("EUR"), left, right); held {
				require.LessOrEqual(t, int64(magnitude(difference)), p.rules[0].reach(currencyCode("EUR"), left))
			}
		})
	})
	t.Run("the largest amounts neither wrap nor panic", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "a", Type: recon.RuleTolerance, Priority: 1, Amount: recon.RuleAmount{Percent: "49"}})
		for _, v := range []int64{math.MaxInt64, -math.MaxInt64, 1} {
			require.Positive(t, p.rules[0].reach(currencyCode("EUR"), v))
			_, _, held := p.rules[0].amountHeld(currencyCode("EUR"), v, v-1)
			require.Equal(t, v != 1, held)
		}
	})
	t.Run("a lag in business days spans weekends", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "lag", Type: recon.RuleDateLag, Priority: 1, Date: recon.RuleDate{MaxDays: new(5), Unit: recon.UnitBusiness}})
		require.Equal(t, 7, p.WidestLag(), "in calendar days")
	})
}
