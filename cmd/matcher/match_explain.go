package main

import (
	"fmt"
	"io"
	"strings"

	"matcher/internal/matching/engine"
	"matcher/internal/recon"
)

// explain says of each asked row why it matched, or why not and what is nearest.
func (m *match) explain(to io.Writer) error {
	for _, id := range m.opt.explain {
		found := false
		for _, s := range m.sides() {
			for row := range uint32(s.table.Len()) {
				if s.table.ExternalID(row) == id {
					found = true
					m.explainRow(to, s, row)
				}
			}
		}
		if !found {
			return fmt.Errorf("no row with the id %q was read: ids are the values of %s", id, m.idColumns())
		}
	}
	return nil
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

func (m *match) explainRow(to io.Writer, s *matchSide, row uint32) {
	tx := s.transaction(row)
	fmt.Fprintf(to, "%s  %s  %s  %s %s  row %d of %s\n", s.label(row), s.side, tx.Date, grouped(s.money(row).String()), tx.Currency,
		tx.Row, s.file(row).path)
	if text := strings.TrimSpace(tx.Reference + "  " + tx.Description); text != "" {
		fmt.Fprintf(to, "  %s\n", text)
	}
	if g := m.groupOf(s, row); g != nil {
		m.explainGroup(to, s, g)
		return
	}
	for i := range m.result.Open[s.index()] {
		if open := &m.result.Open[s.index()][i]; open.Row == row {
			m.explainOpen(to, s, open)
			return
		}
	}
	fmt.Fprintln(to, "  outside the period: it may be matched, but is not reported open")
}

func (m *match) groupOf(s *matchSide, row uint32) *engine.Group {
	for i := range m.result.Groups {
		g := &m.result.Groups[i]
		rows := m.result.LeftRows(g)
		if s == m.right {
			rows = m.result.RightRows(g)
		}
		for _, member := range rows {
			if member == row {
				return g
			}
		}
	}
	return nil
}

func (m *match) explainGroup(to io.Writer, s *matchSide, g *engine.Group) {
	partner := m.right.label(m.result.RightRows(g)[0])
	if s == m.right {
		partner = m.left.label(m.result.LeftRows(g)[0])
	}
	fmt.Fprintf(to, "  %s with %s by %q, score %d of 100\n", strings.ToLower(string(g.Status())), partner, m.plan.Rules[g.Rule].Name, g.Score)
	if held := g.HeldBy(); held != recon.HeldByNothing {
		fmt.Fprintf(to, "  held by %s", words(held))
		if g.Alternatives > 0 {
			fmt.Fprintf(to, ": %d other partners are as good", g.Alternatives)
		}
		fmt.Fprintln(to)
	}
	for _, e := range m.result.Evidence(m.plan, m.left.table, m.right.table, g) {
		fmt.Fprintf(to, "    %-8s %-24s %s | %s", strings.ToLower(e.Component), e.Field, e.Left, e.Right)
		if e.Difference != "" {
			fmt.Fprintf(to, "   difference %s, allowed %s", e.Difference, e.Allowed)
		}
		fmt.Fprintln(to)
	}
}

func (m *match) explainOpen(to io.Writer, s *matchSide, open *engine.Open) {
	fmt.Fprintf(to, "  open: %s, %s\n", words(open.Class()), words(open.Reason()))
	near := m.describe(s, open)
	if open.Miss.Row == engine.NoRow {
		fmt.Fprintln(to, "  nothing on the other side comes near")
		return
	}
	fmt.Fprintf(to, "  nearest %s, %s", m.other(s).label(open.Miss.Row), m.other(s).table.Date(open.Miss.Row))
	if near.Difference != "" {
		fmt.Fprintf(to, ", difference %s", near.Difference)
	}
	fmt.Fprintf(to, "\n  %s\n", near.Suggestion)
}

func (m *match) describe(s *matchSide, open *engine.Open) engine.MissText {
	return m.result.Describe(m.plan, m.left.table, m.right.table, s.side, open)
}
