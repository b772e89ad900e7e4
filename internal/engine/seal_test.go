//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

func TestSeal(t *testing.T) {
	p := compile(t, recon.DefaultLadder()...)
	table := tableOf(t, p, recon.Left, []recon.Transaction{
		{Row: 1, Date: recon.Epoch + 5, Amount: 1, Currency: "EUR", ExternalID: "b", Reference: "rb"},
		{Row: 2, Date: recon.Epoch + 5, Amount: 1, Currency: "EUR", ExternalID: "a", Reference: "ra"},
		{Row: 3, Date: recon.Epoch + 5, Amount: 1, Currency: "CHF", ExternalID: "z"},
		{Row: 4, Date: recon.Epoch + 5, Amount: -1, Currency: "USD"},
		{Row: 5, Date: -3, Amount: 9, Currency: "EUR", Digest: [32]byte{2}},
		{Row: 6, Date: -3, Amount: 9, Currency: "EUR", Digest: [32]byte{1}, Ordinal: 1},
		{Row: 7, Date: -3, Amount: 9, Currency: "EUR", Digest: [32]byte{1}},
	})
	table.seal()
	var order []int64
	for row := range uint32(table.Len()) {
		order = append(order, table.ID(row)+1)
	}
	require.Equal(t, []int64{7, 6, 5, 4, 3, 2, 1}, order, "date, amount, currency, id, digest, ordinal")
	require.Equal(t, "a", table.ExternalID(5))
	require.Equal(t, []string{"ra"}, table.keyTexts(0, 5), "texts move with their rows")
	require.Panics(t, func() { _ = table.Add(&recon.Transaction{}, 0, "") }, "a sealed table takes no rows")
}

func TestSealMovesRowsWhole(t *testing.T) {
	p := compile(t, recon.Rule{Name: "a", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{
		{Left: "reference", Right: "reference"}, {Left: "description", Right: "description", Split: ","},
	}})
	text := rapid.StringMatching(`[a-z]{0,3}|[a-z]{20,40}|[a-z]{200}`)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) recon.Transaction {
			return recon.Transaction{
				Date: recon.Day(rapid.Int32Range(-9, 9).Draw(t, "date")), Currency: "EUR",
				Amount:     recon.Minor(rapid.OneOf(rapid.Int64Range(-3, 3), rapid.Int64Min(-1<<62)).Draw(t, "amount")),
				ExternalID: text.Draw(t, "id"), Reference: text.Draw(t, "reference"),
				Description: text.Draw(t, "first") + "," + text.Draw(t, "second"),
			}
		}), 1, 150).Draw(t, "rows")
		table := NewTable(p, recon.Left, 0)
		for i := range rows {
			require.NoError(t, table.Add(&rows[i], int64(i), "file"))
		}
		texts := func(row uint32) []any {
			return []any{table.ExternalID(row), table.keyTexts(0, row), table.keyTexts(1, row)}
		}
		before := make([][]any, len(rows))
		for i := range rows {
			before[i] = texts(uint32(i))
		}
		table.seal()
		for row := range uint32(len(rows)) {
			was := rows[table.ID(row)]
			require.Equal(t, before[table.ID(row)], texts(row))
			require.Equal(t, []any{was.Date, was.Amount}, []any{table.Date(row), table.Amount(row)})
			if row > 0 {
				require.LessOrEqual(t, table.Date(row-1), table.Date(row))
				require.True(t, table.Date(row-1) < table.Date(row) || table.Amount(row-1) <= table.Amount(row))
			}
		}
	})
}
