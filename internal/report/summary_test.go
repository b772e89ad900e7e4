//go:build unit || !integration

package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestASummaryCountsRowsAndTiesTheBalances(t *testing.T) {
	t.Parallel()
	r := month(t)
	summary := Summary(r.Result)
	var out bytes.Buffer
	r.WriteFiles(&out)
	WriteCounts(&out, &summary)
	WriteBridges(&out, r.Names(), summary.Bridge)
	require.Equal(t, `LEFT   books.csv  6 rows   by its map
RIGHT  bank.csv  5 rows   by its map
LEFT   confirmed 1 · proposed 1 · partial 1 · missing 2 · break 1
RIGHT  confirmed 1 · proposed 1 · partial 1 · missing 1 · break 1
EUR  books 1,138.00 + in bank only 50.90 − in books only 61.00 − rest of partial groups 600.00 − rounding 0.05 = bank 527.85 ✓
     to book -0.05 · timing -600.00 · unexplained -10.10 · books adjusted 1,137.95
USD  books 0.00 + in bank only 1.00 = bank 1.00 ✓
     to book 1.00 · books adjusted 1.00
`, out.String())
}

func TestAStoredSummaryNamesRulesReasonsAndDifferences(t *testing.T) {
	t.Parallel()
	summary := Summary(month(t).Result)
	text, err := json.Marshal(summary) // as the service sends it
	require.NoError(t, err)
	var stored recon.Summary
	require.NoError(t, json.Unmarshal(text, &stored))
	var out bytes.Buffer
	WriteStored(&out, &stored)
	require.Equal(t, `LEFT   6 rows: confirmed 1 · proposed 1 · partial 1 · missing 2 · break 1
RIGHT  5 rows: confirmed 1 · proposed 1 · partial 1 · missing 1 · break 1
RULE   by reference           confirmed 1
RULE   in parts               partial 1
RULE   same amount            proposed 1
OPEN   LEFT  amount differs   1 row  break
OPEN   LEFT  no candidate     2 rows  missing
OPEN   RIGHT  amount differs  1 row  break
OPEN   RIGHT  no candidate    1 row  missing
DIFF   EUR 0.05  rounding in 1 group
DIFF   EUR 600.00  partial in 1 group
EUR  left 1,138.00 + in right only 50.90 − in left only 61.00 − rest of partial groups 600.00 − rounding 0.05 = right 527.85 ✓
     to book -0.05 · timing -600.00 · unexplained -10.10 · left adjusted 1,137.95
USD  left 0.00 + in right only 1.00 = right 1.00 ✓
     to book 1.00 · left adjusted 1.00
`, out.String())
}

func TestABridgeSumsItemsOfOneName(t *testing.T) {
	t.Parallel()
	item := func(label, reason, amount string) recon.BridgeItemSummary {
		return recon.BridgeItemSummary{Label: label, Reason: reason, Amount: amount}
	}
	b := recon.BridgeSummary{Currency: "EUR", Left: "1000.00", Right: "1000.00", Items: []recon.BridgeItemSummary{
		item(recon.LabelLeftOnly, "NO_CANDIDATE", "-1.00"),
		item(recon.LabelEarlier, "FX_DIFFERENCE", "0.50"),
		item(recon.LabelLeftOnly, "AMOUNT_DIFFERS", "-2.00"),
		item(recon.LabelRightOnly, "NO_CANDIDATE", "2.50"),
		item(recon.LabelDifference, "ROUNDING", "0.01"),
		item(recon.LabelDifference, "ROUNDING", "-0.01"),
	}}
	require.Equal(t, "EUR  books 1,000.00 − in books only 3.00 + earlier fx difference 0.50 + in bank only 2.50 = bank 1,000.00 ✓",
		bridgeLine(Names{"books", "bank"}, &b))
	b.Currency, b.Items = "???", b.Items[:1]
	require.Equal(t, "???  books 1,000.00 − in left only 1.00 = bank 1,000.00 ✓", bridgeLine(Names{"books", "bank"}, &b),
		"a currency that this version does not know is printed as it came")
}

func TestItemsThatCancelAreNamedByKind(t *testing.T) {
	t.Parallel()
	r := newRun(t, monthSetup, []string{"L1|2026-01-05|A|5.00 EUR|", "L2|2026-01-05|B|-5.00 EUR|", "L3|2026-02-28|C|0.00 EUR|"},
		[]string{"R1|2026-01-05|D|0.00 EUR|"})
	summary := Summary(r.Result)
	var out bytes.Buffer
	WriteCounts(&out, &summary)
	WriteBridges(&out, Names{"books", "bank"}, summary.Bridge)
	require.Equal(t, `LEFT   confirmed 0 · proposed 0 · not covered 1 · missing 2
RIGHT  confirmed 0 · proposed 0 · missing 1
EUR  books 0.00 = bank 0.00 ✓
     to book 0.00 · timing 0.00 · unexplained 0.00 · books adjusted 0.00
`, out.String())
}

func TestRejectsShowTheFirstFewOfAFile(t *testing.T) {
	t.Parallel()
	faults := []recon.RowError{
		{Line: 2, Reason: "has 3 columns, not 4"}, {Line: 3, Field: "amount", Reason: "is no amount"}, {Line: 4, Reason: "a"}, {Line: 5, Reason: "b"},
	}
	r := Run{Sides: [2]Side{{Files: []File{{Path: "a.csv", Rejected: 4, Rejects: faults}}}, {Files: []File{{Path: "b.csv", Rejected: 7, Rejects: faults}}}}}
	var out bytes.Buffer
	r.WriteRejects(&out)
	require.Equal(t, `REJECT a.csv line 2: has 3 columns, not 4
REJECT a.csv line 3: amount: is no amount
REJECT a.csv line 4: a
         … and 1 more; --out DIR lists them all in rejected.csv
REJECT b.csv line 2: has 3 columns, not 4
REJECT b.csv line 3: amount: is no amount
REJECT b.csv line 4: a
         … and 7 rows in all; --out DIR lists the first 4 in rejected.csv
`, out.String())
}
