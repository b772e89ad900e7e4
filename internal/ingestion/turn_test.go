//go:build integration

package ingestion_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine/solver"
	"matcher/internal/ingestion"
	"matcher/internal/postgres"
)

// The database stores rows while no core computes on anything else. The turns are the process's, so the test is not
// parallel.
func TestStoringWaitsForItsTurn(t *testing.T) { //nolint:paralleltest // see above
	s, b := setup(t)
	parsed, err := s.Parse(b.ctx, b.source.ID, ingestion.File{Name: "rows.csv", Body: strings.NewReader(header + lines(0, 10))})
	require.NoError(t, err)
	defer parsed.Close()
	cores := runtime.GOMAXPROCS(0)
	for range cores {
		solver.TakeTurn()
	}
	stored := make(chan error, 1)
	go func() {
		stored <- b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
			_, err := parsed.Store(b.ctx, tx)
			return err
		})
	}()
	watch, looks := b.Owner(t), 0
	require.Eventually(t, func() bool {
		var waits bool
		err := watch.QueryRow(t.Context(), `
			SELECT EXISTS (
				SELECT FROM pg_stat_activity
				WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE '%FOR KEY SHARE%')`).Scan(&waits)
		if looks++; err != nil || !waits {
			looks = 0
		}
		return looks == 20 && len(stored) == 0
	}, time.Minute, time.Millisecond)
	for range cores {
		solver.EndTurn()
	}
	require.NoError(t, <-stored)
}
