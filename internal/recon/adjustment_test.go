//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPostingMove(t *testing.T) {
	for _, c := range []struct {
		from, to PostingStatus
		allowed  bool
	}{
		{Unposted, Posted, true},
		{Posted, Reversed, true},
		{Unposted, Reversed, true},
		{Posted, Posted, false},
		{Reversed, Posted, false},
		{Reversed, Reversed, false},
		{Posted, Unposted, false},
	} {
		require.Equal(t, c.allowed, PostingMove(c.from, c.to) == nil, "%s to %s", c.from, c.to)
	}
}

func TestAdjustmentNumbers(t *testing.T) {
	t.Parallel()
	row := func(id string) RowIdentity { return RowIdentity{Date: Epoch, Amount: 100, ExternalID: id} }
	number := AdjustmentNumber([]RowIdentity{row("a"), row("b")}, []RowIdentity{row("c")})
	require.Equal(t, number, AdjustmentNumber([]RowIdentity{row("b"), row("a")}, []RowIdentity{row("c")}), "in any order")
	for name, other := range map[string]string{
		"side": AdjustmentNumber([]RowIdentity{row("a")}, []RowIdentity{row("b"), row("c")}),
		"id":   AdjustmentNumber([]RowIdentity{row("a"), row("x")}, []RowIdentity{row("c")}),
	} {
		require.NotEqual(t, number, other, name)
	}
	changed := []byte(number)
	changed[5] = map[bool]byte{true: '1', false: '0'}[changed[5] == '0']
	for text, want := range map[string]string{
		number: number, "write-off " + number + ".": number, "(" + number + ")": number, "ADJ-1 " + number: number,
		"ADJ-1001": "", "X" + number: "", number + "7": "", string(changed): "", "ADJ-": "", "": "",
	} {
		require.Equal(t, want, AdjustmentIn(text), text)
	}
}
