//go:build unit || !integration

package secret_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/secret"
)

func keyOf(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32)))
}

func keys(t *testing.T, text string) secret.Keys {
	t.Helper()
	k, err := secret.Parse(text)
	require.NoError(t, err)
	return k
}

func TestKeys(t *testing.T) {
	old := keys(t, keyOf("a"))
	sealed := old.Seal([]byte("hunter2"), "tenant/source")
	require.NotContains(t, string(sealed.Box), "hunter2")
	require.NotEqual(t, sealed.Box, old.Seal([]byte("hunter2"), "tenant/source").Box, "the same secret twice is not seen to be")
	plain, err := old.Open(sealed, "tenant/source")
	require.NoError(t, err)
	require.Equal(t, "hunter2", string(plain))

	t.Run("a secret of another row, or a changed one, opens nothing", func(t *testing.T) {
		_, err := old.Open(sealed, "other/source")
		require.ErrorContains(t, err, "another row")
		sealed := old.Seal([]byte("hunter2"), "tenant/source")
		sealed.Box[3] ^= 1
		_, err = old.Open(sealed, "tenant/source")
		require.ErrorContains(t, err, "changed")
	})
	t.Run("a new key goes in front of the old one, which still opens", func(t *testing.T) {
		both := keys(t, keyOf("b")+", "+keyOf("a"))
		plain, err := both.Open(sealed, "tenant/source")
		require.NoError(t, err)
		require.Equal(t, "hunter2", string(plain))
		require.NotEqual(t, sealed.KeyID, both.Current())
		_, err = keys(t, keyOf("b")).Open(sealed, "tenant/source")
		require.ErrorContains(t, err, sealed.KeyID, "the missing key has a name")
	})
}

func TestParse(t *testing.T) {
	require.False(t, keys(t, "").Any())
	for _, bad := range []string{"short", base64.StdEncoding.EncodeToString([]byte("31 bytes are not enough for AES")), keyOf("a") + ",x"} {
		_, err := secret.Parse(bad)
		require.ErrorContains(t, err, "openssl rand", bad)
		require.NotContains(t, err.Error(), bad, "a key in the wrong form is still a secret")
	}
}
