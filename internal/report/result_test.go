//go:build unit || !integration

package report

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

func TestAResultIsReadByMachines(t *testing.T) {
	t.Parallel()
	plan, problems := engine.Compile(recon.DefaultLadder(), recon.RunOptions{})
	require.Empty(t, problems)
	left, right := engine.NewTable(plan, recon.Left, 2), engine.NewTable(plan, recon.Right, 1)
	for id, tx := range []recon.Transaction{
		{ExternalID: "1", Reference: "A", Amount: 1000, Currency: "EUR", Date: recon.Epoch + 20454},
		{ExternalID: "2", Reference: "B", Amount: 900, Currency: "EUR", Date: recon.Epoch + 20440},
	} {
		tx.BookingStatus, tx.Digest[0] = recon.Booked, byte(id)
		require.NoError(t, left.Add(&tx, int64(id), "books"))
	}
	require.NoError(t, right.Add(&recon.Transaction{
		ExternalID: "1", Reference: "A", Amount: 998, Currency: "EUR", Date: recon.Epoch + 20454, BookingStatus: recon.Booked,
	}, 1, "bank"))
	res, err := engine.Run(plan, left, right, nil)
	require.NoError(t, err)
	s := Summary(res)
	require.Equal(t, map[string]string{"EUR": "19.00"}, s.Left.Amount)
	require.Equal(t, recon.GroupSummary{Confirmed: 1}, s.Groups)
	require.Equal(t, "0.02", s.Difference[0].Amount)
	require.Equal(t, recon.ReasonNoCandidate, s.Reasons[0].Code)
	text, err := json.Marshal(s)
	require.NoError(t, err)
	require.Contains(t, string(text), `"rows":2,"rejected":0`)
	require.NotContains(t, string(text), "null", "lists are lists for machines, even when they are empty")
}
