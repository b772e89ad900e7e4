//go:build integration

package postgres_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestARunReadsOpenRowsAndNotHistory(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	const matched, open = 400, 3
	var left, right []recon.Transaction
	for i := range matched + open {
		left = append(left, row(fmt.Sprintf("L%03d", i), 1000, 20_000))
		right = append(right, row(fmt.Sprintf("R%03d", i), 1000, 20_000))
	}
	l.store(t, l.left, left...)
	l.store(t, l.right, right...)
	lefts, rights := l.keys(t, l.left), l.keys(t, l.right)
	var pairs []pair
	for i := range matched {
		pairs = append(pairs, pair{lefts[left[i].ExternalID], rights[right[i].ExternalID], recon.GroupConfirmed, 0})
	}
	l.save(t, recon.RunCommit, pairs)

	// The server counts what a session read, and adds it up now and then: only the difference is of one query.
	sofar := func(tx *postgres.Tx) (n int) {
		text, err := tx.Text(l.ctx, `
			SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::text FROM pg_stat_xact_user_tables WHERE schemaname = $1`, l.tenantID)
		require.NoError(t, err)
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
		return n
	}
	read := func() (n int) {
		l.tx(t, func(tx *postgres.Tx) error {
			seen, before := 0, sofar(tx)
			err := tx.OpenRows(l.ctx, l.context.Num, postgres.RowReader{Sources: []recon.Source{l.left, l.right}, Add: func(*recon.Transaction, int64, string) error {
				seen++
				return nil
			}})
			require.Equal(t, 2*open, seen)
			n = sofar(tx) - before
			return err
		})
		return n
	}
	require.Less(t, read(), matched/4, "of tables that hold %d rows", 2*(matched+open))
	_, err := l.Owner(t).Exec(t.Context(), `ANALYZE`)
	require.NoError(t, err)
	require.Less(t, read(), matched/4, "once the planner knows the tables")
}

func TestTheListOfOpenRows(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.store(t, l.left, row("confirmed", 1000, 20_000), row("proposed", 1000, 20_000), row("open", 1, 20_000))
	l.store(t, l.right, row("R1", 1000, 20_000), row("R2", 1000, 20_000))
	left, right := l.keys(t, l.left), l.keys(t, l.right)
	proposed := pair{left["proposed"], right["R2"], recon.GroupProposed, 0}
	l.save(t, recon.RunCommit, []pair{{left["confirmed"], right["R1"], recon.GroupConfirmed, 0}, proposed})
	listed := func() []string {
		conn := l.Owner(t)
		names := map[string]bool{}
		for name, id := range left {
			var n int
			require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM "`+l.tenantID+`".open_items WHERE transaction_id = $1`, id).Scan(&n))
			if n > 0 {
				names[name] = true
			}
		}
		return slices.Sorted(maps.Keys(names))
	}
	seen := func() []string { return slices.Sorted(maps.Keys(l.keys(t, l.left))) }
	decide := func(status recon.GroupStatus, action recon.GroupAction) {
		l.tx(t, func(tx *postgres.Tx) error {
			groups, _, err := tx.Groups(l.ctx, l.context.ID, recon.GroupFilter{Status: status}, postgres.Page{})
			require.NoError(t, err)
			_, err = tx.DecideGroup(l.ctx, groups[0].ID, recon.Decision{Action: action, Note: "test"})
			return err
		})
	}
	rowID := func(name string) (id string) {
		l.tx(t, func(tx *postgres.Tx) error {
			items, _, err := tx.Transactions(l.ctx, l.context.ID, recon.TransactionFilter{ExternalID: name}, postgres.Page{})
			require.Len(t, items, 1)
			id = items[0].ID
			return err
		})
		return id
	}

	t.Run("holds what a run leaves in no confirmed group", func(t *testing.T) {
		require.Equal(t, []string{"open", "proposed"}, listed())
		require.Equal(t, listed(), seen())
	})
	t.Run("keeps a row that was confirmed until the next run, which no longer sees it", func(t *testing.T) {
		decide(recon.GroupProposed, recon.ActionConfirm)
		require.Equal(t, []string{"open", "proposed"}, listed())
		require.Equal(t, []string{"open"}, seen())
		l.save(t, recon.RunCommit, nil)
		require.Equal(t, []string{"open"}, listed())
	})
	t.Run("takes in at once what is unmatched", func(t *testing.T) {
		decide(recon.GroupConfirmed, recon.ActionUnmatch)
		decide(recon.GroupConfirmed, recon.ActionUnmatch)
		require.Equal(t, []string{"confirmed", "open", "proposed"}, listed())
		require.Equal(t, listed(), seen())
	})
	t.Run("is not changed by a dry run", func(t *testing.T) {
		l.store(t, l.left, row("new", 5, 20_000))
		left["new"] = l.keys(t, l.left)["new"]
		l.save(t, recon.RunDry, nil)
		require.NotContains(t, listed(), "new")
		require.Contains(t, seen(), "new")
	})
	t.Run("has an ignored row back when it is restored", func(t *testing.T) {
		id := rowID("new")
		l.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.Ignore(l.ctx, id, "test")
			return err
		})
		l.save(t, recon.RunCommit, nil)
		require.NotContains(t, listed(), "new", "the run did not read it")
		l.tx(t, func(tx *postgres.Tx) error {
			_, err := tx.Restore(l.ctx, id)
			return err
		})
		require.Contains(t, listed(), "new")
		require.Contains(t, seen(), "new")
	})
	t.Run("forgets the rows of a voided file", func(t *testing.T) {
		l.tx(t, func(tx *postgres.Tx) error {
			imports, _, err := tx.Imports(l.ctx, l.left.ID, "", postgres.Page{})
			require.NoError(t, err)
			_, err = tx.VoidImport(l.ctx, imports[0].ID)
			return err
		})
		require.NotContains(t, listed(), "new")
	})
}
