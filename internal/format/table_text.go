package format

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// tableText is a table as text: a line for each row, and an empty one for each that the file leaves out, so that the
// line is the number of the row. Values are parted by tabs; rows are as wide as the widest so far.
type tableText struct {
	text []byte // rows that are written, from at on not read yet
	at   int
	err  error // once they are

	row   int // that was begun last
	width int
	cells []string
	size  int // bytes of them
}

// read gives the text, of which next writes more or returns what ends the table.
func (s *tableText) read(p []byte, next func() error) (int, error) {
	for s.at == len(s.text) {
		if s.err != nil {
			return 0, s.err
		}
		s.text, s.at = s.text[:0], 0
		s.err = next()
	}
	n := copy(p, s.text[s.at:])
	s.at += n
	return n, nil
}

// begin moves to a row by its number, "" for the next one.
func (s *tableText) begin(number string) error {
	row := s.row + 1
	if number != "" {
		n, err := strconv.Atoi(number)
		if err != nil || n <= s.row || n > sheetRowsMax {
			return recon.Unprocessable(recon.CodeMalformed,
				fmt.Sprintf("has a sheet whose row %d is followed by row %s: save it again", s.row, quoteCut(number)))
		}
		row = n
	}
	for ; s.row < row-1; s.row++ {
		s.text = append(s.text, '\n')
	}
	s.row, s.cells, s.size = row, s.cells[:0], 0
	return nil
}

// put adds a cell to the row at hand, in a column counted from 0. name is its own.
func (s *tableText) put(at int, name, value string) error {
	if at < 0 || at < len(s.cells) || at >= sheetColumnsMax {
		return recon.Unprocessable(recon.CodeMalformed,
			fmt.Sprintf("has a sheet with a cell out of its place in row %d: %s", s.row, quoteCut(name)))
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

var cellBreaks = strings.NewReplacer("\t", " ", "\r\n", " ", "\n", " ", "\r", " ", `"`, `""`)

// write ends the row at hand.
func (s *tableText) write() error {
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

// openTable reads the text of a table as a CSV is read. It returns where the header is, for people.
func openTable(text io.Reader, name string, opt Options) (*sheetDecoder, error) {
	opt.Delimiter, opt.Charset, opt.Format = '\t', "utf-8", CSV
	in, err := newInput(text, name, opt)
	if err != nil {
		return nil, err
	}
	rows, found, err := openCSV(in)
	if err != nil {
		return nil, err
	}
	_, place, _ := strings.Cut(found, ",")
	if place != "" {
		place = "," + place
	}
	return &sheetDecoder{rows.(*csvDecoder), place}, nil //nolint:forcetypeassert // it opens nothing else
}
