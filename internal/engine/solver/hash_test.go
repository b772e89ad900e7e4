//go:build unit || !integration

package solver

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHashChunks(t *testing.T) {
	t.Parallel()
	of := func(kind string, n, odd int) string {
		return HashChunks(kind, n, func(to []byte, i int) []byte {
			if i == odd {
				i = -1
			}
			return binary.BigEndian.AppendUint64(to, uint64(i))
		})
	}
	const many = 3*hashChunk + 5
	whole := of("a", many, many)
	require.Equal(t, whole, of("a", many, many))
	for name, other := range map[string]string{
		"kind": of("b", many, many), "length": of("a", many-1, many), "last": of("a", many, many-1), "first": of("a", many, 0),
	} {
		require.NotEqual(t, whole, other, name)
	}
}
