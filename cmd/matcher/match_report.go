package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// report returns the finished run as people read it.
func (m *match) report() *report.Run {
	r := &report.Run{Plan: m.plan, Result: m.result}
	for i, s := range m.sides() {
		side := s.reported()
		for _, f := range s.files {
			side.Files = append(side.Files, report.File{
				Path: f.path, Rows: f.rowsRead, ReadAs: f.readAs(), Rejected: f.rejected, Rejects: f.rejects, Notes: f.reader.Detection.Notes,
			})
		}
		r.Sides[i] = side
	}
	return r
}

// reported returns the side without its files.
func (s *matchSide) reported() report.Side {
	return report.Side{Side: s.side, Name: s.name(), Table: s.table, Place: s.place, Transaction: s.transaction}
}

// printSummary writes what a person sees first: how each file was read, the counts, the bridge and what to do next.
func (m *match) printSummary(to io.Writer) {
	r, summary := m.report(), m.result.Summary()
	r.WriteFiles(to)
	m.printCarry(to)
	report.WriteCounts(to, &summary)
	report.WriteBridges(to, r.Names(), summary.Bridge)
	m.printNotes(to)
	r.WriteRejects(to)
	r.WriteGains(to)
	m.printNext(to, r)
}

func (m *match) printNext(to io.Writer, r *report.Run) {
	next := make([]string, 0, 3)
	if rows, _ := r.LargestOpen(1); len(rows) > 0 {
		id := rows[0].ID
		if strings.Contains(id, " ") {
			id = strconv.Quote(id)
		}
		next = append(next, "--explain "+id)
	}
	if m.opt.save == "" && m.opt.setup == "" {
		next = append(next, "--save recon.yaml")
	}
	if m.opt.out == "" {
		next = append(next, "--out out")
	} else {
		next = append(next, "open "+m.opt.out+"/report.html")
	}
	fmt.Fprintf(to, "Next   matcher match … %s\n", strings.Join(next, " · "))
}

// A row's id in the engine is its file's position · 2³² + its data row.
const fileShift = 32

func rowID(file, row int) int64 { return int64(file)<<fileShift | int64(row) }

func (s *matchSide) file(row uint32) *matchFile { return s.files[s.table.ID(row)>>fileShift] }

func (s *matchSide) dataRow(row uint32) int { return int(s.table.ID(row) & (1<<fileShift - 1)) }

// place returns where a row was read.
func (s *matchSide) place(row uint32) report.Place {
	if carried := s.carriedRow(row); carried != nil {
		return report.Place{File: carried.File, Row: carried.Tx.Row, Carried: true}
	}
	return report.Place{File: s.file(row).path, Row: s.dataRow(row)}
}

// transaction maps a row once more from its record: only rows that are reported are held whole.
func (s *matchSide) transaction(row uint32) recon.Transaction {
	if carried := s.carriedRow(row); carried != nil {
		return carried.Tx
	}
	f := s.file(row)
	tx, _ := f.reader.Map(f.rows.record(s.dataRow(row)))
	return tx
}

func (s *matchSide) index() int {
	if s.side == recon.Left {
		return engine.LeftIndex
	}
	return engine.RightIndex
}

func (m *match) sides() [2]*matchSide { return [2]*matchSide{m.left, m.right} }

func (m *match) other(s *matchSide) *matchSide {
	if s == m.left {
		return m.right
	}
	return m.left
}
