//go:build unit || !integration

package postgres

import (
	"bytes"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// Every value must read back through the driver's own decoder.
func TestCopyRowReadsBack(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	scan := func(oid uint32, row copyRow, into any) {
		t.Helper()
		require.NoError(t, types.Scan(oid, pgtype.BinaryFormatCode, row[4:], into))
	}
	var day pgtype.Date
	scan(pgtype.DateOID, copyRow{}.day(recon.Epoch+20_000), &day)
	require.Equal(t, time.Unix(20_000*86_400, 0).UTC(), day.Time)
	var numbers []int64
	scan(pgtype.Int8ArrayOID, copyRow{}.int8Array([]int64{-1, 0, 1 << 40}), &numbers)
	require.Equal(t, []int64{-1, 0, 1 << 40}, numbers)
	scan(pgtype.Int8ArrayOID, copyRow{}.int8Array(nil), &numbers)
	require.Empty(t, numbers)
	var yes bool
	scan(pgtype.BoolOID, copyRow{}.boolean(true), &yes)
	require.True(t, yes)
	var document map[string]string
	scan(pgtype.JSONBOID, copyRow{}.jsonb([]byte(`{"a":"b"}`)), &document)
	require.Equal(t, map[string]string{"a": "b"}, document)
	var id pgtype.UUID
	scan(pgtype.UUIDOID, copyRow{}.uuid("11111111-2222-4333-8444-555555555555"), &id)
	require.Equal(t, "11111111-2222-4333-8444-555555555555", id.String())
	for _, null := range []copyRow{copyRow{}.day(recon.NoDay), copyRow{}.textOrNull(""), copyRow{}.minor(recon.NullMinor{})} {
		require.Equal(t, copyRow{0xff, 0xff, 0xff, 0xff}, null)
	}
}

func TestCopyStreamIsWholeHoweverItIsRead(t *testing.T) {
	t.Parallel()
	rows := func(n int) *copyStream {
		return newCopyStream(slices.Values(make([]struct{}, n)), func(r copyRow, _ struct{}) copyRow { return r.fields(1).int8(7) })
	}
	whole, err := io.ReadAll(rows(20_000))
	require.NoError(t, err)
	require.Len(t, whole, len(copyHead)+20_000*14+len(copyTail))
	piece, small := make([]byte, 7), bytes.Buffer{}
	_, err = io.CopyBuffer(&small, struct{ io.Reader }{rows(20_000)}, piece)
	require.NoError(t, err)
	require.Equal(t, whole, small.Bytes())
	empty, err := io.ReadAll(rows(0))
	require.NoError(t, err)
	require.Equal(t, copyHead+copyTail, string(empty))
}
