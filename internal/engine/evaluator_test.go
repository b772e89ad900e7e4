//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCloseness(t *testing.T) {
	for _, c := range []struct{ difference, allowed, want int64 }{
		{0, 0, 10000},
		{0, 50, 10000},
		{50, 50, 5000},
		{25, 50, 7500},
		{1, 3, 8333},
		{2, 3, 6667},
		{1, 1 << 62, 10000},
		{1, 4 * 10000, 10000},
		{3, 4 * 10000 / 2, 9999},
	} {
		require.Equal(t, c.want, closeness(c.difference, c.allowed), "%+v", c)
	}
}

func TestPoints(t *testing.T) {
	rp := &rulePlan{weight: 85}
	most := int64(85 * full)
	require.Equal(t, uint8(100), rp.points(most))
	require.Equal(t, uint8(70), rp.points(most*695/1000), "half a point goes up")
	require.Equal(t, uint8(69), rp.points(most*695/1000-1))
}
