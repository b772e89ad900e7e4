package report

import (
	"cmp"
	"iter"
	"slices"
	"strconv"

	"matcher/internal/recon"
)

// StoredGroup returns the lines of a stored group under GroupColumns, one a row. The slice is used again for the next
// line.
func StoredGroup(g *recon.StoredGroup) iter.Seq[[]string] {
	row := groupRow{
		group: g.ID, status: g.Status.String(), rule: g.RuleName, score: g.Score, difference: g.Difference,
		reason: g.DifferenceReason.String(), heldBy: g.HeldBy, alternatives: g.Alternatives,
	}
	if slices.ContainsFunc(g.Items, func(item recon.GroupItem) bool { return item.Currency != g.Items[0].Currency }) {
		row.difference = mixedDifference(g.Difference, g.Currency)
	}
	return func(yield func([]string) bool) {
		var line []string
		for _, item := range g.Items {
			row.side, row.externalID, row.row, row.date = item.Side, item.ExternalID, item.Row, item.Date
			row.amount, row.currency, row.allocated = item.Amount, item.Currency, item.Allocated
			if line = row.columns(line); !yield(line) {
				return
			}
		}
	}
}

// OpenTransaction is a stored open row with why it is open, as the last run found it. A row that no run has seen has no
// class yet.
type OpenTransaction struct {
	recon.StoredTransaction
	Class             recon.Class  `json:"class,omitempty"`
	Reason            recon.Reason `json:"reason"`
	AgeDays           int          `json:"ageDays"`
	NearestExternalID string       `json:"nearestExternalId,omitempty"`
	NearestDifference string       `json:"nearestDifference,omitempty"`
	Suggestion        string       `json:"suggestion,omitempty"`
}

// Columns returns the row under OpenColumns.
func (t *OpenTransaction) Columns() []string {
	row := OpenRow{
		Side: t.Side, ExternalID: t.ExternalID, Row: t.Row, Reference: t.Reference, Amount: t.Amount,
		Currency: t.Currency,
		Date:     t.Date, Description: t.Description, Class: t.Class, Reason: t.Reason, AgeDays: t.AgeDays,
		NearestID: t.NearestExternalID, NearestDifference: t.NearestDifference, Suggestion: t.Suggestion,
	}
	return row.Columns()
}

// RowLabel names a stored row as a run in memory does: by its external id, else by its place.
func RowLabel(t *recon.StoredTransaction) string {
	return cmp.Or(t.ExternalID, "row "+strconv.FormatInt(t.Row, 10))
}

// ByDate orders stored rows as the engine does, as far as a row's columns show it.
func ByDate(a, b recon.StoredTransaction) int {
	return cmp.Or(cmp.Compare(a.Side, b.Side), cmp.Compare(a.Date, b.Date), cmp.Compare(minorOf(&a), minorOf(&b)),
		cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.ExternalID, b.ExternalID))
}

func minorOf(t *recon.StoredTransaction) recon.Minor {
	money, err := recon.ParseMoney(t.Amount, t.Currency)
	if err != nil {
		return 0 // a currency that this version does not know sorts by the rest
	}
	return money.Amount
}
