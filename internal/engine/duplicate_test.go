//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestSuspectDuplicates(t *testing.T) {
	p, errs := Compile(recon.DefaultLadder(), recon.RunOptions{DuplicateDays: 2})
	require.Empty(t, errs)
	row := func(reference string, amount recon.Minor, day recon.Day, digest byte) recon.Transaction {
		return recon.Transaction{Reference: reference, Amount: amount, Currency: "EUR", Date: day, Digest: [32]byte{digest}}
	}
	left := []recon.Transaction{row("A", 5, 10, 1), row("A", 5, 12, 2), row("A", 5, 15, 3), row("A", 6, 15, 4), row("", 5, 15, 5), row("", 5, 15, 6), row("B", 1, 20, 7), row("B", 1, 20, 7)}
	l := tableOf(t, p, recon.Left, left)
	r := newTestRunner(p, l, tableOf(t, p, recon.Right, nil))
	r.suspectDuplicates()
	require.Equal(t, []bool{false, true, false, false, false, false, false, false}, r.sides[LeftIndex].suspect,
		"only the repeat inside the window; not after it, not of another amount, not without a key, not of the same content")
	require.Equal(t, 2, r.sweeps())
}
