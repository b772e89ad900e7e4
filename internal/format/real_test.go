//go:build unit || !integration

package format

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
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

// TestRealMT940AndBAI2HaveTheRowsAndSumsOfTheirBytes counts fields 61 and records 16 in another way.
func TestRealMT940AndBAI2HaveTheRowsAndSumsOfTheirBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern string
		line    *regexp.Regexp
		digits  int
		minus   func(mark string) bool
	}{
		{"data/mt940/*.sta", regexp.MustCompile(`(?m)^:61:\d{6}(?:\d{4})?(R?[CD])[A-Z]?(\d+,\d*)`), 2, func(m string) bool { return m == "D" || m == "RC" }},
		{"data/bai2/*.txt", regexp.MustCompile(`(?m)(?:^|/ +)16,(\d+),(\d+),`), 0, func(m string) bool { return m >= "401" && m <= "699" }},
	} {
		for _, file := range sharedFiles(t, c.pattern) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			var want, got recon.Minor
			lines := c.line.FindAllStringSubmatch(string(data), -1)
			for _, line := range lines {
				n, err := recon.ParseMinor(strings.TrimSuffix(strings.Replace(line[2], ",", ".", 1), "."), c.digits)
				require.NoError(t, err)
				if c.minus(line[1]) {
					n = -n
				}
				want += n
			}
			rows, statements, err := readAll(t, bytes.NewReader(data), Options{})
			require.NoError(t, err, file)
			for _, s := range statements {
				got += s.Moved
			}
			require.Len(t, rows, len(lines), file)
			require.Equal(t, want, got, file)
		}
	}
}
