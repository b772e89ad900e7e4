package report

import (
	"encoding/csv"
	"io"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CSV writes lines for people, who open them in a spreadsheet. No cell can run there as a formula.
type CSV struct {
	*csv.Writer
	line []string
}

// NewCSV returns a CSV that writes to a writer. Flush ends it.
func NewCSV(to io.Writer) *CSV { return &CSV{Writer: csv.NewWriter(to)} }

// Write writes one line. It leaves columns unchanged, so a caller may fill one slice again and again.
func (w *CSV) Write(columns []string) error {
	w.line = w.line[:0]
	for _, text := range columns {
		w.line = append(w.line, safeCell(text))
	}
	return w.Writer.Write(w.line)
}

// writeCSV writes a whole table.
func writeCSV(to io.Writer, columns []string, lines iter.Seq[[]string]) error {
	out := NewCSV(to)
	if err := out.Write(columns); err != nil {
		return err
	}
	for line := range lines {
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// safeCell keeps a spreadsheet from running a row's text: a text that would be a formula begins with an apostrophe. An
// amount is no formula, with its sign and its currency too.
func safeCell(text string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(text, unseen))
	if !strings.ContainsRune(formulaSigns, first) || plainAmount(text) {
		return text
	}
	return "'" + text
}

// formulaSigns open a formula, in full width too, which spreadsheets of East Asia take for the same.
const formulaSigns = "=+-@\t\r\n＝＋－＠"

// unseen reports whether a character takes no room: some spreadsheets skip it before they look for a formula.
func unseen(r rune) bool { return unicode.Is(unicode.Cf, r) }

// plainAmount reports whether a text is a minus sign or none, digits, a decimal point with more of them or none, and a
// currency or none. A million groups have three million such cells, so it is no regular expression.
func plainAmount(text string) bool {
	amount, currency, named := strings.Cut(strings.TrimPrefix(text, "-"), " ")
	whole, decimals, pointed := strings.Cut(amount, ".")
	return onlyOf(whole, '0', '9') && (!pointed || onlyOf(decimals, '0', '9')) &&
		(!named || len(currency) == 3 && onlyOf(currency, 'A', 'Z'))
}

func onlyOf(text string, first, last byte) bool {
	for i := range len(text) {
		if text[i] < first || text[i] > last {
			return false
		}
	}
	return text != ""
}
