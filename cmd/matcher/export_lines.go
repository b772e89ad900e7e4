package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"matcher/internal/recon"
)

// Columns of what only the service has.
var (
	adjustmentColumns = []string{
		"adjustment_id", "group_id", "amount", "currency", "reason", "note", "posting_status", "posting_reference",
		"posted_at", "posted_by", "created_at", "created_by",
	}
	transactionColumns = []string{
		"transaction_id", "side", "source", "external_id", "row", "reference", "amount", "currency", "date", "value_date",
		"description", "kind", "booking_status", "gross", "fee", "tax", "net", "original_amount", "original_currency",
		"state", "group_id", "import_id",
	}
)

// groups writes the groups that stand: confirmed, proposed and partial ones, a line a row.
func (c *exportCommand) groups(ctx context.Context, line exportLine) error {
	path := "/v1/contexts/" + c.of.ID + "/groups"
	if c.run != "" {
		path = "/v1/runs/" + c.run + "/groups"
	}
	standing := []string{string(recon.GroupConfirmed), string(recon.GroupProposed), string(recon.GroupPartial)}
	return each(ctx, c.client, path, func(g recon.StoredGroup) (err error) {
		if !slices.Contains(standing, g.Status) {
			return nil
		}
		if len(g.Items) < g.LeftCount+g.RightCount { // a list shows the first few rows only
			if g.Items, err = all[recon.GroupItem](ctx, c.client, "/v1/groups/"+g.ID+"/items"); err != nil {
				return err
			}
		}
		return c.groupLines(g, line)
	})
}

func (c *exportCommand) groupLines(g recon.StoredGroup, line exportLine) error {
	if c.format == "json" {
		return line(nil, g)
	}
	difference := g.Difference
	if slices.ContainsFunc(g.Items, func(item recon.GroupItem) bool { return item.Currency != g.Items[0].Currency }) {
		difference += " " + g.Currency // no row's currency says what it is in
	}
	for _, item := range g.Items {
		err := line([]string{
			g.ID, g.Status, g.RuleName, strconv.Itoa(g.Score), string(item.Side), item.ExternalID,
			strconv.FormatInt(item.Row, 10), item.Amount, item.Currency, item.Date.String(), item.Allocated, difference,
			string(g.DifferenceReason), string(g.HeldBy), strconv.Itoa(g.Alternatives),
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// openTransaction is an open row with why it is open, as the last run found it; a row that no run has looked at has no
// class yet.
type openTransaction struct {
	recon.StoredTransaction
	Class             string `json:"class,omitempty"`
	Reason            string `json:"reason"`
	AgeDays           int    `json:"ageDays"`
	NearestExternalID string `json:"nearestExternalId,omitempty"`
	NearestDifference string `json:"nearestDifference,omitempty"`
	Suggestion        string `json:"suggestion,omitempty"`
}

// unmatched joins the open rows with their exceptions; both lists are in memory, as what is open is little.
func (c *exportCommand) unmatched(ctx context.Context, line exportLine) error {
	rows, err := all[recon.StoredTransaction](ctx, c.client, "/v1/contexts/"+c.of.ID+"/transactions?state=OPEN")
	if err != nil {
		return err
	}
	why := make(map[string]recon.Exception, len(rows))
	err = each(ctx, c.client, "/v1/exceptions?status=OPEN&contextId="+c.of.ID, func(e recon.Exception) error {
		why[e.TransactionID] = e
		return nil
	})
	if err != nil {
		return err
	}
	asOf, seen, err := c.lastRun(ctx, rows)
	if err != nil {
		return err
	}
	labels := make(map[string]string, len(rows))
	for i := range rows {
		labels[rows[i].ID] = rowLabel(&rows[i])
	}
	slices.SortStableFunc(rows, inReportOrder)
	for i := range rows {
		open := openTransaction{StoredTransaction: rows[i], Reason: string(recon.ReasonNotRun), AgeDays: int(asOf - rows[i].Date)}
		switch e, found := why[open.ID]; {
		case found:
			open.Class, open.Reason, open.NearestDifference, open.Suggestion = e.Class, e.Reason, e.NearestDifference, e.Suggestion
			if open.NearestExternalID, err = c.label(ctx, labels, e.NearestID); err != nil {
				return err
			}
		case seen[open.ImportID]: // a run looked at it and told nobody: it may still arrive
			open.Class, open.Reason = string(recon.ClassTiming), string(recon.ReasonInTransit)
		}
		if err := line(open.columns(), open); err != nil {
			return err
		}
	}
	return nil
}

func (t *openTransaction) columns() []string {
	return []string{
		string(t.Side), t.ExternalID, strconv.FormatInt(t.Row, 10), t.Reference, t.Amount, t.Currency, t.Date.String(),
		t.Description, t.Class, t.Reason, strconv.Itoa(t.AgeDays), t.NearestExternalID, t.NearestDifference, t.Suggestion,
	}
}

// inReportOrder is the order of the engine as far as a row's columns show it.
func inReportOrder(a, b recon.StoredTransaction) int {
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

// rowLabel names a row as matcher match does: by its id, else by its place.
func rowLabel(t *recon.StoredTransaction) string {
	return cmp.Or(t.ExternalID, "row "+strconv.FormatInt(t.Row, 10))
}

// label is the name of a row that may have been matched since.
func (c *exportCommand) label(ctx context.Context, known map[string]string, id string) (string, error) {
	if id == "" || known[id] != "" {
		return known[id], nil
	}
	var near recon.StoredTransaction
	if err := c.get(ctx, "/v1/transactions/"+id, &near); err != nil {
		return "", err
	}
	known[id] = rowLabel(&near)
	return known[id], nil
}

// lastRun gives the day of the last run, by which rows are aged, and the imports that it had in hand; before the first run
// it is the latest day among the rows, and no import.
func (c *exportCommand) lastRun(ctx context.Context, rows []recon.StoredTransaction) (asOf recon.Day, seen map[string]bool, err error) {
	var last recon.Run
	err = each(ctx, c.client, "/v1/contexts/"+c.of.ID+"/runs", func(run recon.Run) error {
		if run.Status != recon.RunCompleted || run.Mode != recon.RunCommit {
			return nil
		}
		last = run
		return errEnough
	})
	if err != nil {
		return recon.NoDay, nil, err
	}
	if last.StartedAt == nil {
		asOf = recon.NoDay
		for i := range rows {
			asOf = max(asOf, rows[i].Date)
		}
		return asOf, nil, nil
	}
	seen = map[string]bool{}
	for _, source := range c.order {
		err := each(ctx, c.client, "/v1/sources/"+source.ID+"/imports", func(in recon.Import) error {
			seen[in.ID] = in.CreatedAt.Before(*last.StartedAt)
			return nil
		})
		if err != nil {
			return recon.NoDay, nil, err
		}
	}
	summary, err := summaryOf(last)
	return summary.AsOf, seen, err
}

// rejectedRow is a refused row with the file that it stood in.
type rejectedRow struct {
	File     string `json:"file"`
	ImportID string `json:"importId"`
	Line     int    `json:"line"`
	Row      int    `json:"row,omitempty"`
	Field    string `json:"field,omitempty"`
	Value    string `json:"value,omitempty"`
	Code     string `json:"code"`
	Reason   string `json:"reason"`
}

// rejected writes the refused rows of every file, the first file of the left side first.
func (c *exportCommand) rejected(ctx context.Context, line exportLine) error {
	for _, source := range c.order {
		imports, err := all[recon.Import](ctx, c.client, "/v1/sources/"+source.ID+"/imports")
		if err != nil {
			return err
		}
		slices.Reverse(imports) // the latest came first
		for _, in := range imports {
			if in.Status != recon.ImportCompleted || in.RowsRejected == 0 {
				continue
			}
			err := each(ctx, c.client, "/v1/imports/"+in.ID+"/rejects", func(e recon.RowError) error {
				return line([]string{in.FileName, strconv.Itoa(e.Line), e.Field, e.Value, e.Reason}, rejectedRow{
					in.FileName, in.ID, e.Line, e.Row, e.Field, e.Value, e.Code, e.Reason,
				})
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *exportCommand) adjustments(ctx context.Context, line exportLine) error {
	return each(ctx, c.client, "/v1/contexts/"+c.of.ID+"/adjustments", func(a recon.Adjustment) error {
		return line([]string{
			a.ID, a.GroupID, a.Amount, a.Currency, string(a.Reason), a.Note, string(a.PostingStatus), a.PostingReference,
			instant(a.PostedAt), a.PostedBy, instant(&a.CreatedAt), a.CreatedBy,
		}, a)
	})
}

func instant(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (c *exportCommand) transactions(ctx context.Context, line exportLine) error {
	return each(ctx, c.client, "/v1/contexts/"+c.of.ID+"/transactions", func(t recon.StoredTransaction) error {
		return line([]string{
			t.ID, string(t.Side), c.sources[t.SourceID].Name, t.ExternalID, strconv.FormatInt(t.Row, 10), t.Reference, t.Amount,
			t.Currency, t.Date.String(), t.ValueDate.String(), t.Description, t.Kind, t.BookingStatus, t.Gross, t.Fee, t.Tax,
			t.Net, t.OriginalAmount, t.OriginalCurrency, string(t.State), t.GroupID, t.ImportID,
		}, t)
	})
}
