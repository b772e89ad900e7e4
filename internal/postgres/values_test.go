//go:build unit || !integration

package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestRawValuesReadWhatWasWritten(t *testing.T) {
	t.Parallel()
	for _, v := range []int64{0, -1, 1 << 62, -1 << 63} {
		require.Equal(t, v, rawInt8(copyRow{}.int8(v)[4:]))
		require.Equal(t, int32(v), rawInt4(copyRow{}.int4(int32(v))[4:]))
		require.Equal(t, recon.NullMinor{Amount: recon.Minor(v), Set: true}, rawMinor(copyRow{}.int8(v)[4:]))
	}
	require.Equal(t, recon.Epoch-3, rawDay(copyRow{}.day(recon.Epoch - 3)[4:]))
	require.Equal(t, recon.NoDay, rawDay(nil))
	require.Equal(t, recon.NullMinor{}, rawMinor(nil))
}

func TestOptionalAmounts(t *testing.T) {
	t.Parallel()
	require.Empty(t, optional(pgtype.Int8{}, "EUR"))
	require.Equal(t, "0.01", optional(pgtype.Int8{Int64: 1, Valid: true}, "EUR"))
}
