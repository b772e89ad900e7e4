//go:build integration

package tenant

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"matcher/internal/testkit"
)

// BenchmarkProvisionTenantSchema reports the median beside the mean; the budget is 250 ms. With -benchtime 1000x the
// medians of the last and the first hundred say whether the thousandth tenant takes longer than the first: at most 1.5.
func BenchmarkProvisionTenantSchema(b *testing.B) {
	in := testkit.Tenants(b)
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := in.Provisioner.ProvisionTenantSchema(b.Context(), uuid.NewString()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	if tenth := len(took) / 10; tenth > 0 {
		b.ReportMetric(float64(middle(took[len(took)-tenth:]))/float64(middle(took[:tenth])), "last/first")
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
}

// middle is the median of some durations, which stay in their order.
func middle(took []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(took))[len(took)/2]
}
