//go:build unit || !integration

package format

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestCellsSpanColumnsAndRows(t *testing.T) {
	t.Parallel()
	for attrs, want := range map[string][2]int{
		"": {1, 1}, "colspan=3": {3, 1}, `ROWSPAN = "2" colspan='4'`: {4, 2}, "colspan=0": {1, 1}, "colspan=99999999999999999999": {1, 1}, "rowspan=5000": {1, 1000},
	} {
		require.Equal(t, want, [2]int{spanOf(attrs, colSpan), spanOf(attrs, rowSpan)}, attrs)
	}
	text, err := io.ReadAll(&pageText{tags: tagReader{w: newWindow(strings.NewReader("<table><tr><td rowspan=2>a<td rowspan=3 colspan=2>b<td>c<tr><td>d<tr><td>e<td>f<tr><td>g</table>")), exact: true}})
	require.NoError(t, err)
	require.Equal(t, "a\tb\t\tc\na\tb\t\td\ne\tb\t\tf\ng\t\t\t\n", string(text))
}

// TestPagesAndSheetsAreHeldToLimits reads cells, rows and sheets without an end.
func TestPagesAndSheetsAreHeldToLimits(t *testing.T) {
	const table = "<table><tr><th>Date<th>Amount<tr><td>05.01.2026<td>1,00<tr>"
	const sheet = `<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table><Row><Cell><Data>Date</Data></Cell><Cell><Data>Amount</Data></Cell></Row>`
	for name, c := range map[string]struct{ begins, on string }{
		"a cell":           {table + "<td>", "x<br>"},
		"cells":            {table, "<td>x"},
		"wide cells":       {table, "<td colspan=1000>x"},
		"a script":         {table + "<script>", "a<b </s"},
		"cells of a sheet": {sheet + "<Row>", "<Cell/>"},
		"data of a sheet":  {sheet + "<Row><Cell><Data>", "x<B/>"},
		"sheets":           {sheet + "</Table></Worksheet>", "<Worksheet></Worksheet>"},
	} {
		base := heap()
		file := &watched{repeated: repeated{text: strings.Repeat(c.on, 1+4096/len(c.on))}}
		_, _, err := readAll(t, io.MultiReader(strings.NewReader(c.begins), file), Options{})
		require.Error(t, err, name)
		if name != "a script" { // it is passed over
			require.Contains(t, []string{recon.CodeFieldTooLong, recon.CodeTooManyColumns, recon.CodeMalformed}, recon.CodeOf(err), "%s: %v", name, err)
		}
		require.Less(t, file.most-base, int64(64<<20), name)
	}
}
