//go:build unit || !integration

package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestToken(t *testing.T) {
	dataDir := "MATCHER_DATA_DIR=" + t.TempDir()
	token := func(env []string, args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"token"}, args...), append(env, dataDir), nil, &out, io.Discard)
		return out.String(), err
	}
	made, err := token(nil)
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(made, "."))
	_, err = token(nil, "--role", "emperor")
	require.ErrorContains(t, err, "emperor")
	_, err = token(nil, "--tenant", "ACME")
	require.ErrorContains(t, err, "UUID")
	_, err = token([]string{"AUTH_JWKS_URL=https://id.example.com/keys"})
	require.ErrorContains(t, err, "identity provider")
	_, err = token([]string{"MATCHER_ENV=production", "AUTH_HS256_SECRET=Zk3v9Qp1Lx7Rw5Tn8Yb2Hc6Jd4Gf0SaU"})
	require.ErrorContains(t, err, "production")
}
