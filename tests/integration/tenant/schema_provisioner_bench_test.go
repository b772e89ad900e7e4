//go:build integration

package tenant

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"matcher/internal/testkit"
)

// inTurn is how many tenants are added at the end to the full and to an empty installation, turn by turn.
const inTurn = 60

// BenchmarkProvisionTenantSchema reports the median beside the mean; the budget is 250 ms. With -benchtime 1000x last/first
// says whether the thousandth tenant takes longer than the first: at most 1.5. The two are provisioned in turn, since what
// else a machine does changes more within the minutes of this run than a larger catalog costs.
func BenchmarkProvisionTenantSchema(b *testing.B) {
	full, empty := testkit.Tenants(b), testkit.NewInstallation(b)
	provision := func(in *testkit.Installation) time.Duration {
		start := time.Now()
		if err := in.Provisioner.ProvisionTenantSchema(b.Context(), uuid.NewString()); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	var took, last, first []time.Duration
	for b.Loop() {
		took = append(took, provision(full))
	}
	for range inTurn {
		last, first = append(last, provision(full)), append(first, provision(empty))
	}
	b.ReportMetric(float64(middle(last))/float64(middle(first)), "last/first")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms")
}

// middle is the median of some durations, which stay in their order.
func middle(took []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(took))[len(took)/2]
}
