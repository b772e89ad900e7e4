//go:build unit || !integration

package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestHashes(t *testing.T) {
	p := compile(t, recon.DefaultLadder()...)
	rows := func(id string, amount recon.Minor) []recon.Transaction {
		return []recon.Transaction{{ExternalID: id, Reference: "A", Amount: amount, Currency: "EUR", Date: recon.Epoch + 20454, Digest: [32]byte{1}, Row: 1}}
	}
	base, _, _ := run(t, p, rows("L", 5), rows("R", 5))
	t.Run("server ids, row numbers and sources are no part of the result", func(t *testing.T) {
		l, r := NewTable(p, recon.Left, 1), NewTable(p, recon.Right, 1)
		left, right := rows("L", 5), rows("R", 5)
		left[0].Row, left[0].Line = 77, 99
		require.NoError(t, l.Add(&left[0], 1<<40, "ledger"))
		require.NoError(t, r.Add(&right[0], 1<<41, "bank"))
		other, err := Run(p, l, r, nil)
		require.NoError(t, err)
		require.Equal(t, base.ResultHash, other.ResultHash)
		require.NotEqual(t, base.InputHash, other.InputHash)
	})
	t.Run("ids, amounts and the rule's name are", func(t *testing.T) {
		otherID, _, _ := run(t, p, rows("L2", 5), rows("R", 5))
		otherAmount, _, _ := run(t, p, rows("L", 6), rows("R", 6))
		renamed := recon.DefaultLadder()
		renamed[0].Name = "first"
		otherRule, _, _ := run(t, compile(t, renamed...), rows("L", 5), rows("R", 5))
		for _, other := range []*Result{otherID, otherAmount, otherRule} {
			require.NotEqual(t, base.ResultHash, other.ResultHash)
		}
		require.NotEqual(t, base.RulesHash, otherRule.RulesHash)
		require.Equal(t, base.RulesHash, otherID.RulesHash)
	})
	t.Run("a row without an id is its content and how often that occurred", func(t *testing.T) {
		first, _, _ := run(t, p, rows("", 5), rows("R", 5))
		again := rows("", 5)
		again[0].Ordinal = 1
		second, _, _ := run(t, p, again, rows("R", 5))
		require.NotEqual(t, first.ResultHash, second.ResultHash)
	})
	require.Equal(t, p.Hash(), base.RulesHash)
	require.True(t, strings.HasPrefix(base.ResultHash, "sha256:"))
}

func TestTheResultHashNoticesWhyARowIsOpen(t *testing.T) {
	t.Parallel()
	hash := func(asOf recon.Day) string {
		p := compile(t, recon.DefaultLadder()...)
		p.Options.AsOf = asOf
		left, right := NewTable(p, recon.Left, 1), NewTable(p, recon.Right, 1)
		require.NoError(t, left.Add(&recon.Transaction{ExternalID: "L", Reference: "A", Amount: 1, Currency: "EUR", Date: recon.Epoch}, 0, ""))
		res, err := Run(p, left, right, nil)
		require.NoError(t, err)
		return res.ResultHash
	}
	require.Equal(t, hash(recon.Epoch), hash(recon.Epoch+1), "in transit on both days")
	require.NotEqual(t, hash(recon.Epoch), hash(recon.Epoch+30), "missing by then")
}
