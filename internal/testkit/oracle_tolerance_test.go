//go:build unit || !integration

package testkit

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAmountAllowed(t *testing.T) {
	near := recon.RuleAmount{Abs: recon.Limits{Default: "0.05"}, Percent: "1"}
	capped := near
	capped.Cap = recon.Limits{ByCurrency: map[string]recon.Decimal{"EUR": "0.20"}}
	for name, c := range map[string]struct {
		rule recon.Rule
		want string
	}{
		"an exact rule allows nothing":           {recon.Rule{Type: recon.RuleExact}, "0/1"},
		"a type is only a default, limits count": {recon.Rule{Type: recon.RuleExact, Amount: near}, "100/1"},
		"a date lag without tolerance as well":   {recon.Rule{Type: recon.RuleDateLag}, "0/1"},
		"the larger of both limits counts":       {recon.Rule{Type: recon.RuleTolerance, Amount: near}, "100/1"},
		"the cap holds both down":                {recon.Rule{Type: recon.RuleTolerance, Amount: capped}, "20/1"},
		"an absolute limit alone applies":        {recon.Rule{Type: recon.RuleTolerance, Amount: recon.RuleAmount{Abs: recon.Limits{Default: "0.05"}}}, "5/1"},
		"a share is rounded to the minor unit":   {recon.Rule{Type: recon.RuleTolerance, Amount: recon.RuleAmount{Percent: "0.026"}}, "3/1"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, amountAllowed(c.rule, "EUR", 10_000, -9_950).String())
		})
	}
	t.Run("a rule on other amounts is not judged", func(t *testing.T) {
		require.Nil(t, amountAllowed(recon.Rule{Type: recon.RuleTolerance, Amount: recon.RuleAmount{Left: "net"}}, "EUR", 1, 2))
	})
}
