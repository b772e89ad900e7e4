//go:build unit || !integration

package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAPIKeys(t *testing.T) {
	keys := &APIKeys{Known: []APIKey{
		{Key: "the-administrator's", Subject: "admin-key", Roles: []Role{RolePlatformAdmin}},
		{Key: "", Subject: "nobody", Roles: []Role{RolePlatformAdmin}},
		{Key: "the-reader's", Subject: "reader-key", Roles: []Role{RoleTenantReader}},
	}}
	for _, key := range []APIKey{keys.Known[0], keys.Known[2]} {
		who, err := keys.Authenticate(t.Context(), []string{key.Key}, "192.0.2.1:1")
		require.NoError(t, err)
		require.Equal(t, Principal{Subject: key.Subject, Roles: key.Roles}, who)
	}
	for name, header := range map[string][]string{
		"wrong": {"the-reader"}, "of another case": {"THE-READER'S"}, "empty, though a key is not set": {""},
		"two": {"the-reader's", "the-reader's"}, "none": nil,
	} {
		_, err := keys.Authenticate(t.Context(), header, "192.0.2.1:1")
		require.Equal(t, recon.KindUnauthorized, recon.KindOf(err), name)
	}
	_, err := new(APIKeys).Authenticate(t.Context(), []string{""}, "192.0.2.1:1")
	require.Equal(t, "API_KEY_INVALID", recon.CodeOf(err))
}

func TestAPIKeys_Stored(t *testing.T) {
	keys := &APIKeys{Stored: func(_ context.Context, hash []byte) (Principal, bool, error) {
		if want := sha256.Sum256([]byte("stored")); bytes.Equal(hash, want[:]) {
			return Principal{Subject: "key:ann", Scopes: []string{"tenants:read", "keys"}}, true, nil
		}
		return Principal{}, false, nil
	}}
	who, err := keys.Authenticate(t.Context(), []string{"stored"}, "[2001:db8::1]:9")
	require.NoError(t, err)
	require.Equal(t, "key:ann", who.Subject)
	ctx := WithPrincipal(t.Context(), who)
	require.NoError(t, RequireScope(ctx, "GET", "tenants"))
	require.NoError(t, RequireScope(ctx, "DELETE", "keys"))
	for _, c := range [][2]string{{"POST", "tenants"}, {"GET", "settings"}, {"GET", "managed"}} {
		require.Equal(t, recon.CodeScopeRequired, recon.CodeOf(RequireScope(ctx, c[0], c[1])), c)
	}
	require.NoError(t, RequireScope(WithPrincipal(t.Context(), Principal{Subject: "a token"}), "POST", "tenants"))
}

func TestAPIKeys_GuessesAreFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := &APIKeys{Known: []APIKey{{Key: "good"}}}
		try := func(key, from string) error {
			_, err := keys.Authenticate(t.Context(), []string{key}, from)
			return err
		}
		for range maxGuesses {
			require.Equal(t, recon.KindUnauthorized, recon.KindOf(try("bad", "[2001:db8::1]:1000")))
		}
		require.Equal(t, recon.KindRateLimited, recon.KindOf(try("good", "[2001:db8::2]:1001")), "the same customer: not even a good key is tried")
		require.NoError(t, try("good", "[2001:db8:0:1::1]:1"), "another address is not held up")
		require.NoError(t, try("good", "192.0.2.1:1"))
		time.Sleep(guessWindow) //nolint:forbidigo // in a bubble of synctest
		require.NoError(t, try("good", "[2001:db8::1]:1000"))
	})
}
