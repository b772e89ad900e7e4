//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWaiting(t *testing.T) {
	t.Parallel()
	var w Waiting
	require.Empty(t, w.Rest())
	for i, id := range []string{"A", "B", "A"} {
		source := "bank"
		if i == 2 {
			source = "cards"
		}
		w.Hold(WaitingRow{Tx: recon.Transaction{ExternalID: id}, ID: int64(i), Source: source, Carried: i == 1})
	}
	row, waits := w.Take("bank", "A")
	require.True(t, waits)
	require.EqualValues(t, 0, row.ID, "an id is one within its source")
	_, waits = w.Take("bank", "A")
	require.False(t, waits)
	rest := w.Rest()
	require.Len(t, rest, 2)
	require.Equal(t, []int64{1, 2}, []int64{rest[0].ID, rest[1].ID})
	require.True(t, rest[0].Carried)
	require.Empty(t, w.Rest())
}
