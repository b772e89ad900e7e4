//go:build integration

package ingestion_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/ingestion"
	"matcher/internal/recon"
)

func TestMend(t *testing.T) {
	t.Parallel()
	five := ingestion.Mend{Row: 11, Reason: "read from the paper", Fields: map[string]string{"amount": "5.00"}}
	text := header + lines(0, 10) + "TX-X,2026-03-05,five,EUR,RX,\xcf\xee\n"

	t.Run("reads the row that is listed, in the line and the letters of the source's map", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		keeping(t, s)
		b.tolerates(t, 1)
		fields := headerAt(3)
		fields.Charset = "windows-1251"
		b.maps(t, fields)
		imported := b.load(t, s, header+"TX-Y,2026-03-05,7.00,EUR,RY,y\n"+text)
		require.Equal(t, 11, b.rejects(t, imported.ID)[0].Row)
		row, err := s.Mend(b.ctx, imported.ID, five)
		require.NoError(t, err)
		require.Equal(t, []string{"TX-X", "5.00", "По"}, []string{row.ExternalID, row.Amount, row.Description})
	})

	t.Run("takes nothing in by a reading that another one replaced meanwhile", func(t *testing.T) {
		t.Parallel()
		s, b := setup(t)
		keeping(t, s)
		b.tolerates(t, 1)
		imported := b.load(t, s, text)
		held, blocked := b.hold(t, "sources")
		mended := make(chan error, 1)
		go func() {
			_, err := s.Mend(b.ctx, imported.ID, five)
			mended <- err
		}()
		blocked()
		_, err := held.Exec(t.Context(), `UPDATE "`+b.tenantID+`".imports SET reading = replace(reading::text, '"negate": false',
			'"negate": true')::jsonb`)
		require.NoError(t, err)
		require.NoError(t, held.Commit(t.Context()))
		require.Equal(t, recon.CodeChangedMeanwhile, recon.CodeOf(<-mended))
		require.Len(t, b.rejects(t, imported.ID), 1)
	})
}
