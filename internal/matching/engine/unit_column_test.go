//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestUnitColumns(t *testing.T) {
	rule := payoutRule()
	rule.Text = recon.RuleText{Left: "reference", Right: "reference", Algorithm: "LEVENSHTEIN", Min: "0.1"}
	p := compile(t, rule)
	require.NotNil(t, p.rules[0].text)
	left, right := payout(3)
	res, l, r := run(t, p, left, right)
	x := newDescriber(p, l, r).r.ruleRun(&p.rules[0])
	require.True(t, x.readsText(LeftIndex, x.textColumn(LeftIndex)))
	require.False(t, x.readsText(LeftIndex, p.rules[0].by[LeftIndex][0]))
	require.LessOrEqual(t, len(res.Groups), 1)
	u := x.onUnits([2]units{{members: []uint32{0, 1, 2}, from: []uint32{0, 3}}, {members: []uint32{0}, from: []uint32{0, 1}}})
	require.Equal(t, []uint32{currencyCode("EUR")}, u.x.currency[LeftIndex])
}
