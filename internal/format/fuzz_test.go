//go:build unit || !integration

package format

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"matcher/internal/recon"
)

// fuzzFormat reads anything in one format: no panic, no hang, values within their limits, rows numbered without a gap,
// and an end in every case.
func fuzzFormat(f *testing.F, format string) {
	files, err := filepath.Glob("testdata/*/*")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:min(len(data), 2000)])
	}
	if format == XLSX {
		f.Add([]byte(topOfSheet + rowsOfTable))
	}
	if format == ODS {
		f.Add([]byte(odsRows))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows := len(data) + 1
		switch format {
		case XLSX: // anything as a sheet
			data = book(t, bookOfOne, string(data))
		case ODS: // where a row may stand for a million
			data, rows = ods(t, string(data)), 2*sheetRowsMax
		}
		r, err := Open(bytes.NewReader(data), "x", Options{Format: format})
		if err != nil {
			return
		}
		for n := 1; ; n++ {
			rec, err := r.Next()
			var row *recon.RowError
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &row):
				if row.Row != n {
					t.Fatalf("row %d is numbered %d", n, row.Row)
				}
			case err != nil:
				return
			case rec.Row != n || len(rec.Fields) > len(rec.Header) || n > max(rows, len(data)+1):
				t.Fatalf("row %d: %+v", n, rec)
			}
		}
	})
}

func FuzzT37_CSV(f *testing.F)     { fuzzFormat(f, CSV) }
func FuzzT37_JSON(f *testing.F)    { fuzzFormat(f, JSON) }
func FuzzT37_NDJSON(f *testing.F)  { fuzzFormat(f, NDJSON) }
func FuzzT37_MT940(f *testing.F)   { fuzzFormat(f, MT940) }
func FuzzT37_BAI2(f *testing.F)    { fuzzFormat(f, BAI2) }
func FuzzT37_CAMT(f *testing.F)    { fuzzFormat(f, CAMT) }
func FuzzT37_OFX(f *testing.F)     { fuzzFormat(f, OFX) }
func FuzzT37_QIF(f *testing.F)     { fuzzFormat(f, QIF) }
func FuzzT37_XLSX(f *testing.F)    { fuzzFormat(f, XLSX) }
func FuzzT37_ODS(f *testing.F)     { fuzzFormat(f, ODS) }
func FuzzT37_HTML(f *testing.F)    { fuzzFormat(f, HTML) }
func FuzzT37_SheetML(f *testing.F) { fuzzFormat(f, SheetML) }
func FuzzT37_NACHA(f *testing.F)   { fuzzFormat(f, NACHA) }
func FuzzT37_CNAB240(f *testing.F) { fuzzFormat(f, CNAB240) }
func FuzzT37_CNAB400(f *testing.F) { fuzzFormat(f, CNAB400) }
func FuzzT37_XML(f *testing.F)     { fuzzFormat(f, XML) }
func FuzzT37_Any(f *testing.F)     { fuzzFormat(f, "") }
