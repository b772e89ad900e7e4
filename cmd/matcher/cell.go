package main

import (
	"encoding/csv"
	"io"
	"strings"
)

// cellWriter writes lines of CSV for people, who open them in a spreadsheet: no cell of them is run there.
type cellWriter struct {
	*csv.Writer
	line []string
}

func newCellWriter(to io.Writer) *cellWriter { return &cellWriter{Writer: csv.NewWriter(to)} }

// Write leaves its columns as they are: some callers fill one line again and again.
func (w *cellWriter) Write(columns []string) error {
	w.line = w.line[:0]
	for _, text := range columns {
		w.line = append(w.line, safeCell(text))
	}
	return w.Writer.Write(w.line)
}

// safeCell keeps a spreadsheet from running what a row says: a text that would be a formula begins with an apostrophe. An
// amount is none, with its sign and its currency too.
func safeCell(text string) string {
	if text == "" || !strings.ContainsRune("=+-@\t\r\n", rune(text[0])) || plainAmount(text) {
		return text
	}
	return "'" + text
}

// plainAmount is a minus sign or none, digits, a decimal point with more of them or none, and a currency or none. A million
// groups have three million of them, so it is no regular expression.
func plainAmount(text string) bool {
	amount, currency, named := strings.Cut(strings.TrimPrefix(text, "-"), " ")
	whole, decimals, pointed := strings.Cut(amount, ".")
	return onlyOf(whole, '0', '9') && (!pointed || onlyOf(decimals, '0', '9')) && (!named || len(currency) == 3 && onlyOf(currency, 'A', 'Z'))
}

func onlyOf(text string, first, last byte) bool {
	for i := range len(text) {
		if text[i] < first || text[i] > last {
			return false
		}
	}
	return text != ""
}
