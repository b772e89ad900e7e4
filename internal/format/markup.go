package format

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

var (
	htmlText = regexp.MustCompile(`(?i)\A\s*(<\?xml[^>]*>\s*)?(<!--[^>]*-->\s*)*` +
		`<(!doctype html|html|head|body|meta|table|style|div|script|center|p|title|link|font|span|form|br)\b`)
	sheetMLBegins = regexp.MustCompile(
		`\A\s*<[^\x00]*(urn:schemas-microsoft-com:office:spreadsheet["\']|progid="Excel\.Sheet")`)
)

func looksHTML(head []byte) bool { return htmlText.Match(trimStart(head)) && !looksSheetML(head) }

// looksSheetML reports whether a text is the XML that Excel 2003 wrote.
func looksSheetML(head []byte) bool {
	head = trimStart(head[:min(len(head), 8<<10)])
	return sheetMLBegins.Match(head) && !strings.HasPrefix(strings.ToLower(string(head[:min(len(head), 5)])), "<html")
}

// openHTML reads a page that calls itself a spreadsheet: its tables are one text, with an empty line between them.
func openHTML(in *input) (decoder, string, error) {
	const advice = "is a web page (HTML), whatever its name is, without a table of movements: open it in a " +
		"spreadsheet and save the table as CSV; if it is a login page, download the export again"
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	d, place, err := openMarkup(in, &pageText{tags: tagReader{w: w, exact: true}}, advice)
	return d, "a web page" + place, err
}

// openSheetML reads SpreadsheetML, of which all sheets are one text. The sheet that has the header is read.
func openSheetML(in *input) (decoder, string, error) {
	const advice = "is an Excel 2003 sheet in XML (SpreadsheetML), whatever its name is, without a table of " +
		"movements: save the sheet as CSV"
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	sheets := &sheetML{tags: tagReader{w: w, exact: true}}
	d, place, err := openMarkup(in, sheets, advice)
	if err != nil {
		return nil, "", err
	}
	sheets.header = d.headerLine
	return &sheetMLDecoder{d, sheets}, "SpreadsheetML" + place, nil
}

// markupDecoder reads a table, of which the first rows were looked at.
type markupDecoder struct {
	*sheetDecoder
	seen []peeked
	look bool
}

func (d *markupDecoder) next(rec *recon.Record) error {
	if !d.look && len(d.seen) > 0 {
		first := d.seen[0]
		d.seen = d.seen[1:]
		*rec = first.rec
		return first.err
	}
	err := d.sheetDecoder.next(rec)
	if d.look {
		d.seen = append(d.seen, peeked{rec.Clone(), err})
	}
	return err
}

// openMarkup opens the tables of a text, if their rows have days and numbers.
func openMarkup(in *input, text io.Reader, advice string) (*markupDecoder, string, error) {
	table, err := openTable(text, in.name, in.opt)
	if code := recon.CodeOf(err); code == recon.CodeHeaderNotFound || code == recon.CodeNoRows {
		return nil, "", refuse(advice)
	}
	if err != nil {
		return nil, "", err
	}
	d := &markupDecoder{sheetDecoder: table, look: true}
	fit, err := worth(d)
	if err != nil {
		return nil, "", err
	}
	if fit < movements {
		return nil, "", refuse(advice)
	}
	d.look = false
	return d, d.place, nil
}

// sheetMLDecoder reads the sheet that has the header.
type sheetMLDecoder struct {
	*markupDecoder
	sheets *sheetML
}

func (d *sheetMLDecoder) next(rec *recon.Record) error {
	err := d.markupDecoder.next(rec)
	name, own := d.sheets.sheetOf(rec.Line), d.sheets.sheetOf(d.sheets.header)
	if name == own || errors.Is(err, io.EOF) {
		return err
	}
	return d.rowProblem(rec.Line, d.rowText(rec.Fields), recon.CodeOtherTable, "this row is of another sheet (number "+
		"%d) than the header (number %d): delete the sheets that are not meant", name, own)
}

// pageText is the tables of a web page as text.
type pageText struct {
	tableText
	tags tagReader

	inRow, inCell bool
	cell          []byte
	column        int
	wide, tall    int    // columns and rows that the cell at hand spans
	spans         []span // by column, of cells that span rows
}

// span is a cell that goes on in the rows below its own.
type span struct {
	rows  int
	value string
}

func (s *pageText) Read(p []byte) (int, error) { return s.read(p, s.next) }

// next writes the next row, or returns what ends the page. Closing tags of rows and cells may be missing.
func (s *pageText) next() error {
	for {
		t, err := s.tags.next()
		if errors.Is(err, io.EOF) && s.inRow {
			s.inRow = false
			return s.endRow()
		}
		if err != nil {
			return err
		}
		written := len(s.text)
		switch t.name {
		case "SCRIPT", "STYLE":
			if !t.closes && !t.empty {
				err = s.tags.skip(t.name)
			}
		case "TR", "TABLE", "THEAD", "TBODY", "TFOOT":
			err = s.border(&t)
		case "TD", "TH":
			if err = s.endCell(); err == nil && !t.closes && s.inRow {
				s.inCell, s.cell = true, append(s.cell[:0], t.text...)
				s.wide, s.tall = spanOf(t.attrs, colSpan), spanOf(t.attrs, rowSpan)
			}
		default:
			if s.inCell {
				s.cell = append(append(s.cell, inlineGap(t.name)...), t.text...)
				if len(s.cell) > FieldBytesMax {
					err = recon.TooLarge(recon.CodeFieldTooLong, "has a cell of more than %d MB on line %d",
						FieldBytesMax>>20, t.line)
				}
			}
		}
		if err != nil || len(s.text) > written {
			return err
		}
	}
}

// inlineGap is what parts the text behind a tag from the text before it.
func inlineGap(tag string) string {
	switch tag {
	case "B", "I", "U", "EM", "STRONG", "SPAN", "FONT", "A", "SUP", "SUB":
		return ""
	}
	return " "
}

// border ends the row at hand, and begins one. A table begins behind an empty line.
func (s *pageText) border(t *tag) error {
	if s.inRow {
		s.inRow = false
		if err := s.endRow(); err != nil {
			return err
		}
	}
	switch {
	case t.closes:
		return nil
	case t.name == "TABLE" && s.row > 0:
		s.spans = nil
		s.row++
		s.text = append(s.text, '\n')
	case t.name == "TR":
		s.inRow, s.column = true, 0
		return s.begin("")
	}
	return nil
}

func (s *pageText) endRow() error {
	if err := s.endCell(); err != nil {
		return err
	}
	if err := s.carry(len(s.spans)); err != nil {
		return err
	}
	return s.write()
}

// carry puts the cells that span rows, from the column at hand up to the first that is free.
func (s *pageText) carry(to int) error {
	for s.column < min(to, len(s.spans)) && s.spans[s.column].rows > 0 {
		s.spans[s.column].rows--
		if err := s.put(s.column, "", s.spans[s.column].value); err != nil {
			return err
		}
		s.column++
	}
	return nil
}

// endCell puts the cell at hand in its place.
func (s *pageText) endCell() error {
	if !s.inCell {
		return nil
	}
	s.inCell = false
	if err := s.carry(len(s.spans)); err != nil {
		return err
	}
	value := strings.Join(strings.Fields(string(s.cell)), " ")
	for i := range s.wide {
		if i > 0 {
			value = ""
		}
		if s.tall > 1 {
			for len(s.spans) <= s.column {
				s.spans = append(s.spans, span{})
			}
			s.spans[s.column] = span{s.tall - 1, value}
		}
		if err := s.put(s.column, "", value); err != nil {
			return err
		}
		s.column++
	}
	return nil
}

var (
	colSpan = regexp.MustCompile(`(?i)\bcolspan\s*=\s*["']?(\d+)`)
	rowSpan = regexp.MustCompile(`(?i)\browspan\s*=\s*["']?(\d+)`)
)

// spanOf is how many columns or rows a cell spans, as far as a table may reach.
func spanOf(attrs string, what *regexp.Regexp) int {
	if part := what.FindStringSubmatch(attrs); part != nil {
		if n, err := strconv.Atoi(part[1]); err == nil && n > 0 {
			return min(n, ColumnsMax)
		}
	}
	return 1
}

// sheetML is the sheets of SpreadsheetML as text.
type sheetML struct {
	tableText
	tags tagReader

	firsts []int // the rows before the sheets
	header int
	column int
	cell   sheetMLCell
}

// sheetOf is the number of the sheet that a row is of.
func (s *sheetML) sheetOf(row int) int {
	n, _ := slices.BinarySearch(s.firsts, row)
	return n
}

type sheetMLCell struct {
	index, kind string
	across      int
	value       []byte
	data        bool // inside its data
}

func (s *sheetML) Read(p []byte) (int, error) { return s.read(p, s.next) }

// next writes the next row, or returns what ends the sheets.
func (s *sheetML) next() error {
	for {
		t, err := s.tags.next()
		if errors.Is(err, io.EOF) {
			return recon.Unprocessable(recon.CodeFileCut, "ends before its last sheet does: get the whole file")
		}
		if err != nil {
			return err
		}
		switch name := t.local(); {
		case name == "WORKBOOK" && (t.closes || t.empty):
			return io.EOF
		case name == "WORKSHEET" && !t.closes:
			if len(s.firsts) == ColumnsMax {
				return recon.TooLarge(recon.CodeTooManyColumns, "has more than %d sheets", ColumnsMax)
			}
			if s.row > 0 {
				s.row++
				s.text = append(s.text, '\n')
			}
			s.firsts = append(s.firsts, s.row)
			if s.row > 0 {
				return nil
			}
		case name == "ROW" && !t.closes:
			if err = s.beginRow(&t); err == nil && t.empty {
				return s.write()
			}
		case name == "ROW":
			return s.write()
		default:
			err = s.inside(&t)
		}
		if err != nil {
			return err
		}
	}
}

// inside moves on by a tag that is none of a sheet or a row.
func (s *sheetML) inside(t *tag) error {
	switch name := t.local(); {
	case name == "CELL" && !t.closes:
		across, _ := strconv.Atoi(t.attr("MergeAcross"))
		s.cell = sheetMLCell{index: t.attr("Index"), across: max(0, min(across, sheetColumnsMax))}
		if t.empty {
			return s.endCell()
		}
	case name == "CELL":
		return s.endCell()
	case name == "COMMENT" && !t.closes && !t.empty:
		return s.tags.skip(t.name)
	case name == "DATA":
		if s.cell.data = !t.closes && !t.empty; s.cell.data {
			s.cell.kind, s.cell.value = t.attr("Type"), append(s.cell.value[:0], t.text...)
		}
	case s.cell.data:
		s.cell.value = append(s.cell.value, t.text...)
	}
	if len(s.cell.value) > FieldBytesMax {
		return recon.TooLarge(recon.CodeFieldTooLong, "has a cell of more than %d MB on line %d", FieldBytesMax>>20,
			t.line)
	}
	return nil
}

// beginRow moves to a row, whose number counts from the beginning of its sheet.
func (s *sheetML) beginRow(t *tag) error {
	number := t.attr("Index")
	if n, err := strconv.Atoi(number); err == nil && len(s.firsts) > 0 {
		number = strconv.Itoa(n + s.firsts[len(s.firsts)-1])
	}
	s.column = 0
	return s.begin(number)
}

func (s *sheetML) endCell() error {
	c := &s.cell
	if c.index != "" {
		n, err := strconv.Atoi(c.index)
		if err != nil {
			n = 0
		}
		s.column = n - 1
	}
	value := strings.TrimSpace(string(c.value))
	switch c.kind {
	case "Number":
		value = plain(value)
	case "DateTime":
		value = strings.TrimSuffix(strings.TrimSuffix(value, ".000"), "T00:00:00")
	}
	err := s.put(s.column, c.index, value)
	s.column += 1 + c.across
	*c = sheetMLCell{value: c.value[:0]}
	return err
}
