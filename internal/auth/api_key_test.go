//go:build unit || !integration

package auth

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAPIKeys(t *testing.T) {
	keys := APIKeys{
		{Key: "the-administrator's", Subject: "admin-key", Roles: []Role{RolePlatformAdmin}},
		{Key: "", Subject: "nobody", Roles: []Role{RolePlatformAdmin}},
		{Key: "the-reader's", Subject: "reader-key", Roles: []Role{RoleTenantReader}},
	}
	for _, key := range []APIKey{keys[0], keys[2]} {
		who, err := keys.Authenticate([]string{key.Key})
		require.NoError(t, err)
		require.Equal(t, Principal{Subject: key.Subject, Roles: key.Roles}, who)
	}
	for name, header := range map[string][]string{
		"wrong": {"the-reader"}, "of another case": {"THE-READER'S"}, "empty, though a key is not set": {""},
		"two": {"the-reader's", "the-reader's"}, "none": nil,
	} {
		_, err := keys.Authenticate(header)
		require.Equal(t, recon.KindUnauthorized, recon.KindOf(err), name)
	}
	_, err := APIKeys{}.Authenticate([]string{""})
	require.Equal(t, "API_KEY_INVALID", recon.CodeOf(err))
}
