//go:build integration

package matching_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/matching"
	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 10))
	claim := func() recon.Run {
		run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
		require.NoError(t, err)
		b.tx(t, func(tx *postgres.Tx) (err error) {
			run, _, err = tx.ClaimRun(b.ctx, run.ID, time.Minute)
			return err
		})
		return run
	}
	run := claim()

	t.Run("it tells how far the run is", func(t *testing.T) {
		progress := recon.Progress{Phase: "MATCH", Done: 5, Total: 20}
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.HeartbeatRun(b.ctx, run, time.Minute, progress)
			return err
		})
		require.Equal(t, progress, b.stored(t, run.ID).Progress)
	})

	t.Run("it hears that the run shall stop, and the work's context ends with that as its cause", func(t *testing.T) {
		beat := matching.StartHeart(b.ctx, s, run)
		_, err := cancel(b.ctx, s, run.ID)
		require.NoError(t, err)
		<-beat.Done()
		require.ErrorIs(t, beat.Cause(), matching.ErrCancelled)
		beat.Stop()
		require.NoError(t, matching.End(b.ctx, s, run, beat.Cause()))
		require.Equal(t, recon.RunCancelled, b.stored(t, run.ID).Status)
	})

	t.Run("it hears that another worker took the run", func(t *testing.T) {
		run := claim()
		beat := matching.StartHeart(b.ctx, s, run)
		_, err := b.Owner(t).Exec(t.Context(), `UPDATE "`+b.tenantID+`".runs SET fence = fence + 1 WHERE status = 'RUNNING'`)
		require.NoError(t, err)
		<-beat.Done()
		require.ErrorIs(t, beat.Cause(), postgres.ErrFenced)
		beat.Stop()
	})
}
