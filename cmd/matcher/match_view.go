package main

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// openRow is one open row as people read it, in unmatched.csv and in the report.
type openRow struct {
	Side              recon.Side
	ID                string // the external id, or "row 12" where the file has none
	ExternalID        string
	Row               int
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

func (m *match) openRow(s *matchSide, open *engine.Open) openRow {
	tx := s.transaction(open.Row)
	row := openRow{
		Side: s.side, ID: s.label(open.Row), ExternalID: tx.ExternalID, Row: tx.Row, Reference: tx.Reference,
		Amount: s.money(open.Row).String(), Currency: tx.Currency, Date: tx.Date, Description: tx.Description,
		Class: open.Class(), Reason: open.Reason(), AgeDays: int(m.result.AsOf - tx.Date),
	}
	if open.Miss.Row != engine.NoRow {
		near := m.describe(s, open)
		row.NearestID, row.NearestDifference, row.Suggestion = m.nearSide(s, open).label(open.Miss.Row), near.Difference, near.Suggestion
	}
	return row
}

func (r openRow) columns() []string {
	return []string{
		string(r.Side), r.ExternalID, strconv.Itoa(r.Row), r.Reference, r.Amount, r.Currency, r.Date.String(), r.Description,
		string(r.Class), string(r.Reason), strconv.Itoa(r.AgeDays), r.NearestID, r.NearestDifference, r.Suggestion,
	}
}

// Text is what tells the row apart for a reader: its description, else its reference.
func (r openRow) Text() string {
	if r.Description != "" {
		return r.Description
	}
	return r.Reference
}

// proposal is one proposed pair as people read it.
type proposal struct {
	Left, Right  string
	Rule         string
	HeldBy       recon.HeldBy
	Alternatives int32
	Score        uint8
	Amount       string
	Difference   string
}

func (m *match) proposal(i int) proposal {
	g := &m.result.Groups[i]
	left, right := m.result.LeftRows(g), m.result.RightRows(g)
	amount := m.left.sum(left)
	if len(left) == 0 {
		amount = m.right.sum(right)
	}
	if g.Mixed() && g.Currency() != "" { // rows of several currencies have a sum only as they were compared
		amount = recon.Money{Amount: m.result.ComparedLeft(m.plan, m.left.table, g), Currency: g.Currency()}.String()
	}
	return proposal{
		Left: m.left.labels(left), Right: m.right.labels(right), Rule: m.ruleName(i), HeldBy: g.HeldBy(),
		Alternatives: g.Alternatives, Score: g.Score,
		Amount: amount + " " + m.groupCurrency(g), Difference: m.groupDifference(g),
	}
}

// ruleName is the name of the rule that made group i, perhaps in an earlier period.
func (m *match) ruleName(i int) string { return m.result.RuleName(m.plan, i) }

// groupCurrency is that of a group's rows, which may stand on one side only, or that in which they were compared.
func (m *match) groupCurrency(g *engine.Group) string {
	if currency := g.Currency(); currency != "" {
		return currency
	}
	if rows := m.result.LeftRows(g); len(rows) > 0 {
		return m.left.table.Currency(rows[0])
	}
	return m.right.table.Currency(m.result.RightRows(g)[0])
}

// labelsShown is how many rows of a group are named where it stands on one line.
const labelsShown = 3

// labels names the rows of a group, the first few of many.
func (s *matchSide) labels(rows []uint32) string {
	if len(rows) == 0 {
		return "nothing"
	}
	var names []string
	for _, row := range rows[:min(len(rows), labelsShown)] {
		names = append(names, s.label(row))
	}
	text := strings.Join(names, " + ")
	if more := len(rows) - labelsShown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// sum of rows of one currency, as a decimal of any length.
func (s *matchSide) sum(rows []uint32) string {
	sum := new(big.Int)
	for _, row := range rows {
		sum.Add(sum, big.NewInt(int64(s.table.Amount(row))))
	}
	if !sum.IsInt64() {
		return sum.String() + " minor units of"
	}
	return recon.Money{Amount: recon.Minor(sum.Int64()), Currency: s.table.Currency(rows[0])}.String()
}

// money is a row's amount with its currency.
func (s *matchSide) money(row uint32) recon.Money {
	return recon.Money{Amount: s.table.Amount(row), Currency: s.table.Currency(row)}
}

// label names a row for people: its external id, else its file row.
func (s *matchSide) label(row uint32) string {
	if id := s.table.ExternalID(row); id != "" {
		return id
	}
	if carried := s.carriedRow(row); carried != nil {
		return placeOf(carried.tx.Row, carried.file)
	}
	return "row " + strconv.Itoa(s.dataRow(row))
}

// A row's id in the engine is its file's position · 2³² + its data row.
const fileShift = 32

func rowID(file, row int) int64 { return int64(file)<<fileShift | int64(row) }

func (s *matchSide) file(row uint32) *matchFile { return s.files[s.table.ID(row)>>fileShift] }

// path is the file that a row was first read from.
func (s *matchSide) path(row uint32) string {
	if carried := s.carriedRow(row); carried != nil {
		return carried.file
	}
	return s.file(row).path
}

func (s *matchSide) dataRow(row uint32) int {
	if carried := s.carriedRow(row); carried != nil {
		return carried.tx.Row
	}
	return int(s.table.ID(row) & (1<<fileShift - 1))
}

// transaction maps a row once more from its record: only rows that are reported are held whole.
func (s *matchSide) transaction(row uint32) recon.Transaction {
	if carried := s.carriedRow(row); carried != nil {
		return carried.tx
	}
	f := s.file(row)
	tx, _ := f.mapper.Map(f.rows.record(s.dataRow(row)))
	return tx
}

func (s *matchSide) index() int {
	if s.side == recon.Left {
		return engine.LeftIndex
	}
	return engine.RightIndex
}

func (m *match) sides() [2]*matchSide { return [2]*matchSide{m.left, m.right} }

// nearSide is where the nearest row of an open row stands: on the other side, or under a rule within one side on its own.
func (m *match) nearSide(s *matchSide, open *engine.Open) *matchSide {
	if m.plan.MissSide(s.side, &open.Miss) == s.side {
		return s
	}
	return m.other(s)
}

func (m *match) other(s *matchSide) *matchSide {
	if s == m.left {
		return m.right
	}
	return m.left
}
