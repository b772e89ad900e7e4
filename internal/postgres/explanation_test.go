//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/postgres"
	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestRowsByID_RefusesWhatNoRowHas(t *testing.T) {
	t.Parallel()
	in := testkit.Tenants(t)
	ctx, _ := in.NewTenant(t)
	require.NoError(t, in.DB.Read(ctx, func(tx *postgres.Tx) error {
		none := func(*recon.Transaction, int64, string) error { t.Error("there is no row"); return nil }
		require.NoError(t, tx.RowsByID(ctx, nil, postgres.RowReader{Fields: []string{"reference", "metadata.x"}, Add: none}))
		require.Error(t, tx.RowsByID(ctx, nil, postgres.RowReader{Fields: []string{"colour"}, Add: none}))
		_, err := tx.WhyOpen(ctx, recon.StoredTransaction{ContextID: "00000000-0000-0000-0000-000000000000"})
		require.NoError(t, err)
		return nil
	}))
}
