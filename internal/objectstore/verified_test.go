//go:build unit || !integration

package objectstore

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVerified_SaysWhenBytesAreNotThoseStored(t *testing.T) {
	s, dir, a, _ := setup(t)
	sum := put(t, s, a, "120.00", "statement.csv")
	require.Equal(t, Sum(sha256.Sum256([]byte("120.00"))), sum, "anybody can compute it")
	path := filepath.Join(dir, tenantA, "statement.csv")
	for why, text := range map[string]string{"a byte changed": "720.00", "the end is missing": "120.0", "all of it is": "", "something was added": "120.00\n"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		r, err := s.Get(a, sum, "statement.csv")
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.ErrorIs(t, err, ErrCorrupt, why)
		require.NoError(t, r.Close())
	}
}
