//go:build unit || !integration

package engine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWidened(t *testing.T) {
	t.Parallel()
	require.Equal(t, int64(-1_000_000), widened("JPY", -100))
	require.Equal(t, int64(1_000_000), widened("EUR", 100_00))
	require.Equal(t, int64(100), widened("CLF", 100))
	require.Equal(t, absent, widened("JPY", math.MaxInt64/2))
	require.Equal(t, absent, widened("JPY", absent))
}
