//go:build integration

package postgres_test

import (
	"slices"
	"testing"
	"time"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

// BenchmarkRead_Context is the GET of a context below its HTTP edge; the whole has a budget of 2 ms.
func BenchmarkRead_Context(b *testing.B) {
	in := testkit.Tenants(b)
	ctx, _ := in.NewTenant(b)
	var id string
	err := in.DB.Tx(ctx, func(tx *postgres.Tx) error {
		created, err := tx.CreateContext(ctx, recon.Context{Name: "bench"})
		id = created.ID
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		err := in.DB.Read(ctx, func(tx *postgres.Tx) error {
			_, err := tx.Context(ctx, id)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
}
