//go:build unit || !integration

package telemetry

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The standard fixes the names of the tenancy metrics, so the exporter may add nothing to them.
func TestNewMeter_ShowsNamesAsTheyAre(t *testing.T) {
	registry := NewRegistry()
	provider, err := NewMeter(registry)
	require.NoError(t, err)
	counter, err := provider.Meter("test").Int64Counter("tenant_connections_total")
	require.NoError(t, err)
	counter.Add(t.Context(), 3)
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() == "tenant_connections_total" {
			require.InDelta(t, 3, family.GetMetric()[0].GetCounter().GetValue(), 0)
			require.Empty(t, family.GetMetric()[0].GetLabel())
			return
		}
	}
	t.Fatal("it is not there")
}
