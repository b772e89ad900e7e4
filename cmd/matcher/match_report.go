package main

import (
	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// report returns the finished run as people read it.
func (r *reconciliation) report() *report.Run {
	run := &report.Run{Plan: r.plan, Result: r.result}
	run.SettledWith = func(side int, row uint32) string {
		return r.carry.SettledWith(side, run.Sides[side].Table.ID(row))
	}
	for i, s := range r.sides() {
		side := s.reported()
		for _, f := range s.files {
			side.Files = append(side.Files, report.File{
				Path: f.path, Rows: f.rowsRead, ReadAs: f.readAs(),
				Rejected: f.rejected, Rejects: f.rejects, SetAside: f.setAside, Aside: f.aside,
				Repeated: f.repeated, Notes: f.reader.Detection.Notes,
			})
		}
		run.Sides[i] = side
	}
	return run
}

// reported returns the side without its files.
func (s *matchSide) reported() report.Side {
	return report.Side{Side: s.side, Name: s.name(), Table: s.table, Place: s.place, Transaction: s.transaction}
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
