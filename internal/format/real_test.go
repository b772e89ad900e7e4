//go:build unit || !integration

package format

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// sharedFiles returns files that banks wrote, which are kept in a folder named shared next to the project or above it.
func sharedFiles(t *testing.T, pattern string) []string {
	t.Helper()
	at, err := os.Getwd()
	require.NoError(t, err)
	for above := filepath.Dir(at); above != at; at, above = above, filepath.Dir(above) {
		if files, err := filepath.Glob(filepath.Join(above, "shared", pattern)); err == nil && len(files) > 0 {
			return files
		}
	}
	t.Skipf("there is no shared/%s", pattern)
	return nil
}

func TestRealOFXHasAsManyRowsAsItsBytesHaveMovements(t *testing.T) {
	t.Parallel()
	for _, file := range sharedFiles(t, "data/ofx/*.ofx") {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		want := len(regexp.MustCompile(`(?i)<STMTTRN>`).FindAll(data, -1))
		o := tell(bytes.NewReader(data), file, Options{})
		require.NoError(t, o.err, file)
		require.Equal(t, OFX+", a bank's download", o.lines[0], file)
		require.Equal(t, want, o.rows+o.rejected, file)
		require.Equal(t, want, o.rejected, "each of them has a date or an amount that is none: %s", file)
	}
}
