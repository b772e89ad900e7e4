package recon

import "slices"

// Record is one row of a file before any meaning is given to it: values with the names of their columns.
// Header is shared by all records of a file and only ever grows at its end (JSON objects may bring new names), so a
// position keeps its meaning. Fields is reused by the reader's next call; its strings never change and may be kept.
type Record struct {
	Line   int // 1-based line on which the row starts
	Row    int // 1-based data row, rejected rows included
	Header []string
	Fields []string // as many as Header had when this row was read
}

// Clone is a copy whose Fields outlive the next call of the reader.
func (r Record) Clone() Record {
	r.Fields = slices.Clone(r.Fields)
	return r
}

const rowErrorValueMax = 200

// NewRowError returns what is wrong with one row; a long value is clipped.
func NewRowError(line, row int, field, value, code, reason string) RowError {
	return RowError{
		Line: line, Row: row, Field: field, Value: Clip(value, rowErrorValueMax), Code: code,
		Reason: reason,
	}
}
