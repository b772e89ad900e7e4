package format

import (
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

// sheetText is a sheet of a workbook as the text of a table.
type sheetText struct {
	tableText
	book *workbook
	tags tagReader
}

func (s *sheetText) Read(p []byte) (int, error) { return s.read(p, s.next) }

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
			return s.tags.rest()
		case name == "ROW" && t.closes:
			return s.write()
		case name == "ROW":
			if err := s.begin(t.attr("r")); err != nil {
				return err
			}
			if t.empty {
				return s.write()
			}
		case name == "C" && t.closes:
			if err := s.add(&c); err != nil {
				return err
			}
		case name == "C":
			c = cell{column: t.attr("r"), style: t.attr("s"), kind: t.attr("t"), value: c.value[:0]}
			if t.empty {
				err = s.add(&c)
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

// add puts a cell in its place.
func (s *sheetText) add(c *cell) error {
	at := len(s.cells)
	if c.column != "" {
		at = columnOf(c.column)
	}
	value, err := s.book.value(c)
	if err != nil {
		return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has a sheet with a cell %s that %v",
			quoteCut(c.column), err))
	}
	return s.put(at, c.column, value)
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
