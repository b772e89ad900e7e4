//go:build unit || !integration

package period

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestASettledGroupIsKeptWholeAndCanBeOpenedAgain(t *testing.T) {
	t.Parallel()
	c := january(t).closed(t)
	c.ReturnDays = recon.ReturnDays
	text := write(t, c)
	carry := read(t, text)
	require.Len(t, carry.Settled[0], 1)
	row := &carry.Settled[0][0]
	require.Equal(t, "L1=R1", carry.SettledWith(0, row.ID))
	require.Equal(t, row, carry.Row(0, row.ID))

	before := carry.balance("EUR")
	require.ErrorContains(t, carry.Reopen("L2=R2"), `no settled row is called`)
	require.NoError(t, carry.Reopen("L1=R1"))
	require.True(t, carry.Opened(row))
	require.ErrorContains(t, carry.Reopen("L1=R1"), "no settled row is called")
	require.Equal(t, "L1", carry.Rows[0][len(carry.Rows[0])-1].Tx.ExternalID)
	require.Equal(t, before.Left, carry.balance("EUR").Left, "the balance is the same, its rows are open")
	february := month{carry: carry, left: []string{"L9|2026-02-03|INV-9|1.00 EUR|"}}
	closed := february.closed(t)
	require.NoError(t, closed.Result.Bridge[0].Check())
	require.Equal(t, recon.StateOpen, closed.Result.State(recon.Left, 0), "the set is not offered again")

	c.ReturnDays = 3
	require.Empty(t, read(t, write(t, c)).Settled[0], "older than the days for which they are kept")
}

func TestASettledRowIsInOneGroup(t *testing.T) {
	t.Parallel()
	c := january(t).closed(t)
	c.ReturnDays = recon.ReturnDays
	carry := read(t, write(t, c))
	carry.groups = append(carry.groups, settledGroup{rows: carry.groups[0].rows, newest: day("2026-01-05")})
	next := month{carry: carry}.closed(t)
	next.ReturnDays = recon.ReturnDays
	require.Len(t, read(t, write(t, next)).groups, 2, "each group has its own rows in the file")
}
