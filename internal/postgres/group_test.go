//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestGroups(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.store(t, l.left, row("L1", 1000, 20_000), row("L2", 1003, 20_001), row("L3", 1000, 20_001))
	l.store(t, l.right, row("R1", 1000, 20_000), row("R2", 1000, 20_003), row("R3", 1000, 20_001))
	left, right := l.keys(t, l.left), l.keys(t, l.right)
	run := l.save(t, recon.RunCommit, []pair{
		{left["L1"], right["R1"], recon.GroupConfirmed, 0},
		{left["L2"], right["R2"], recon.GroupConfirmed, 3},
		{left["L3"], right["R3"], recon.GroupProposed, 0},
	})
	list := func(filter recon.GroupFilter, page postgres.Page) (items []recon.StoredGroup, next string) {
		l.tx(t, func(tx *postgres.Tx) (err error) {
			items, next, err = tx.Groups(l.ctx, l.context.ID, filter, page)
			return err
		})
		return items, next
	}

	t.Run("they are listed by pages and status, with their rows and the rule's name", func(t *testing.T) {
		first, next := list(recon.GroupFilter{}, postgres.Page{Limit: 2})
		require.Len(t, first, 2)
		require.Equal(t, "by hand", first[1].RuleName)
		require.Equal(t, []string{"10.03", "10.00", "0.03"}, []string{first[1].LeftAmount, first[1].RightAmount, first[1].Difference})
		require.Equal(t, recon.AdjustmentRounding, first[1].DifferenceReason)
		require.Equal(t, "L2", first[1].Items[0].ExternalID)
		require.Equal(t, "R2", first[1].Items[1].ExternalID)
		require.Equal(t, 5000, first[1].Evidence[0].Closeness)
		rest, end := list(recon.GroupFilter{}, postgres.Page{Limit: 2, After: next})
		require.Len(t, rest, 1)
		require.Empty(t, end)
		proposed, _ := list(recon.GroupFilter{Status: recon.GroupProposed, RunID: run.ID}, postgres.Page{})
		require.Equal(t, rest, proposed)
	})

	t.Run("rows of an untouched proposal count as open, others do not", func(t *testing.T) {
		require.Equal(t, map[string]int64{"L3": left["L3"]}, l.keys(t, l.left))
	})

	t.Run("a group that somebody decided on keeps its rows through the next run", func(t *testing.T) {
		_, err := l.Owner(t).Exec(t.Context(), `
			INSERT INTO "`+l.tenantID+`".group_decisions (group_id, ordinal, from_status, to_status, created_by)
			SELECT id, 1, 'PROPOSED', 'PROPOSED', 'tester' FROM "`+l.tenantID+`".match_groups WHERE status = 'PROPOSED'`)
		require.NoError(t, err)
		require.Empty(t, l.keys(t, l.left))
		l.save(t, recon.RunCommit, nil)
		kept, _ := list(recon.GroupFilter{Status: recon.GroupProposed}, postgres.Page{})
		require.Len(t, kept, 1)
	})

	t.Run("a foreign or unknown id is not found", func(t *testing.T) {
		items, _ := list(recon.GroupFilter{}, postgres.Page{})
		other, _ := l.NewTenant(t)
		for _, c := range []struct{ id string }{{items[0].ID}, {"x"}, {items[0].Items[0].TransactionID}} {
			require.Equal(t, recon.KindNotFound, recon.KindOf(l.DB.Read(other, func(tx *postgres.Tx) error {
				_, err := tx.Group(other, c.id)
				return err
			})))
			require.Equal(t, recon.KindNotFound, recon.KindOf(l.DB.Read(other, func(tx *postgres.Tx) error {
				_, _, err := tx.GroupItems(other, c.id, postgres.Page{})
				return err
			})))
		}
	})
}
