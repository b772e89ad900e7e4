//go:build unit || !integration

package recon

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPostRulesAreCheckedWhenTheyAreWritten(t *testing.T) {
	t.Parallel()
	good := Rule{
		Name: "bank fees", Type: RulePostType, Priority: 1, Where: SideText{Right: "kind == 'FEE'"},
		Post: RulePost{Account: "6855"},
	}
	require.Empty(t, good.Check())
	require.Equal(t, ScopeRight, good.WithDefaults().Scope)
	keyed := good
	keyed.Keys = []RuleKey{{Right: "description", Extract: "^INTEREST"}}
	for _, rule := range []Rule{good, keyed} {
		stored := rule.WithDefaults()
		require.Empty(t, stored.Check(), "as a run stores it")
		require.Equal(t, stored, stored.WithDefaults())
	}
	for _, c := range []struct {
		pointer string
		change  func(*Rule)
	}{
		{"/post/account", func(r *Rule) { r.Post.Account = " " }},
		{"/post/maxMonth", func(r *Rule) { r.Post.MaxMonth = Limits{Default: "-1"} }},
		{"/where", func(r *Rule) { r.Where = SideText{} }},
		{"/where/left", func(r *Rule) { r.Where.Left = "amount > 0" }},
		{"/scope", func(r *Rule) { r.Scope = ScopeLeftRight }},
		{"/amount", func(r *Rule) { r.Amount.Mode = AmountAny }},
		{"/date", func(r *Rule) { r.Date.MaxDays = new(3) }},
		{"/confirm/maxDifference", func(r *Rule) { r.Confirm.MaxDifference = Limits{Default: "1"} }},
		{"/post", func(r *Rule) { r.Type = RuleExact }},
		{"/difference/reason", func(r *Rule) { r.Difference.Reason = AdjustmentTransfer }},
		{"/difference/account", func(r *Rule) { r.Difference.Account = "4730" }},
	} {
		rule := good
		c.change(&rule)
		require.True(t, slices.ContainsFunc(rule.Check(), func(e FieldError) bool { return e.Pointer == c.pointer }), c.pointer)
	}
}

func TestPostRulesRunLast(t *testing.T) {
	t.Parallel()
	post, match := Rule{Name: "p", Type: RulePostType, Priority: 1}, Rule{Name: "m", Type: RuleExact, Priority: 2}
	order := ActiveRules([]Rule{post, match})
	require.Equal(t, []string{"m", "p"}, []string{order[0].Name, order[1].Name})
	require.Positive(t, post.Precedes(&match))
}
