//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestStates(t *testing.T) {
	asOf := recon.Epoch + 20470
	p, errs := Compile(recon.DefaultLadder(), recon.RunOptions{
		From: recon.Epoch + 20454, To: recon.Epoch + 20460, AsOf: asOf, Covered: recon.Covered{Left: asOf, Right: asOf},
	})
	require.Empty(t, errs)
	row := func(id, reference string, amount recon.Minor, day recon.Day) recon.Transaction {
		return recon.Transaction{ExternalID: id, Reference: reference, Amount: amount, Currency: "EUR", Date: day, Digest: [32]byte{byte(day), byte(amount), id[0]}}
	}
	left := []recon.Transaction{row("c", "A", 100, recon.Epoch+20455), row("p", "", 200, recon.Epoch+20456), row("o", "O", 300, recon.Epoch+20456), row("x", "X", 400, recon.Epoch+20400)}
	right := []recon.Transaction{row("c", "A", 100, recon.Epoch+20453), row("p", "", 200, recon.Epoch+20456)}
	l, r := tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right)
	l.Rejected, l.Duplicates = 2, 3
	res, err := Run(p, l, r, nil)
	require.NoError(t, err)
	require.Equal(t, recon.Counts{Rows: 9, Rejected: 2, Duplicates: 3, Outside: 1, Matched: 1, Proposed: 1, Unmatched: 1}, res.Counts[LeftIndex])
	require.Equal(t, recon.Counts{Rows: 2, Matched: 1, Proposed: 1}, res.Counts[RightIndex], "a row before the period may match")
	states := map[string]recon.State{}
	for row := range uint32(l.Len()) {
		states[l.ExternalID(row)] = res.State(recon.Left, row)
	}
	require.Equal(t, map[string]recon.State{"c": recon.StateConfirmed, "p": recon.StateProposed, "o": recon.StateOpen, "x": recon.StateOpen}, states)
	require.Equal(t, []ReasonCount{{recon.Left, recon.ClassMissing, recon.ReasonNoCandidate, 1}}, res.Reasons)
	require.Equal(t, (recon.Epoch + 20470), res.AsOf)
}
