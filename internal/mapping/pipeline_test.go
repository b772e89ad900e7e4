//go:build unit || !integration

package mapping_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/mapping"
	"matcher/internal/recon"
)

// tally is a whole file read as the command line and the import read it.
type tally struct {
	rows, good, rejected, duplicates int
	sum                              recon.Minor
}

// load reads every row of a file.
func load(file []byte, given *recon.FieldMap) (t tally, err error) {
	r, err := mapping.Open(bytes.NewReader(file), "file.csv", mapping.Hints{Map: given, MaxRejected: anyRefused})
	if err != nil {
		return t, err
	}
	return t, r.Read(&mapping.Identities{}, func(row *mapping.Row) error {
		t.rows++
		switch row.Verdict {
		case mapping.Duplicate:
			t.duplicates++
		case mapping.Rejected:
			t.rejected++
		case mapping.Fresh, mapping.Replacing:
			t.good++
			t.sum += row.Tx.Amount
		}
		return nil
	})
}

// anyRefused tolerates every refused row.
var anyRefused = func() *int64 { n := int64(math.MaxInt64); return &n }()

// TestRowsAndMoneyTie spoils a good file in random places: every row is good, rejected or a duplicate, and the good
// ones hold exactly the money of the rows that were left alone.
func TestRowsAndMoneyTie(t *testing.T) {
	given := recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldExternalID: recon.Column("id"), recon.FieldDate: recon.Column("date"), recon.FieldAmount: recon.Column("amount"),
	}}
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		file.WriteString("id,date,amount,text\n")
		want := tally{rows: 60}
		lastID := 0
		for i := range want.rows {
			kind := "good"
			if i >= 45 { // enough good rows first that detection sees what the file is
				kind = rapid.SampledFrom([]string{"good", "ragged", "amount", "date", "duplicate", "changed", "conflict"}).Draw(t, "kind")
			}
			minor := recon.Minor(i*137 - 2000)
			switch kind {
			case "good":
				fmt.Fprintf(&file, "%d,2026-01-13,%s,x\n", i, minor.Decimal(2))
				want.good, want.sum, lastID = want.good+1, want.sum+minor, i
			case "ragged":
				file.WriteString("9,2026-01-13\n")
				want.rejected++
			case "amount":
				fmt.Fprintf(&file, "%d,2026-01-13,1e3,x\n", i)
				want.rejected++
			case "date":
				fmt.Fprintf(&file, "%d,2026-02-30,1.00,x\n", i)
				want.rejected++
			case "duplicate":
				fmt.Fprintf(&file, "%d,2026-01-13,%s,x\n", lastID, recon.Minor(lastID*137-2000).Decimal(2))
				want.duplicates++
			case "changed":
				fmt.Fprintf(&file, "%d,2026-01-13,%s,other\n", lastID, recon.Minor(lastID*137-2000).Decimal(2))
				want.duplicates++
			case "conflict":
				fmt.Fprintf(&file, "%d,2026-01-14,%s,x\n", lastID, recon.Minor(lastID*137-2000).Decimal(2))
				want.rejected++
			}
		}
		got, err := load(file.Bytes(), &given)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if got != want || got.good+got.rejected+got.duplicates != got.rows {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// BenchmarkPipeline reads, maps and admits a file of 8 columns, as match and import do.
func BenchmarkPipeline(b *testing.B) {
	const rows = 200_000
	var file bytes.Buffer
	file.WriteString("entry_id,posted_at,e2e_id,amount,currency,description,kind,counterparty\n")
	for i := range rows {
		fmt.Fprintf(&file, "GL-%08d,2026-01-%02d,E2E%010d,%d.%02d,EUR,Payment of invoice,SALE,Customer %d\n", i, i%28+1, i*7919, i%9973, i%100, i%500)
	}
	b.ReportAllocs()
	for b.Loop() {
		t, err := load(file.Bytes(), nil)
		require.NoError(b, err)
		require.Equal(b, rows, t.good)
	}
	b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
}
