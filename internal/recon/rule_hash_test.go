//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHashRules(t *testing.T) {
	t.Parallel()
	off := false
	a, b := Rule{Name: "a", Type: RuleExact, Priority: 20}, Rule{Name: "b", Type: RuleDateLag, Priority: 10}
	gone := Rule{Name: "c", Type: RuleExact, Priority: 30, Enabled: &off}
	hash := HashRules(ActiveRules([]Rule{a, b}))
	require.Equal(t, hash, HashRules(ActiveRules([]Rule{b, gone, a})), "the order in which they are written, and rules that do not run, make no difference")
	require.Equal(t, []string{"b", "a"}, []string{ActiveRules([]Rule{a, b})[0].Name, ActiveRules([]Rule{a, b})[1].Name})
	require.Equal(t, hash, HashRules(ActiveRules([]Rule{a.WithDefaults(), b})), "what a default says, nobody need write")

	later := a
	later.Priority = 5
	require.NotEqual(t, hash, HashRules(ActiveRules([]Rule{later, b})))
	require.NotEqual(t, hash, HashRules(ActiveRules([]Rule{a})))
	require.Equal(t, HashRules(ActiveRules(nil)), HashRules(ActiveRules(DefaultLadder())), "without any rule the ladder runs")
	require.NotEqual(t, HashRules(ActiveRules(nil)), HashRules(ActiveRules([]Rule{gone})), "rules that are all off are not no rules")
}

func TestRule_Same(t *testing.T) {
	t.Parallel()
	a := Rule{Name: "a", Type: RuleExact, Priority: 20}
	require.True(t, a.Same(a))
	require.False(t, a.Same(a.WithDefaults()), "what is written is what counts")
}
