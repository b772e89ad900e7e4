//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestNamedMembers takes a list of any length at once where it ties, and names what is missing where it does not.
func TestNamedMembers(t *testing.T) {
	p := compile(t, recon.Rule{
		Name: "list", Type: recon.RuleSubsetSum, Priority: 1, Group: recon.RuleGroup{Cardinality: recon.ManyToOne},
		Keys: []recon.RuleKey{{Left: "reference", Right: "description", Extract: "O[0-9]+"}},
	})
	var left []recon.Transaction
	text := ""
	for i := range 600 {
		name := "O" + recon.Minor(i).Decimal(0)
		text += name + " "
		left = append(left, recon.Transaction{Row: i + 1, Reference: name, ExternalID: name, Currency: "EUR", Date: recon.Epoch + 9000, Amount: recon.Minor(i*i + 7)})
	}
	sum := recon.Minor(0)
	for i := range left {
		sum += left[i].Amount
	}
	pay := recon.Transaction{Row: 1, Description: text, ExternalID: "P", Currency: "EUR", Date: recon.Epoch + 9000, Amount: sum}
	res, _, _ := run(t, p, left, []recon.Transaction{pay})
	require.Len(t, res.Groups, 1)
	require.Equal(t, recon.GroupConfirmed, res.Groups[0].Status())
	require.EqualValues(t, 600, res.Groups[0].LeftCount)

	pay.Amount = left[0].Amount + left[1].Amount
	pay.Description = "O0 O1 O2 O9999"
	res, l, r := run(t, p, left, []recon.Transaction{pay})
	require.Equal(t, recon.HeldByNamed, res.Groups[0].HeldBy())
	require.Len(t, newTestRunner(p, l, r).evaluator(&p.rules[0]).namedBy(RightIndex, 0).numbers, 4)
	evidence := res.Evidence(p, l, r, &res.Groups[0])
	require.Equal(t, "O2 of 0.11, O9999 (no row)", evidence[len(evidence)-1].Left)
}
