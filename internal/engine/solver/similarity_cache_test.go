//go:build unit || !integration

package solver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARememberedSimilarityIsNeverAnotherPairs(t *testing.T) {
	t.Parallel()
	c := NewSimilarityCache()
	for a := range uint32(300) {
		for b := range uint32(300) {
			c.Keep(a+1, b+1, int64((a*b)%10_001))
		}
	}
	found := 0
	for a := range uint32(300) {
		for b := range uint32(300) {
			if similar, known := c.Find(a+1, b+1); known {
				found++
				require.Equal(t, int64((a*b)%10_001), similar)
			}
		}
	}
	require.Greater(t, found, 20_000)
	c.Keep(1<<similarityIDBits, 1, 5)
	_, known := c.Find(1<<similarityIDBits, 1)
	require.False(t, known)
	SimilarityCache(nil).Keep(1, 1, 5)
	_, known = SimilarityCache(nil).Find(1, 1)
	require.False(t, known)
}
