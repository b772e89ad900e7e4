package format

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// sections follows the tables of a file: rows below another header are not read by the first one.
type sections struct {
	headerLine int // of the table that is read
	names      []string
	known      func(string) bool
	probe      int   // a column whose values hold a digit; -1: none surely does
	other      table // the table that the rows at hand belong to, where it is not the one that is read

	apart  bool // blank or other lines stand between the last row and this place
	blanks bool // one of them is blank
	block  bool // the last of them is
	title  string
}

// blank notes a line without values.
func (s *sections) blank() { s.apart, s.blanks, s.block = true, true, true }

// note keeps of a line that is no row of a table what may be a title: the first one of a block.
func (s *sections) note(fields []string) {
	if s.block || !s.blanks {
		s.title = strings.TrimSpace(fields[slices.IndexFunc(fields, isFilled)])
	}
	s.apart, s.block = true, false
}

// row notes a row of a table.
func (s *sections) row() {
	if s.apart {
		s.apart, s.blanks, s.block, s.title = false, false, false, ""
	}
}

// place returns nil for a row of the table that is read, and else what is wrong with it.
func (d *csvDecoder) place(rec *recon.Record) error {
	raw := rec.Fields
	problem := d.fit(rec)
	if problem == nil && d.other.line == 0 && d.hasDigit(rec.Fields) {
		d.row()
		return nil
	}
	switch {
	case d.begins(raw, problem == nil):
		d.other = table{line: rec.Line, title: d.title, width: len(within(raw, 1))}
		return d.elsewhere(rec)
	case d.other.line == 0 && problem == nil:
		d.row()
		return nil
	case d.other.line > 0 && len(within(raw, d.other.width)) == d.other.width:
		d.row()
		return d.elsewhere(rec)
	case d.other.line > 0:
		problem = d.misfit(rec, d.other.width)
	}
	if !sameTexts(within(raw, 1), d.names) {
		d.note(raw)
	}
	return problem
}

// hasDigit is the quick look that spares nearly all rows the longer ones: a row of names has no digit where the others
// have a date or an amount.
func (d *csvDecoder) hasDigit(fields []string) bool {
	if d.probe < 0 {
		return false
	}
	value := fields[d.probe]
	for i := range len(value) {
		if value[i]-'0' < 10 {
			return true
		}
	}
	return false
}

// elsewhere is what is wrong with a row of another table.
func (d *csvDecoder) elsewhere(rec *recon.Record) error {
	title := ""
	if d.other.title != "" {
		title = fmt.Sprintf(" (%s)", quoteCut(d.other.title))
	}
	return d.rowProblem(rec.Line, d.rowText(rec.Fields), recon.CodeOtherTable,
		"this row belongs to the table whose header is on line %d%s, not to the one on line %d: "+
			"split the file, or read that table with header: %d",
		d.other.line, title, d.headerLine, d.other.line)
}

// begins reports whether a row names the columns of another table: the same ones again behind other lines, at least two
// known ones, or a name for every column behind other lines, and the rows below fit it no worse.
func (d *csvDecoder) begins(fields []string, fits bool) bool {
	names := within(trimmed(fields), 1)
	if !couldBeHeader(names, 0) || fits && slices.Contains(names, "") {
		return false
	}
	if slices.Equal(names, d.names) {
		return d.apart || d.other.line > 0
	}
	known, width := 0, cmp.Or(d.other.width, len(d.header))
	for _, name := range names {
		if d.known != nil && d.known(name) {
			known++
		}
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(names)))
	strange := d.apart && len(distinct) == len(names) && len(names) > 2 && distinct[0] != ""
	if known < 2 && (!strange || fits && d.probe < 0) {
		return false
	}
	newer, older, digits := 0, 0, false
	for _, r := range d.below() {
		if couldBeHeader(r.fields, 0) {
			break
		}
		if len(within(r.fields, len(names))) == len(names) {
			newer++
		}
		if len(within(r.fields, width)) == width {
			older++
		}
		digits = digits || slices.ContainsFunc(trimmed(r.fields), func(f string) bool { return kindOf(f) > text })
	}
	return newer >= older && (known >= 2 || newer > 0 && digits)
}

// below reads some rows ahead without taking them.
func (d *csvDecoder) below() []sampleRow {
	const rows, size = 5, 16 << 10
	for !d.w.eof && d.w.end-d.w.start < size {
		if d.w.fill() != nil {
			break
		}
	}
	ahead := d.w.rest()
	if len(ahead) > size {
		ahead = ahead[:bytes.LastIndexByte(ahead[:size], d.w.newline)+1]
	}
	return headRows(ahead, d.w, d.delimiter, rows)
}
