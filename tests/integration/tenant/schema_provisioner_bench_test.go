//go:build integration

package tenant

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"matcher/internal/testkit"
)

// BenchmarkProvisionTenantSchema reports the median beside the mean; the budget is 250 ms.
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
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
}
