//go:build unit || !integration

package mapping

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeen(t *testing.T) {
	t.Parallel()
	key := func(i int) [16]byte {
		var text [8]byte
		binary.LittleEndian.PutUint64(text[:], uint64(i))
		sum := sha256.Sum256(text[:])
		return [16]byte(sum[:])
	}
	const n = 20_000
	var s seen[int]
	require.Nil(t, s.find(key(1)))
	for i := range n {
		*s.put(key(i)) = i
		*s.put(key(i / 2)) += n
	}
	for i := range n {
		times := 0
		if i < n/2 {
			times = 2
		}
		if i == 0 {
			times = 2
		}
		require.NotNil(t, s.find(key(i)), i)
		require.Equal(t, i+times*n, *s.find(key(i)), i)
	}
	require.Nil(t, s.find(key(n)))
	count, order := 0, 0
	s.each(func(k [16]byte, _ int) {
		if k == key(count) {
			order++
		}
		count++
	})
	require.Equal(t, []int{n, n}, []int{count, order}, "each key once, as they came")
}
