//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAlike(t *testing.T) {
	p := compile(t,
		recon.Rule{Name: "netting", Type: recon.RuleExact, Priority: 1, Scope: recon.ScopeLeft},
		recon.Rule{Name: "reversal", Type: recon.RuleExact, Priority: 2, Scope: recon.ScopeRight, Keys: []recon.RuleKey{{Left: "externalId", Right: "reference"}}},
	)
	r := newDescriber(p, tableOf(t, p, recon.Left, nil), tableOf(t, p, recon.Right, nil)).r
	require.True(t, r.viewOf(&p.rules[0]).ruleRun(&p.rules[0]).alike())
	require.False(t, r.viewOf(&p.rules[1]).ruleRun(&p.rules[1]).alike(), "a reversal names what it reverses, not the other way round")
	require.Same(t, r.tables[1], r.viewOf(&p.rules[1]).tables[0])
}
