//go:build unit || !integration

package format

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRowsOfTablesKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	var s tableText
	require.NoError(t, s.begin("3"))
	require.NoError(t, s.put(1, "B3", "a\tb \"c\""))
	require.NoError(t, s.write())
	require.NoError(t, s.begin(""))
	require.NoError(t, s.put(0, "A4", "=1"))
	require.ErrorContains(t, s.put(0, "A4", "again"), `out of its place in row 4: "A4"`)
	require.ErrorContains(t, s.put(1, "B4", strings.Repeat("x", RecordBytesMax)), "more than 4 MB in row 4")
	require.NoError(t, s.write())
	require.ErrorContains(t, s.begin("4"), `row 4 is followed by row "4"`)
	p := make([]byte, 100)
	n, err := s.read(p, func() error { return io.EOF })
	require.NoError(t, err)
	require.Equal(t, "\n\n\t\"a b \"\"c\"\"\"\n\"=1\"\t\n", string(p[:n]))
}
