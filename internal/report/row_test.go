//go:build unit || !integration

package report

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestEveryTableHasAsManyCellsAsColumns(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	adjustment := Adjustment(&recon.Adjustment{ID: "a", PostedAt: &at, CreatedAt: at})
	require.Len(t, adjustment, len(AdjustmentColumns))
	require.Equal(t, []string{"2026-03-01T11:00:00Z", "", "2026-03-01T11:00:00Z"}, adjustment[8:11])
	require.Empty(t, Adjustment(&recon.Adjustment{})[8])
	transaction := Transaction(&recon.StoredTransaction{ID: "t", ImportID: "i"}, "books")
	require.Len(t, transaction, len(TransactionColumns))
	require.Equal(t, []string{"t", "books", "i"}, []string{transaction[0], transaction[2], transaction[21]})
}
