//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBridge(t *testing.T) {
	b := Bridge{Currency: "EUR", Left: 100, Right: 130, Items: []BridgeItem{{Label: LabelRightOnly, Amount: 50}, {Label: LabelLeftOnly, Amount: -20}}}
	require.NoError(t, b.Check())
	t.Run("stated balances bring in what the rows do not explain, and it still ties", func(t *testing.T) {
		with, err := b.WithBalances(new(Minor(1100)), new(Minor(1120)))
		require.NoError(t, err)
		require.Equal(t, BridgeItem{Label: LabelOpening, Amount: -10}, with.Items[2])
		require.Equal(t, []Minor{1100, 1120}, []Minor{with.Left, with.Right})
		require.Len(t, b.Items, 2, "the bridge it came from stays as it was")
		one, err := b.WithBalances(nil, new(Minor(130)))
		require.NoError(t, err)
		require.Equal(t, b, one)
	})
	t.Run("what earlier periods settled is in both balances, and its differences between them", func(t *testing.T) {
		later, err := b.WithEarlier(Earlier{Left: 1000, Right: 993, Items: []BridgeItem{{Label: LabelEarlier, Amount: -7}}})
		require.NoError(t, err)
		require.Equal(t, []Minor{1100, 1123}, []Minor{later.Left, later.Right})
		require.Len(t, b.Items, 2, "the bridge it came from stays as it was")
		_, err = b.WithEarlier(Earlier{Left: 1000, Right: 993})
		require.Error(t, err, "nothing explains seven cents")
		_, err = b.WithEarlier(Earlier{Left: 1<<63 - 1, Right: 1<<63 - 1})
		require.Error(t, err)
		missing, err := later.WithClosing(nil, new(Minor(1125)))
		require.NoError(t, err)
		require.Equal(t, BridgeItem{Label: LabelUnexplained, Amount: 2}, missing.Items[3])
	})
	t.Run("a cent that is missing is a violation", func(t *testing.T) {
		b.Right++
		require.ErrorContains(t, b.Check(), "reached 130, not 131")
	})
	t.Run("balances that leave 64 bits are refused", func(t *testing.T) {
		_, err := b.WithBalances(new(Minor(-1<<63+1)), new(Minor(1<<63-1)))
		require.Error(t, err)
	})
}

// TestRowsBeforeThePeriodAreExplained: what the books have from before is in transit, what the bank has is to be booked.
func TestRowsBeforeThePeriodAreExplained(t *testing.T) {
	t.Parallel()
	for want, item := range map[string]BridgeItem{
		KindTiming: {Label: LabelOutside, Side: Left}, KindToBook: {Label: LabelOutside, Side: Right},
	} {
		require.Equal(t, want, item.Kind())
	}
	before := BridgeItem{Label: LabelBefore}
	require.Equal(t, KindToBook, before.Kind())
}

func TestWhatTheBankGotWrongIsNotForTheBooks(t *testing.T) {
	t.Parallel()
	for reason, want := range map[AdjustmentReason]string{
		AdjustmentBankError: KindTiming, AdjustmentInterest: KindToBook, AdjustmentReserve: KindToBook, AdjustmentWriteOff: KindToBook,
	} {
		for _, label := range []string{LabelDifference, LabelEarlier} {
			item := BridgeItem{Label: label, Reason: reason.String()}
			require.Equal(t, want, item.Kind(), "%s %s", label, reason)
		}
	}
}
