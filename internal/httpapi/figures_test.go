//go:build unit || !integration

package httpapi

import (
	"testing"
	"time"

	"github.com/felixge/httpsnoop"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

func TestFigures_APathThatMatchedNothingIsNoLabel(t *testing.T) {
	registry := prometheus.NewRegistry()
	f := newFigures(registry)
	f.observe("GET", "GET /v1/me", httpsnoop.Metrics{Code: 200, Duration: time.Millisecond})
	f.observe("GET", "", httpsnoop.Metrics{Code: 404})
	f.observe("PROPFIND", "", httpsnoop.Metrics{Code: 405})
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Len(t, families, 2)
	require.Len(t, families[1].GetMetric(), 3)
}
