//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTenant(t *testing.T) {
	t.Parallel()
	dataDir, addr := t.TempDir(), freeAddr(t)
	tenant := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := command(t, t.Context(), dataDir, addr, &out, append([]string{"tenant"}, args...)...)
		return out.String(), err
	}
	made, err := tenant("create", "--slug", "acme", "--name", "Acme Ltd", "--json")
	require.NoError(t, err)
	var created struct{ TenantID, Name, Status string }
	require.NoError(t, json.Unmarshal([]byte(made), &created))
	require.Equal(t, "ACTIVE", created.Status)
	shown, err := tenant("show", "acme", "--json")
	require.NoError(t, err)
	require.JSONEq(t, made, shown)
	_, err = tenant("create", "--slug", "acme")
	require.Error(t, err, "a slug is one tenant's")
	_, err = tenant("create", "--slug", "Not A Slug")
	require.Error(t, err)
	_, err = tenant("show", "nobody")
	require.ErrorContains(t, err, "no such tenant")
	listed, err := tenant("list")
	require.NoError(t, err)
	require.Regexp(t, created.TenantID+`\s+acme\s+ACTIVE\s+Acme Ltd`, listed)
	require.Equal(t, exitUsage, exitCode(command(t, t.Context(), dataDir, addr, io.Discard, "tenant", "list", "--colour")))
}
