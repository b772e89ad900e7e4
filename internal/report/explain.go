package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// Explanation is why one row matched, or why not and what is nearest. As JSON it is one object of a list.
type Explanation struct {
	Asked       string    `json:"asked"`
	Side        string    `json:"side"`
	File        string    `json:"file"`
	Row         int       `json:"row"`
	ExternalID  string    `json:"externalId,omitempty"`
	Reference   string    `json:"reference,omitempty"`
	Description string    `json:"description,omitempty"`
	Amount      string    `json:"amount,omitempty"`
	Currency    string    `json:"currency,omitempty"`
	Date        recon.Day `json:"date"`
	Status      string    `json:"status"` // CONFIRMED, PROPOSED, PARTIAL, OPEN, OUTSIDE, SETTLED or REJECTED

	Partner      string           `json:"partner,omitempty"`
	Books        string           `json:"books,omitempty"` // the number of the adjustment that the row books
	Rule         string           `json:"rule,omitempty"`
	Score        *uint8           `json:"score,omitempty"`
	HeldBy       recon.HeldBy     `json:"heldBy,omitempty"`
	Alternatives int32            `json:"alternatives,omitempty"`
	Evidence     []recon.Evidence `json:"evidence,omitempty"`

	Class             recon.Class  `json:"class,omitempty"`
	Reason            recon.Reason `json:"reason,omitempty"`
	Nearest           string       `json:"nearest,omitempty"`
	NearestDate       recon.Day    `json:"nearestDate"`
	NearestDifference string       `json:"nearestDifference,omitempty"`
	Suggestion        string       `json:"suggestion,omitempty"`

	Line   int      `json:"line,omitempty"` // of a rejected row
	Faults []string `json:"faults,omitempty"`
}

// Explain explains a row of a side, which was asked for by a name.
func (r *Run) Explain(side int, row uint32, asked string) Explanation {
	s := &r.Sides[side]
	tx := s.Transaction(row)
	e := Explanation{
		Asked: asked, Side: string(s.Side), File: s.Place(row).File, Row: tx.Row,
		ExternalID: tx.ExternalID, Reference: tx.Reference, Description: tx.Description, Amount: s.money(row).String(),
		Currency: tx.Currency, Date: tx.Date,
		Status: "OUTSIDE",
	}
	for i := range r.Result.Groups {
		if slices.Contains(r.rows(side, &r.Result.Groups[i]), row) {
			r.explainGroup(&e, side, row, i)
			return e
		}
	}
	for i := range r.Result.Bookings {
		if b := &r.Result.Bookings[i]; side == engine.LeftIndex && b.Row == row {
			r.explainBooked(&e, b)
			return e
		}
	}
	if s.Table.Settled(row) {
		e.Status, e.Partner = "SETTLED", r.SettledWith(side, row)
		return e
	}
	open := r.Result.Open[side]
	if at := slices.IndexFunc(open, func(o engine.Open) bool { return o.Row == row }); at >= 0 {
		r.explainOpen(&e, side, &open[at])
	}
	return e
}

func (r *Run) explainGroup(e *Explanation, side int, row uint32, i int) {
	g := &r.Result.Groups[i]
	others := r.rows(1-side, g)
	if e.Partner = r.Sides[1-side].labels(others); len(others) == 0 { // a rule within one side
		own := slices.Clone(r.rows(side, g))
		e.Partner = r.Sides[side].labels(slices.DeleteFunc(own, func(o uint32) bool { return o == row }))
	}
	e.Status, e.Rule, e.Score = g.Status().String(), r.RuleName(i), &g.Score
	e.HeldBy, e.Alternatives = g.HeldBy(), g.Alternatives
	e.Evidence = r.Result.Evidence(r.Plan, r.Sides[engine.LeftIndex].Table, r.Sides[engine.RightIndex].Table, g)
}

func (r *Run) explainOpen(e *Explanation, side int, open *engine.Open) {
	e.Status, e.Class, e.Reason = "OPEN", open.Class(), open.Reason()
	near, other := r.nearest(side, open)
	if e.NearestDifference, e.Suggestion = near.Difference, near.Suggestion; other != nil {
		e.Nearest, e.NearestDate = other.Label(open.Miss.Row), other.Table.Date(open.Miss.Row)
	}
}

// ExplainRejected returns what is wrong with a row that is no transaction, by the first of its faults.
func ExplainRejected(side recon.Side, file string, fault *recon.RowError, asked string) Explanation {
	return Explanation{
		Asked: asked, Side: string(side), File: file, Row: fault.Row, Line: fault.Line,
		Status: "REJECTED", Faults: []string{Fault(fault)},
	}
}

// Write writes the explanation for people.
func (e *Explanation) Write(to io.Writer) {
	name := cmp.Or(e.ExternalID, "row "+strconv.Itoa(e.Row))
	if e.Status == "REJECTED" {
		fmt.Fprintf(to, "%s  %s  row %d of %s, line %d\n  rejected: %s\n", name, e.Side, e.Row, e.File, e.Line,
			strings.Join(e.Faults, "; "))
		return
	}
	fmt.Fprintf(to, "%s  %s  %s  %s %s  row %d of %s\n", name, e.Side, e.Date, Grouped(e.Amount), e.Currency, e.Row,
		e.File)
	if text := strings.TrimSpace(e.Reference + "  " + e.Description); text != "" {
		fmt.Fprintf(to, "  %s\n", text)
	}
	switch {
	case e.Books != "":
		fmt.Fprintf(to, "  books %s, %s\n", e.Books, cmp.Or(e.Partner, "of an earlier period"))
	case e.Status == "OPEN":
		e.writeOpen(to)
	case e.Status == "SETTLED":
		fmt.Fprintf(to, "  settled in an earlier period: %s\n", e.Partner)
	case e.Status == "OUTSIDE":
		fmt.Fprintln(to, "  outside the period: it may be matched, but is not reported open")
	default:
		e.writeGroup(to)
	}
}

func (e *Explanation) writeGroup(to io.Writer) {
	fmt.Fprintf(to, "  %s with %s by %q, score %d of 100\n", strings.ToLower(e.Status), e.Partner, e.Rule, *e.Score)
	if e.HeldBy != recon.HeldByNothing {
		fmt.Fprintf(to, "  held by %s", Words(e.HeldBy))
		if e.Alternatives > 0 {
			fmt.Fprintf(to, ": %d other partners are as good", e.Alternatives)
		}
		fmt.Fprintln(to)
	}
	writeEvidence(to, e.Evidence)
}

// writeEvidence writes what the components of a rule compared, a line each.
func writeEvidence(to io.Writer, evidence []recon.Evidence) {
	for _, c := range evidence {
		fmt.Fprintf(to, "    %-8s %-24s %s | %s", strings.ToLower(c.Component), c.Field, c.Left, c.Right)
		switch {
		case c.Verdict != "": // of a fee, which has no tolerance
			fmt.Fprintf(to, "   difference %s: %s", c.Difference, Words(c.Verdict))
		case c.Difference != "":
			fmt.Fprintf(to, "   difference %s, allowed %s", c.Difference, c.Allowed)
		}
		for _, rate := range c.Rates {
			fmt.Fprintf(to, "   1 %s = %s %s of %s %s", rate.From, rate.Rate, rate.To, rate.Date, rate.Type)
		}
		fmt.Fprintln(to)
	}
}

func (e *Explanation) writeOpen(to io.Writer) {
	fmt.Fprintf(to, "  open: %s, %s\n", Words(e.Class), Words(e.Reason))
	if e.Nearest == "" {
		fmt.Fprintf(to, "  %s\n", cmp.Or(e.Suggestion, "nothing on the other side comes near"))
		return
	}
	fmt.Fprintf(to, "  nearest %s, %s", e.Nearest, e.NearestDate)
	if e.NearestDifference != "" {
		fmt.Fprintf(to, ", difference %s", e.NearestDifference)
	}
	fmt.Fprintf(to, "\n  %s\n", e.Suggestion)
}
