//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestExceptions(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.store(t, l.left, row("L1", 1000, 20_000), row("L2", 2000, 20_001))
	l.store(t, l.right, row("R1", 1000, 20_000))
	left, right := l.keys(t, l.left), l.keys(t, l.right)
	open := func(id, nearest int64) postgres.ExceptionRow {
		return postgres.ExceptionRow{
			TransactionID: id, SourceNum: l.left.Num, Amount: 1000, Nearest: nearest, Date: recon.Epoch + 20_000, Currency: "EUR",
			Side: recon.Left, Class: recon.ClassBreak, Reason: recon.ReasonAmountDiffers, Suggestion: "add 0.03",
			Difference: recon.NullMinor{Amount: -3, Set: true},
		}
	}
	list := func(filter recon.ExceptionFilter) (items []recon.Exception) {
		filter.ContextID = l.context.ID
		l.tx(t, func(tx *postgres.Tx) (err error) {
			items, _, err = tx.Exceptions(l.ctx, filter, "", postgres.Page{})
			return err
		})
		return items
	}
	l.save(t, recon.RunCommit, nil, open(left["L1"], right["R1"]), open(left["L2"], 0))
	before := list(recon.ExceptionFilter{Status: recon.ExceptionUnresolved})
	require.Len(t, before, 2)
	require.Equal(t, []string{"L1", "10.00", "-0.03", "add 0.03"}, []string{before[0].ExternalID, before[0].Amount, before[0].NearestDifference, before[0].Suggestion})
	require.NotEmpty(t, before[0].NearestID)
	require.Empty(t, before[1].NearestID)

	l.save(t, recon.RunCommit, []pair{{left["L1"], right["R1"], recon.GroupConfirmed, 0}}, open(left["L2"], 0))
	t.Run("one resolves when its row is matched, the other keeps its age", func(t *testing.T) {
		after := list(recon.ExceptionFilter{Status: recon.ExceptionUnresolved, Side: recon.Left, Class: recon.ClassBreak, Reason: recon.ReasonAmountDiffers})
		require.Len(t, after, 1)
		require.Equal(t, before[1].OpenedAt, after[0].OpenedAt)
		l.tx(t, func(tx *postgres.Tx) error {
			one, err := tx.Exception(l.ctx, before[0].ID)
			require.Equal(t, "RESOLVED", one.Status)
			require.Equal(t, "MATCHED", one.Resolution)
			return err
		})
	})

	t.Run("ignoring its row resolves it, restoring does not bring it back before the next run", func(t *testing.T) {
		l.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.Ignore(l.ctx, before[1].TransactionID, "not ours")
			return err
		})
		require.Empty(t, list(recon.ExceptionFilter{Status: recon.ExceptionUnresolved}))
		l.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.Restore(l.ctx, before[1].TransactionID)
			return err
		})
		l.save(t, recon.RunCommit, nil, open(left["L2"], 0))
		require.Len(t, list(recon.ExceptionFilter{Status: recon.ExceptionUnresolved}), 1)
	})

	t.Run("a transaction's id is no exception's", func(t *testing.T) {
		require.Equal(t, recon.KindNotFound, recon.KindOf(l.DB.Read(l.ctx, func(tx *postgres.Tx) error {
			_, err := tx.Exception(l.ctx, before[0].TransactionID)
			return err
		})))
	})
}
