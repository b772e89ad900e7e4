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
	p, err := s.Preview(b.ctx, b.source.ID, file(header+"A,2026-03-01,bad,EUR,r,d\n"+lines(0, 50)))
	require.NoError(t, err)
	require.Len(t, p.Rows, 20)
	require.Len(t, p.Errors, 1)
	require.Equal(t, "TX-0", p.Rows[0].ExternalID)
	require.True(t, p.FieldMap.Has(recon.FieldAmount))
	require.Empty(t, b.imports(t))
}
