//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestBlocks(t *testing.T) {
	t.Run("numbers that one side lacks make no block, the others come by their first left row", func(t *testing.T) {
		rows := [2][]uint32{{0, 1, 2, 3, 4}, {0, 1, 2}}
		list := blocksByNumber(rows, [2][]uint32{{3, 1, 3, 2, 4}, {2, 3, 5}}, 5)
		require.Len(t, list.ranges, 2)
		first, second := list.ranges[0], list.ranges[1]
		require.Equal(t, []uint32{0, 2}, list.rows[0][first[0]:first[1]])
		require.Equal(t, []uint32{1}, list.rows[1][first[2]:first[3]])
		require.Equal(t, []uint32{3}, list.rows[0][second[0]:second[1]])
		require.Equal(t, []uint32{0}, list.rows[1][second[2]:second[3]])
	})
	t.Run("rows that share one of two required keys are in no common block", func(t *testing.T) {
		key := func(field string) recon.RuleKey { return recon.RuleKey{Left: field, Right: field} }
		p := compile(t, recon.Rule{Name: "two", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{key("reference"), key("kind")}})
		row := func(reference, kind string) recon.Transaction {
			return recon.Transaction{Date: recon.Epoch, Reference: reference, Kind: kind}
		}
		left := []recon.Transaction{row("A", "x"), row("A", "y"), row("B", "x")}
		r := newTestRunner(p, tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, []recon.Transaction{row("A", "x"), row("B", "x")}))
		require.Equal(t, [][4]uint32{{0, 1, 0, 1}, {1, 2, 1, 2}}, r.blocks(r.evaluator(&p.rules[0])).ranges)
	})
	t.Run("rows that share a value over a third row are in one block", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "list", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{{Left: "reference", Right: "reference", Split: ";"}}})
		left := []recon.Transaction{{Date: recon.Epoch, Reference: "A;B", Row: 1}, {Date: recon.Epoch, Reference: "C", Row: 2}, {Date: recon.Epoch, Reference: "Z", Row: 3}}
		right := []recon.Transaction{{Date: recon.Epoch, Reference: "B;C", Row: 1}, {Date: recon.Epoch, Reference: "Y", Row: 2}}
		r := newTestRunner(p, tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right))
		list := r.blocks(r.evaluator(&p.rules[0]))
		require.Len(t, list.ranges, 1)
		require.Len(t, list.rows[0][list.ranges[0][0]:list.ranges[0][1]], 2)
	})
	t.Run("without a key, currency and equal amount cut", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "free", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{}})
		left := []recon.Transaction{{Date: recon.Epoch, Amount: 5, Currency: "EUR"}, {Date: recon.Epoch, Amount: 5, Currency: "USD"}, {Date: recon.Epoch, Amount: -5, Currency: "EUR"}, {Date: recon.Epoch, Amount: 6, Currency: "EUR"}}
		right := []recon.Transaction{{Date: recon.Epoch, Amount: 5, Currency: "EUR"}, {Date: recon.Epoch, Amount: 5, Currency: "EUR"}, {Date: recon.Epoch, Amount: -5, Currency: "USD"}, {Date: recon.Epoch, Amount: 6, Currency: "EUR"}}
		r := newTestRunner(p, tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right))
		require.Len(t, r.blocks(r.evaluator(&p.rules[0])).ranges, 2)
	})
}
