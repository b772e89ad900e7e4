//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestNames finds references in texts as whole words, letter for letter.
func TestNames(t *testing.T) {
	p := compile(t, recon.Rule{Name: "unkeyed", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{}})
	row := func(n int, reference, text string) recon.Transaction {
		return recon.Transaction{Row: n, Reference: reference, Description: text, Currency: "EUR", Date: recon.Epoch, Amount: 100}
	}
	left := []recon.Transaction{row(1, "AB-100", ""), row(2, "AB-10", ""), row(3, "100", "")}
	right := []recon.Transaction{row(1, "", "for AB-100."), row(2, "", "xAB-10, AB-1000, ab-10"), row(3, "", "AB-10,100")}
	r := newTestRunner(p, tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right))
	b := block{x: r.evaluator(&p.rules[0]), rows: [2][]uint32{{0, 1, 2}, {0, 1, 2}}}
	found := [][2]string{}
	b.eachNamed(LeftIndex, func(reference string, rows []uint32, other uint32) {
		require.Len(t, rows, 1)
		require.Equal(t, reference, left[r.tables[0].ID(rows[0])].Reference)
		found = append(found, [2]string{reference, right[r.tables[1].ID(other)].Description})
	})
	require.ElementsMatch(t, [][2]string{{"AB-100", "for AB-100."}, {"AB-10", "AB-10,100"}}, found)
}
