//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestMemory(t *testing.T) {
	p := compile(t, recon.DefaultLadder()...)
	left, right := payout(3)
	v := &view{plan: p, tables: [2]*Table{tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right)}}
	v.remember(nil)
	require.Nil(t, v.memory.pair)
	require.False(t, v.memory.holds([2][]uint32{{0}, {0}}))
	v.remember([]recon.RowSet{{Left: []int64{2, 0}, Right: []int64{0}}, {Left: []int64{1, 99}}})
	require.True(t, v.memory.holds([2][]uint32{{2, 0}, {0}}))
	require.True(t, v.memory.holds([2][]uint32{{0, 2}, {0}}), "a set has no order")
	require.False(t, v.memory.holds([2][]uint32{{0, 2}, {}}))
	require.False(t, v.memory.holds([2][]uint32{{1}, {}}), "a set with a row that is gone is never offered")
	require.False(t, v.memory.pair(0, 0), "a part of a set is another set")
}
