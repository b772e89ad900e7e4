package main

import (
	"fmt"
	"slices"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// A proposed group is rejected by the ids of its rows, left=right, several joined by +, as the report names them. The set is
// not offered again, in this run and in those that carry it on.

// readRejects finds the rows that --reject names, once they are read.
func (m *match) readRejects() error {
	for _, text := range m.opt.reject {
		set, err := m.rejectedSet(text)
		if err != nil {
			return err
		}
		m.plan.Options.Rejected = append(m.plan.Options.Rejected, set)
	}
	return nil
}

// rejectedSet reads "GL-1=B-7" or "GL-1+GL-2=B-7". Ids may hold = and + themselves, so every place to cut is tried.
func (m *match) rejectedSet(text string) (recon.RowSet, error) {
	problem := usageError("--reject %q: write the ids of the left rows, =, and those of the right rows, as in --reject INV-7=B-12 or --reject INV-7+INV-8=B-12", text)
	for at := range text {
		if text[at] != '=' {
			continue
		}
		left, err := m.left.rowsNamed(text[:at])
		if err != nil {
			problem = usageError("--reject %q: %w", text, err)
			continue
		}
		right, err := m.right.rowsNamed(text[at+1:])
		if err != nil {
			problem = usageError("--reject %q: %w", text, err)
			continue
		}
		if len(left)+len(right) > 1 {
			return recon.RowSet{Left: left, Right: right}, nil
		}
	}
	return recon.RowSet{}, problem
}

// rowsNamed finds rows by their ids, joined by +; a row without one is "row 12". Nothing names nothing.
func (s *matchSide) rowsNamed(text string) ([]int64, error) {
	if text = strings.TrimSpace(text); text == "" {
		return nil, nil
	}
	if id, err := s.rowNamed(text); err == nil {
		return []int64{id}, nil
	}
	var ids []int64
	for part := range strings.SplitSeq(text, "+") {
		id, err := s.rowNamed(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if slices.Contains(ids, id) {
			return nil, fmt.Errorf("%q is named twice", part)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *matchSide) rowNamed(name string) (int64, error) {
	named := s.reported()
	found, id := 0, int64(0)
	for row := range uint32(s.table.Len()) {
		if s.table.ExternalID(row) == name || s.table.ExternalID(row) == "" && named.Label(row) == name {
			found++
			id = s.table.ID(row)
		}
	}
	switch found {
	case 0:
		return 0, fmt.Errorf("no row of the %s side is called %q", strings.ToLower(string(s.side)), name)
	case 1:
		return id, nil
	}
	return 0, fmt.Errorf("%d rows of the %s side are called %q: name sources of which each has its own ids", found, strings.ToLower(string(s.side)), name)
}

// residual is what is left of a partial group.
type residual struct {
	Rule     string
	Amount   string // Σ left − Σ right
	Currency string
	Side     recon.Side // on which it stands as one row
	Date     recon.Day  // of that row: the oldest of the group
}

// residual of the partial group i.
func (m *match) residual(i int) residual {
	g, run := &m.result.Groups[i], m.report()
	left, right := m.result.LeftRows(g), m.result.RightRows(g)
	r := residual{
		Rule: run.RuleName(i), Amount: run.Difference(g), Currency: run.Currency(g),
		Side: recon.Left,
	}
	var sums [2]recon.Minor
	for side, of := range [2]struct {
		s    *matchSide
		rows []uint32
	}{{m.left, left}, {m.right, right}} {
		for _, row := range of.rows {
			sums[side] += of.s.table.Amount(row)
			if date := of.s.table.Date(row); !r.Date.Set() || date < r.Date {
				r.Date = date
			}
		}
	}
	if sums[engine.RightIndex].Abs() > sums[engine.LeftIndex].Abs() {
		r.Side = recon.Right
	}
	return r
}
