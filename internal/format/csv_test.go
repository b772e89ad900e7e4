//go:build unit || !integration

package format

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// endless gives a beginning, then one byte over and over until size bytes are given.
type endless struct {
	begin string
	fill  byte
	size  int64
	given int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.given >= e.size {
		return 0, io.EOF
	}
	n := 0
	if e.given < int64(len(e.begin)) {
		n = copy(p, e.begin[e.given:])
	}
	for ; n < len(p) && e.given+int64(n) < e.size; n++ {
		p[n] = e.fill
	}
	e.given += int64(n)
	return n, nil
}

// allocated is how much a function allocates in all, an upper bound on what it may hold.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestT31_BombsAreRefusedInBoundedMemory hands in gigabytes that each break a limit: all are refused with the line, and
// neither memory nor reading goes on with the size of the file.
func TestT31_BombsAreRefusedInBoundedMemory(t *testing.T) {
	const size = 10 << 30
	for _, c := range []struct {
		name string
		file endless
		code string
	}{
		{"one value of gigabytes", endless{begin: "id,text\n1,", fill: 'x'}, recon.CodeFieldTooLong},
		{"a quote that never closes", endless{begin: "id,text\n1,a\n2,\"", fill: 'x'}, recon.CodeFieldTooLong},
		{"quotes inside a quote that never closes", endless{begin: "id,text\n1,a\n2,\"", fill: '"'}, recon.CodeFieldTooLong},
		{"a header of gigabytes", endless{begin: "id,", fill: 'x'}, recon.CodeFieldTooLong},
		{"columns without end in the header", endless{begin: "id", fill: ','}, recon.CodeFieldTooLong},
		{"columns without end in a row", endless{begin: "id,text\n1,2\n", fill: ','}, recon.CodeFieldTooLong},
		{"a JSON text of gigabytes", endless{begin: `[{"id":1},{"id":"`, fill: 'x'}, recon.CodeFieldTooLong},
		{"JSON nested without end", endless{begin: `[{"id":1},{"id":`, fill: '['}, recon.CodeFieldTooLong},
		{"a JSON line of gigabytes", endless{begin: "{\"id\":1}\n{\"id\":\"", fill: 'x'}, recon.CodeFieldTooLong},
		{"spaces before a list that never comes", endless{begin: `{"a":`, fill: '['}, recon.CodeFieldTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.file.size = size
			var o outcome
			used := allocated(func() { o = tell(&c.file, "bomb", Options{}) })
			require.Equal(t, c.code, recon.CodeOf(o.err), "%v", o.err)
			require.Contains(t, []recon.Kind{recon.KindTooLarge, recon.KindUnprocessable}, recon.KindOf(o.err))
			require.Less(t, used, uint64(64<<20), "allocated")
			require.Less(t, c.file.given, int64(64<<20), "bytes read before giving up")
		})
	}
}

// TestT31_RowsWithoutEndAreCounted streams a gigabyte of rows up to a limit.
func TestT31_RowsWithoutEndAreCounted(t *testing.T) {
	row := strings.Repeat("1,2026-01-02,text\n", 1000)
	in := io.MultiReader(strings.NewReader("id,date,text\n"), &repeat{text: row})
	o := tell(in, "rows.csv", Options{RowsMax: 100_000})
	require.Equal(t, "TOO_MANY_ROWS", recon.CodeOf(o.err))
	require.Equal(t, 100_000, o.rows)
}

// repeat gives one text for ever.
type repeat struct {
	text string
	at   int
}

func (r *repeat) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

func TestT31_ManyColumns(t *testing.T) {
	t.Run("a header may have a thousand columns and no more", func(t *testing.T) {
		wide := func(n int) string {
			names := make([]string, n)
			for i := range names {
				names[i] = fmt.Sprintf("c%d", i)
			}
			return strings.Join(names, ",") + "\n" + strings.Repeat("x1,", n-1) + "2\n" + strings.Repeat("3,", n-1) + "4\n"
		}
		require.NoError(t, tell(strings.NewReader(wide(ColumnsMax)), "x", Options{}).err)
		require.Equal(t, "TOO_MANY_COLUMNS", recon.CodeOf(tell(strings.NewReader(wide(ColumnsMax+1)), "x", Options{}).err))
		require.Equal(t, "TOO_MANY_COLUMNS", recon.CodeOf(tell(strings.NewReader(wide(20_000)), "x", Options{}).err))
	})
	t.Run("a row of a million columns costs only itself, quoted or not", func(t *testing.T) {
		for _, cell := range []string{",", `"",`, `"x",`} {
			file := "id,text\n1,a\n" + strings.Repeat(cell, 1_000_000) + "\n2,b\n"
			o := tell(strings.NewReader(file), "x.csv", Options{})
			require.NoError(t, o.err)
			require.Equal(t, 2, o.rows)
			require.LessOrEqual(t, o.rejected, 1) // a row of delimiters alone is a blank one
		}
	})
	t.Run("JSON objects may have a thousand keys between them", func(t *testing.T) {
		var b strings.Builder
		for i := range ColumnsMax + 1 {
			fmt.Fprintf(&b, "{\"k%d\":1}\n", i)
		}
		require.Equal(t, "TOO_MANY_COLUMNS", recon.CodeOf(tell(strings.NewReader(b.String()), "x", Options{}).err))
	})
}

func TestT31_LongValuesCostTheirRow(t *testing.T) {
	long := strings.Repeat("x", FieldBytesMax+1)
	for name, file := range map[string]string{
		"unquoted": "id,text\n1,a\n2," + long + "\n3,b\n",
		"json":     `[{"id":1},{"id":"` + long + `"},{"id":3}]`,
		"ndjson":   "{\"id\":1}\n{\"id\":\"" + long + "\"}\n{\"id\":3}\n",
	} {
		o := tell(strings.NewReader(file), "x", Options{})
		require.NoError(t, o.err, name)
		require.Equal(t, 2, o.rows, name)
		require.Contains(t, strings.Join(o.lines, "\n"), "FIELD_TOO_LONG", name)
	}
}

// TestCSVRoundTrip writes tables with the standard library and reads them back, whatever the values hold.
func TestCSVRoundTrip(t *testing.T) {
	value := rapid.StringOfN(rapid.RuneFrom([]rune("ab Zß€,;|\t\"'\n.-0")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		delimiter := rapid.SampledFrom([]rune(delimiters)).Draw(t, "delimiter")
		width := rapid.IntRange(2, 5).Draw(t, "width")
		table := rapid.SliceOfN(rapid.SliceOfN(value, width-1, width-1), 1, 20).Draw(t, "table")
		header := []string{"id", "col b", "col c", "col d", "col e"}[:width]
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = delimiter
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		check(t, w.Write(header))
		for i, row := range table {
			table[i] = append([]string{fmt.Sprint(i + 1)}, row...)
			check(t, w.Write(table[i]))
		}
		w.Flush()
		r, err := Open(&b, "x.csv", Options{Delimiter: byte(delimiter)})
		check(t, err)
		for _, want := range table {
			rec, err := r.Next()
			check(t, err)
			for i := range want {
				if got := strings.ReplaceAll(rec.Fields[i], "\r\n", "\n"); got != want[i] {
					t.Fatalf("row %d: %q became %q", rec.Row, want[i], got)
				}
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("more than was written: %v", err)
		}
	})
}

func check(t *rapid.T, err error) {
	if err != nil {
		t.Fatalf("%v", err)
	}
}

// TestRowsTie holds the sum that every report rests on: rows counted by the reader are those given and those refused,
// numbered without a gap, on lines that only grow.
func TestRowsTie(t *testing.T) {
	const good = 60 // rows of the header's width, more than any others, or the header would rightly be doubted
	line := rapid.SampledFrom([]string{"1,2,3", "1,2", "1,2,3,4", "", ",,", `"a""b",2,3`, `"a"b,2,3`, "\x00,2,3", "a,b,c", "\xff,2,3", "1,2,3,,,"})
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(line, 1, 40).Draw(t, "lines")
		r, err := Open(strings.NewReader("a,b,c\n"+strings.Repeat("1,2,3\n", good)+strings.Join(body, "\n")), "x.csv", Options{Charset: "utf-8", Delimiter: ','})
		check(t, err)
		rows, lastLine := 0, 0
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			var row *recon.RowError
			number, line := rec.Row, rec.Line
			if errors.As(err, &row) {
				number, line = row.Row, row.Line
			} else {
				check(t, err)
			}
			rows++
			if number != rows || line <= lastLine {
				t.Fatalf("row %d on line %d follows line %d as the %dth", number, line, lastLine, rows)
			}
			lastLine = line
		}
		blank := 0
		for _, l := range body {
			if l == "" || l == ",," {
				blank++
			}
		}
		if rows != good+len(body)-blank {
			t.Fatalf("%d rows of %d", rows, good+len(body)-blank)
		}
	})
}

// refused is the error of a row.
func refused(t *testing.T, err error) *recon.RowError {
	t.Helper()
	var row *recon.RowError
	require.ErrorAs(t, err, &row)
	return row
}

func TestWhiteSpaceMayFollowAQuote(t *testing.T) {
	o := tell(strings.NewReader("id,text,n\n1,\"a, b\"\t ,\"5\" \n2,\t\"c\",\"6\"\t\r\n3,\"d\" x,7\n"), "x.csv", Options{})
	require.Equal(t, []string{
		"csv, delimiter comma", "columns: id | text | n", `2: ["1" "a, b" "5"]`, `3: ["2" "c" "6"]`,
		`line 4, row 3: MALFORMED: text follows a closing quote: a quote inside a quoted value is written twice ("")`,
	}, o.lines)
	o = tell(strings.NewReader("id\ttext\tn\n1\t\"a\" \t\"\"\n2\t\t5\n"), "x.tsv", Options{})
	require.Equal(t, []string{`2: ["1" "a" ""]`, `3: ["2" "" "5"]`}, o.lines[2:])
}

func TestLinesMayEndInSeveralReturns(t *testing.T) {
	o := tell(strings.NewReader("id,text\r\r\n1,a\r\r\n2,\"b\"\r\r\n\r\r\n3,\"c\nd\"\r\r\n"), "x.csv", Options{})
	require.Equal(t, []string{"columns: id | text", `2: ["1" "a"]`, `3: ["2" "b"]`, `5: ["3" "c\nd"]`}, o.lines[1:])
}

func TestFormulasShowTheirText(t *testing.T) {
	for cell, want := range map[string]string{
		`="00123"`: "00123", `"=""00123"""`: "00123", `=""`: "", `= "7" `: "7", `="a ""b"""`: `a "b"`,
		`=HYPERLINK("https://example.com/a,b","00125")`: "00125", `=hyperlink("u"; "t")`: "t", `=HYPERLINK("u";5)`: "5",
		`"=HYPERLINK(""u"",""00126"")"`: "00126", `"=HYPERLINK(""u"")"`: "u",
		`"=""a""&B1"`: `="a"&B1`, `=B1`: "=B1", `"=""a"",b"`: `="a",b`,
	} {
		o := tell(strings.NewReader("id,text,n\n1,"+cell+",2\n2,"+cell+"\t,\"3\"\n"), "x.csv", Options{})
		require.NoError(t, o.err, cell)
		require.Equal(t, fmt.Sprintf(`2: %q`, []string{"1", want, "2"}), strings.ReplaceAll(o.lines[2], `\t`, ""), cell)
	}
}

func TestRowsOfSpacesAreBlank(t *testing.T) {
	o := tell(strings.NewReader("id,text\n1,a\n  ,\t\n \n2,b\n"), "x.csv", Options{})
	require.Equal(t, []int{2, 0}, []int{o.rows, o.rejected})
}

func TestQuotesMayStandBehindSpaces(t *testing.T) {
	o := tell(strings.NewReader("id, text, n\n1, \"a, b\", 5\n2,   \"c\",6\n3, plain , 7\n"), "x.csv", Options{})
	require.NoError(t, o.err)
	require.Zero(t, o.rejected)
	require.Contains(t, o.lines, `2: ["1" "a, b" " 5"]`)
	require.Contains(t, o.lines, `3: ["2" "c" "6"]`)
	require.Contains(t, o.lines, `4: ["3" " plain " " 7"]`)
}

// TestRowsMayEndInSeveralDelimiters, as spreadsheets write them once somebody has been in a column further right.
func TestRowsMayEndInSeveralDelimiters(t *testing.T) {
	o := tell(strings.NewReader("a,b,c\n1,2,3,,,\n4,5,6,,,\n7,8,9,,,\n"), "x.csv", Options{})
	require.NoError(t, o.err)
	require.Equal(t, 3, o.rows)
	require.Zero(t, o.rejected)
}
