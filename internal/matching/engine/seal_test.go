//go:build unit || !integration

package engine

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestSeal(t *testing.T) {
	p := compile(t, recon.DefaultLadder()...)
	table := tableOf(t, p, recon.Left, []recon.Transaction{
		{Row: 1, Date: 5, Amount: 1, Currency: "EUR", ExternalID: "b", Reference: "rb"},
		{Row: 2, Date: 5, Amount: 1, Currency: "EUR", ExternalID: "a", Reference: "ra"},
		{Row: 3, Date: 5, Amount: 1, Currency: "CHF", ExternalID: "z"},
		{Row: 4, Date: 5, Amount: -1, Currency: "USD"},
		{Row: 5, Date: -3, Amount: 9, Currency: "EUR", Digest: [32]byte{2}},
		{Row: 6, Date: -3, Amount: 9, Currency: "EUR", Digest: [32]byte{1}, Ordinal: 1},
		{Row: 7, Date: -3, Amount: 9, Currency: "EUR", Digest: [32]byte{1}},
	})
	table.seal()
	var order []int64
	for row := range uint32(table.Len()) {
		order = append(order, table.ID(row)+1)
	}
	require.Equal(t, []int64{7, 6, 5, 4, 3, 2, 1}, order, "date, amount, currency, id, digest, ordinal")
	require.Equal(t, "a", table.ExternalID(5))
	require.Equal(t, []string{"ra"}, table.keyTexts(0, 5), "texts move with their rows")
	require.Panics(t, func() { _ = table.Add(&recon.Transaction{}, 0, "") }, "a sealed table takes no rows")
}

func TestRadixSort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.Uint64Range(0, 1<<rapid.IntRange(0, 63).Draw(t, "bits")), radixLeast, radixLeast+50).Draw(t, "keys")
		rows := make([]uint32, len(keys))
		for i := range rows {
			rows[i] = uint32(i)
		}
		radixSort(rows, func(row uint32) uint64 { return keys[row] })
		require.True(t, slices.IsSortedFunc(rows, func(a, b uint32) int {
			if keys[a] != keys[b] {
				return map[bool]int{true: -1, false: 1}[keys[a] < keys[b]]
			}
			return int(a) - int(b)
		}))
	})
}
