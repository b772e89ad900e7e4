//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestPairwise(t *testing.T) {
	p := compile(t,
		recon.Rule{Name: "netting", Type: recon.RuleExact, Priority: 1, Scope: recon.ScopeLeft},
		recon.Rule{Name: "exact", Type: recon.RuleExact, Priority: 2},
	)
	require.True(t, p.rules[1].pairwise())
	require.False(t, p.rules[0].pairwise())
	require.Equal(t, [2]bool{}, p.rules[0].many)
}
