//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestABackTestComparesConfirmedGroups(t *testing.T) {
	t.Parallel()
	item := func(side recon.Side, id string) recon.GroupItem {
		return recon.GroupItem{Side: side, ExternalID: id, Amount: "1000.00", Currency: "EUR", Date: day("2024-10-04")}
	}
	group := recon.DiffGroup{Rule: "by reference", LeftCount: 5, RightCount: 1, Items: []recon.GroupItem{
		item(recon.Left, "L1"), item(recon.Left, "L2"), item(recon.Left, "L3"), item(recon.Left, "L4"), item(recon.Right, ""),
	}}
	other := recon.DiffGroup{Rule: "in parts", LeftCount: 1, Items: []recon.GroupItem{item(recon.Left, "L1")}}
	test := recon.BackTest{ID: "b-1", Totals: &recon.BackTestTotals{
		Groups:  recon.DiffGroups{Before: 1200, After: 1, Unchanged: 0},
		Entries: recon.DiffEntries{Lost: 2, RePaired: 1},
		Money:   []recon.MoneyChange{{Currency: "EUR", Side: recon.Left, Lost: "2000.00", RePaired: "0.00", Gained: "0.00"}, {Currency: "USD", Lost: "0", RePaired: "0", Gained: "0"}},
	}}
	var out bytes.Buffer
	WriteBackTest(&out, &test, []recon.BackTestEntry{
		{Kind: "LOST", Before: []recon.DiffGroup{group}},
		{Kind: "RE_PAIRED", Before: []recon.DiffGroup{group}, After: []recon.DiffGroup{other}},
	})
	require.Equal(t, `back-test  1,200 groups confirmed so far, 1 by these rules: lost 2 · re-paired 1
  EUR LEFT   lost 2,000.00
  lost       L1 + L2 + L3 and 2 more = 1,000.00 EUR of 2024-10-04 (by reference)
  re paired  L1 + L2 + L3 and 2 more = 1,000.00 EUR of 2024-10-04 (by reference) → L1 = nothing (in parts)
  … and 1 more: GET /v1/back-tests/b-1/entries
`, out.String())
	out.Reset()
	WriteBackTest(&out, &recon.BackTest{Totals: &recon.BackTestTotals{}}, nil)
	require.Equal(t, "back-test  no confirmed groups before or after\n", out.String())
}
