//go:build integration

package matching_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestRowsThatChangeWhileARunComputes(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 100))
	extra := b.load(t, b.right, rows("R", 100))
	run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID, Mode: recon.RunCommit})
	require.NoError(t, err)
	var claimed recon.Run
	var input postgres.RunInput
	b.tx(t, func(tx *postgres.Tx) (err error) {
		if claimed, _, err = tx.ClaimRun(b.ctx, run.ID, time.Minute); err != nil {
			return err
		}
		input, err = tx.RunInput(b.ctx, claimed)
		return err
	})
	save := func(items ...postgres.ActiveItem) error {
		return b.DB.Tx(b.ctx, func(tx *postgres.Tx) error {
			return tx.SaveRun(b.ctx, postgres.RunSave{
				Run: claimed, Context: input.Context, Plan: struct{}{}, Voided: input.Voided, Items: items,
				Groups: func(func(*postgres.GroupRow) bool) {}, Exceptions: func(func(*postgres.ExceptionRow) bool) {},
			})
		})
	}
	t.Run("a row that was matched meanwhile refuses the save", func(t *testing.T) {
		_, err := b.Owner(t).Exec(t.Context(), `INSERT INTO "`+b.tenantID+`".active_items VALUES (77, 1, 0)`)
		require.NoError(t, err)
		require.ErrorIs(t, save(postgres.ActiveItem{TransactionID: 77, Ordinal: 1}), postgres.ErrRowsMoved)
		_, err = b.Owner(t).Exec(t.Context(), `DELETE FROM "`+b.tenantID+`".active_items`)
		require.NoError(t, err)
	})
	t.Run("so does one that was ignored", func(t *testing.T) {
		_, err := b.Owner(t).Exec(t.Context(), `INSERT INTO "`+b.tenantID+`".ignored_items VALUES (78, 1, 0, 'EUR', 'x', NULL, '', now(), '')`)
		require.NoError(t, err)
		require.ErrorIs(t, save(postgres.ActiveItem{TransactionID: 78, Ordinal: 1}), postgres.ErrRowsMoved)
	})
	t.Run("so does an import that was voided", func(t *testing.T) {
		_, err := b.imports.Void(b.ctx, extra.ID)
		require.NoError(t, err)
		require.ErrorIs(t, save(), postgres.ErrRowsMoved)
	})
	t.Run("rows that came in are for the next run", func(t *testing.T) {
		b.load(t, b.right, rows("R", 120))
		_, err := b.Owner(t).Exec(t.Context(), `UPDATE "`+b.tenantID+`".runs SET lease_until = '-infinity'`)
		require.NoError(t, err)
		require.NoError(t, s.Execute(b.ctx, run.ID))
		require.Equal(t, recon.RunCompleted, b.stored(t, run.ID).Status)
	})
}

func TestT77_AContextArchivedMeanwhileTakesNoResult(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, rows("L", 50))
	b.load(t, b.right, rows("R", 50))
	run, err := start(b.ctx, s, recon.Run{ContextID: b.contextID})
	require.NoError(t, err)
	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.UpdateContext(b.ctx, b.contextID, 0, func(c *recon.Context) (string, error) {
			c.Status = recon.ContextArchived
			return "context.archive", nil
		})
		return err
	})
	require.NoError(t, s.Execute(b.ctx, run.ID))
	ended := b.stored(t, run.ID)
	require.Equal(t, recon.RunFailed, ended.Status)
	require.Equal(t, "CONTEXT_INACTIVE", ended.ErrorCode)
	require.Empty(t, b.groups(t, recon.GroupFilter{}))
}
