//go:build unit || !integration

package engine

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestJoinKeys(t *testing.T) {
	p := compile(t, recon.Rule{Name: "a", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{{Left: "reference", Right: "description", Normalise: []string{"upper"}}}})
	t.Run("equal texts have equal numbers, different ones never", func(t *testing.T) {
		var left, right []recon.Transaction
		for i := range 3000 {
			left = append(left, recon.Transaction{Reference: "r" + strconv.Itoa(i%1000)})
			right = append(right, recon.Transaction{Description: "R" + strconv.Itoa(i)})
		}
		j := joinKeys([2]*Table{tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right)}, p.pairs[0])
		require.Equal(t, 6000, j.count)
		of := map[uint32]string{}
		for i, id := range j.ids[RightIndex] {
			require.NotContains(t, of, id)
			require.LessOrEqual(t, int(id), j.count)
			of[id] = right[i].Description
		}
		for i, id := range j.ids[LeftIndex] {
			require.Equal(t, "R"+strconv.Itoa(i%1000), of[id])
		}
	})
	t.Run("a key is live from one meeting row in ten", func(t *testing.T) {
		rows := func(common, own int, prefix string) (rows []recon.Transaction) {
			for i := range common + own {
				text := prefix + strconv.Itoa(i)
				if i < common {
					text = strconv.Itoa(i)
				}
				rows = append(rows, recon.Transaction{Reference: text, Description: text})
			}
			return rows
		}
		for common, live := range map[int]bool{0: false, 9: false, 10: true, 100: true} {
			j := joinKeys([2]*Table{tableOf(t, p, recon.Left, rows(common, 100-common, "l")), tableOf(t, p, recon.Right, rows(common, 100-common, "r"))}, p.pairs[0])
			require.Equal(t, live, j.live, common)
		}
	})
	t.Run("no text is number 0 and never live", func(t *testing.T) {
		j := joinKeys([2]*Table{tableOf(t, p, recon.Left, make([]recon.Transaction, 3)), tableOf(t, p, recon.Right, make([]recon.Transaction, 3))}, p.pairs[0])
		require.Equal(t, []uint32{0, 0, 0}, j.ids[LeftIndex])
		require.False(t, j.live)
	})
	require.True(t, meets([]uint32{1, 2}, []uint32{3, 2}))
	require.False(t, meets([]uint32{1, 2}, []uint32{3}))
}
