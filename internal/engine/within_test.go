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
	v := &view{plan: p, tables: [2]*Table{tableOf(t, p, recon.Left, nil), tableOf(t, p, recon.Right, nil)}}
	require.True(t, v.evaluator(&p.rules[0]).alike())
	require.False(t, v.evaluator(&p.rules[1]).alike(), "a reversal names what it reverses, not the other way round")
	require.Same(t, v.tables[1], v.evaluator(&p.rules[1]).tables[0])
}
