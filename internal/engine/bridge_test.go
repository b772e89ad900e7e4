//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestBridge(t *testing.T) {
	b := Bridge{Currency: "EUR", Left: 100, Right: 130, Items: []BridgeItem{{Label: LabelRightOnly, Amount: 50}, {Label: LabelLeftOnly, Amount: -20}}}
	require.NoError(t, b.Check())
	t.Run("stated balances bring in what the rows do not explain, and it still ties", func(t *testing.T) {
		with, err := b.WithBalances(new(recon.Minor(1100)), new(recon.Minor(1120)))
		require.NoError(t, err)
		require.Equal(t, BridgeItem{Label: LabelOpening, Amount: -10}, with.Items[2])
		require.Equal(t, []recon.Minor{1100, 1120}, []recon.Minor{with.Left, with.Right})
		require.Len(t, b.Items, 2, "the bridge it came from stays as it was")
		one, err := b.WithBalances(nil, new(recon.Minor(130)))
		require.NoError(t, err)
		require.Equal(t, b, one)
	})
	t.Run("what earlier periods settled is in both balances, and its differences between them", func(t *testing.T) {
		later, err := b.WithEarlier(Earlier{Left: 1000, Right: 993, Items: []BridgeItem{{Label: LabelEarlier, Amount: -7}}})
		require.NoError(t, err)
		require.Equal(t, []recon.Minor{1100, 1123}, []recon.Minor{later.Left, later.Right})
		require.Len(t, b.Items, 2, "the bridge it came from stays as it was")
		_, err = b.WithEarlier(Earlier{Left: 1000, Right: 993})
		require.Error(t, err, "nothing explains seven cents")
		_, err = b.WithEarlier(Earlier{Left: 1<<63 - 1, Right: 1<<63 - 1})
		require.Error(t, err)
		missing, err := later.WithClosing(nil, new(recon.Minor(1125)))
		require.NoError(t, err)
		require.Equal(t, BridgeItem{Label: LabelUnexplained, Amount: 2}, missing.Items[3])
	})
	t.Run("a cent that is missing is a violation", func(t *testing.T) {
		b.Right++
		var broken *ViolationError
		require.ErrorAs(t, b.Check(), &broken)
	})
	t.Run("balances that leave 64 bits are refused", func(t *testing.T) {
		_, err := b.WithBalances(new(recon.Minor(-1<<63+1)), new(recon.Minor(1<<63-1)))
		require.Error(t, err)
	})
}
