//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestTransactions(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.store(t, l.left, row("L1", 1000, 20_000), row("L2", 1000, 20_001), row("L3", 5, 20_002), row("L4", 6, 20_003))
	l.store(t, l.right, row("R1", 1000, 20_000), row("R2", 1000, 20_001))
	left, right := l.keys(t, l.left), l.keys(t, l.right)
	l.save(t, recon.RunCommit, []pair{
		{left["L1"], right["R1"], recon.GroupConfirmed, 0}, {left["L2"], right["R2"], recon.GroupProposed, 0},
	})
	find := func(filter recon.TransactionFilter) (found []recon.StoredTransaction, ids []string) {
		if filter.From == 0 {
			filter.From, filter.To = recon.NoDay, recon.NoDay
		}
		l.tx(t, func(tx *postgres.Tx) (err error) {
			found, _, err = tx.Transactions(l.ctx, l.context.ID, filter, postgres.Page{})
			return err
		})
		for i := range found {
			ids = append(ids, found[i].ExternalID)
		}
		return found, ids
	}
	ignore := func(id string) error {
		return l.DB.Tx(l.ctx, func(tx *postgres.Tx) error {
			_, err := tx.Ignore(l.ctx, id, "not ours")
			return err
		})
	}
	open, _ := find(recon.TransactionFilter{State: recon.StateOpen})

	t.Run("a row is in exactly one state", func(t *testing.T) {
		require.NoError(t, ignore(open[0].ID))
		for state, want := range map[recon.State][]string{
			recon.StateConfirmed: {"L1", "R1"}, recon.StateProposed: {"L2", "R2"}, recon.StateIgnored: {"L3"},
			recon.StateOpen: {"L4"}, recon.StatePartial: nil,
		} {
			found, ids := find(recon.TransactionFilter{State: state})
			require.Equal(t, want, ids, state)
			for _, row := range found {
				require.Equal(t, state, row.State)
			}
		}
	})

	t.Run("filters narrow together", func(t *testing.T) {
		_, ids := find(recon.TransactionFilter{Side: recon.Left, From: recon.Epoch + 20_001, To: recon.Epoch + 20_002})
		require.Equal(t, []string{"L2", "L3"}, ids)
		_, ids = find(recon.TransactionFilter{SourceID: l.right.ID, Currency: "EUR", Amount: "10.00"})
		require.Equal(t, []string{"R1", "R2"}, ids)
		err := l.DB.Read(l.ctx, func(tx *postgres.Tx) error {
			_, _, err := tx.Transactions(l.ctx, l.context.ID, recon.TransactionFilter{State: "MAYBE"}, postgres.Page{})
			return err
		})
		require.Equal(t, "INVALID_VALUE", recon.CodeOf(err))
	})

	t.Run("small pages hold what one page holds, over many imports, listed or not", func(t *testing.T) {
		l.store(t, l.left, row("L5", 7, 20_004))
		l.store(t, l.right, row("R3", 7, 20_004), row("R4", 8, 20_004))
		for _, state := range []recon.State{"", recon.StateOpen, recon.StateConfirmed, recon.StateProposed, recon.StateIgnored} {
			filter := recon.TransactionFilter{State: state, From: recon.NoDay, To: recon.NoDay}
			_, whole := find(filter)
			require.NotEmpty(t, whole)
			var ids []string
			for page := (postgres.Page{Limit: 1}); len(ids) == 0 || page.After != ""; {
				l.tx(t, func(tx *postgres.Tx) error {
					found, next, err := tx.Transactions(l.ctx, l.context.ID, filter, page)
					for _, row := range found {
						ids = append(ids, row.ExternalID)
					}
					page.After = next
					return err
				})
			}
			require.Equal(t, whole, ids, state)
		}
		_, all := find(recon.TransactionFilter{})
		require.Equal(t, []string{"L1", "L2", "L3", "L4", "R1", "R2", "L5", "R3", "R4"}, all)
	})

	t.Run("only an open row can be ignored, only an ignored one restored", func(t *testing.T) {
		held, _ := find(recon.TransactionFilter{ExternalID: "L1"})
		require.Equal(t, "NOT_OPEN", recon.CodeOf(ignore(held[0].ID)))
		require.Equal(t, "NOT_OPEN", recon.CodeOf(ignore(open[0].ID)))
		restore := func(id string) error {
			return l.DB.Tx(l.ctx, func(tx *postgres.Tx) error {
				_, err := tx.Restore(l.ctx, id)
				return err
			})
		}
		require.NoError(t, restore(open[0].ID))
		require.Equal(t, "NOT_IGNORED", recon.CodeOf(restore(open[0].ID)))
	})
}
