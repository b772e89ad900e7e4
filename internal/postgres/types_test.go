//go:build unit || !integration

package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestRegisterTypes(t *testing.T) {
	types := pgtype.NewMap()
	registerTypes(types)
	registerTypes(types) // a connection is prepared again with each transaction

	t.Run("a day is a date, and an absent one is NULL", func(t *testing.T) {
		day := recon.DayOf(time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC))
		for _, format := range []int16{pgtype.BinaryFormatCode, pgtype.TextFormatCode} {
			for _, want := range []recon.Day{day, recon.NoDay} {
				sent, err := types.Encode(pgtype.DateOID, format, want, nil)
				require.NoError(t, err)
				got := day + 1
				require.NoError(t, types.Scan(pgtype.DateOID, format, sent, &got))
				require.Equal(t, want, got)
			}
		}
		sent, err := types.Encode(pgtype.DateOID, pgtype.TextFormatCode, day, nil)
		require.NoError(t, err)
		require.Equal(t, "2024-02-29", string(sent))
	})

	t.Run("an instant is read in UTC", func(t *testing.T) {
		there := time.FixedZone("there", 3600)
		sent, err := types.Encode(pgtype.TimestamptzOID, pgtype.BinaryFormatCode, time.Date(2024, 5, 1, 0, 30, 0, 0, there), nil)
		require.NoError(t, err)
		var got *time.Time
		require.NoError(t, types.Scan(pgtype.TimestamptzOID, pgtype.BinaryFormatCode, sent, &got))
		require.Equal(t, time.Date(2024, 4, 30, 23, 30, 0, 0, time.UTC), *got)
	})
}
