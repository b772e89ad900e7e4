//go:build integration

package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
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
