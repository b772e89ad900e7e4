//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRule(t *testing.T) {
	t.Run("a type only fills what was not written", func(t *testing.T) {
		r := Rule{Name: "lag", Type: RuleDateLag, Date: RuleDate{MaxDays: new(5)}}.WithDefaults()
		require.Equal(t, "reference", r.Keys[0].Left)
		require.True(t, r.Keys[0].MustHold())
		require.Equal(t, 5, *r.Date.MaxDays)
		require.Equal(t, AmountExact, r.Amount.Mode)
		require.Equal(t, AutoAtDefault, *r.Confirm.AutoAt)
		require.Equal(t, 3, *Rule{Type: RuleDateLag}.WithDefaults().Date.MaxDays)
		require.Equal(t, 0, *Rule{Type: RuleExact}.WithDefaults().Date.MaxDays)
		require.Equal(t, Decimal("0.50"), Rule{Type: RuleTolerance}.WithDefaults().Amount.Abs.Default)
		require.False(t, Rule{Type: RuleTolerance, Amount: RuleAmount{Percent: "1"}}.WithDefaults().Amount.Abs.Given())
	})
	t.Run("a percentage makes any type tolerant, and a fuzzy rule reads descriptions without a key", func(t *testing.T) {
		require.Equal(t, AmountTolerance, Rule{Type: RuleExact, Amount: RuleAmount{Percent: "1"}}.WithDefaults().Amount.Mode)
		fuzzy := Rule{Type: RuleFuzzy}.WithDefaults()
		require.Empty(t, fuzzy.Keys)
		require.Equal(t, RuleText{Left: "description", Right: "description", Algorithm: "JARO_WINKLER", Min: "0.85"}, fuzzy.Text)
	})
	t.Run("defaults never reach back into the rule they came from", func(t *testing.T) {
		r := Rule{Type: RuleExact, Keys: []RuleKey{{Left: "kind", Right: "kind"}}}
		r.WithDefaults()
		require.Empty(t, r.Keys[0].Op)
	})
	t.Run("the ladder is valid, keyed first", func(t *testing.T) {
		require.Empty(t, CheckRules(DefaultLadder()))
		require.Len(t, DefaultLadder()[0].WithDefaults().Keys, 1)
		require.Empty(t, DefaultLadder()[4].WithDefaults().Keys)
	})
}

func TestAmountTerms(t *testing.T) {
	terms, err := AmountTerms("gross - fee+tax")
	require.NoError(t, err)
	require.Equal(t, []AmountTerm{{"gross", false}, {"fee", true}, {"tax", false}}, terms)
	for _, bad := range []string{"", "net+", "-net", "net*2", "metadata.x"} {
		_, err := AmountTerms(bad)
		require.Error(t, err, bad)
	}
}
