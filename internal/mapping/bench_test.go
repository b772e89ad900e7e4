//go:build unit || !integration

package mapping

import (
	"fmt"
	"strings"
	"testing"

	"matcher/internal/recon"
)

// benchRecords are rows as a bank exports them, 8 columns wide.
func benchRecords(n int) ([]string, []recon.Record) {
	header := []string{"entry_id", "posted_at", "e2e_id", "amount", "currency", "description", "kind", "counterparty"}
	records := make([]recon.Record, n)
	for i := range records {
		records[i] = recon.Record{Line: i + 2, Row: i + 1, Header: header, Fields: []string{
			fmt.Sprintf("GL-%08d", i), fmt.Sprintf("2026-01-%02d", i%28+1), fmt.Sprintf("E2E%010d", i*7919),
			fmt.Sprintf("%d.%02d", i%9973, i%100), "EUR", "Payment of invoice", "SALE", fmt.Sprintf("Customer %d", i%500),
		}}
	}
	return header, records
}

// BenchmarkMap is what one row costs from record to admitted transaction.
func BenchmarkMap(b *testing.B) {
	header, records := benchRecords(10_000)
	fields, _, err := Detect(header, records[:1000], recon.FieldMap{})
	if err != nil {
		b.Fatal(err)
	}
	m, _ := Compile(fields, header)
	b.ReportAllocs()
	var ids Identities
	for i := 0; b.Loop(); i++ {
		if i%len(records) == 0 {
			ids = Identities{}
		}
		rec := records[i%len(records)]
		tx, wrong := m.Map(rec)
		if len(wrong) > 0 {
			b.Fatal(wrong)
		}
		ids.Admit(&Row{Record: rec, Tx: tx, Identity: Identity(&tx)})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkReadAmount compares the notation of most files with the dearest one.
func BenchmarkReadAmount(b *testing.B) {
	for _, text := range []string{"-1234.56", "1.234,56-", "EUR (1'234.56)"} {
		b.Run(text, func(b *testing.B) {
			decimal := byte('.')
			if strings.ContainsRune(text, ',') {
				decimal = ','
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := readAmount(text, decimal); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
