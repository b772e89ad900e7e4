package format

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

const (
	odsContent   = "content.xml" // of every OpenDocument file
	odsSheetsMax = 256           // all are in one file, which is read once for each
)

// odsKind begins the types of OpenDocument spreadsheets and of templates for them.
const odsKind = "application/vnd.oasis.opendocument.spreadsheet"

// openDocument takes a ZIP archive for a spreadsheet if it is one.
func (in *input) openDocument(z *zip.Reader, names map[string]bool) error {
	kind := zipText(z, "mimetype")
	switch manifest := zipText(z, "META-INF/manifest.xml"); {
	case !strings.HasPrefix(kind, odsKind):
		return refuse("is an OpenDocument file, but no spreadsheet: save the table as ODS or CSV and load that")
	case names["encrypted-package"], strings.Contains(manifest, "encryption-data"):
		return refuse("is an OpenDocument sheet with a password: save it without one")
	}
	in.zip, in.ods = z, true
	return nil
}

// zipText is the beginning of a small file of an archive, "" where there is none.
func zipText(z *zip.Reader, name string) string {
	file, err := z.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	text, _ := io.ReadAll(io.LimitReader(file, directoryBytesMax)) // what is damaged is found where it is read
	return string(text)
}

// openODS reads the one visible sheet that has movements, as openXLSX does.
func openODS(in *input) (decoder, string, error) {
	if in.zip == nil || !in.ods {
		return nil, "", recon.Unprocessable(recon.CodeUnsupportedFormat, "is no OpenDocument sheet (ODS)")
	}
	sheets, err := in.odsSheets()
	if err != nil {
		return nil, "", err
	}
	return oneSheet("an OpenDocument sheet", sheets, func(s sheet) (*sheetDecoder, error) {
		tags, err := in.odsTags()
		if err != nil {
			return nil, err
		}
		text := &odsText{tags: tags, packed: in.bytes, skip: s.place}
		return openTable(text, s.name, in.opt)
	})
}

func (in *input) odsTags() (tagReader, error) {
	file, err := in.zip.Open(odsContent)
	if err != nil {
		return tagReader{}, damaged(err)
	}
	return tagReader{w: newWindow(&unpacking{from: file, packed: in.bytes}), exact: true}, nil
}

// odsSheets finds the tables of the file that are shown.
func (in *input) odsSheets() (sheets []sheet, err error) {
	tags, err := in.odsTags()
	if err != nil {
		return nil, err
	}
	hidden, style, place := map[string]bool{}, "", 0
	for {
		t, err := tags.next()
		switch {
		case errors.Is(err, io.EOF):
			return sheets, nil
		case err != nil:
			return nil, err
		}
		switch name := t.local(); {
		case name == "STYLE" && !t.closes:
			style = t.attr("name")
		case name == "TABLE-PROPERTIES" && t.attr("display") == "false" && len(hidden) < partsMax:
			hidden[style] = true
		case name == "TABLE" && !t.closes:
			if place++; place > odsSheetsMax {
				return nil, recon.TooLarge(recon.CodeFileTooLarge, "is an OpenDocument sheet with more than %d "+
					"tables: save the one that is meant as CSV", odsSheetsMax)
			}
			if !hidden[t.attr("style-name")] {
				sheets = append(sheets, sheet{name: t.attr("name"), place: place - 1})
			}
		}
	}
}

// odsText is one table of the file as the text of a table.
type odsText struct {
	tableText
	tags   tagReader
	packed *counter
	skip   int // tables before it
	inside bool

	place   int // of the last row, empty ones included
	times   int // the row at hand comes
	repeats int // of it that are not written yet
	column  int // of the cell at hand
	grown   int64
	cell    odsCell
}

func (s *odsText) Read(p []byte) (int, error) { return s.read(p, s.next) }

// next writes the next row that has a value, or returns what ends the table.
func (s *odsText) next() error {
	for {
		if s.repeats > 0 && len(within(s.cells, 0)) > 0 {
			return s.again()
		}
		s.place, s.repeats = s.place+s.repeats, 0
		t, err := s.tags.next()
		switch {
		case errors.Is(err, io.EOF):
			return recon.Unprocessable(recon.CodeFileCut, fmt.Sprintf("has a sheet that ends after row %d", s.row))
		case err != nil:
			return err
		}
		ends, err := s.take(&t)
		switch {
		case err != nil:
			return err
		case ends:
			return s.tags.rest()
		}
	}
}

// take moves on by a tag. It returns whether the table ends with it.
func (s *odsText) take(t *tag) (ends bool, err error) {
	switch name := t.local(); {
	case name == "TABLE" && s.inside && !t.closes:
		return false, recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has a sheet with a sheet in a cell below "+
			"row %d: save it as CSV and load that", s.row))
	case name == "TABLE" && !t.closes:
		s.skip--
		s.inside = s.skip < 0
		return s.inside && t.empty, nil
	case !s.inside:
	case name == "TABLE":
		return true, nil
	case name == "TABLE-ROW" && t.closes:
		s.repeats = s.times
	case name == "TABLE-ROW":
		s.cells, s.size, s.column = s.cells[:0], 0, 0
		if s.times, err = repetitions(t, "number-rows-repeated"); t.empty {
			s.repeats = s.times
		}
	case name == "TABLE-CELL" && t.closes:
		err = s.add()
	case name == "TABLE-CELL", name == "COVERED-TABLE-CELL" && !t.closes:
		s.cell = odsCell{tag: *t, value: s.cell.value[:0]}
		if t.empty || name != "TABLE-CELL" {
			err = s.add()
		}
	default:
		err = s.cell.take(name, t)
	}
	return false, err
}

// again writes the row at hand once more: equal rows are there once, with their number.
func (s *odsText) again() error {
	s.place, s.repeats = s.place+1, s.repeats-1
	cells, size, before := s.cells, s.size, len(s.text)
	if err := s.begin(strconv.Itoa(s.place)); err != nil {
		return err
	}
	s.cells, s.size = cells, size
	err := s.write()
	if s.grown += int64(len(s.text) - before); s.grown > ratioFree && s.grown > s.packed.n.Load()*ratioMax {
		return recon.TooLarge(recon.CodeFileTooLarge,
			"unpacks to more than %d times its size, which no statement does: save the sheet as CSV", ratioMax)
	}
	return err
}

// add puts the cell at hand in its place, as often as it comes.
func (s *odsText) add() error {
	times, err := repetitions(&s.cell.tag, "number-columns-repeated")
	value := s.cell.shown()
	for ; err == nil && value != "" && times > 0; times-- {
		err = s.put(s.column, s.cell.name, value)
		s.column++
	}
	s.column = min(s.column+times, sheetColumnsMax)
	return err
}

// odsCell is a cell at hand.
type odsCell struct {
	tag
	value     []byte // its text
	paragraph bool   // the text at hand is one of its paragraphs
	comment   bool   // it is a comment
}

// take moves on by a tag inside the cell.
func (c *odsCell) take(name string, t *tag) error {
	switch name {
	case "ANNOTATION":
		c.comment = !t.closes && !t.empty
	case "P", "H":
		if c.paragraph = !t.closes && !t.empty; c.paragraph && len(c.value) > 0 && !c.comment {
			c.value = append(c.value, ' ')
		}
	case "S":
		n, err := repetitions(t, "c")
		if err != nil {
			return err
		}
		t.text = strings.Repeat(" ", min(n, sheetColumnsMax)) + t.text
	case "TAB", "LINE-BREAK":
		t.text = " " + t.text
	}
	if c.paragraph && !c.comment {
		c.value = append(c.value, t.text...)
	}
	if len(c.value) > FieldBytesMax {
		return recon.TooLarge(recon.CodeFieldTooLong, "has a cell of more than %d MB in a sheet", FieldBytesMax>>20)
	}
	return nil
}

// clockText is a time of day or a duration in ISO 8601.
var clockText = regexp.MustCompile(`^PT(\d+)H(\d+)M(\d+)`)

// shown is the value of the cell without the rounding of its format: what a formula last came to.
func (c *odsCell) shown() string {
	text := strings.TrimSpace(string(c.value))
	kind := c.attr("value-type")
	switch {
	case c.local() != "TABLE-CELL": // below a cell that spans it
		return ""
	case strings.Contains(c.attrs, `calcext:value-type="error"`):
		return text
	case kind == "float", kind == "percentage":
		return plain(c.attr("value"))
	case kind == "currency":
		return strings.TrimSpace(plain(c.attr("value")) + " " + c.attr("currency"))
	case kind == "date":
		day, _, _ := strings.Cut(c.attr("date-value"), ".")
		return strings.TrimSuffix(day, "T00:00:00")
	case kind == "time":
		clock := clockText.FindStringSubmatch(c.attr("time-value"))
		if clock == nil {
			return text
		}
		return strings.Join(clock[1:], ":")
	case kind == "boolean":
		return strings.ToUpper(c.attr("boolean-value"))
	}
	return cmp.Or(text, c.attr("string-value"))
}

// repetitions is how often a row or a cell comes.
func repetitions(t *tag, attribute string) (int, error) {
	text := t.attr(attribute)
	if text == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf(
			"has a sheet with a number of repetitions that is none: %s", quoteCut(text)))
	}
	return min(n, sheetRowsMax+1), nil
}
