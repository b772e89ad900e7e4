package format

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
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
	short     int      // a width below that of the header which rows may have too: their last columns are empty
	fields    []string
	over      int            // the last column of the record at hand with a value, where that is beyond ColumnsMax
	scratch   []byte         // unquoted text of the record at hand
	ends      []int          // of each field in scratch
	above     []recon.Record // the lines above the header
	sections
}

func (d *csvDecoder) preamble() []recon.Record { return d.above }

// next is the next row that has any value; blank lines are no rows.
func (d *csvDecoder) next(rec *recon.Record) error {
	for {
		rec.Line, rec.Header = d.w.line, d.header
		if err := d.read(); err != nil {
			return err
		}
		if first := d.fields[0]; (first == "" || first[0] <= ' ' || first[0] >= utf8.RuneSelf) && d.over == 0 &&
			!slices.ContainsFunc(d.fields, isFilled) {
			d.blank()
			continue
		}
		if rec.Fields = d.fields; d.header == nil {
			return nil
		}
		if rec.Line == d.headerLine {
			d.other = table{} // the rows so far were those of a table above
			d.row()
			continue
		}
		return d.place(rec)
	}
}

// rowProblem is an error inside read about one row, before its number is known.
func (d *csvDecoder) rowProblem(line int, value, code, format string, args ...any) error {
	e := recon.NewRowError(line, 0, "", value, code, fmt.Sprintf(format, args...))
	return &e
}

func isFilled(text string) bool { return strings.TrimSpace(text) != "" }

// read takes one record off the window into d.fields, which has one field at least.
func (d *csvDecoder) read() error {
	line := d.w.line
	end, last, err := d.w.lineEnd(0)
	if err != nil {
		return readError(d.w, err)
	}
	if last && end == 0 {
		return io.EOF
	}
	text := d.w.rest()[:end]
	if bytes.IndexByte(text, '"') >= 0 {
		return d.readQuoted(line)
	}
	text = bytes.TrimRight(text, "\r")
	problem := d.check(line, text)
	d.split(string(text))
	d.skip(end, last)
	return problem
}

// skip moves past a line and its break, which is the only one in it.
func (d *csvDecoder) skip(end int, last bool) {
	d.w.start += end
	if !last {
		d.w.start++
		d.w.line++
	}
}

// check finds what makes the text of a row unfit.
func (d *csvDecoder) check(line int, text []byte) error {
	if problem := d.w.undecoded(text); problem != "" {
		return d.rowProblem(line, "", recon.CodeInvalidEncoding, "%s", problem)
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

// split cuts a line without quotes. Its fields share the one string. Delimiters at the end of a line are no columns
// where there are too many of them: sheets are saved with all the columns that they could have.
func (d *csvDecoder) split(text string) {
	d.fields, d.over = d.fields[:0], 0
	for len(d.fields) < ColumnsMax {
		i := strings.IndexByte(text, d.delimiter)
		if i < 0 {
			break
		}
		d.fields = append(d.fields, text[:i])
		text = text[i+1:]
	}
	if len(d.fields) == ColumnsMax {
		used := strings.TrimRight(text, " \t"+string(rune(d.delimiter)))
		if used == "" {
			return
		}
		d.over = ColumnsMax + 1 + strings.Count(used, string(rune(d.delimiter)))
		text = "…"
	}
	d.fields = append(d.fields, text)
}

// readQuoted reads a record in which quotes occur; it may span lines.
func (d *csvDecoder) readQuoted(line int) (err error) {
	d.scratch, d.ends, d.over = d.scratch[:0], d.ends[:0], 0
	at, again := 0, true
	for column := 1; again; column++ {
		began := len(d.scratch)
		if at, again, err = d.field(at); err != nil {
			return err
		}
		if column <= ColumnsMax {
			d.ends = append(d.ends, len(d.scratch))
			continue
		}
		if len(bytes.TrimSpace(d.scratch[began:])) > 0 {
			d.over = column
		}
		d.scratch = d.scratch[:began]
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
	if d.over > 0 {
		d.fields = append(d.fields, "…")
	}
	d.w.take(at)
	return problem
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
	case d.isSpace(c):
		if from, opens := d.quoteBehindSpaces(at); opens {
			return d.quoted(from)
		}
	}
	if i := bytes.IndexByte(d.w.rest()[at:], d.delimiter); i >= 0 && c != '=' {
		if text := d.w.rest()[at : at+i]; bytes.IndexByte(text, d.w.newline) < 0 {
			d.scratch = append(d.scratch, text...)
			return at + i + 1, true, nil
		}
	}
	end, last, err := d.w.lineEnd(at)
	if err != nil {
		return 0, false, readError(d.w, err)
	}
	text := d.w.rest()[at:end]
	if c == '=' {
		if shown, size := d.formula(text); size > 0 {
			d.scratch = append(d.scratch, shown...)
			return d.afterQuote(at+size, at)
		}
	}
	if i := bytes.IndexByte(text, d.delimiter); i >= 0 {
		d.scratch = append(d.scratch, text[:i]...)
		return at + i + 1, true, nil
	}
	d.scratch = append(d.scratch, bytes.TrimRight(text, "\r")...)
	if !last {
		end++
	}
	return end, false, nil
}

// formulas keep a spreadsheet from changing a text, or link it: ="00123" is 00123, =HYPERLINK(url, text) is the text.
var formulas = regexp.MustCompile(
	`^=\s*(?:"((?:[^"]|"")*)"|(?i:HYPERLINK)\(\s*"((?:[^"]|"")*)"\s*(?:[,;]\s*"?((?:[^"()]|"")*)"?\s*)?\))[ \t]*`)

// formula returns what a formula at the beginning of a text shows, and how long the formula is: 0 where none is known,
// or where more follows it than the end of a field.
func (d *csvDecoder) formula(text []byte) (shown []byte, size int) {
	m := formulas.FindSubmatch(text)
	if m == nil || len(m[0]) < len(text) && text[len(m[0])] != d.delimiter && text[len(m[0])] != '\r' {
		return nil, 0
	}
	shown = slices.Concat(m[1], m[3])
	if len(shown) == 0 {
		shown = m[2]
	}
	return bytes.ReplaceAll(shown, []byte(`""`), []byte{'"'}), len(m[0])
}

func (d *csvDecoder) lineAt(at int) int {
	return d.w.line + bytes.Count(d.w.rest()[:at], []byte{d.w.newline})
}

// isSpace reports whether a byte is white space that no column ends with.
func (d *csvDecoder) isSpace(c byte) bool { return (c == ' ' || c == '\t') && c != d.delimiter }

// quoteBehindSpaces finds the quote of programs that write a space after each delimiter.
func (d *csvDecoder) quoteBehindSpaces(at int) (from int, opens bool) {
	for {
		c, ok, err := d.w.byteAt(at)
		if err != nil || !ok || !d.isSpace(c) {
			return at, err == nil && ok && c == '"'
		}
		at++
	}
}

// quoted reads a field that begins with a quote at an offset; two quotes inside are one.
func (d *csvDecoder) quoted(at int) (next int, more bool, err error) {
	opened := at
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
		if value := d.scratch[began:]; len(value) > 0 && value[0] == '=' {
			if shown, size := d.formula(value); size == len(value) {
				d.scratch = append(d.scratch[:began], shown...)
			}
		}
		return d.afterQuote(from, opened)
	}
}

// afterQuote demands a delimiter, a line break or the end behind a closing quote, give or take white space.
func (d *csvDecoder) afterQuote(at, opened int) (next int, more bool, err error) {
	for {
		c, ok, err := d.w.byteAt(at)
		switch {
		case err != nil:
			return 0, false, readError(d.w, err)
		case !ok:
			return at, false, nil
		case c == d.delimiter:
			return at + 1, true, nil
		case c == d.w.newline:
			return at + 1, false, nil
		case !d.isSpace(c) && c != '\r':
			problem := d.rowProblem(d.lineAt(opened), string(d.scratch), recon.CodeMalformed,
				"text follows a closing quote: a quote inside a quoted value is written twice (\"\")")
			return 0, false, d.skipLine(problem)
		}
		at++
	}
}

// moreQuoted reads on inside a quoted value, within its limit.
func (d *csvDecoder) moreQuoted(opened, size int) error {
	switch {
	case size > FieldBytesMax:
		return recon.TooLarge(recon.CodeFieldTooLong,
			"has a quoted value of more than %d MB that begins on line %d: its closing quote is probably missing",
			FieldBytesMax>>20, d.lineAt(opened))
	case d.w.err != nil:
		return readError(d.w, d.w.err)
	case d.w.eof:
		return recon.Unprocessable(recon.CodeQuoteUnclosed, fmt.Sprintf(
			"has a quote on line %d that is never closed, so everything after it would be one value: close or remove it",
			d.lineAt(opened)))
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
	rec.Fields = within(rec.Fields, width)
	if n := len(rec.Fields); n == d.short {
		for len(rec.Fields) < width {
			rec.Fields = append(rec.Fields, "")
		}
		d.fields = rec.Fields
	} else if n != width {
		return d.misfit(rec, width)
	}
	if strings.HasPrefix(rec.Fields[0], d.names[0]) && sameTexts(within(rec.Fields, 1), d.names) {
		return d.rowProblem(rec.Line, "", recon.CodeMalformed, "this row repeats the header")
	}
	return nil
}

// misfit is the problem of a row with another number of values than its header.
func (d *csvDecoder) misfit(rec *recon.Record, width int) error {
	n := len(rec.Fields)
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
	return d.rowProblem(rec.Line, d.rowText(rec.Fields), recon.CodeMalformed,
		"this row has %s where the header has %d%s", values, width, hint)
}

func (d *csvDecoder) rowText(fields []string) string {
	fields = within(fields, 1)
	return strings.Join(fields[:min(len(fields), 20)], string(rune(d.delimiter)))
}

// within drops empty values behind the first n.
func within(fields []string, n int) []string {
	for len(fields) > n && strings.TrimSpace(fields[len(fields)-1]) == "" {
		fields = fields[:len(fields)-1]
	}
	return fields
}

func sameTexts(a, b []string) bool {
	return slices.EqualFunc(a, b, func(x, y string) bool { return strings.TrimSpace(x) == y })
}
