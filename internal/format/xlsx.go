package format

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

const (
	sharedBytesMax  = 256 << 20 // texts that cells share, and their places
	partsMax        = 100_000   // sheets, number formats and styles: Excel allows 65,490 of the last
	sheetColumnsMax = 16_384    // of a sheet, by its format
	sheetRowsMax    = 1_048_576
)

// workbook is what the sheets of an XLSX file have in common.
type workbook struct {
	in     *input
	zip    *zip.Reader
	shared []string
	dates  map[string]bool // styles of cells that show a date or a time
	first  recon.Day       // that serial numbers count from
	sheets []sheet
}

// sheet is one of a workbook: in a file of its own, or in a place of the one file.
type sheet struct {
	name, file string
	place      int
}

// openXLSX reads the one visible sheet that holds movements. A sheet becomes text, one line a row, so that its header
// is found as that of any table; formulas are what they last came to, and nothing in the file is run.
func openXLSX(in *input) (decoder, string, error) {
	if in.zip == nil || in.ods {
		return nil, "", recon.Unprocessable(recon.CodeUnsupportedFormat, "is no Excel workbook (XLSX)")
	}
	b := &workbook{in: in, zip: in.zip, dates: map[string]bool{}}
	if err := b.read(); err != nil {
		return nil, "", err
	}
	return oneSheet("an Excel workbook", b.sheets, b.table)
}

// oneSheet opens the one sheet that has movements. what is the file, with its article.
func oneSheet(what string, sheets []sheet, open func(sheet) (*sheetDecoder, error)) (decoder, string, error) {
	var names []string
	var chosen sheet
	var problem error
	best := 0
	for _, s := range sheets {
		d, err := open(s)
		fit := 0
		if err == nil {
			fit, err = worth(d)
		}
		switch {
		case err != nil && recon.CodeOf(err) != recon.CodeHeaderNotFound && recon.CodeOf(err) != recon.CodeNoRows:
			return nil, "", err
		case fit > best:
			best, chosen, names = fit, s, nil
			fallthrough
		case fit == best && fit > 0:
			names = append(names, quoteCut(s.name))
		case problem == nil:
			problem = err
		}
	}
	switch {
	case best == 0 && problem != nil:
		return nil, "", problem
	case best == 0:
		return nil, "", recon.Unprocessable(recon.CodeNoRows,
			"is "+what+" without a visible sheet that has rows")
	case len(names) > 1:
		return nil, "", refuse(fmt.Sprintf("is %s with %d sheets of rows (%s): hide or delete those "+
			"that are not meant, or save each as CSV", what, len(names), strings.Join(names, ", ")))
	}
	d, err := open(chosen)
	if err != nil {
		return nil, "", err
	}
	return d, "sheet " + quoteCut(chosen.name) + d.place, nil
}

// sheetDecoder reads the text of a sheet.
type sheetDecoder struct {
	*csvDecoder
	place string // of the header
}

// table opens a sheet as a table.
func (b *workbook) table(s sheet) (*sheetDecoder, error) {
	file, err := b.open(s.file)
	if err != nil {
		return nil, err
	}
	return openTable(&sheetText{book: b, tags: tagReader{w: newWindow(file), exact: true}}, s.name, b.in.opt)
}

// movements is the worth of a table whose rows have dates and numbers.
const movements = 2

// worth returns movements for such a table, 1 for one of other rows, 0 for none.
func worth(d decoder) (int, error) {
	const looked = 20
	var seen [number + 1]int
	rows := 0
	for ; rows < looked; rows++ {
		var rec recon.Record
		var row *recon.RowError
		err := d.next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.As(err, &row) {
			return 0, err
		}
		for _, value := range rec.Fields {
			seen[kindOf(value)]++
		}
	}
	switch {
	case seen[date] > 0 && seen[number] > 0:
		return movements, nil
	case rows > 0:
		return 1, nil
	}
	return 0, nil
}

// open reads a file of the workbook within the limits of what is packed.
func (b *workbook) open(name string) (io.Reader, error) {
	file, err := b.zip.Open(name)
	if err != nil {
		return nil, recon.Unprocessable(recon.CodeFileCut,
			fmt.Sprintf("is an Excel workbook that lacks a part (%s): save it again", quoteCut(name)))
	}
	return &unpacking{from: file, packed: b.in.bytes}, nil
}

// each gives the opening tags of a file of the workbook, without their prefixes, and the closing ones.
func (b *workbook) each(name string, take func(t *tag) error) error {
	file, err := b.open(name)
	if err != nil {
		return err
	}
	tags := tagReader{w: newWindow(file), exact: true}
	for {
		t, err := tags.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := take(&t); err != nil {
			return err
		}
	}
}

// few is each for a part that is kept in memory.
func (b *workbook) few(name string, take func(t *tag) error) error {
	n := 0
	return b.each(name, func(t *tag) error {
		if n++; n > 20*partsMax { // each has some tags of its own
			return recon.TooLarge(recon.CodeFileTooLarge, "is an Excel workbook with more than %d parts or styles: "+
				"save the sheet as CSV", partsMax)
		}
		return take(t)
	})
}

// read takes what the sheets share.
func (b *workbook) read() error {
	targets := map[string]string{}
	err := b.few("xl/_rels/workbook.xml.rels", func(t *tag) error {
		if target := t.attr("Target"); t.local() == "RELATIONSHIP" {
			if !strings.HasPrefix(target, "/") {
				target = "xl/" + target
			}
			targets[t.attr("Id")] = strings.TrimPrefix(path.Clean(target), "/")
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.first = excelEpoch
	err = b.few("xl/workbook.xml", func(t *tag) error {
		switch name := t.local(); {
		case name == "WORKBOOKPR" && slices.Contains([]string{"1", "true"}, t.attr("date1904")):
			b.first = macEpoch
		case name == "SHEET" && slices.Contains([]string{"", "visible"}, t.attr("state")):
			file := targets[t.attr("id")]
			if strings.HasPrefix(file, "xl/worksheets/") { // others are charts and dialogs
				b.sheets = append(b.sheets, sheet{name: t.attr("name"), file: file})
			}
		}
		return nil
	})
	for _, part := range []struct {
		name string
		read func() error
	}{{"xl/styles.xml", b.styles}, {"xl/sharedStrings.xml", b.texts}} {
		if err == nil && slices.ContainsFunc(b.zip.File, func(f *zip.File) bool { return f.Name == part.name }) {
			err = part.read()
		}
	}
	return err
}

// texts reads the strings that cells share. A pronunciation (rPh) is no part of its text.
func (b *workbook) texts() error {
	var text []byte
	spoken, size := false, 0
	return b.each("xl/sharedStrings.xml", func(t *tag) error {
		switch name := t.local(); {
		case name == "RPH":
			spoken = !t.closes
		case name == "SI" && !t.closes && !t.empty:
			text = text[:0]
		case name == "T" && !t.closes && !spoken:
			if text = append(text, t.text...); len(text) > FieldBytesMax {
				return recon.TooLarge(recon.CodeFieldTooLong, "is an Excel workbook with a text of more than %d MB",
					FieldBytesMax>>20)
			}
		case name == "SI":
			const place = 16 // bytes of a string without its text
			if size += len(text) + place; size > sharedBytesMax {
				return recon.TooLarge(recon.CodeFileTooLarge, "is an Excel workbook with more than %d MiB of text: "+
					"save the sheet as CSV", sharedBytesMax>>20)
			}
			b.shared = append(b.shared, string(text))
			text = text[:0]
		}
		return nil
	})
}

// styles finds the styles that show a number as a date.
func (b *workbook) styles() error {
	custom := map[string]bool{}
	inside, n := false, 0
	return b.few("xl/styles.xml", func(t *tag) error {
		switch name := t.local(); {
		case name == "NUMFMT" && !t.closes:
			custom[t.attr("numFmtId")] = showsDate(t.attr("formatCode"))
		case name == "CELLXFS":
			inside = !t.closes
		case name == "XF" && inside && !t.closes:
			id := t.attr("numFmtId")
			is, own := custom[id]
			if is || !own && dateStyles[id] {
				b.dates[strconv.Itoa(n)] = true
			}
			n++
		}
		return nil
	})
}

// dateStyles are the built-in number formats of dates and times, those of East Asian editions included.
var dateStyles = func() map[string]bool {
	styles := map[string]bool{}
	for _, span := range [][2]int{{14, 22}, {27, 36}, {45, 45}, {47, 47}, {50, 58}} {
		for id := span[0]; id <= span[1]; id++ {
			styles[strconv.Itoa(id)] = true
		}
	}
	return styles
}()

// formatText is what a number format shows as it is: texts in quotes, escaped and skipped characters, colours.
var formatText = regexp.MustCompile(`"[^"]*"|\\.|_.|\*.|\[[^\]]*\]`)

// showsDate reports whether a number format shows a date or a time of day: it has letters of one. Hours and minutes in
// brackets are a duration.
func showsDate(code string) bool {
	if strings.EqualFold(code, "General") || strings.Contains(strings.ToLower(code), "[h") {
		return false
	}
	code, _, _ = strings.Cut(code, ";")
	return strings.ContainsAny(strings.ToLower(formatText.ReplaceAllString(code, "")), "ymdhs")
}
