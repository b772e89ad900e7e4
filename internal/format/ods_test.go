//go:build unit || !integration

package format

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// odsRows are the rows of a sheet: a title, a gap, the header, rows of each type of cell, one that comes three times, and
// the empty ones up to the end of the sheet.
const odsRows = `<table:table-row><table:table-cell office:value-type="string"><text:p>Bank of X: movements</text:p></table:table-cell><table:table-cell table:number-columns-repeated="1023"/></table:table-row>` +
	`<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>` +
	`<table:table-header-rows><table:table-row><table:table-cell office:value-type="string"><text:p>Date</text:p></table:table-cell>` +
	`<table:table-cell office:value-type="string"><text:p>Te<text:span text:style-name="T1">x</text:span>t</text:p><office:annotation><text:p>a comment</text:p></office:annotation></table:table-cell>` +
	`<table:table-cell office:value-type="string"><text:p>Amount</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>Share</text:p></table:table-cell>` +
	`<table:table-cell office:value-type="string"><text:p>Done</text:p></table:table-cell></table:table-row></table:table-header-rows>` +
	`<table:table-row><table:table-cell office:value-type="date" office:date-value="2026-01-05" calcext:value-type="date"><text:p>05.01.26</text:p></table:table-cell>` +
	`<table:table-cell office:value-type="string" calcext:value-type="string"><text:p>Rent &amp; "heat"<text:s text:c="2"/>of</text:p><text:p>May</text:p></table:table-cell>` +
	`<table:table-cell table:formula="of:=0.1+0.2" office:value-type="float" office:value="0.30000000000000004"><text:p>0,3</text:p></table:table-cell>` +
	`<table:table-cell office:value-type="percentage" office:value="0.075"><text:p>7,5 %</text:p></table:table-cell><table:table-cell office:value-type="boolean" office:boolean-value="true"><text:p>WAHR</text:p></table:table-cell></table:table-row>` +
	`<table:table-row table:number-rows-repeated="3"><table:table-cell office:value-type="date" office:date-value="2026-01-06T12:00:00"><text:p>x</text:p></table:table-cell><table:covered-table-cell office:value-type="string"><text:p>hidden</text:p></table:covered-table-cell>` +
	`<table:table-cell office:value-type="currency" office:currency="EUR" office:value="-1234.5"><text:p>-1.234,50 €</text:p></table:table-cell></table:table-row>` +
	`<table:table-row><table:table-cell office:value-type="date" office:date-value="2026-01-07"/><table:table-cell office:value-type="time" office:time-value="PT08H30M00S"><text:p>8:30</text:p></table:table-cell>` +
	`<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell><table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="7"/></table:table-row>` +
	`<table:table-row table:number-rows-repeated="1048566"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>`

// ods is a spreadsheet with these sheets of rows. The second one is hidden if its rows begin with that word.
func ods(t *testing.T, sheets ...string) []byte {
	t.Helper()
	text := `<?xml version="1.0"?><office:document-content><office:automatic-styles><style:style style:name="ta1" style:family="table"><style:table-properties table:display="true"/></style:style>` +
		`<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style></office:automatic-styles><office:body><office:spreadsheet>`
	for i, rows := range sheets {
		rows, hidden := strings.CutPrefix(rows, "hidden")
		style := map[bool]string{false: "ta1", true: "ta2"}[hidden]
		text += fmt.Sprintf(`<table:table table:name="S%d" table:style-name="%s"><table:table-column/>%s</table:table>`, i+1, style, rows)
	}
	return odsOf(t, text+`</office:spreadsheet></office:body></office:document-content>`)
}

func odsOf(t *testing.T, content string, more ...string) []byte {
	t.Helper()
	return zipped(t, append([]string{
		"mimetype=application/vnd.oasis.opendocument.spreadsheet", "Basic/Standard/Module1.xml=never run", "content.xml=" + content,
	}, more...)...)
}

func TestODSIsReadAsTheTableThatItsSheetShows(t *testing.T) {
	t.Parallel()
	prose := `<table:table-row><table:table-cell office:value-type="string"><text:p>Exported by X</text:p></table:table-cell></table:table-row>`
	for name, data := range map[string][]byte{
		"plain": ods(t, odsRows), "in a zip": zipped(t, "a.ods="+string(ods(t, odsRows))), "a hidden sheet": ods(t, "hidden"+odsRows, odsRows),
		"notes and an empty sheet": ods(t, prose, odsRows, ""),
	} {
		o := tell(bytes.NewReader(data), "x.csv", Options{})
		require.NoError(t, o.err, name)
		require.Equal(t, []string{
			"columns: Date | Text | Amount | Share | Done", `5: ["2026-01-05" "Rent & \"heat\"  of May" "0.3" "0.075" "TRUE"]`,
			`6: ["2026-01-06T12:00:00" "" "-1234.5 EUR" "" ""]`, `7: ["2026-01-06T12:00:00" "" "-1234.5 EUR" "" ""]`, `8: ["2026-01-06T12:00:00" "" "-1234.5 EUR" "" ""]`,
			`9: ["2026-01-07" "08:30:00" "#N/A" "7" "7"]`,
		}, o.lines[1:], name)
		require.Contains(t, o.lines[0], "ods, sheet ", name)
		require.Contains(t, o.lines[0], "header on line 4", name)
	}
}

func TestODSThatCannotBeReadIsRefusedByName(t *testing.T) {
	t.Parallel()
	row := func(repeats, text string) string {
		return `<table:table-row table:number-rows-repeated="` + repeats + `"><table:table-cell office:value-type="string"><text:p>` + text + `</text:p></table:table-cell></table:table-row>`
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"two sheets of movements": {ods(t, odsRows, odsRows), `is an OpenDocument sheet with 2 sheets of rows ("S1", "S2"): hide or delete`},
		"a password":              {odsOf(t, "\x00\x01", "META-INF/manifest.xml=<manifest:encryption-data/>"), "with a password: save it without one"},
		"another password":        {odsOf(t, "", "encrypted-package=x"), "with a password"},
		"a text document":         {zipped(t, "mimetype=application/vnd.oasis.opendocument.text", "content.xml="), "but no spreadsheet"},
		"nothing":                 {ods(t, ""), "is empty"},
		"no sheet":                {ods(t), "is an OpenDocument sheet without a visible sheet"},
		"a sheet that is cut":     {odsOf(t, `<table:table table:name="S">`+odsRows), "has a sheet that ends after row 9"},
		"rows beyond all":         {ods(t, odsRows+row("2", "x")), `row 1048576 is followed by row "1048577"`},
		"a number of rows":        {ods(t, odsRows+row("many", "x")), `number of repetitions that is none: "many"`},
		"a negative number":       {ods(t, odsRows+row("-1", "x")), `number of repetitions that is none: "-1"`},
		"columns beyond all":      {ods(t, `<table:table-row><table:table-cell table:number-columns-repeated="16384"/><table:table-cell office:value-type="float" office:value="1"/></table:table-row>`), "out of its place in row 0"},
		"a bomb of columns":       {ods(t, `<table:table-row><table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>`+strings.Repeat("x", 1000)+`</text:p></table:table-cell></table:table-row>`), "has more than 4 MB in row 0"},
		"a bomb of spaces":        {ods(t, `<table:table-row><table:table-cell office:value-type="string"><text:p>`+strings.Repeat(`<text:s text:c="999999"/>`, 1000)+`</text:p></table:table-cell></table:table-row>`), "has a cell of more than 1 MB"},
		"a bomb of rows":          {ods(t, strings.Replace(odsRows, "1048566", "1", 1)+row("1000000", strings.Repeat("x", 100_000))), "unpacks to more than 250 times its size"},
		"a sheet in a cell":       {ods(t, `<table:table-row><table:table-cell><table:table/></table:table-cell></table:table-row>`), "a sheet in a cell"},
		"too many sheets":         {ods(t, make([]string, odsSheetsMax+1)...), "more than 256 tables"},
		"an entity bomb":          {odsOf(t, `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><table:table>`+row("1", "&b;")+`</table:table>`), "x"},
	} {
		o := tell(bytes.NewReader(c.data), "x.ods", Options{})
		if name == "an entity bomb" {
			require.NotContains(t, strings.Join(o.lines, ""), "aaaa")
			continue
		}
		require.ErrorContains(t, o.err, c.want, name)
	}
	require.ErrorContains(t, tell(strings.NewReader("a,b\n1,2\n"), "x.ods", Options{Format: ODS}).err, "is no OpenDocument sheet")
	require.ErrorContains(t, tell(bytes.NewReader(ods(t, odsRows)), "x.ods", Options{Format: XLSX}).err, "is no Excel workbook")
}

func TestCellsOfODSAreShownByTheirType(t *testing.T) {
	t.Parallel()
	for attrs, want := range map[string]string{
		`office:value-type="float" office:value="1E3"`:                          "1000",
		`office:value-type="currency" office:value="5"`:                         "5",
		`office:value-type="date" office:date-value="2026-01-05T00:00:00"`:      "2026-01-05",
		`office:value-type="date" office:date-value="2026-01-05T10:00:00.500"`:  "2026-01-05T10:00:00",
		`office:value-type="time" office:time-value="PT26H00M00.5S"`:            "26:00:00",
		`office:value-type="time" office:time-value="soon"`:                     "text",
		`office:value-type="string" office:string-value="kept"`:                 "text",
		`office:value-type="float" office:value="0" calcext:value-type="error"`: "text",
		``: "text",
	} {
		require.Equal(t, want, (&odsCell{tag: tag{name: "TABLE:TABLE-CELL", attrs: attrs}, value: []byte(" text ")}).shown(), attrs)
	}
}
