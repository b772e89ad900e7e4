package main

import (
	"fmt"
	"strings"

	"matcher/internal/recon"
	"matcher/internal/report"
)

// explain returns of each asked row why it matched, or why not and what is nearest.
func (r *reconciliation) explain(rows []string) ([]report.Explanation, error) {
	explanations := []report.Explanation{}
	for _, asked := range rows {
		found := r.find(asked)
		if len(found) == 0 {
			return nil, fmt.Errorf("no row with the id or reference %q was read: ids are the values of %s; "+
				"a row without one is asked for as \"row 12\"",
				asked, r.idColumns())
		}
		explanations = append(explanations, found...)
	}
	return explanations, nil
}

// rowTest reports whether a row is asked for. Its place is as in "row 12 of bank.csv".
type rowTest func(id, reference, place string) bool

// find looks for rows by their id, else by their reference, else by their place: "row 12" or "row 12 of bank.csv".
func (r *reconciliation) find(asked string) []report.Explanation {
	run := r.report()
	for _, fits := range []rowTest{
		func(id, _, _ string) bool { return id == asked },
		func(_, reference, _ string) bool { return reference == asked },
		func(_, _, place string) bool { return place == asked || strings.HasPrefix(place, asked+" of ") },
	} {
		var found []report.Explanation
		for _, s := range r.sides() {
			for row := range uint32(s.table.Len()) {
				if id, reference := s.names(row); fits(id, reference, s.place(row).String()) {
					found = append(found, run.Explain(s.index(), row, asked))
				}
			}
			for _, f := range s.files {
				found = append(found, f.findRejected(asked, fits)...)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// names are the id and the reference of a row, by which people ask for it.
func (s *matchSide) names(row uint32) (id, reference string) {
	if carried := s.carriedRow(row); carried != nil {
		return carried.Tx.ExternalID, carried.Tx.Reference
	}
	f := s.file(row)
	return f.reader.Names(f.rows.record(s.dataRow(row)))
}

// findRejected looks among the rows that are no transactions. A row that could not be read at all has no id.
func (f *matchFile) findRejected(asked string, fits rowTest) []report.Explanation {
	var found []report.Explanation
	for i := range f.rejects {
		fault := &f.rejects[i]
		if last := len(found) - 1; last >= 0 && found[last].Row == fault.Row {
			found[last].Faults = append(found[last].Faults, report.Fault(fault))
			continue
		}
		var id, reference string
		if f.rows.has(fault.Row) {
			id, reference = f.reader.Names(f.rows.record(fault.Row))
		}
		place := report.Place{File: f.path, Row: fault.Row}
		if fits(id, reference, place.String()) {
			e := report.ExplainRejected(f.side, f.path, fault, asked)
			e.ExternalID, e.Reference = id, reference
			found = append(found, e)
		}
	}
	return found
}

// idColumns names the columns that ids come from, so that a reader knows where to look.
func (r *reconciliation) idColumns() string {
	var columns []string
	for _, s := range r.sides() {
		for _, f := range s.files {
			if id, mapped := f.reader.FieldMap().Fields[recon.FieldExternalID]; mapped {
				columns = append(columns, fmt.Sprintf("%s (%s)", strings.Join(id.Columns, "+"), f.path))
			}
		}
	}
	if len(columns) == 0 {
		return "no column here, since none was found that is unique: map externalId"
	}
	return strings.Join(columns, " and ")
}
