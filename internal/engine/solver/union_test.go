//go:build unit || !integration

package solver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnion(t *testing.T) {
	u := NewUnion[int](5)
	u.Join(4, 2)
	u.Join(2, 1)
	require.Equal(t, []int{0, 1, 1, 3, 1}, []int{u.Root(0), u.Root(1), u.Root(2), u.Root(3), u.Root(4)})
}
