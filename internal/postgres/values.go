package postgres

import (
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"matcher/internal/recon"
)

// rawInt8 reads a bigint as it comes over the wire.
func rawInt8(raw []byte) int64 { return int64(binary.BigEndian.Uint64(raw)) }

func rawInt4(raw []byte) int32 { return int32(binary.BigEndian.Uint32(raw)) }

// rawDay reads a date as it comes over the wire; nil is NULL.
func rawDay(raw []byte) recon.Day {
	if raw == nil {
		return recon.NoDay
	}
	return recon.Epoch + recon.Day(rawInt4(raw)+epochDays)
}

// rawInstant is the zero time for NULL.
func rawInstant(raw []byte) time.Time {
	if raw == nil {
		return time.Time{}
	}
	return time.UnixMicro(rawInt8(raw) + epochMicros).UTC()
}

func rawMinor(raw []byte) recon.NullMinor {
	if raw == nil {
		return recon.NullMinor{}
	}
	return recon.NullMinor{Amount: recon.Minor(rawInt8(raw)), Set: true}
}

func decimal(minor int64, currency string) string {
	return recon.Money{Amount: recon.Minor(minor), Currency: currency}.String()
}

func optional(minor pgtype.Int8, currency string) string {
	if !minor.Valid {
		return ""
	}
	return decimal(minor.Int64, currency)
}
