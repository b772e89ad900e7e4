package main

import (
	"context"
	"slices"

	"matcher/internal/recon"
	"matcher/internal/report"
)

// groups writes the groups that stand: confirmed, proposed and partial ones, a line a row.
func (c *exportCommand) groups(ctx context.Context, line exportLine) error {
	path := "/v1/contexts/" + c.of.ID + "/groups"
	if c.run != "" {
		path = "/v1/runs/" + c.run + "/groups"
	}
	standing := []recon.GroupStatus{recon.GroupConfirmed, recon.GroupProposed, recon.GroupPartial}
	return each(ctx, c.client, path, func(g recon.StoredGroup) (err error) {
		if !slices.Contains(standing, g.Status) {
			return nil
		}
		if len(g.Items) < g.LeftCount+g.RightCount { // a list shows the first few rows only
			if g.Items, err = all[recon.GroupItem](ctx, c.client, "/v1/groups/"+g.ID+"/items"); err != nil {
				return err
			}
		}
		if c.format == "json" {
			return line(nil, g)
		}
		for columns := range report.StoredGroup(&g) {
			if err := line(columns, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// unmatched joins the open rows with their exceptions; both lists are in memory, as what is open is little.
func (c *exportCommand) unmatched(ctx context.Context, line exportLine) error {
	rows, err := all[recon.StoredTransaction](ctx, c.client, "/v1/contexts/"+c.of.ID+"/transactions?state=OPEN")
	if err != nil {
		return err
	}
	why := make(map[string]recon.Exception, len(rows))
	err = each(ctx, c.client, "/v1/exceptions?status=UNRESOLVED&contextId="+c.of.ID, func(e recon.Exception) error {
		why[e.TransactionID] = e
		return nil
	})
	if err != nil {
		return err
	}
	last, seen, err := c.lastRun(ctx, rows)
	if err != nil {
		return err
	}
	labels := make(map[string]string, len(rows))
	for i := range rows {
		labels[rows[i].ID] = report.RowLabel(&rows[i])
	}
	slices.SortStableFunc(rows, report.ByDate)
	for i := range rows {
		open := report.OpenTransaction{
			StoredTransaction: rows[i], Reason: recon.ReasonNotRun,
			AgeDays: int(max(0, last.AsOf-rows[i].Date)),
		}
		switch e, found := why[open.ID]; {
		case found:
			open.Class, open.Reason = e.Class, e.Reason
			open.NearestDifference, open.Suggestion = e.NearestDifference, e.Suggestion
			if open.NearestExternalID, err = c.label(ctx, labels, e.NearestID); err != nil {
				return err
			}
		case seen[open.ImportID]: // a run looked at it and made no exception: it may still arrive
			open.Class = recon.ClassTiming
			open.Reason = last.Covered.Waits(open.Side, open.Date, last.AsOf)
		}
		if err := line(open.Columns(), open); err != nil {
			return err
		}
	}
	return nil
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
	known[id] = report.RowLabel(&near)
	return known[id], nil
}

// lastRun gives the day of the last run, by which rows are aged, and the imports that it had in hand; before the
// first run it is the latest day among the rows, and no import.
func (c *exportCommand) lastRun(
	ctx context.Context, rows []recon.StoredTransaction,
) (summary recon.Summary, seen map[string]bool, err error) {
	var last recon.Run
	err = each(ctx, c.client, "/v1/contexts/"+c.of.ID+"/runs", func(run recon.Run) error {
		if run.Status != recon.RunCompleted || run.Mode != recon.RunCommit {
			return nil
		}
		last = run
		return errEnough
	})
	if err != nil {
		return summary, nil, err
	}
	if last.StartedAt == nil {
		for i := range rows {
			summary.AsOf = max(summary.AsOf, rows[i].Date)
		}
		return summary, nil, nil
	}
	seen = map[string]bool{}
	for _, source := range c.order {
		err := each(ctx, c.client, "/v1/sources/"+source.ID+"/imports", func(in recon.Import) error {
			seen[in.ID] = in.CreatedAt.Before(*last.StartedAt)
			return nil
		})
		if err != nil {
			return summary, nil, err
		}
	}
	summary, err = summaryOf(last)
	return summary, seen, err
}

// rejectedRow is a row that was refused or set aside with the file that it stood in.
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

func (c *exportCommand) rejected(ctx context.Context, line exportLine) error {
	return c.unread(ctx, recon.RowsRejected, line)
}

func (c *exportCommand) setAside(ctx context.Context, line exportLine) error {
	return c.unread(ctx, recon.RowsSetAside, line)
}

func (c *exportCommand) repeated(ctx context.Context, line exportLine) error {
	return c.unread(ctx, recon.RowsRepeated, line)
}

// unread writes the rows of a kind of every file that became no transactions, the first file of the left side first.
func (c *exportCommand) unread(ctx context.Context, kind string, line exportLine) error {
	for _, source := range c.order {
		imports, err := all[recon.Import](ctx, c.client, "/v1/sources/"+source.ID+"/imports")
		if err != nil {
			return err
		}
		slices.Reverse(imports) // the latest came first
		for _, in := range imports {
			if in.Status != recon.ImportCompleted || in.RowsRead == in.RowsInserted {
				continue
			}
			err := each(ctx, c.client, "/v1/imports/"+in.ID+"/rejects?kind="+kind, func(e recon.RowError) error {
				return line(report.Rejected(in.FileName, &e), rejectedRow{
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
		return line(report.Adjustment(&a), a)
	})
}

func (c *exportCommand) transactions(ctx context.Context, line exportLine) error {
	return each(ctx, c.client, "/v1/contexts/"+c.of.ID+"/transactions", func(t recon.StoredTransaction) error {
		return line(report.Transaction(&t, c.sources[t.SourceID].Name), t)
	})
}
