//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/bootstrap"
	"matcher/internal/testkit"
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
	for _, step := range []struct{ verb, status string }{
		{"suspend", "SUSPENDED"}, {"resume", "ACTIVE"}, {"delete", "DELETED"}, {"restore", "ACTIVE"},
	} {
		out, err := tenant(step.verb, "acme")
		require.NoError(t, err)
		require.Contains(t, out, step.status)
	}
	limited, err := tenant("limits", created.TenantID, "--requests-per-second", "7", "--weight", "3", "--json")
	require.NoError(t, err)
	require.Contains(t, limited, `"requestsPerSecond":7,"weight":3`)
	migrated, err := tenant("migrate")
	require.NoError(t, err)
	require.Equal(t, "2 tenants are up to date\n", migrated)
	_, err = tenant("delete", "default")
	require.ErrorContains(t, err, "default tenant")
	require.Equal(t, exitUsage, exitCode(command(t, t.Context(), dataDir, addr, io.Discard, "tenant", "list", "--colour")))
}

func TestTenant_BehindMatcherURL(t *testing.T) {
	t.Parallel()
	const key = "an-administrator's-key-of-32-bytes-or-more"
	api := testkit.Server(t, func(cfg *bootstrap.Config) { cfg.Auth.AdminAPIKey = key })
	tenant := func(key string, args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"tenant"}, args...), []string{"MATCHER_URL=" + api.URL, "MATCHER_ADMIN_API_KEY=" + key}, nil, &out, io.Discard)
		return out.String(), err
	}
	_, err := tenant(key, "create", "--slug", "acme", "--name", "Acme Ltd")
	require.NoError(t, err)
	for _, step := range [][]string{{"suspend", "SUSPENDED"}, {"resume", "ACTIVE"}, {"delete", "DELETED"}, {"restore", "ACTIVE"}} {
		out, err := tenant(key, step[0], "acme")
		require.NoError(t, err)
		require.Contains(t, out, step[1])
	}
	limited, err := tenant(key, "limits", "acme", "--connections", "2", "--json")
	require.NoError(t, err)
	require.Contains(t, limited, `"connections":2`)
	listed, err := tenant(key, "list")
	require.NoError(t, err)
	require.Regexp(t, `acme\s+ACTIVE\s+Acme Ltd`, listed)
	_, err = tenant(key, "migrate")
	require.NoError(t, err)
	_, err = tenant(key, "show", "../tenants")
	require.ErrorContains(t, err, "no such tenant")
	_, err = tenant("wrong", "list")
	require.ErrorContains(t, err, "API_KEY_INVALID")
}
