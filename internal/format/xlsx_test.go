//go:build unit || !integration

package format

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	bookRels = `<?xml version="1.0"?><Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Target="/xl/worksheets/sheet2.xml" Id="rId2"/><Relationship Id="rId3" Target="chartsheets/sheet1.xml"/></Relationships>`
	bookOfOne  = `<workbook><workbookPr/><sheets><sheet name="March &amp; April" sheetId="1" r:id="rId1"/><sheet name="C" sheetId="3" r:id="rId3"/></sheets></workbook>`
	bookOfTwo  = `<workbook><sheets><sheet name="A" r:id="rId1"/><sheet name="B" sheetId="2" r:id="rId2"/></sheets></workbook>`
	hiddenBook = `<workbook><workbookPr date1904="1"/><sheets><sheet name="A" state="veryHidden" r:id="rId1"/><sheet name="B" state="visible" r:id="rId2"/></sheets></workbook>`
	bookStyles = `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy;@"/><numFmt numFmtId="165" formatCode="#,##0.00\ &quot;days&quot;"/></numFmts>` +
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"><alignment/></xf><xf numFmtId="22"/></cellXfs></styleSheet>`
	bookTexts = `<sst><si><t>Date</t></si><si><t>Text</t></si><si><r><t xml:space="preserve">Am</t></r><r><t>ount</t></r><rPh><t>x</t></rPh></si>` +
		`<si><t>Rent, "cold"` + "\n" + `and_x000D_warm</t></si><si/></sst>`
	topOfSheet = `<worksheet><dimension ref="A1:C9"/><sheetData><row r="2"><c r="A2" t="inlineStr"><is><t>Bank of X: movements</t></is></c></row>` +
		`<row r="4" spans="1:3"><c r="A4" t="s"><v>0</v></c><c r="B4" t="s"><v>1</v></c><c r="C4" t="s"><v>2</v></c><c r="D4"/></row>`
	rowsOfTable = `<row r="5"><c r="A5" s="1"><v>46027</v></c><c r="B5" t="s"><v>3</v></c><c r="C5" s="3"><f>0.1+0.2</f><v>0.30000000000000004</v></c></row>` +
		`<row r="6"><c r="A6" s="4"><v>46028.5</v></c><c r="C6"><v>-1.2345E3</v></c></row>` +
		`<row r="8"><c r="A8" s="2"><v>46029</v></c><c r="B8" t="str"><f>X()</f><v>=1+1</v></c><c r="C8" t="e"><v>#N/A</v></c></row>` +
		`<row r="9"><c r="A9" s="2"><v>46030</v></c><c r="B9" t="b"><v>1</v></c></row></sheetData></worksheet>`
)

func book(t *testing.T, workbook string, sheets ...string) []byte {
	t.Helper()
	files := []string{"[Content_Types].xml=", "xl/vbaProject.bin=never run", "xl/_rels/workbook.xml.rels=" + bookRels, "xl/workbook.xml=" + workbook, "xl/styles.xml=" + bookStyles, "xl/sharedStrings.xml=" + bookTexts}
	for i, s := range sheets {
		files = append(files, fmt.Sprintf("xl/worksheets/sheet%d.xml=%s", i+1, s))
	}
	return zipped(t, files...)
}

func TestXLSXIsReadAsTheTableThatItsSheetShows(t *testing.T) {
	prefixed := strings.NewReplacer("<c ", "<x:c ", "</c>", "</x:c>", "<row", "<x:row", "</row", "</x:row", "<v>", "<x:v>", "</v>", "</x:v>").Replace(topOfSheet + rowsOfTable)
	for name, data := range map[string][]byte{
		"plain": book(t, bookOfOne, topOfSheet+rowsOfTable), "prefixed": book(t, bookOfOne, prefixed), "in a zip": zipped(t, "a.xlsx="+string(book(t, bookOfOne, topOfSheet+rowsOfTable))),
		"empty sheets beside it": book(t, bookOfTwo, topOfSheet+rowsOfTable, `<worksheet><sheetData/></worksheet>`),
		"notes beside it":        book(t, bookOfTwo, topOfSheet+rowsOfTable, `<worksheet><sheetData><row><c t="inlineStr"><is><t>Exported by X</t></is></c></row></sheetData></worksheet>`),
	} {
		o := tell(io.MultiReader(bytes.NewReader(data)), "x.csv", Options{})
		require.NoError(t, o.err, name)
		require.Equal(t, []string{
			"columns: Date | Text | Amount", `5: ["2026-01-05" "Rent, \"cold\" and warm" "0.3"]`, `6: ["2026-01-06T12:00:00" "" "-1234.5"]`, `8: ["2026-01-07" "=1+1" "#N/A"]`, `9: ["2026-01-08" "TRUE" ""]`,
		}, o.lines[1:], name)
		require.Contains(t, o.lines[0], "header on line 4", name)
	}
	require.Contains(t, tell(bytes.NewReader(book(t, bookOfOne, topOfSheet+rowsOfTable)), "x", Options{}).lines[0], `xlsx, sheet "March & April", header on line 4`)
	o := tell(bytes.NewReader(book(t, hiddenBook, topOfSheet+rowsOfTable, topOfSheet+strings.ReplaceAll(rowsOfTable, "<v>46027<", "<v>44565<"))), "x", Options{})
	require.Contains(t, strings.Join(o.lines, "\n"), `5: ["2026-01-05"`, "of 1904, and not the hidden sheet")
}

func TestXLSXThatCannotBeReadIsRefusedByName(t *testing.T) {
	locked := "\xD0\xCF\x11\xE0" + strings.Repeat("\x00", 600) + "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	cut := strings.TrimSuffix(topOfSheet+rowsOfTable, "</sheetData></worksheet>")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"two sheets of movements": {book(t, bookOfTwo, topOfSheet+rowsOfTable, topOfSheet+rowsOfTable), `with 2 sheets of rows ("A", "B"): hide or delete`},
		"nothing":                 {book(t, bookOfOne, `<worksheet><sheetData/></worksheet>`), "is empty"},
		"no sheet":                {book(t, `<workbook/>`), "without a visible sheet"},
		"a sheet that is missing": {book(t, bookOfOne), `lacks a part ("xl/worksheets/sheet1.xml")`},
		"a sheet that is cut":     {book(t, bookOfOne, cut), "has a sheet that ends after row 9"},
		"rows out of order":       {book(t, bookOfOne, topOfSheet+`<row r="3"/>`), `row 4 is followed by row "3"`},
		"a row beyond all":        {book(t, bookOfOne, topOfSheet+`<row r="1048577"/>`), "row 4 is followed by row"},
		"cells out of order":      {book(t, bookOfOne, topOfSheet+`<row r="5"><c r="C5"/><c r="B5"/></row>`), `out of its place in row 5: "B5"`},
		"a text that is missing":  {book(t, bookOfOne, topOfSheet+`<row r="5"><c r="A5" t="s"><v>99</v></c></row>`), `with a cell "A5" that shows text "99", which is not there`},
		"a password":              {[]byte(locked), "with a password"},
		"an entity bomb":          {book(t, bookOfOne, `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>`+topOfSheet+`<row r="5"><c r="A5" t="str"><v>&b;</v></c></row>`), "ends after row 5"},
	} {
		o := tell(bytes.NewReader(c.data), "x.xlsx", Options{})
		require.ErrorContains(t, o.err, c.want, name)
	}
	o := tell(strings.NewReader("a,b\n1,2\n"), "x.xlsx", Options{Format: XLSX})
	require.ErrorContains(t, o.err, "is no Excel workbook")
}

// TestASheetIsReadToItsEnd changes a byte behind the rows: the checksum of the sheet shows it.
func TestASheetIsReadToItsEnd(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"xl/_rels/workbook.xml.rels": bookRels, "xl/workbook.xml": bookOfOne, "xl/styles.xml": bookStyles, "xl/sharedStrings.xml": bookTexts,
		"xl/worksheets/sheet1.xml": strings.TrimSuffix(topOfSheet+rowsOfTable, "</worksheet>") + "<!-- behind -->" + strings.Repeat(" ", 300_000) + "</worksheet>",
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		require.NoError(t, err)
		_, err = io.WriteString(w, text)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	require.NoError(t, tell(bytes.NewReader(b.Bytes()), "x.xlsx", Options{}).err)
	changed := bytes.Replace(b.Bytes(), []byte("<!-- behind -->"), []byte("<!-- Behind -->"), 1)
	require.ErrorContains(t, tell(bytes.NewReader(changed), "x.xlsx", Options{}).err, "damaged or cut")
}

// TestLimitsOfSheets holds a workbook to limits of one cell, one row and of the texts that its cells share.
func TestLimitsOfSheets(t *testing.T) {
	half := strings.Repeat("x", FieldBytesMax/2+1)
	inline := `<c t="inlineStr"><is><t>` + half + `</t></is></c>`
	for name, c := range map[string]struct{ sheet, want string }{
		"a cell of many texts": {topOfSheet + `<row r="5"><c r="A5" t="inlineStr"><is><r><t>` + half + `</t></r><r><t>` + half + `</t></r></is></c></row>`, "has a cell"},
		"a long row":           {topOfSheet + `<row r="5">` + strings.Repeat(inline, 40) + `</row>`, "in row 5 of a sheet"},
	} {
		require.ErrorContains(t, tell(bytes.NewReader(book(t, bookOfOne, c.sheet+`</sheetData></worksheet>`)), "x", Options{}).err, c.want, name)
	}
	long := zipped(t, "xl/_rels/workbook.xml.rels="+bookRels, "xl/workbook.xml="+bookOfOne, "xl/styles.xml="+bookStyles,
		"xl/sharedStrings.xml=<sst><si><t>"+half+"</t><t>"+half+"</t></si></sst>", "xl/worksheets/sheet1.xml="+topOfSheet)
	require.ErrorContains(t, tell(bytes.NewReader(long), "x", Options{}).err, "a text of more than 1 MB")
	styles := zipped(t, "xl/_rels/workbook.xml.rels="+bookRels, "xl/workbook.xml="+bookOfOne,
		"xl/styles.xml=<styleSheet>"+strings.Repeat("<numFmt/>", 20*partsMax+1)+"</styleSheet>", "xl/worksheets/sheet1.xml="+topOfSheet)
	require.ErrorContains(t, tell(bytes.NewReader(styles), "x", Options{}).err, "parts or styles")
}

func TestFormatsOfDates(t *testing.T) {
	for code, want := range map[string]bool{
		"General": false, "dd/mm/yyyy;@": true, `#,##0.00\ "days"`: false, "[h]:mm": false, "[$-409]mmm\\-yy": true, "_-* #,##0.00_d": false, "[Red]0.00": false, "hh:mm": true, "0.00E+00": false,
	} {
		require.Equal(t, want, showsDate(code), code)
	}
}

// TestT37_XLSXOf100kRowsIsReadInFlatMemory reads a hundred thousand rows of eight columns.
func TestT37_XLSXOf100kRowsIsReadInFlatMemory(t *testing.T) {
	const rows = 100_000
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"xl/_rels/workbook.xml.rels": bookRels, "xl/workbook.xml": bookOfOne, "xl/styles.xml": bookStyles} {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, text)
		require.NoError(t, err)
	}
	w, err := z.Create("xl/worksheets/sheet1.xml")
	require.NoError(t, err)
	_, err = io.WriteString(w, `<worksheet><sheetData><row r="1">`+strings.Repeat(`<c t="inlineStr"><is><t>Date</t></is></c>`, 2)+strings.Repeat(`<c t="inlineStr"><is><t>Amount</t></is></c>`, 6)+`</row>`)
	require.NoError(t, err)
	for n := range rows {
		fmt.Fprintf(w, `<row r="%d"><c r="A%[1]d" s="1"><v>%d</v></c><c r="B%[1]d" t="str"><v>INV-%[1]d</v></c>`, n+2, 46000+n%300)
		for c := range 6 {
			fmt.Fprintf(w, `<c r="%c%d"><v>%d.%02d</v></c>`, 'C'+c, n+2, n, c)
		}
		fmt.Fprint(w, `</row>`)
	}
	_, err = io.WriteString(w, `</sheetData></worksheet>`)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	began := time.Now()
	r, err := Open(bytes.NewReader(b.Bytes()), "x.xlsx", Options{})
	require.NoError(t, err)
	var most, base runtime.MemStats
	runtime.ReadMemStats(&base)
	got := 0
	for ; err == nil; got++ {
		if _, err = r.Next(); got%20_000 == 0 {
			runtime.GC()
			var now runtime.MemStats
			if runtime.ReadMemStats(&now); now.HeapAlloc > most.HeapAlloc {
				most = now
			}
		}
	}
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, rows, got-1)
	t.Logf("%d rows in %s", rows, time.Since(began))
	require.Less(t, int64(most.HeapAlloc)-int64(base.HeapAlloc), int64(16<<20))
}
