//go:build integration

package matching_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
)

func TestAnInvoiceIsNotPaidByADebitThatCameBack(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.load(t, b.left, []string{"L1,2026-01-05,80.00,RE-1,invoice", "L2,2026-01-05,20.00,RE-2,invoice"})
	b.load(t, b.right, []string{"R1,2026-01-06,80.00,RE-1,debit", "R2,2026-01-06,20.00,RE-2,debit", "R3,2026-01-09,-80.00,RE-1,return"})
	require.Equal(t, recon.RunCompleted, b.run(t, s, recon.RunCommit).Status)
	proposed := b.groups(t, recon.GroupFilter{Status: recon.GroupProposed})
	require.Len(t, proposed, 1)
	require.Equal(t, recon.HeldByReversed, proposed[0].HeldBy)
	returned := b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved, Reason: recon.ReasonReturned})
	require.Len(t, returned, 1)
	require.Contains(t, returned[0].Suggestion, "takes back a row of 2026-01-06")

	b.tx(t, func(tx *postgres.Tx) error {
		_, err := tx.PutFieldMap(b.ctx, b.left, 0, recon.FieldMap{Rows: recon.RowsMovements, Fields: map[string]recon.MapField{}})
		return err
	})
	run := b.run(t, s, recon.RunCommit)
	require.Equal(t, recon.RunCompleted, run.Status)
	require.Len(t, b.groups(t, recon.GroupFilter{Status: recon.GroupConfirmed}), 2, "the debit was paid into a cash book")
	require.Len(t, b.exceptions(t, recon.ExceptionFilter{Status: recon.ExceptionUnresolved, Reason: recon.ReasonReturnNotBooked}), 1)
	require.True(t, b.replay(t, run.ID).Identical)
}
