//go:build integration

package ingestion_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	p, err := s.Preview(b.ctx, b.source.ID, file(header+"A,2026-03-01,bad,EUR,r,d\n"+lines(0, 50)), nil)
	require.NoError(t, err)
	require.Len(t, p.Rows, 19)
	require.Len(t, p.Errors, 1)
	require.Equal(t, "TX-0", p.Rows[0].ExternalID)
	require.True(t, p.FieldMap.Has(recon.FieldAmount))
	require.Empty(t, b.imports(t))

	t.Run("a map that is given is tried", func(t *testing.T) {
		fields := recon.FieldMap{Fields: map[string]recon.MapField{
			recon.FieldAmount: recon.Column("amount"), recon.FieldDate: recon.Column("date"),
		}, Negate: true}
		p, err := s.Preview(b.ctx, b.source.ID, file(header+lines(1, 3)), &fields)
		require.NoError(t, err)
		require.Equal(t, "-1.01", p.Rows[0].Amount)
		require.Empty(t, p.Rows[0].ExternalID)
		require.Equal(t, "EUR", p.Rows[0].Currency)
	})
}
