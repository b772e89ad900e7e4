//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

func TestUnits(t *testing.T) {
	p := compile(t, recon.Rule{
		Name: "batch", Type: recon.RuleGrouped, Priority: 1, Keys: []recon.RuleKey{{Left: "reference", Right: "reference", Split: ";"}},
		Group: recon.RuleGroup{By: recon.RuleSources{Left: []string{"description"}}},
	})
	rows := []recon.Transaction{
		{Description: "x", Reference: "A;B", Amount: 1, Date: recon.Epoch + 20455},
		{Description: "x", Reference: "B;C", Amount: 2, Date: recon.Epoch + 20454},
		{Description: "x", Amount: 4, Date: recon.Epoch + 20456},
		{Description: "y", Reference: "A", Amount: 8, Date: recon.Epoch + 20454},
		{Description: "y", Reference: "C", Amount: 16, Date: recon.Epoch + 20454},
		{Reference: "A", Amount: 32, Date: recon.Epoch + 20454},
	}
	for i := range rows {
		rows[i].Currency, rows[i].ValueDate, rows[i].BookingStatus, rows[i].Row = "EUR", recon.NoDay, recon.Booked, i+1
		rows[i].Digest = gen.Digest(&rows[i])
	}
	left, right := tableOf(t, p, recon.Left, rows), tableOf(t, p, recon.Right, nil)
	left.seal()
	right.seal()
	r := newTestRunner(p, left, right)
	x := r.evaluator(&p.rules[0])
	u := x.onUnits(r.openUnits(x))
	require.Equal(t, 2, u.units[0].len(), "a row that lacks the field shares it with none")
	sum := u.x.tables[0]
	require.Equal(t, []int64{7, 24}, sum.amounts[0])
	require.Equal(t, []int32{int32(recon.Epoch + 20454), int32(recon.Epoch + 20454)}, sum.date, "a unit is as old as its oldest row")
	require.Len(t, u.x.values(0, 0, 0), 1, "all rows that carry a key agree on B")
	require.Empty(t, u.x.values(0, 0, 1), "A and C are no key")
}
