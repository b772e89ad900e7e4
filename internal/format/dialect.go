package format

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"matcher/internal/recon"
)

const (
	dialectRows = 60 // records that detection reads; the header is among them
	delimiters  = ",;\t|"
)

// openCSV finds the delimiter and the header on the first view, then reads on from there.
func openCSV(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	head := w.rest()
	if !w.eof && bytes.IndexByte(head, w.newline) < 0 {
		return nil, "", recon.TooLarge(recon.CodeFieldTooLong, "has a first line of more than %d kB, so it is no table",
			headBytes>>10)
	}
	delimiter, rows := separator(head, w, in.opt.Delimiter)
	at, err := headerRow(rows)
	if err != nil {
		return nil, "", err
	}
	d := &csvDecoder{w: w, delimiter: delimiter}
	for d.w.line < rows[at].Line { // quotes do not count in a preamble
		if err := d.skipLine(nil); err != nil {
			return nil, "", err
		}
	}
	var rec recon.Record
	if err := d.next(&rec); err != nil {
		return nil, "", fmt.Errorf("reading the header: %w", err)
	}
	header, err := columnNames(rec, filledWidth(rows[at+1:]))
	if err != nil {
		return nil, "", err
	}
	d.header = header
	found := "delimiter " + delimiterNames[delimiter]
	if rec.Line > 1 {
		found += fmt.Sprintf(", header on line %d", rec.Line)
	}
	return d, found, nil
}

var delimiterNames = map[byte]string{',': "comma", ';': "semicolon", '\t': "tab", '|': "bar"}

// separator reads the head with each delimiter and keeps the one under which most rows agree on most columns.
func separator(head []byte, like *window, wanted byte) (byte, []recon.Record) {
	candidates := delimiters
	if line, _, ok := strings.Cut(string(head[:min(len(head), 16)]), "\n"); ok && strings.HasPrefix(line, "sep=") &&
		len(line) > 4 {
		wanted = line[4] // Excel writes its delimiter on a line of its own
	}
	if wanted != 0 {
		candidates = string(rune(wanted))
	}
	best, bestScore, bestRows := candidates[0], -1, []recon.Record(nil)
	for i := range len(candidates) {
		rows := headRows(head, like, candidates[i])
		width := usualWidth(rows)
		score := 0
		for _, r := range rows {
			if len(r.Fields) == width {
				score += width - 1
			}
		}
		if score > bestScore {
			best, bestScore, bestRows = candidates[i], score, rows
		}
	}
	return best, bestRows
}

// headRows reads the first records of the head with one delimiter; lines that cannot be read are left out.
func headRows(head []byte, like *window, delimiter byte) []recon.Record {
	text := bytes.Clone(head)
	if !like.eof { // the last line may be cut
		if i := bytes.LastIndexByte(text, like.newline); i >= 0 {
			text = text[:i]
		}
	}
	w := &window{buf: text, end: len(text), eof: true, newline: like.newline, line: 1, validate: false}
	d := csvDecoder{w: w, delimiter: delimiter}
	var rows []recon.Record
	for len(rows) < dialectRows {
		var rec recon.Record
		err := d.next(&rec)
		var row *recon.RowError
		if errors.As(err, &row) {
			continue
		}
		if err != nil {
			break
		}
		rows = append(rows, rec.Clone())
	}
	return rows
}

// usualWidth is the number of columns that most rows have, the larger one when two are equally usual.
func usualWidth(rows []recon.Record) int {
	counts := map[int]int{}
	for _, r := range rows {
		counts[len(r.Fields)]++
	}
	width := 0
	for w, n := range counts {
		if n > counts[width] || n == counts[width] && w > width {
			width = w
		}
	}
	return width
}

// headerRow is the index of the row that names the columns: the first one as wide as the rest whose values could all
// be names. What is above it is a preamble.
func headerRow(rows []recon.Record) (int, error) {
	width := usualWidth(rows)
	if width > ColumnsMax {
		return 0, recon.TooLarge(recon.CodeTooManyColumns, "has more than %d columns", ColumnsMax)
	}
	for i, r := range rows {
		if asWide(r.Fields, width, rows) && couldBeHeader(r.Fields) {
			return i, secondHeader(rows[i:], width)
		}
	}
	if len(rows) == 0 {
		return 0, recon.Unprocessable(recon.CodeHeaderNotFound, "has no row that can be read as a table")
	}
	return 0, recon.Unprocessable(recon.CodeHeaderNotFound, fmt.Sprintf(
		"has no row of column names: line %d begins with %s, which is data. Add a first line that names the columns",
		rows[0].Line, quoteCut(strings.Join(rows[0].Fields, " "))))
}

// asWide reports whether a row has the usual width, give or take delimiters at the end of it or of all the others.
func asWide(fields []string, width int, rows []recon.Record) bool {
	if len(fields) >= width {
		return strings.TrimSpace(strings.Join(fields[width:], "")) == ""
	}
	var usual []recon.Record
	for _, r := range rows {
		if len(r.Fields) == width {
			usual = append(usual, r)
		}
	}
	return len(fields) >= max(filledWidth(usual), 1)
}

// secondHeader refuses a file with two rows of names: a person decides which one counts.
func secondHeader(rows []recon.Record, width int) error {
	if len(rows) < 3 || len(rows[1].Fields) != width || !couldBeHeader(rows[1].Fields) ||
		sameTexts(rows[1].Fields, trimmed(rows[0].Fields)) {
		return nil
	}
	for _, r := range rows[2:] {
		if len(r.Fields) == width && couldBeHeader(r.Fields) {
			return nil // so rows of mere text are usual in this file
		}
	}
	return recon.Unprocessable(recon.CodeTwoHeaders, fmt.Sprintf(
		"has two rows of column names, on lines %d (%s) and %d (%s): delete one of them", rows[0].Line,
		quoteCut(strings.Join(rows[0].Fields, " ")), rows[1].Line, quoteCut(strings.Join(rows[1].Fields, " "))))
}

func trimmed(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strings.TrimSpace(t)
	}
	return out
}

// couldBeHeader reports whether values read like names: most are filled, each with a letter, none a number or a date.
func couldBeHeader(fields []string) bool {
	filled := 0
	for _, f := range fields {
		f = strings.TrimSpace(f)
		if f == "" {
			continue
		}
		filled++
		if len(f) > NameBytesMax*2 || !strings.ContainsFunc(f, unicode.IsLetter) && f != "#" || readsAsValue(f) {
			return false
		}
	}
	return filled > 0 && filled*10 >= len(fields)*6
}

// readsAsValue reports whether a text with letters is still an amount or a date ("12.00 EUR", "03-Feb-2026"): it begins
// with a sign or a digit and holds more digits than letters.
func readsAsValue(text string) bool {
	digits, letters := 0, 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	return digits >= letters && digits > 0 && (unicode.IsDigit(first) || strings.ContainsRune("-+(€$£", first))
}

const quoteBytesMax = 40 // of a file's own text in a message

func quoteCut(text string) string {
	if len(text) > quoteBytesMax {
		text = strings.ToValidUTF8(text[:quoteBytesMax], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}

// filledWidth is how many columns the rows use, delimiters at their end left out.
func filledWidth(rows []recon.Record) int {
	width := 0
	for _, r := range rows {
		for i := len(r.Fields); i > width; i-- {
			if strings.TrimSpace(r.Fields[i-1]) != "" {
				width = i
			}
		}
	}
	return width
}

// columnNames makes the header: no empty name, no name twice, so that a map can point at every column. Nameless columns
// at the end are dropped unless rows fill them.
func columnNames(rec recon.Record, filled int) ([]string, error) {
	names := trimmed(rec.Fields)
	for len(names) > max(1, filled) && names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	if len(names) > ColumnsMax {
		return nil, recon.TooLarge(recon.CodeTooManyColumns,
			"has more than %d columns on line %d", ColumnsMax, rec.Line)
	}
	used := make(map[string]bool, len(names))
	for i, name := range names {
		if len(name) > NameBytesMax {
			return nil, recon.TooLarge(recon.CodeFieldTooLong, "has a column name of more than %d bytes on line %d: %s",
				NameBytesMax, rec.Line, quoteCut(name))
		}
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		names[i] = name
		for n := 2; used[names[i]]; n++ { // the file has it twice
			names[i] = fmt.Sprintf("%s (%d)", name, n)
		}
		used[names[i]] = true
	}
	return names, nil
}
