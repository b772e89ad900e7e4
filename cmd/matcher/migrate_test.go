//go:build integration

package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/bootstrap"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	dataDir, addr := t.TempDir(), freeAddr(t)
	require.NoError(t, command(t, t.Context(), dataDir, addr, io.Discard, "tenant", "create", "--slug", "acme"))
	for range 2 { // what is up to date stays so
		var out bytes.Buffer
		require.NoError(t, command(t, t.Context(), dataDir, addr, &out, "migrate", "up"))
		require.Equal(t, "2 tenants are up to date\n", out.String())
	}
	require.Error(t, command(t, t.Context(), dataDir, addr, io.Discard, "migrate", "sideways"))
}

func TestMigrate_RefusesADataFolderOfAnEarlierBaseline(t *testing.T) {
	t.Parallel()
	dataDir, addr := t.TempDir(), freeAddr(t)
	require.NoError(t, command(t, t.Context(), dataDir, addr, io.Discard, "migrate", "up"))
	embedded, err := bootstrap.StartEmbedded(t.Context(), dataDir, "", nil)
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), embedded.DSN("matcher", ""))
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `ALTER TABLE control.schema_migrations DROP COLUMN baseline`)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
	require.NoError(t, embedded.Stop(t.Context()))
	for _, args := range [][]string{{"migrate", "up"}, {"serve"}} {
		require.ErrorContains(t, command(t, t.Context(), dataDir, addr, io.Discard, args...), "start with a new data folder")
	}
}
