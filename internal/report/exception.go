package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"matcher/internal/recon"
)

// Exceptions writes exceptions as a table while they come.
type Exceptions struct {
	out      *tabwriter.Writer
	contexts map[string]string // names by id; nil where all exceptions are of one context
	rows     int
}

// exceptionsFlush is after how many rows the table is written, its columns aligned so far.
const exceptionsFlush = 500

// NewExceptions returns an empty table. It names the context of each row where there are several.
func NewExceptions(to io.Writer, contexts map[string]string) *Exceptions {
	t := &Exceptions{out: tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)}
	if len(contexts) > 1 {
		t.contexts = contexts
	}
	return t
}

// Add adds a row.
func (t *Exceptions) Add(e *recon.Exception) error {
	if t.rows == 0 {
		fmt.Fprintln(t.out, "ID\tSIDE\tCLASS\tREASON\tDATE\tAMOUNT\tROW\tNEAREST DIFFERS BY\tSUGGESTION")
	}
	t.rows++
	class, reason := e.Class.String(), e.Reason.String()
	if e.Status == "RESOLVED" {
		class, reason = "resolved", e.Resolution
	}
	row := ExceptionName(e)
	if t.contexts != nil {
		row = t.contexts[e.ContextID] + ": " + row
	}
	fmt.Fprintf(t.out, "%s\t%s\t%s\t%s\t%s\t%s %s\t%s\t%s\t%s\n", e.ID, e.Side, Words(class), Words(reason), e.Date,
		Grouped(e.Amount), e.Currency, OneLine(row), e.NearestDifference, OneLine(e.Suggestion))
	if t.rows%exceptionsFlush == 0 {
		return t.out.Flush()
	}
	return nil
}

// Close writes what is left.
func (t *Exceptions) Close() error { return t.out.Flush() }

// ExceptionName returns what people call the row of an exception, on one line: its id, else its reference, with its
// description.
func ExceptionName(e *recon.Exception) string {
	return OneLine(strings.TrimSpace(cmp.Or(e.ExternalID, e.Reference) + "  " + e.Description))
}

// cellRunes keeps a table readable. JSON has all of the text.
const cellRunes = 60

// OneLine keeps control characters of a file out of a terminal, and a cell short.
func OneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) <= cellRunes {
		return text
	}
	return string([]rune(text)[:cellRunes-1]) + "…"
}

// WriteException writes why the row of an exception is open, rule by rule.
func WriteException(to io.Writer, e *recon.Exception, why *recon.Explanation) {
	fmt.Fprintf(to, "%s  %s  %s %s  %s\n", e.Side, e.Date, Grouped(e.Amount), e.Currency, ExceptionName(e))
	fmt.Fprintf(to, "  %s: %s, %s since %s\n", Words(e.Class), Words(e.Reason), Words(e.Status),
		e.OpenedAt.Format("2006-01-02 15:04"))
	if near := why.Nearest; near != nil {
		fmt.Fprintf(to, "  nearest  %s  %s  %s %s  %s\n", near.Side, near.Date, Grouped(near.Amount), near.Currency,
			OneLine(strings.TrimSpace(near.ExternalID+" "+near.Reference+"  "+near.Description)))
	}
	if e.Suggestion != "" {
		fmt.Fprintf(to, "  would match  %s\n", e.Suggestion)
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, rule := range why.Rules {
		for i, c := range rule.Compare {
			name := ""
			if i == 0 {
				name = rule.Name
			}
			fmt.Fprintf(table, "  %s\t%s %s\t%s\t%s\t%s\n", name, strings.ToLower(c.Component), c.Field,
				OneLine(c.Left),
				OneLine(c.Right),
				map[bool]string{true: "holds", false: "does not hold"}[c.Held])
		}
	}
	_ = table.Flush() // the writer beneath it is a terminal or a buffer
	fmt.Fprintf(to, "  exception %s · row %s\n", e.ID, e.TransactionID)
}
