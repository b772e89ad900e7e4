//go:build unit || !integration

package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/setup"
)

func TestACaseComparesWhatItStates(t *testing.T) {
	t.Parallel()
	r := month(t)
	r.Sides[1].Files[0].Rejects = []recon.RowError{{Row: 9, Field: "amount", Reason: "is no amount"}}
	one, two := int64(1), int64(2)
	right := setup.CaseExpect{
		Groups: []setup.CaseGroup{
			{Left: setup.CaseIDs{"L1"}, Right: setup.CaseIDs{"R1"}, Difference: "0.05", Reason: recon.AdjustmentRounding, Rule: "by reference"},
			{Left: setup.CaseIDs{"L2"}, Right: setup.CaseIDs{"R2"}, Status: recon.GroupPartial},
			{Left: setup.CaseIDs{"L3"}, Right: setup.CaseIDs{"R3"}, Status: recon.GroupProposed, HeldBy: recon.HeldByNoKey},
		},
		Open: []setup.CaseOpen{
			{Left: setup.CaseIDs{"L4"}, Class: recon.ClassBreak, Reason: recon.ReasonAmountDiffers},
			{Left: setup.CaseIDs{"row 5 of books.csv"}},
			{Left: setup.CaseIDs{"row 6"}},
			{Right: setup.CaseIDs{"R4"}},
			{Right: setup.CaseIDs{"R5"}},
		},
		Totals: setup.CaseTotals{Left: setup.CaseCounts{Matched: &one}, Right: setup.CaseCounts{Rejected: new(int64)}, Groups: setup.CaseGroupCounts{Partial: &one}},
	}
	require.Empty(t, CheckCase(r, &right))

	wrong := setup.CaseExpect{
		Groups: []setup.CaseGroup{
			{Left: setup.CaseIDs{"L1"}, Right: setup.CaseIDs{"R1"}, Difference: "0.06"},
			{Left: setup.CaseIDs{"L2"}, Right: setup.CaseIDs{"R2"}},
			{Left: setup.CaseIDs{"L9"}},
		},
		Open:   []setup.CaseOpen{{Left: setup.CaseIDs{"L4"}, Reason: recon.ReasonNoCandidate}, {Right: setup.CaseIDs{"R9"}}},
		Totals: setup.CaseTotals{Left: setup.CaseCounts{Matched: &two}},
	}
	require.Equal(t, []CaseFault{
		{"REJECTED", "", "right row 9: amount: is no amount"},
		{"GROUP", "L1 = R1  CONFIRMED, difference 0.06", "L1 = R1  CONFIRMED, rule by reference, difference 0.05, reason ROUNDING"},
		{"GROUP", "L2 = R2  CONFIRMED", "L2 = R2  PARTIAL, rule in parts, difference 600.00"},
		{"GROUP", "L9 = nothing  CONFIRMED", ""},
		{"GROUP", "", "L3 = R3  PROPOSED, rule same amount, difference 0.00, heldBy NO_KEY"},
		{"OPEN", "left L4, NO_CANDIDATE", "left L4, BREAK, AMOUNT_DIFFERS"},
		{"OPEN", "right R9", ""},
		{"OPEN", "", "left row 5 of books.csv, MISSING, NO_CANDIDATE"},
		{"OPEN", "", "left row 6, MISSING, NO_CANDIDATE"},
		{"OPEN", "", "right R5, MISSING, NO_CANDIDATE"},
		{"OPEN", "", "right R4, BREAK, AMOUNT_DIFFERS"},
		{"TOTAL", "left matched 2", "left matched 1"},
	}, CheckCase(r, &wrong))
	require.Len(t, CheckCase(r, &setup.CaseExpect{}), 1, "what a case does not state is not compared")
}
