//go:build unit || !integration

package format

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// outcome is a file as its reader tells it, one line a row.
type outcome struct {
	lines    []string
	rows     int
	rejected int
	err      error
}

const outcomeRowsMax = 12 // of a rendered file

// tell reads a whole file and renders what a person would be told.
func tell(r io.Reader, name string, opt Options) outcome {
	var o outcome
	reader, err := Open(r, name, opt)
	if err != nil {
		o.err = err
		o.lines = append(o.lines, "refused: "+recon.CodeOf(err)+": "+err.Error())
		return o
	}
	o.lines = append(o.lines, reader.Format()+", "+reader.Found())
	header := ""
	for {
		rec, err := reader.Next()
		var row *recon.RowError
		switch {
		case errors.Is(err, io.EOF):
			return o
		case errors.As(err, &row):
			o.rejected++
			o.lines = append(o.lines, fmt.Sprintf("line %d, row %d: %s: %s", row.Line, row.Row, row.Code, row.Reason))
			continue
		case err != nil:
			o.err = err
			o.lines = append(o.lines, "refused: "+recon.CodeOf(err)+": "+err.Error())
			return o
		}
		o.rows++
		if now := strings.Join(rec.Header, " | "); now != header {
			header = now
			o.lines = append(o.lines, "columns: "+header)
		}
		if o.rows <= outcomeRowsMax {
			o.lines = append(o.lines, fmt.Sprintf("%d: %q", rec.Line, rec.Fields))
		}
	}
}

// TestFiles reads every file of testdata and compares what people are told with the golden text, which is meant to be
// read aloud: would somebody in finance know what to do?
func TestFiles(t *testing.T) {
	for _, folder := range []string{"good", "bad"} {
		t.Run(folder, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join("testdata", folder, "*"))
			require.NoError(t, err)
			require.NotEmpty(t, files)
			var got strings.Builder
			for _, file := range files {
				data, err := os.ReadFile(file)
				require.NoError(t, err)
				o := tell(bytes.NewReader(data), filepath.Base(file), Options{})
				fmt.Fprintf(&got, "-- %s --\n%s\n", filepath.Base(file), strings.Join(o.lines, "\n"))
				require.False(t, folder == "good" && (o.err != nil || o.rejected > 0), "%s: %v", file, o.lines)
				require.False(t, folder == "bad" && o.err == nil && o.rejected == 0, "%s was read without complaint", file)
			}
			golden := filepath.Join("testdata", folder+".golden")
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got.String())
		})
	}
}

// TestReadersOfAnyPace reads the good files byte by byte: how the input is cut must not matter.
func TestReadersOfAnyPace(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*")
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		whole := tell(bytes.NewReader(data), file, Options{})
		slow := tell(iotest.OneByteReader(bytes.NewReader(data)), file, Options{})
		require.Equal(t, whole.lines, slow.lines, file)
	}
}

func TestPeek(t *testing.T) {
	const file = "id,date,amount\n1,2026-01-02,1.00\n2,short\n3,2026-01-03,3.00\n4,2026-01-04,4.00\n"
	r, err := Open(strings.NewReader(file), "x.csv", Options{})
	require.NoError(t, err)

	t.Run("gives copies of the good rows among the first n", func(t *testing.T) {
		sample, err := r.Peek(3)
		require.NoError(t, err)
		require.Len(t, sample, 2)
		require.Equal(t, []string{"3", "2026-01-03", "3.00"}, sample[1].Fields)
		require.Equal(t, []string{"id", "date", "amount"}, r.Header())
	})
	t.Run("and Next gives every row again, the bad one too, and the end as often as it is asked", func(t *testing.T) {
		_, err := r.Peek(100)
		require.NoError(t, err)
		var seen []string
		for range 6 {
			rec, err := r.Next()
			var row *recon.RowError
			switch {
			case errors.Is(err, io.EOF):
				seen = append(seen, "end")
			case errors.As(err, &row):
				seen = append(seen, fmt.Sprintf("row %d is bad", row.Row))
			default:
				seen = append(seen, rec.Fields[0])
			}
		}
		require.Equal(t, []string{"1", "row 2 is bad", "3", "4", "end", "end"}, seen)
		require.Equal(t, int64(len(file)), r.Bytes())
	})
	t.Run("fails where nothing more can be read", func(t *testing.T) {
		r, err := Open(strings.NewReader("id,text\n1,a\n2,\"b\n"), "x.csv", Options{})
		require.NoError(t, err)
		sample, err := r.Peek(10)
		require.Equal(t, "QUOTE_UNCLOSED", recon.CodeOf(err))
		require.Len(t, sample, 1)
	})
}

// TestRowsIn compares how many rows a file should have, by its first ones, with how many it has.
func TestRowsIn(t *testing.T) {
	const rows, peeked = 20_000, 1000
	var file strings.Builder
	file.WriteString("id,date,amount,text\n")
	for i := range rows {
		fmt.Fprintf(&file, "L%05d,2026-03-%02d,%d.50,\"Invoice, no %d\"\n", i, i%28+1, 100+i%900, 10_000+i)
	}
	r, err := Open(strings.NewReader(file.String()), "x.csv", Options{})
	require.NoError(t, err)
	_, err = r.Peek(peeked)
	require.NoError(t, err)
	require.InDelta(t, 1.1*rows, r.RowsIn(int64(file.Len())), 0.1*rows)
	require.Zero(t, r.RowsIn(0), "an input whose size is not known")
	require.Equal(t, RowsMax, r.RowsIn(math.MaxInt32*peeked), "no more than a file may have")
	events, err := Open(strings.NewReader(`[{"id":1},{"id":2}]`), "x.json", Options{})
	require.NoError(t, err)
	require.Zero(t, events.RowsIn(1<<20), "rows that are longer than their texts")
}

func TestOptions(t *testing.T) {
	t.Run("a given delimiter overrules what the file looks like", func(t *testing.T) {
		o := tell(strings.NewReader("a;b,c;d\nx;1,y;2\n"), "x.csv", Options{Delimiter: ','})
		require.Contains(t, o.lines, "columns: a;b | c;d")
	})
	t.Run("a given charset overrules the guess", func(t *testing.T) {
		o := tell(strings.NewReader("name,n\nM\xc3\xbcller,1\n"), "x.csv", Options{Charset: "windows-1252"})
		require.Contains(t, o.lines[2], "MÃ¼ller")
	})
	t.Run("an unknown charset names those that are known", func(t *testing.T) {
		o := tell(strings.NewReader("a,b\n1,2\n"), "x.csv", Options{Charset: "ebcdic"})
		require.Equal(t, "UNKNOWN_CHARSET", recon.CodeOf(o.err))
		require.ErrorContains(t, o.err, "windows-1252")
	})
	t.Run("a given format reads what detection would not", func(t *testing.T) {
		o := tell(strings.NewReader("{\"id\":1}\n"), "x", Options{Format: "JSON"})
		require.Equal(t, "NO_LIST", recon.CodeOf(o.err))
		o = tell(strings.NewReader("a"), "x", Options{Format: "klingon"})
		require.Equal(t, "UNKNOWN_FORMAT", recon.CodeOf(o.err))
	})
	t.Run("column names without rows are a file where the caller says so, and an empty list is none", func(t *testing.T) {
		r, err := Open(strings.NewReader("a,b\n"), "x.csv", Options{MayBeBare: true})
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b"}, r.Header())
		_, err = r.Next()
		require.ErrorIs(t, err, io.EOF)
		for name, text := range map[string]string{"x.csv": "", "x.json": "[]"} {
			_, err = Open(strings.NewReader(text), name, Options{MayBeBare: true})
			require.Error(t, err, name)
		}
	})
	t.Run("a row limit refuses the rest of the file", func(t *testing.T) {
		o := tell(strings.NewReader("a,b\n1,2\n3,4\n5,6\n"), "x.csv", Options{RowsMax: 2})
		require.Equal(t, "TOO_MANY_ROWS", recon.CodeOf(o.err))
		require.Equal(t, 2, o.rows)
	})
}

// TestBrokenInput is about the reader underneath failing, not the file.
func TestBrokenInput(t *testing.T) {
	gone := errors.New("connection reset")
	for _, text := range []string{"", "id,amount\n1,2\n2,", "id,text\n1,\"a", `[{"id":1},`, "{\"id\":1}\n{\"id\":", `{"data":`} {
		in := io.MultiReader(strings.NewReader(text), iotest.ErrReader(gone))
		o := tell(in, "x", Options{})
		require.ErrorIs(t, o.err, gone, "%q", text)
	}
}
