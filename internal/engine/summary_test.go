//go:build unit || !integration

package engine

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestSummary(t *testing.T) {
	p := compile(t, recon.DefaultLadder()...)
	left := []recon.Transaction{{ExternalID: "1", Reference: "A", Amount: 1000, Currency: "EUR", Date: recon.Epoch + 20454}, {ExternalID: "2", Reference: "B", Amount: 900, Currency: "EUR", Date: recon.Epoch + 20440}}
	right := []recon.Transaction{{ExternalID: "1", Reference: "A", Amount: 998, Currency: "EUR", Date: recon.Epoch + 20454}}
	res, _, _ := run(t, p, left, right)
	s := res.Summary()
	require.Equal(t, map[string]string{"EUR": "19.00"}, s.Left.Amount)
	require.Equal(t, recon.GroupSummary{Confirmed: 1}, s.Groups)
	require.Equal(t, "0.02", s.Difference[0].Amount)
	require.Equal(t, recon.ReasonNoCandidate, s.Reasons[0].Code)
	text, err := json.Marshal(s)
	require.NoError(t, err)
	require.Contains(t, string(text), `"rows":2,"rejected":0`)
	require.NotContains(t, string(text), "null", "lists are lists for machines, even when they are empty")
}
