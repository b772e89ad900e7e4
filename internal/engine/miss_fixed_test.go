//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestFixedFields(t *testing.T) {
	p := compile(t, recon.Rule{
		Name: "large", Type: recon.RuleTolerance, Priority: 1, Where: recon.SideText{Left: "amount > 10"},
		Date: recon.RuleDate{Left: "valueDate"},
	})
	fixed := p.fixedFields(&p.rules[0])
	require.True(t, fixed[ChangeAmount][LeftIndex], "a smaller amount may no longer be selected")
	require.False(t, fixed[ChangeAmount][RightIndex])
	require.False(t, fixed[ChangeDate][LeftIndex])
	require.False(t, fixed[ChangeKey][LeftIndex])

	twice := compile(t, recon.Rule{Name: "one text, two keys", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{
		{Left: "reference", Right: "reference"}, {Left: "reference", Right: "metadata.order"},
	}})
	require.True(t, twice.rules[0].fixed[ChangeKey][LeftIndex])
}
