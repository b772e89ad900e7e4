package report

import (
	"cmp"
	"strconv"
	"time"

	"matcher/internal/recon"
)

// Columns of the tables, in order.
var (
	GroupColumns = []string{
		"group_id", "status", "rule", "score", "side", "external_id", "row", "amount", "currency", "date",
		"allocated", "difference", "difference_reason", "held_by", "alternatives",
	}
	OpenColumns = []string{
		"side", "external_id", "row", "reference", "amount", "currency", "date", "description", "class",
		"reason", "age_days", "nearest_external_id", "nearest_difference", "suggestion",
	}
	RejectedColumns   = []string{"file", "line", "field", "value", "reason"}
	AdjustmentColumns = []string{
		"adjustment_id", "group_id", "amount", "currency", "reason", "note", "posting_status", "posting_reference",
		"posted_at", "posted_by", "created_at", "created_by", "number", "account", "booked_by",
	}
	TransactionColumns = []string{
		"transaction_id", "side", "source", "external_id", "row", "reference", "amount", "currency", "date", "value_date",
		"description", "kind", "booking_status", "gross", "fee", "tax", "net", "original_amount", "original_currency",
		"state", "group_id", "import_id",
	}
)

// groupRow is one row of a group, with what all rows of the group share.
type groupRow struct {
	group, status, rule           string
	score                         int
	side                          recon.Side
	externalID                    string
	row                           int64
	amount, currency              string
	date                          recon.Day
	allocated, difference, reason string
	heldBy                        recon.HeldBy
	alternatives                  int
}

// columns fills a line, which is used again.
func (g *groupRow) columns(line []string) []string {
	return append(line[:0],
		g.group, g.status, g.rule, strconv.Itoa(g.score), string(g.side), g.externalID, strconv.FormatInt(g.row, 10),
		g.amount, g.currency, g.date.String(), g.allocated, g.difference, g.reason,
		g.heldBy.String(), strconv.Itoa(g.alternatives))
}

// mixedDifference names the currency of a difference where no row's currency does.
func mixedDifference(difference, currency string) string { return difference + " " + currency }

// OpenRow is one open row as people read it.
type OpenRow struct {
	Side              recon.Side
	ID                string // the external id, or "row 12" where the file has none
	ExternalID        string
	Row               int64
	Reference         string
	Amount            string
	Currency          string
	Date              recon.Day
	Description       string
	Class             recon.Class
	Reason            recon.Reason
	AgeDays           int
	NearestID         string
	NearestDifference string
	Suggestion        string
}

// Columns returns the row under OpenColumns.
func (r *OpenRow) Columns() []string {
	return []string{
		string(r.Side), r.ExternalID, strconv.FormatInt(r.Row, 10), r.Reference, r.Amount, r.Currency, r.Date.String(),
		r.Description, r.Class.String(), r.Reason.String(), strconv.Itoa(r.AgeDays),
		r.NearestID, r.NearestDifference, r.Suggestion,
	}
}

// Text returns what a reader knows the row by: its description, else its reference.
func (r *OpenRow) Text() string { return cmp.Or(r.Description, r.Reference) }

// Rejected returns a rejected row of a file under RejectedColumns.
func Rejected(file string, e *recon.RowError) []string {
	return []string{file, strconv.Itoa(e.Line), e.Field, e.Value, e.Reason}
}

// Adjustment returns an adjustment under AdjustmentColumns.
func Adjustment(a *recon.Adjustment) []string {
	return []string{
		a.ID, a.GroupID, a.Amount, a.Currency, a.Reason.String(), a.Note, string(a.PostingStatus), a.PostingReference,
		instant(a.PostedAt), a.PostedBy, instant(&a.CreatedAt), a.CreatedBy, a.Number, a.Account, a.BookedBy,
	}
}

// Transaction returns a stored row of a source under TransactionColumns.
func Transaction(t *recon.StoredTransaction, source string) []string {
	return []string{
		t.ID, string(t.Side), source, t.ExternalID, strconv.FormatInt(t.Row, 10), t.Reference, t.Amount,
		t.Currency, t.Date.String(), t.ValueDate.String(), t.Description, t.Kind, t.BookingStatus, t.Gross, t.Fee,
		t.Tax,
		t.Net, t.OriginalAmount, t.OriginalCurrency, string(t.State), t.GroupID, t.ImportID,
	}
}

func instant(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
