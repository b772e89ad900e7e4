//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestStatement(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	statement := func(asOf recon.Day) (s recon.Statement) {
		l.tx(t, func(tx *postgres.Tx) (err error) {
			s, err = tx.Statement(l.ctx, l.context.ID, asOf)
			return err
		})
		return s
	}
	require.Empty(t, statement(recon.NoDay).Currencies)
	l.store(t, l.left, row("L1", 1003, 20_000), row("L2", 1000, 20_001), row("L3", 77, 20_001), row("L4", 5, 20_001))
	l.store(t, l.right, row("R1", 1000, 20_000), row("R2", 1000, 20_004), row("R3", 31, 20_002))
	left, right := l.keys(t, l.left), l.keys(t, l.right)
	l.save(t, recon.RunCommit, []pair{
		{left["L1"], right["R1"], recon.GroupConfirmed, 3},
		{left["L2"], right["R2"], recon.GroupConfirmed, 0},
	}, postgres.ExceptionRow{
		TransactionID: right["R3"], SourceNum: l.right.Num, Amount: 31, Date: recon.Epoch + 20_002, Currency: "EUR",
		Side: recon.Right, Class: recon.ClassMissing, Reason: recon.ReasonNoCandidate,
	})
	l.tx(t, func(tx *postgres.Tx) error {
		items, _, err := tx.Transactions(l.ctx, l.context.ID, recon.TransactionFilter{ExternalID: "L4"}, postgres.Page{})
		require.NoError(t, err)
		_, err = tx.Ignore(l.ctx, items[0].ID, "test")
		return err
	})

	t.Run("today every item has its class and reason", func(t *testing.T) {
		s := statement(recon.NoDay)
		require.Equal(t, (recon.Epoch + 20_004), s.AsOf)
		require.Equal(t, []recon.StatementCurrency{{Currency: "EUR", Left: "20.85", Right: "20.31", Items: []recon.StatementItem{
			{Label: "difference of matched groups", Reason: "ROUNDING", Amount: "-0.03", Count: 1},
			{Label: "ignored", Side: recon.Left, Reason: "IGNORED", Amount: "-0.05", Count: 1},
			{Label: "in left only", Side: recon.Left, Class: "TIMING", Reason: "IN_TRANSIT", Amount: "-0.77", Count: 1},
			{Label: "in right only", Side: recon.Right, Class: "MISSING", Reason: "NO_CANDIDATE", Amount: "0.31", Count: 1},
		}}}, s.Currencies)
	})

	t.Run("on a day in the past a group whose partner had not come is in transit", func(t *testing.T) {
		s := statement(recon.Epoch + 20_001)
		require.Equal(t, "20.85", s.Currencies[0].Left)
		require.Equal(t, "10.00", s.Currencies[0].Right)
		require.Contains(t, s.Currencies[0].Items, recon.StatementItem{
			Label: "in left only", Side: recon.Left, Class: "TIMING", Reason: "IN_TRANSIT", Amount: "-10.77", Count: 2,
		})
	})

	t.Run("a group that does not say what its rows say breaks the bridge, loudly", func(t *testing.T) {
		owner := l.Owner(t)
		_, err := owner.Exec(t.Context(), `UPDATE "`+l.tenantID+`".match_groups SET difference = 4 WHERE difference = 3`)
		require.NoError(t, err)
		require.ErrorContains(t, l.DB.Read(l.ctx, func(tx *postgres.Tx) error {
			_, err := tx.Statement(l.ctx, l.context.ID, recon.NoDay)
			return err
		}), "does not tie")
		_, err = owner.Exec(t.Context(), `UPDATE "`+l.tenantID+`".match_groups SET difference = 3 WHERE difference = 4`)
		require.NoError(t, err)
	})
}
