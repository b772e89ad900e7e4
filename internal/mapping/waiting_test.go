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
	require.EqualValues(t, 0, w.Replace("bank", "A").ID, "an id is one within its source")
	rest := w.Rest()
	require.Len(t, rest, 2)
	require.Equal(t, []int64{1, 2}, []int64{rest[0].ID, rest[1].ID})
	require.True(t, rest[0].Carried)
	require.Empty(t, w.Rest())
}
