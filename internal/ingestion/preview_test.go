//go:build integration

package ingestion_test

import (
	"fmt"
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

func TestPreviewShowsWhatItsBalanceContradicts(t *testing.T) {
	t.Parallel()
	s, b := setup(t)
	b.maps(t, recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldExternalID: recon.Column("id"), recon.FieldDate: recon.Column("date"),
		recon.FieldAmount: recon.Column("amount"), recon.FieldBalance: recon.Column("balance"),
	}})
	text := "id,date,amount,balance\n"
	for i := range 20 {
		text += fmt.Sprintf("B%d,2026-03-%02d,%d.00,%d.00\n", i, i+1, i+1, i*i*7+i)
	}
	p, err := s.Preview(b.ctx, b.source.ID, file(text))
	require.NoError(t, err)
	require.Contains(t, p.Refused, "column balance is mapped as the running balance and follows from the amounts on only")
	require.Len(t, p.Rows, 20)
	_, err = s.Import(b.ctx, b.source.ID, file(text))
	require.Equal(t, recon.CodeBalanceContradicts, recon.CodeOf(err))
}
