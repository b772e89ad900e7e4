//go:build unit || !integration

package solver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBitSet(t *testing.T) {
	for _, size := range []int{0, 1, 63, 64, 65, 1000} {
		b := NewBitSet(size)
		for n := range uint64(size) {
			require.False(t, b.Has(n), "no two numbers below the size meet")
			b.Set(n)
			require.True(t, b.Has(n))
		}
	}
}
