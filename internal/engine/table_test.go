//go:build unit || !integration

package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestTable(t *testing.T) {
	p := compile(t, recon.Rule{Name: "a", Type: recon.RuleExact, Priority: 1, Amount: recon.RuleAmount{Left: "gross-fee", Right: "original"}, Keys: []recon.RuleKey{{Left: "metadata.x", Right: "amount"}, {Left: "externalId", Right: "valueDate"}}})
	t.Run("only what the plan reads is kept, and absent amounts are distinguished from zero", func(t *testing.T) {
		table := tableOf(t, p, recon.Left, []recon.Transaction{
			{Currency: "EUR", Gross: recon.NullMinor{Amount: 10, Set: true}, Fee: recon.NullMinor{Amount: 10, Set: true}},
			{Currency: "EUR", Gross: recon.NullMinor{Amount: 10, Set: true}},
			{Currency: "EUR", Gross: recon.NullMinor{Amount: -1 << 62, Set: true}, Fee: recon.NullMinor{Amount: 1<<63 - 1, Set: true}},
		})
		require.Equal(t, []int64{0, absent, absent}, table.amounts[1], "the last does not fit")
		require.Empty(t, table.value)
	})
	t.Run("an original amount counts only in the row's own currency", func(t *testing.T) {
		table := tableOf(t, p, recon.Right, []recon.Transaction{
			{Currency: "EUR", Original: &recon.Money{Amount: 7, Currency: "EUR"}},
			{Currency: "EUR", Original: &recon.Money{Amount: 7, Currency: "USD"}},
		})
		require.Equal(t, []int64{7, absent}, table.amounts[1])
	})
	t.Run("any field is a key: amounts and days as they are written", func(t *testing.T) {
		table := tableOf(t, p, recon.Right, []recon.Transaction{{Currency: "JPY", Amount: -500, ValueDate: recon.Epoch + 20454}, {Currency: "EUR", Amount: 5}})
		require.Equal(t, []string{"-500"}, table.keyTexts(0, 0))
		require.Equal(t, []string{"2026-01-01"}, table.keyTexts(1, 0))
		require.Empty(t, table.keyTexts(1, 1))
	})
	t.Run("long texts survive the arena", func(t *testing.T) {
		long := strings.Repeat("é", 300)
		table := tableOf(t, p, recon.Left, []recon.Transaction{{ExternalID: long, Currency: "EUR", Date: recon.Epoch + 9}, {ExternalID: "b", Currency: "EUR", Date: recon.Epoch + 1}})
		table.seal()
		require.Equal(t, long, table.ExternalID(1))
		require.Equal(t, "file", table.Source(1))
	})
	t.Run("a table of another plan or side is a fault of the caller", func(t *testing.T) {
		other := compile(t, recon.DefaultLadder()...)
		require.Panics(t, func() { _, _ = Run(p, NewTable(other, recon.Left, 0), NewTable(p, recon.Right, 0), nil) })
		require.Panics(t, func() { _, _ = Run(p, NewTable(p, recon.Right, 0), NewTable(p, recon.Right, 0), nil) })
	})
	t.Run("what an earlier period left open is open in every period, and counted", func(t *testing.T) {
		p, problems := Compile(recon.DefaultLadder(), recon.RunOptions{From: recon.Epoch + 20485, To: recon.Epoch + 20512})
		require.Empty(t, problems)
		left, right := NewTable(p, recon.Left, 0), NewTable(p, recon.Right, 0)
		row := func(id string, day recon.Day) *recon.Transaction {
			return &recon.Transaction{ExternalID: id, Currency: "EUR", Amount: 5, Date: day, Digest: [32]byte{31: 1, 0: id[0]}, Ordinal: 3}
		}
		require.NoError(t, left.Add(row("c", recon.Epoch+20500), 3, "books"))
		require.NoError(t, left.Carry(row("b", recon.Epoch+20460), 2, "books"))
		require.NoError(t, left.Add(row("a", recon.Epoch+20460), 1, "books"))
		result, err := Run(p, left, right, nil)
		require.NoError(t, err)
		require.Equal(t, recon.Counts{Rows: 3, Outside: 1, Unmatched: 2, InTransit: 1, Carried: 1}, result.Counts[LeftIndex])
		require.Equal(t, "b", left.ExternalID(result.Open[LeftIndex][0].Row))
		digest, ordinal := left.Content(result.Open[LeftIndex][0].Row)
		require.Equal(t, byte('b'), digest[0])
		require.Equal(t, int32(3), ordinal)
	})
	t.Run("more sources than a row can name are refused", func(t *testing.T) {
		table := NewTable(p, recon.Left, 0)
		table.sources = make([]string, sourcesMax)
		require.Equal(t, recon.CodeTooManyRows, recon.CodeOf(table.Add(&recon.Transaction{}, 0, "one more")))
	})
	require.Equal(t, "EUR", currencyName(currencyCode("EUR")))
}
