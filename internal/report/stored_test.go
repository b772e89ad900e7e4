//go:build unit || !integration

package report

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAStoredGroupHasALineARow(t *testing.T) {
	t.Parallel()
	g := recon.StoredGroup{
		ID: "g", Status: recon.GroupConfirmed, RuleName: "in euro", Score: 90, Currency: "EUR", Difference: "0.50", DifferenceReason: recon.AdjustmentFX, Alternatives: 2,
		Items: []recon.GroupItem{
			{Side: recon.Left, ExternalID: "L1", Row: 1, Amount: "100.50", Allocated: "100.50", Currency: "EUR", Date: day("2026-01-05")},
			{Side: recon.Right, ExternalID: "R1", Row: 2, Amount: "125.00", Allocated: "125.00", Currency: "USD", Date: day("2026-01-05")},
		},
	}
	var lines [][]string
	for line := range StoredGroup(&g) {
		lines = append(lines, slices.Clone(line))
	}
	require.Equal(t, [][]string{
		{"g", "CONFIRMED", "in euro", "90", "LEFT", "L1", "1", "100.50", "EUR", "2026-01-05", "100.50", "0.50 EUR", "FX_DIFFERENCE", "", "2"},
		{"g", "CONFIRMED", "in euro", "90", "RIGHT", "R1", "2", "125.00", "USD", "2026-01-05", "125.00", "0.50 EUR", "FX_DIFFERENCE", "", "2"},
	}, lines)
	require.Len(t, lines[0], len(GroupColumns))
	g.Items[1].Currency = "EUR"
	for line := range StoredGroup(&g) {
		require.Equal(t, "0.50", line[11], "a group in one currency needs no name for it")
		break
	}
}

func TestAStoredOpenRowHasTheColumnsOfOneInMemory(t *testing.T) {
	t.Parallel()
	r := month(t)
	rows, _ := r.LargestOpen(1)
	stored := OpenTransaction{
		StoredTransaction: recon.StoredTransaction{
			Side: rows[0].Side, ExternalID: rows[0].ExternalID, Row: rows[0].Row, Reference: rows[0].Reference, Amount: rows[0].Amount,
			Currency: rows[0].Currency, Date: rows[0].Date, Description: rows[0].Description,
		},
		Class: rows[0].Class, Reason: rows[0].Reason, AgeDays: rows[0].AgeDays, NearestExternalID: rows[0].NearestID,
		NearestDifference: rows[0].NearestDifference, Suggestion: rows[0].Suggestion,
	}
	require.Equal(t, rows[0].Columns(), stored.Columns())
	require.Len(t, stored.Columns(), len(OpenColumns))
}

func TestStoredRowsComeBySideDateAndAmount(t *testing.T) {
	t.Parallel()
	rows := []recon.StoredTransaction{
		{ID: "5", Side: recon.Right, Amount: "1.00", Currency: "EUR", Date: day("2026-01-01")},
		{ID: "4", Side: recon.Left, Amount: "1.00", Currency: "EUR", Date: day("2026-01-02")},
		{ID: "3", Side: recon.Left, Amount: "10.00", Currency: "EUR", Date: day("2026-01-01"), ExternalID: "b"},
		{ID: "2", Side: recon.Left, Amount: "10.00", Currency: "EUR", Date: day("2026-01-01"), ExternalID: "a"},
		{ID: "1", Side: recon.Left, Amount: "9.00", Currency: "EUR", Date: day("2026-01-01"), Row: 7},
		{ID: "0", Side: recon.Left, Amount: "9.00", Currency: "???", Date: day("2026-01-01")},
	}
	slices.SortStableFunc(rows, ByDate)
	for i := range rows {
		require.Equal(t, string(rune('0'+i)), rows[i].ID)
	}
	require.Equal(t, "row 7", RowLabel(&rows[1]))
	require.Equal(t, "a", RowLabel(&rows[2]))
}
