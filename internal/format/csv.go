package format

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"matcher/internal/recon"
)

// csvDecoder reads delimited text. It is our own because encoding/csv holds a field of any size before it returns, and
// loses the rest of the file with one bad quote; here a bad quote costs its line.
type csvDecoder struct {
	w         *window
	delimiter byte
	header    []string // nil while the dialect is being looked for: then any number of fields will do
	fields    []string
	scratch   []byte // unquoted text of the record at hand
	ends      []int  // of each field in scratch
}

// next is the next row that has any value; blank lines are no rows.
func (d *csvDecoder) next(rec *recon.Record) error {
	for {
		rec.Line, rec.Header = d.w.line, d.header
		size, err := d.read()
		if err != nil {
			return err
		}
		filled := func(f string) bool { return strings.TrimSpace(f) != "" }
		if size == 0 && !slices.ContainsFunc(d.fields, filled) {
			continue
		}
		if rec.Fields = d.fields; d.header == nil {
			return nil
		}
		return d.fit(rec)
	}
}

// rowProblem is an error inside read about one row, before its number is known.
func (d *csvDecoder) rowProblem(line int, value, code, format string, args ...any) error {
	e := recon.NewRowError(line, 0, "", value, code, fmt.Sprintf(format, args...))
	return &e
}

// read takes one record off the window into d.fields. size is 0 when no field has any text.
func (d *csvDecoder) read() (size int, err error) {
	line := d.w.line
	end, last, err := d.w.lineEnd(0)
	if err != nil {
		return 0, readError(d.w, err)
	}
	if last && end == 0 {
		return 0, io.EOF
	}
	text := d.w.rest()[:end]
	if bytes.IndexByte(text, '"') >= 0 {
		return d.readQuoted(line)
	}
	text = bytes.TrimSuffix(text, []byte{'\r'})
	problem := d.check(line, text)
	d.split(string(text))
	size = len(text) - (len(d.fields) - 1)
	d.skip(end, last)
	return size, problem
}

// skip moves past a line and its break.
func (d *csvDecoder) skip(end int, last bool) {
	if !last {
		end++
	}
	d.w.take(end)
}

// check finds what makes the text of a row unfit.
func (d *csvDecoder) check(line int, text []byte) error {
	if d.w.validate && !utf8.Valid(text) {
		return d.rowProblem(line, "", recon.CodeInvalidEncoding,
			"this row is not UTF-8 although the file begins so: save the whole file in one encoding")
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return d.rowProblem(line, "", recon.CodeMalformed, "this row holds a NUL byte, so it is damaged")
	}
	if len(text) > FieldBytesMax {
		for field := range bytes.SplitSeq(text, []byte{d.delimiter}) {
			if len(field) > FieldBytesMax {
				return d.fieldTooLong(line, string(field[:64]))
			}
		}
	}
	return nil
}

func (d *csvDecoder) fieldTooLong(line int, value string) error {
	return d.rowProblem(line, value, recon.CodeFieldTooLong, "one value of this row is longer than %d MB",
		FieldBytesMax>>20)
}

// split cuts a line without quotes. Its fields share the one string.
func (d *csvDecoder) split(text string) {
	d.fields = d.fields[:0]
	for len(d.fields) < ColumnsMax {
		i := strings.IndexByte(text, d.delimiter)
		if i < 0 {
			break
		}
		d.fields = append(d.fields, text[:i])
		text = text[i+1:]
	}
	d.fields = append(d.fields, text)
}

// readQuoted reads a record in which quotes occur; it may span lines.
func (d *csvDecoder) readQuoted(line int) (size int, err error) {
	d.scratch, d.ends = d.scratch[:0], d.ends[:0]
	at, again := 0, true
	for again {
		if at, again, err = d.field(at); err != nil {
			return 0, err
		}
		d.ends = append(d.ends, len(d.scratch))
		if len(d.ends) > ColumnsMax {
			break
		}
	}
	all, from := string(d.scratch), 0
	d.fields = d.fields[:0]
	problem := d.check(line, d.scratch)
	for _, end := range d.ends {
		if d.fields = append(d.fields, all[from:end]); end-from > FieldBytesMax && problem == nil {
			problem = d.fieldTooLong(line, all[from:from+64])
		}
		from = end
	}
	if len(d.ends) > ColumnsMax {
		return len(d.scratch), d.skipLine(problem)
	}
	d.w.take(at)
	return len(d.scratch), problem
}

// field appends the field that begins at an offset and returns where the next one begins; more is false after the
// last one of the record, and at is then behind the line break.
func (d *csvDecoder) field(at int) (next int, more bool, err error) {
	c, ok, err := d.w.byteAt(at)
	switch {
	case err != nil:
		return 0, false, readError(d.w, err)
	case !ok:
		return at, false, nil
	case c == '"':
		return d.quoted(at)
	case c == ' ':
		if from, opens := d.quoteBehindSpaces(at); opens {
			return d.quoted(from)
		}
	}
	end, last, err := d.w.lineEnd(at)
	if err != nil {
		return 0, false, readError(d.w, err)
	}
	text := d.w.rest()[at:end]
	if i := bytes.IndexByte(text, d.delimiter); i >= 0 {
		d.scratch = append(d.scratch, text[:i]...)
		return at + i + 1, true, nil
	}
	d.scratch = append(d.scratch, bytes.TrimSuffix(text, []byte{'\r'})...)
	if !last {
		end++
	}
	return end, false, nil
}

// quoteBehindSpaces finds the quote of programs that write a space after each delimiter.
func (d *csvDecoder) quoteBehindSpaces(at int) (from int, opens bool) {
	for {
		c, ok, err := d.w.byteAt(at)
		if err != nil || !ok || c != ' ' {
			return at, err == nil && ok && c == '"'
		}
		at++
	}
}

// quoted reads a field that begins with a quote at an offset; two quotes inside are one.
func (d *csvDecoder) quoted(at int) (next int, more bool, err error) {
	opened := d.w.line + bytes.Count(d.w.rest()[:at], []byte{d.w.newline})
	from, began := at+1, len(d.scratch)
	for {
		i := bytes.IndexByte(d.w.rest()[from:], '"')
		if i < 0 || len(d.scratch)-began > FieldBytesMax {
			i = len(d.w.rest()) - from
			d.scratch = append(d.scratch, d.w.rest()[from:]...)
			from += i
			if err := d.moreQuoted(opened, len(d.scratch)-began); err != nil {
				return 0, false, err
			}
			continue
		}
		d.scratch = append(d.scratch, d.w.rest()[from:from+i]...)
		from += i + 1
		c, ok, err := d.w.byteAt(from)
		if err != nil {
			return 0, false, readError(d.w, err)
		}
		if ok && c == '"' {
			d.scratch = append(d.scratch, '"')
			from++
			continue
		}
		return d.afterQuote(from, opened, ok, c)
	}
}

// afterQuote demands a delimiter, a line break or the end behind a closing quote.
func (d *csvDecoder) afterQuote(at, opened int, ok bool, c byte) (next int, more bool, err error) {
	if ok && c == '\r' && d.w.newline == '\n' {
		if after, okAfter, _ := d.w.byteAt(at + 1); !okAfter || after == '\n' {
			at++
			c, ok = after, okAfter
		}
	}
	switch {
	case !ok:
		return at, false, nil
	case c == d.delimiter:
		return at + 1, true, nil
	case c == d.w.newline:
		return at + 1, false, nil
	}
	problem := d.rowProblem(opened, string(d.scratch), recon.CodeMalformed,
		"text follows a closing quote: a quote inside a quoted value is written twice (\"\")")
	return 0, false, d.skipLine(problem)
}

// moreQuoted reads on inside a quoted value, within its limit.
func (d *csvDecoder) moreQuoted(opened, size int) error {
	switch {
	case size > FieldBytesMax:
		return recon.TooLarge(recon.CodeFieldTooLong,
			"has a quoted value of more than %d MB that begins on line %d: its closing quote is probably missing",
			FieldBytesMax>>20, opened)
	case d.w.err != nil:
		return readError(d.w, d.w.err)
	case d.w.eof:
		return recon.Unprocessable(recon.CodeQuoteUnclosed, fmt.Sprintf(
			"has a quote on line %d that is never closed, so everything after it would be one value: close or remove it",
			opened))
	}
	if err := d.w.fill(); err != nil {
		return readError(d.w, err)
	}
	return nil
}

// skipLine gives up on the line at hand: the next record begins on the following one.
func (d *csvDecoder) skipLine(problem error) error {
	end, last, err := d.w.lineEnd(0)
	if err != nil {
		return readError(d.w, err)
	}
	d.skip(end, last)
	return problem
}

// fit makes a row as wide as the header, or returns why it is not. Empty values beyond the header are dropped: many
// programs end each row with a delimiter.
func (d *csvDecoder) fit(rec *recon.Record) error {
	width := len(d.header)
	for len(rec.Fields) > width && strings.TrimSpace(rec.Fields[len(rec.Fields)-1]) == "" {
		rec.Fields = rec.Fields[:len(rec.Fields)-1]
	}
	if n := len(rec.Fields); n != width {
		values, hint := fmt.Sprintf("%d values", n), ""
		switch {
		case n == 1:
			values = "1 value"
		case n > ColumnsMax:
			values = fmt.Sprintf("more than %d values", ColumnsMax)
		}
		if n > width {
			hint = ": a value that holds the delimiter must stand in quotes"
		}
		return d.rowProblem(rec.Line, strings.Join(rec.Fields[:min(n, 20)], string(rune(d.delimiter))),
			recon.CodeMalformed,
			"this row has %s where the header has %d%s", values, width, hint)
	}
	if rec.Fields[0] == d.header[0] && sameTexts(rec.Fields, d.header) {
		return d.rowProblem(rec.Line, "", recon.CodeMalformed, "this row repeats the header")
	}
	return nil
}

func sameTexts(a, b []string) bool {
	for i := range a {
		if strings.TrimSpace(a[i]) != b[i] {
			return false
		}
	}
	return true
}
