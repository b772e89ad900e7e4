//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheCommonestFormatComesFirst(t *testing.T) {
	t.Parallel()
	dates := []written{{"2026-01-05", 2}, {"06/01/2026", 3}, {"2026-01-07", 4}, {"n/a", 5}}
	format, example, rest := commonest(dates)
	require.Equal(t, "YYYY-MM-DD", format)
	require.Equal(t, []written{{"06/01/2026", 3}, {"n/a", 5}}, rest)
	require.Equal(t, written{"2026-01-05", 2}, example)
	format, _, rest = commonest([]written{{"n/a", 5}})
	require.Empty(t, format)
	require.Len(t, rest, 1)
}
