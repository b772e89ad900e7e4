package format

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"matcher/internal/recon"
)

// Days that serial numbers of dates count from. Excel's own calendar has a 29th of February 1900, so that day 1 is the
// first of January for dates before it alone.
var (
	excelEpoch = recon.DayOf(time.Date(1899, time.December, 30, 0, 0, 0, 0, time.UTC))
	macEpoch   = recon.DayOf(time.Date(1904, time.January, 1, 0, 0, 0, 0, time.UTC))
)

// sheetText is a sheet as text: a line for each row, and an empty one for each that the file leaves out, so that the
// line is the number of the row. Values are parted by tabs; rows are as wide as the widest so far.
type sheetText struct {
	book *workbook
	tags tagReader
	text []byte // rows that are written, from at on not read yet
	at   int
	err  error // once they are

	row   int // that was written last
	width int
	cells []string
	size  int // bytes of them
}

func (s *sheetText) Read(p []byte) (int, error) {
	for s.at == len(s.text) {
		if s.err != nil {
			return 0, s.err
		}
		s.text, s.at = s.text[:0], 0
		s.err = s.next()
	}
	n := copy(p, s.text[s.at:])
	s.at += n
	return n, nil
}

// cell is the one at hand.
type cell struct {
	column, style, kind string
	value               []byte
	spoken              bool // inside the pronunciation of a text
}

// next writes the next row, or returns what ends the sheet.
func (s *sheetText) next() error {
	var c cell
	for {
		t, err := s.tags.next()
		switch {
		case errors.Is(err, io.EOF):
			return recon.Unprocessable(recon.CodeFileCut, fmt.Sprintf("has a sheet that ends after row %d", s.row))
		case err != nil:
			return err
		}
		switch name := t.local(); {
		case name == "SHEETDATA" && (t.closes || t.empty):
			return s.rest()
		case name == "ROW" && t.closes:
			return s.write()
		case name == "ROW":
			if err := s.begin(&t); err != nil {
				return err
			}
			if t.empty {
				return s.write()
			}
		case name == "C" && t.closes:
			if err := s.put(&c); err != nil {
				return err
			}
		case name == "C":
			c = cell{column: t.attr("r"), style: t.attr("s"), kind: t.attr("t"), value: c.value[:0]}
			if t.empty {
				err = s.put(&c)
			}
			if err != nil {
				return err
			}
		case name == "RPH":
			c.spoken = !t.closes
		case (name == "V" || name == "T") && !t.closes && !c.spoken:
			if c.value = append(c.value, t.text...); len(c.value) > FieldBytesMax {
				return recon.TooLarge(recon.CodeFieldTooLong, "has a cell %s of more than %d MB in a sheet",
					quoteCut(c.column), FieldBytesMax>>20)
			}
		}
	}
}

// rest reads what is behind the rows, since the sheet's checksum comes at its end.
func (s *sheetText) rest() error {
	w := s.tags.w
	for w.err == nil && !w.eof {
		w.start = w.end
		if err := w.fill(); err != nil {
			return err
		}
	}
	return cmp.Or(w.err, io.EOF)
}

// begin moves to a row.
func (s *sheetText) begin(t *tag) error {
	row := s.row + 1
	if text := t.attr("r"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n <= s.row || n > sheetRowsMax {
			return recon.Unprocessable(recon.CodeMalformed,
				fmt.Sprintf("has a sheet whose row %d is followed by row %s: save it again", s.row, quoteCut(text)))
		}
		row = n
	}
	for ; s.row < row-1; s.row++ {
		s.text = append(s.text, '\n')
	}
	s.row, s.cells, s.size = row, s.cells[:0], 0
	return nil
}

// put adds a cell to the row at hand.
func (s *sheetText) put(c *cell) error {
	at := len(s.cells)
	if c.column != "" {
		at = columnOf(c.column)
	}
	if at < 0 || at < len(s.cells) || at >= sheetColumnsMax {
		return recon.Unprocessable(recon.CodeMalformed,
			fmt.Sprintf("has a sheet with a cell out of its place in row %d: %s", s.row, quoteCut(c.column)))
	}
	value, err := s.book.value(c)
	if err != nil {
		return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has a sheet with a cell %s that %v",
			quoteCut(c.column), err))
	}
	if s.size += len(value); s.size > RecordBytesMax {
		return recon.TooLarge(recon.CodeFieldTooLong, "has more than %d MB in row %d of a sheet", RecordBytesMax>>20,
			s.row)
	}
	for len(s.cells) < at {
		s.cells = append(s.cells, "")
	}
	s.cells = append(s.cells, value)
	return nil
}

// columnOf is the number of a cell's column, from 0: that of "AB12" is 27. It is -1 for what is none.
func columnOf(cell string) int {
	at := 0
	for i := range len(cell) {
		letter := cell[i]
		switch {
		case letter >= 'A' && letter <= 'Z' && i < 3:
			at = at*26 + int(letter-'A') + 1
		case letter >= '0' && letter <= '9':
			return at - 1
		default:
			return -1
		}
	}
	return -1
}

var cellBreaks = strings.NewReplacer("\t", " ", "\r\n", " ", "\n", " ", "\r", " ", `"`, `""`)

// write ends the row at hand.
func (s *sheetText) write() error {
	cells := within(s.cells, 0)
	s.width = min(max(s.width, len(cells)), ColumnsMax)
	for i, value := range cells {
		if i > 0 {
			s.text = append(s.text, '\t')
		}
		if !strings.ContainsAny(value, "\t\r\n\"") && !strings.HasPrefix(value, "=") {
			s.text = append(s.text, value...)
			continue
		}
		s.text = append(append(append(s.text, '"'), cellBreaks.Replace(value)...), '"')
	}
	if len(cells) > 0 && len(cells) < s.width {
		s.text = append(s.text, bytes.Repeat([]byte{'\t'}, s.width-len(cells))...)
	}
	s.text = append(s.text, '\n')
	return nil
}

var escaped = regexp.MustCompile(`_x([0-9A-Fa-f]{4})_`)

// value is what a cell shows, without the rounding of its format: what a formula last came to, a date as ISO 8601.
func (b *workbook) value(c *cell) (string, error) {
	text := string(c.value)
	switch c.kind {
	case "s":
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n >= len(b.shared) {
			return "", fmt.Errorf("shows text %s, which is not there", quoteCut(text))
		}
		text = b.shared[n]
		fallthrough
	case "inlineStr", "str":
		if strings.Contains(text, "_x") {
			text = escaped.ReplaceAllStringFunc(text, func(code string) string {
				n, err := strconv.ParseUint(code[2:6], 16, 16)
				if err != nil {
					return code
				}
				return string(rune(n))
			})
		}
		return text, nil
	case "b":
		return strings.NewReplacer("0", "FALSE", "1", "TRUE").Replace(text), nil
	case "e", "d":
		return text, nil
	}
	text = strings.TrimSpace(text)
	if b.dates[c.style] {
		if shown, ok := b.date(text); ok {
			return shown, nil
		}
	}
	return plain(text), nil
}

// date is a serial number as a day, with its time where it has one.
func (b *workbook) date(text string) (string, bool) {
	const days, second, leapDay = 2_958_466, 24 * 60 * 60, 60 // the first number that is no date; in a day; 1900-02-29
	serial, err := strconv.ParseFloat(text, 64)
	if err != nil || serial < 0 || serial >= days {
		return "", false
	}
	day := math.Floor(serial)
	seconds := int(math.Round((serial - day) * second))
	if seconds == second {
		day, seconds = day+1, 0
	}
	clock := fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	first := b.first
	switch {
	case serial < 1 && b.first == excelEpoch:
		return clock, true
	case day == leapDay && b.first == excelEpoch:
		return "1900-02-29", true
	case day < leapDay && b.first == excelEpoch:
		first++
	}
	shown := (first + recon.Day(day)).String()
	if seconds > 0 {
		shown += "T" + clock
	}
	return shown, true
}

// plain is a number without exponent and without digits that only come of binary fractions: a sheet keeps 15. A whole
// number of more digits has lost some, and keeps the exponent by which that is known.
func plain(text string) string {
	const digits = 15
	if len(text) <= digits && !strings.ContainsAny(text, "eE") {
		return text
	}
	number, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.Abs(number) > 1e300:
		return text
	case math.Abs(number) >= 1e15:
		return strconv.FormatFloat(number, 'E', digits-1, 64)
	}
	number, err = strconv.ParseFloat(strconv.FormatFloat(number, 'g', digits, 64), 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(number, 'f', -1, 64)
}
