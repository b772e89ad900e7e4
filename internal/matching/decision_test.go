//go:build integration

package matching_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestARunSeesThatSomebodyDecided(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 60))
	b.load(t, b.right, rows("R", 60))
	b.run(t, s, recon.RunCommit)
	proposed := b.groups(t, recon.GroupFilter{Status: recon.GroupProposed})
	require.NotEmpty(t, proposed)

	t.Run("what it weighed is not saved over a decision", func(t *testing.T) {
		run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
		require.NoError(t, err)
		var input postgres.RunInput
		b.tx(t, func(tx *postgres.Tx) error {
			if run, _, err = tx.ClaimRun(b.ctx, run.ID, -1); err != nil {
				return err
			}
			input, err = tx.RunInput(b.ctx, run)
			return err
		})
		b.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.DecideGroup(b.ctx, proposed[0].ID, recon.Decision{Action: recon.ActionReject, Note: "no"})
			return err
		})
		err = b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
			return tx.SaveRun(b.ctx, postgres.RunSave{Run: run, Context: input.Context, Voided: input.Voided})
		})
		require.ErrorIs(t, err, postgres.ErrRowsMoved)
		require.NoError(t, s.Execute(b.ctx, run.ID))
		require.Equal(t, recon.RunCompleted, b.stored(t, run.ID).Status)
	})

	t.Run("runs and people at once lose cleanly, and nothing is lost", func(t *testing.T) {
		var wait sync.WaitGroup
		for worker := range 3 {
			wait.Go(func() {
				for i, g := range proposed[1:] {
					action := []recon.GroupAction{recon.ActionConfirm, recon.ActionReject, recon.ActionComment}[(i+worker)%3]
					err := b.DB.TxRetry(b.ctx, func(tx *postgres.Tx) error {
						_, err := tx.DecideGroup(b.ctx, g.ID, recon.Decision{Action: action, Note: "n", Reason: recon.AdjustmentWriteOff})
						return err
					})
					if kind := recon.KindOf(err); err != nil && kind != recon.KindConflict && kind != recon.KindNotFound {
						t.Errorf("%s: %v", action, err)
					}
				}
			})
		}
		for range 3 {
			run := b.run(t, s, recon.RunCommit)
			if run.Status != recon.RunCompleted {
				require.Equal(t, "ROWS_MOVED", run.ErrorCode)
			}
		}
		wait.Wait()
		b.RequireSound(t, b.tenantID)
	})
}
