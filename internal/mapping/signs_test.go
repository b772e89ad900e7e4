//go:build unit || !integration

package mapping

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// TestT43_DirectionsFound reads files in which the sign stands beside the amount, or in which column it is. Every row
// that can be read must get its sign; a row that cannot must be told, never read as money the other way.
func TestT43_DirectionsFound(t *testing.T) {
	for _, c := range []struct{ name, file, want, note string }{
		{"a flag with an unknown word", "date|amount|dr/cr\n2026-01-05|5.00|DR\n2026-01-06|6.00|CR\n2026-01-07|7.00|?", "QUESTION direction", ""},
		{"a kind that says so for most rows", "date|amount|type\n2026-01-05|5.00|Withdrawal\n2026-01-06|6.00|Deposit\n2026-01-07|7.00|Fee", "QUESTION direction", ""},
		{"a flag of any name", "date|amount|mark\n2026-01-05|5.00|D\n2026-01-06|6.00|C", "-500 600", ""},
		{"a flag and a debit taken back", "date|amount|dr/cr\n2026-01-05|5.00|DR\n2026-01-06|-5.00|DR\n2026-01-07|7.00|CR", "-500 500 700", ""},
		{"a flag beside signs", "date|amount|dr/cr\n2026-01-05|-5.00|DR\n2026-01-06|6.00|CR", "-500 600", "only repeats the signs"},
		{"a flag against the signs", "date|amount|dr/cr\n2026-01-05|-5.00|CR\n2026-01-06|6.00|DR", "-500 600", "calls the negative amounts of amount credits"},
		{"negative credits", "date|debit|credit\n2026-01-05|5.00|\n2026-01-06||-6.00", "-500 600", "writes its credits as negative amounts"},
		{"negative debits, one of them taken back", "date|debit|credit\n2026-01-05|-5.00|\n2026-01-06|-6.00|\n2026-01-07|1.00|\n2026-01-08||2.00", "-500 -600 100 200", "writes its debits as negative amounts"},
		{"debits alone", "date|debit\n2026-01-05|5.00\n2026-01-06|6.00", "-500 -600", ""},
		{"a debit that cannot be read", "date|debit|credit\n2026-01-05|abc|\n2026-01-06|6.00|\n2026-01-07||7.00", "AMOUNT_UNREADABLE -600 700", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			header, records := table(c.file)
			fields, found, err := Detect(header, records, recon.FieldMap{})
			require.NoError(t, err)
			for _, q := range found.Questions {
				require.Equal(t, c.want, "QUESTION "+q.ID)
				return
			}
			m, problems := Compile(fields, header)
			require.Empty(t, problems)
			var got []string
			for _, rec := range records {
				got = append(got, amountOrCode(m.Map(rec)))
			}
			require.Equal(t, c.want, strings.Join(got, " "))
			require.Contains(t, strings.Join(found.Notes, "; "), c.note)
		})
	}
}

// What is no amount and what is zero say nothing about the sign of a column.
func TestSignsOfAColumnCountOnlyWhatIsMoney(t *testing.T) {
	t.Parallel()
	plus, minus := signs([]string{"12.00", "-3.50", "(7.00)", "0.00", "n/a", "1,50"})
	require.Equal(t, 2, plus)
	require.Equal(t, 2, minus)
}

// TestCodesOfADirectionAreAQuestion holds that numbers give a sign only in a column that is named like a direction.
func TestCodesOfADirectionAreAQuestion(t *testing.T) {
	t.Parallel()
	const rows = "Date,Ref,Amount,Type,Currency\n2026-03-02,A,120.00,1,EUR\n2026-03-05,B,45.50,2,EUR\n2026-03-06,C,80.25,1,EUR\n"
	for file, answer := range map[string]string{
		rows: `direction: {column: "Type", in: ["1"], out: ["2"]}`,
		strings.Replace(rows, "Type", "Branch", 1):  "",
		strings.Replace(rows, "45.50", "-45.50", 1): "",
	} {
		r, err := Open(strings.NewReader(file), "a.csv", Hints{Side: recon.Right})
		require.NoError(t, err)
		require.NoError(t, r.SettleWith(OtherSide{}))
		lines := ""
		for _, q := range r.Detection.Questions {
			lines += q.Answers[0].Line
		}
		require.Equal(t, answer, lines, file)
	}
}
