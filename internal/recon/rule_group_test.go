//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGroupDefaults(t *testing.T) {
	by := func(left, right []string) RuleGroup { return RuleGroup{By: RuleSources{Left: left, Right: right}} }
	field := []string{"reference"}
	for _, c := range []struct {
		rule Rule
		want string
	}{
		{Rule{Type: RuleExact}, OneToOne},
		{Rule{Type: RuleGrouped, Group: by(field, nil)}, ManyToOne},
		{Rule{Type: RuleGrouped, Group: by(nil, field)}, OneToMany},
		{Rule{Type: RuleGrouped, Group: by(field, field)}, ManyToMany},
		{Rule{Type: RuleSubsetSum}, OneToMany},
		{Rule{Type: RuleExact, Partial: RulePartial{Allow: true}}, ManyToMany},
		{Rule{Type: RuleGrouped, Group: RuleGroup{Cardinality: OneToMany, By: RuleSources{Left: field, Right: field}}}, OneToMany},
	} {
		require.Equal(t, c.want, c.rule.WithDefaults().Group.Cardinality)
	}
	require.Equal(t, subsetBudgetDefault, *Rule{Type: RuleSubsetSum}.WithDefaults().Group.SearchBudget)
	require.Nil(t, Rule{Type: RuleExact}.WithDefaults().Group.SearchBudget)
	require.Equal(t, SignOpposite, Rule{Scope: ScopeLeft}.WithDefaults().Amount.Sign)
	require.True(t, (&Rule{Scope: ScopeRight}).Within())
	require.False(t, (&Rule{Group: by(nil, nil)}).Grouped())
}
