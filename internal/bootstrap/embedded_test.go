//go:build integration

package bootstrap

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/pgserver"
)

func TestStartEmbedded(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o711)) // where root's server runs as another account
	first, err := StartEmbedded(t.Context(), dir, "", nil)
	require.NoError(t, err)

	t.Run("PostgreSQL answers its owner", func(t *testing.T) {
		query(t, first, "CREATE TABLE kept (id bigint)")
		query(t, first, "CREATE ROLE reader LOGIN")
		conn, err := pgx.Connect(t.Context(), first.DSN("postgres", "reader"))
		require.NoError(t, err)
		require.NoError(t, conn.Close(t.Context()))
	})

	t.Run("a second one on the same data is refused with the way out", func(t *testing.T) {
		_, err := StartEmbedded(t.Context(), dir, "", nil)
		var fault *pgserver.Error
		require.ErrorAs(t, err, &fault)
		require.Equal(t, pgserver.ReasonInUse, fault.Reason)
	})

	t.Run("the key is its owner's only", func(t *testing.T) {
		info, err := os.Stat(filepath.Join(dir, "signing.key"))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.GreaterOrEqual(t, len(first.SigningKey), 32)
	})

	require.NoError(t, first.Stop(t.Context()))
	<-first.Done()
	require.NoError(t, first.Err())

	t.Run("a second start finds its data and its key", func(t *testing.T) {
		second, err := StartEmbedded(t.Context(), dir, "", nil)
		require.NoError(t, err)
		query(t, second, "INSERT INTO kept (id) VALUES (1)")
		require.Equal(t, first.SigningKey, second.SigningKey)
		require.NoError(t, second.Stop(t.Context()))
	})

	t.Run("a key too short to be safe stops the start, and PostgreSQL with it", func(t *testing.T) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "signing.key"), []byte("short"), 0o600))
		_, err := StartEmbedded(t.Context(), dir, "", nil)
		require.ErrorContains(t, err, "delete the file")
		require.NoError(t, os.Remove(filepath.Join(dir, "signing.key")))
		third, err := StartEmbedded(t.Context(), dir, "", nil)
		require.NoError(t, err)
		require.NoError(t, third.Stop(t.Context()))
	})
}

func query(t *testing.T, e *Embedded, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), e.DSN("postgres", ""))
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), sql)
	require.NoError(t, err)
}
