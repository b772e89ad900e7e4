package format

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"matcher/internal/recon"
)

// fixedReader reads a text whose records are lines with fields in fixed places.
type fixedReader struct {
	w     *window
	width int    // of a record; longer lines are several records
	text  []rune // the record at hand
	line  int
	n     int // records so far
}

func newFixed(in *input, width int) (fixedReader, error) {
	w, err := in.text()
	return fixedReader{w: w, width: width}, err
}

// next moves to the next record that is not blank; io.EOF at the end. Of a line, however long, it looks at one record.
func (r *fixedReader) next() error {
	for {
		if _, _, err := r.w.byteAt(r.width * utf8.UTFMax); err != nil {
			return readError(r.w, err)
		}
		rest := r.w.rest()
		if len(rest) == 0 {
			return io.EOF
		}
		end := 0
		for range r.width {
			if end == len(rest) || rest[end] == r.w.newline {
				break
			}
			_, size := utf8.DecodeRune(rest[end:])
			end += size
		}
		text := strings.TrimRight(string(rest[:end]), "\r\n\x1A")
		r.line = r.w.line
		if end < len(rest) && rest[end] == r.w.newline {
			end++
		}
		r.w.take(end)
		if strings.TrimSpace(text) != "" {
			r.text = []rune(text)
			r.n++
			return nil
		}
	}
}

// cut is what is in some places of the record, counted from 1, without blanks around it.
func (r *fixedReader) cut(from, to int) string {
	from, to = min(from-1, len(r.text)), min(to, len(r.text))
	return strings.TrimSpace(string(r.text[from:to]))
}

// number is a count in some places of the record, -1 where there is none.
func (r *fixedReader) number(from, to int) int64 {
	n, err := strconv.ParseUint(r.cut(from, to), 10, 63)
	if err != nil {
		return -1
	}
	return int64(n)
}

// compare holds a count or a sum that the record states against what was counted.
func (r *fixedReader) compare(s *Statement, what string, stated, counted int64) {
	if stated != counted {
		s.fault("has a trailer on line %d that states a %s of %d, but it is %d", r.line, what, stated, counted)
	}
}

// fixedCut refuses a file that ends, or begins again, inside something that begins on a line.
func fixedCut(what string, line int) error {
	return recon.Unprocessable(recon.CodeFileCut, fmt.Sprintf(
		"lacks the end of the %s that begins on line %d: it has no trailer; get the whole file", what, line))
}

// misplaced refuses a record outside the one that it belongs to.
func (r *fixedReader) misplaced() error {
	return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has a record on line %d outside a batch: %s; get the "+
		"file again", r.line, quoteCut(string(r.text))))
}

// fixedMoney is an amount of cents with a sign, as text and as a number.
func fixedMoney(cents int64, plus bool) (string, recon.Minor) {
	money := recon.Minor(cents)
	if !plus {
		money = -money
	}
	return money.Decimal(2), money
}
