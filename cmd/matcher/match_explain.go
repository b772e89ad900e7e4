package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// explanation is why one row matched, or why not and what is nearest. As JSON it is one object of a list.
type explanation struct {
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
	Status      string    `json:"status"` // CONFIRMED, PROPOSED, OPEN, OUTSIDE or REJECTED

	Partner      string           `json:"partner,omitempty"`
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

// explain says of each asked row why it matched, or why not and what is nearest.
func (m *match) explain(to io.Writer) error {
	explanations := []explanation{}
	for _, asked := range m.opt.explain {
		found := m.find(asked)
		if len(found) == 0 {
			return fmt.Errorf("no row with the id or reference %q was read: ids are the values of %s; a row without one is asked for as \"row 12\"",
				asked, m.idColumns())
		}
		explanations = append(explanations, found...)
	}
	if m.opt.json {
		return m.printJSON(explanations)
	}
	for i := range explanations {
		explanations[i].print(to)
	}
	return nil
}

// find looks for rows by their id, else by their reference, else by their place: "row 12" or "row 12 of bank.csv".
func (m *match) find(asked string) []explanation {
	for _, fits := range []rowTest{
		func(id, _, _ string) bool { return id == asked },
		func(_, reference, _ string) bool { return reference == asked },
		func(_, _, place string) bool { return place == asked || strings.HasPrefix(place, asked+" of ") },
	} {
		var found []explanation
		for _, s := range m.sides() {
			found = append(found, m.findOn(s, asked, fits)...)
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// rowTest says whether a row is asked for; its place is as in "row 12 of bank.csv".
type rowTest func(id, reference, place string) bool

func placeOf(row int, path string) string { return fmt.Sprintf("row %d of %s", row, path) }

func (m *match) findOn(s *matchSide, asked string, fits rowTest) []explanation {
	var found []explanation
	for row := range uint32(s.table.Len()) {
		if id, reference := s.names(row); fits(id, reference, placeOf(s.dataRow(row), s.path(row))) {
			found = append(found, m.explainRow(s, row, asked))
		}
	}
	for _, f := range s.files {
		found = append(found, f.findRejected(asked, fits)...)
	}
	return found
}

// names are the id and the reference of a row, by which people ask for it.
func (s *matchSide) names(row uint32) (id, reference string) {
	if carried := s.carriedRow(row); carried != nil {
		return carried.tx.ExternalID, carried.tx.Reference
	}
	f := s.file(row)
	return f.mapper.Names(f.rows.record(s.dataRow(row)))
}

// findRejected looks among the rows that are no transactions; those that are not even a row have no id.
func (f *matchFile) findRejected(asked string, fits rowTest) []explanation {
	var found []explanation
	for _, wrong := range f.rejects {
		if last := len(found) - 1; last >= 0 && found[last].Row == wrong.Row {
			found[last].Faults = append(found[last].Faults, rejectWords(wrong))
			continue
		}
		var id, reference string
		if f.rows.has(wrong.Row) {
			id, reference = f.mapper.Names(f.rows.record(wrong.Row))
		}
		if fits(id, reference, placeOf(wrong.Row, f.path)) {
			found = append(found, explanation{
				Asked: asked, Side: string(f.side), File: f.path, Row: wrong.Row, Line: wrong.Line, ExternalID: id, Reference: reference,
				Date: recon.NoDay, NearestDate: recon.NoDay, Status: "REJECTED", Faults: []string{rejectWords(wrong)},
			})
		}
	}
	return found
}

// idColumns names the columns that ids come from, so that a reader knows where to look.
func (m *match) idColumns() string {
	var columns []string
	for _, s := range m.sides() {
		for _, f := range s.files {
			if id, mapped := f.fieldMap.Fields[recon.FieldExternalID]; mapped {
				columns = append(columns, fmt.Sprintf("%s (%s)", strings.Join(id.Columns, "+"), f.path))
			}
		}
	}
	if len(columns) == 0 {
		return "no column here, since none was found that is unique: map externalId"
	}
	return strings.Join(columns, " and ")
}

func (m *match) explainRow(s *matchSide, row uint32, asked string) explanation {
	tx := s.transaction(row)
	e := explanation{
		Asked: asked, Side: string(s.side), File: s.path(row), Row: tx.Row, ExternalID: tx.ExternalID, Reference: tx.Reference,
		Description: tx.Description, Amount: s.money(row).String(), Currency: tx.Currency, Date: tx.Date, NearestDate: recon.NoDay, Status: "OUTSIDE",
	}
	if i := m.groupOf(s, row); i >= 0 {
		m.explainGroup(&e, s, row, i)
		return e
	}
	open := m.result.Open[s.index()]
	if at := slices.IndexFunc(open, func(o engine.Open) bool { return o.Row == row }); at >= 0 {
		m.explainOpen(&e, s, &open[at])
	}
	return e
}

// groupOf is the group that a row is in, −1 where it is in none.
func (m *match) groupOf(s *matchSide, row uint32) int {
	for i := range m.result.Groups {
		g := &m.result.Groups[i]
		rows := m.result.LeftRows(g)
		if s == m.right {
			rows = m.result.RightRows(g)
		}
		if slices.Contains(rows, row) {
			return i
		}
	}
	return -1
}

func (m *match) explainGroup(e *explanation, s *matchSide, row uint32, i int) {
	g := &m.result.Groups[i]
	own, others := m.result.LeftRows(g), m.result.RightRows(g)
	if s == m.right {
		own, others = others, own
	}
	if e.Partner = m.other(s).labels(others); len(others) == 0 { // a rule within one side
		e.Partner = s.labels(slices.DeleteFunc(slices.Clone(own), func(r uint32) bool { return r == row }))
	}
	e.Status, e.Rule, e.Score = string(g.Status()), m.ruleName(i), &g.Score
	e.HeldBy, e.Alternatives = g.HeldBy(), g.Alternatives
	e.Evidence = m.result.Evidence(m.plan, m.left.table, m.right.table, g)
}

func (m *match) explainOpen(e *explanation, s *matchSide, open *engine.Open) {
	e.Status, e.Class, e.Reason = "OPEN", open.Class(), open.Reason()
	if open.Miss.Row == engine.NoRow {
		return
	}
	near, other := m.describe(s, open), m.nearSide(s, open)
	e.Nearest, e.NearestDate = other.label(open.Miss.Row), other.table.Date(open.Miss.Row)
	e.NearestDifference, e.Suggestion = near.Difference, near.Suggestion
}

func (m *match) describe(s *matchSide, open *engine.Open) engine.MissText {
	return m.result.Describe(m.plan, m.left.table, m.right.table, s.side, open)
}

// print writes the explanation for people.
func (e *explanation) print(to io.Writer) {
	name := e.ExternalID
	if name == "" {
		name = "row " + strconv.Itoa(e.Row)
	}
	if e.Status == "REJECTED" {
		fmt.Fprintf(to, "%s  %s  row %d of %s, line %d\n  rejected: %s\n", name, e.Side, e.Row, e.File, e.Line, strings.Join(e.Faults, "; "))
		return
	}
	fmt.Fprintf(to, "%s  %s  %s  %s %s  row %d of %s\n", name, e.Side, e.Date, grouped(e.Amount), e.Currency, e.Row, e.File)
	if text := strings.TrimSpace(e.Reference + "  " + e.Description); text != "" {
		fmt.Fprintf(to, "  %s\n", text)
	}
	switch e.Status {
	case "OPEN":
		e.printOpen(to)
	case "OUTSIDE":
		fmt.Fprintln(to, "  outside the period: it may be matched, but is not reported open")
	default:
		e.printGroup(to)
	}
}

func (e *explanation) printGroup(to io.Writer) {
	fmt.Fprintf(to, "  %s with %s by %q, score %d of 100\n", strings.ToLower(e.Status), e.Partner, e.Rule, *e.Score)
	if e.HeldBy != recon.HeldByNothing {
		fmt.Fprintf(to, "  held by %s", words(e.HeldBy))
		if e.Alternatives > 0 {
			fmt.Fprintf(to, ": %d other partners are as good", e.Alternatives)
		}
		fmt.Fprintln(to)
	}
	for _, c := range e.Evidence {
		fmt.Fprintf(to, "    %-8s %-24s %s | %s", strings.ToLower(c.Component), c.Field, c.Left, c.Right)
		switch {
		case c.Verdict != "": // of a fee, which nothing is allowed to change
			fmt.Fprintf(to, "   difference %s: %s", c.Difference, words(c.Verdict))
		case c.Difference != "":
			fmt.Fprintf(to, "   difference %s, allowed %s", c.Difference, c.Allowed)
		}
		for _, rate := range c.Rates {
			fmt.Fprintf(to, "   1 %s = %s %s of %s %s", rate.From, rate.Rate, rate.To, rate.Date, rate.Type)
		}
		fmt.Fprintln(to)
	}
}

func (e *explanation) printOpen(to io.Writer) {
	fmt.Fprintf(to, "  open: %s, %s\n", words(e.Class), words(e.Reason))
	if e.Nearest == "" {
		fmt.Fprintln(to, "  nothing on the other side comes near")
		return
	}
	fmt.Fprintf(to, "  nearest %s, %s", e.Nearest, e.NearestDate)
	if e.NearestDifference != "" {
		fmt.Fprintf(to, ", difference %s", e.NearestDifference)
	}
	fmt.Fprintf(to, "\n  %s\n", e.Suggestion)
}
