//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAsides(t *testing.T) {
	t.Parallel()
	header := []string{"date", "text", "amount", "account"}
	fields := recon.FieldMap{
		Fields: map[string]recon.MapField{
			recon.FieldDate: recon.Column("date"), recon.FieldAmount: recon.Column("amount"),
			recon.FieldAccount: {Columns: []string{"account"}, Is: "A"},
		},
		Skip: &recon.Skip{First: 1, Where: `metadata.text == "test"`}, Balances: []string{"Stand"}, Money: []string{"Saldo final"},
	}
	m, problems := Compile(fields, header)
	require.Empty(t, problems)
	for _, c := range []struct {
		row    int
		fields []string
		want   string
	}{
		{1, []string{"2026-01-01", "sale", "1", "A"}, "is among the first 1 rows, which skip leaves out"},
		{2, []string{"2026-01-01", "test", "1", "A"}, "is left out by the map: skip.where holds for it"},
		{2, []string{"2026-01-01", "sale", "1", "B"}, `is of account "B": only "A" is read`},
		{2, []string{"", "sale", "", "A"}, "has neither a date nor an amount"},
		{2, []string{"2026-01-01", "Stand", "1", "A"}, `"Stand" names a balance, not a movement of money`},
		{2, []string{"", "Closing balance", "1", "A"}, `"Closing balance" names a balance, not a movement of money`},
		{2, []string{"2026-01-01", "Closing balance", "1", "A"}, `"Closing balance" names a balance, not a movement of money`},
		{2, []string{"", "Saldo final", "1", "A"}, ""},
		{2, []string{"2026-01-01", "sale", "1", "A"}, ""},
	} {
		rec := recon.Record{Row: c.row, Header: header, Fields: c.fields}
		reason, _ := m.aside.reason(rec)
		require.Equal(t, c.want, reason, c.fields)
	}
	fields.Balances = nil
	m, _ = Compile(fields, header)
	m.aside.learned = true
	reason, label := m.aside.reason(recon.Record{Row: 9000, Header: header, Fields: []string{"2026-01-01", "Closing balance", "1", "A"}})
	require.Empty(t, reason)
	require.Equal(t, "Closing balance", label.text)
	require.True(t, label.open, "a late row that the sample did not show")
	for _, where := range []string{"amount > 1", "metadata.", "1"} {
		fields.Skip = &recon.Skip{Where: where}
		_, problems := compileAside(fields, header)
		require.NotEmpty(t, problems, where)
	}
}
