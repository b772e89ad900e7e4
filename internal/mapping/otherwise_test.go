//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// monthAfter reads one month by itself, with answers, and the next month by how the first one was read.
func monthAfter(t *testing.T, first string, answers map[string]int, next string, hints Hints) string {
	t.Helper()
	before := opened(t, first, Hints{Map: hints.Map, Answers: answers})
	require.NoError(t, before.SettleWith(OtherSide{}))
	require.NoError(t, before.Unsettled())
	hints.Earlier = &Earlier{Map: before.Lasting(), Columns: before.Header(), Answered: before.Answered()}
	return read(t, "rows.csv", next, "", hints)
}

// TestAMonthOtherThanTheLast reads a file of the same columns whose rows show something else than those of the last
// one of its source did.
func TestAMonthOtherThanTheLast(t *testing.T) {
	t.Parallel()
	const signed = "id,date,amount,currency,D/C\nA,2026-03-01,5.00,EUR,C\nB,2026-03-02,-6.00,EUR,D\n"
	const unsigned = "id,date,amount,currency,D/C\nC,2026-04-01,7.00,EUR,C\nD,2026-04-02,8.00,EUR,D\n"
	const pair = "id,date,debit,credit,currency,balance\nA,2026-03-01,,50.00,EUR,150.00\nB,2026-03-02,20.00,,EUR,130.00\n" +
		"C,2026-03-03,15.00,,EUR,115.00\nD,2026-03-04,,1.00,EUR,116.00\n"
	const swapped = "id,date,debit,credit,currency,balance\nE,2026-04-01,60.00,,EUR,176.00\nF,2026-04-02,,20.00,EUR,156.00\n" +
		"G,2026-04-03,,15.00,EUR,141.00\nH,2026-04-04,2.00,,EUR,143.00\n"
	const noFee = "id,date,amount,currency,fee\nA,2026-03-01,5.00,EUR,0.00\n"
	const fee = "id,date,amount,currency,fee\nB,2026-04-01,5.00,EUR,0.50\n"
	const thousands = "in thousands;;\nid;date;amount;currency\nA;2026-03-01;5;EUR\nB;2026-03-02;6;EUR\n"
	const millions = "in millions;;\nid;date;amount;currency\nC;2026-04-01;5;EUR\nD;2026-04-02;6;EUR\n"
	const whole = "id;date;amount;currency\nC;2026-04-01;5;EUR\nD;2026-04-02;6;EUR\n"
	const francs = "Konto 123 CHF;;\nid;date;amount\nA;2026-03-01;5\nB;2026-03-02;6\n"
	const euros = "Konto 124 EUR;;\nid;date;amount\nC;2026-04-01;5\nD;2026-04-02;6\n"
	const regions = "id,date,amount,currency,state\nA,2026-03-01,5.00,EUR,Texas\nB,2026-03-02,6.00,EUR,Bavaria\n"
	const states = "id,date,amount,currency,state\nC,2026-04-01,5.00,EUR,booked\nD,2026-04-02,6.00,EUR,pending\n"
	for name, c := range map[string]struct {
		first   string
		answers map[string]int
		next    string
		hints   Hints
		want    string
	}{
		"signs of their own, then words for them": {first: signed, next: unsigned, want: "3 -8.00 EUR"},
		"words for the signs, then signs":         {first: unsigned, next: signed, want: "3 -6.00 EUR"},
		"two columns whose labels changed places": {first: pair, next: swapped, want: "2 60.00 EUR 2026-04-01\n3 -20.00"},
		"a sign that the caller states stays": {
			first: pair, next: swapped, hints: Hints{Map: &recon.FieldMap{View: recon.ViewStatement}}, want: "2 -60.00 EUR",
		},
		"fees where there were none":    {first: noFee, next: fee, want: "QUESTION fee"},
		"an answer about fees holds":    {first: fee, answers: map[string]int{"fee": 1}, next: fee, want: "2 5.00 EUR"},
		"a unit where there was none":   {first: whole, next: thousands, want: "QUESTION unit: line 1"},
		"a unit that is answered":       {first: thousands, answers: map[string]int{"unit": 1}, next: thousands, want: "3 5000.00 EUR"},
		"another unit":                  {first: thousands, answers: map[string]int{"unit": 1}, next: millions, want: "QUESTION unit: line 1"},
		"no unit where there was one":   {first: thousands, answers: map[string]int{"unit": 1}, next: whole, want: "QUESTION unit: the last file"},
		"a unit that was none":          {first: thousands, answers: map[string]int{"unit": 2}, next: thousands, want: "3 5.00 EUR"},
		"another currency":              {first: francs, next: euros, want: "3 5.00 EUR"},
		"a status where there was none": {first: regions, next: states, want: "3 6.00 EUR 2026-04-02 pending"},
		"a filter whose column is gone": {
			first: "id,date,amount,account\nA,2026-03-01,5.00,X\nB,2026-03-02,6.00,Y\n", next: "id,date,amount\nC,2026-04-01,5.00\n",
			hints: Hints{Map: &recon.FieldMap{Fields: map[string]recon.MapField{
				recon.FieldAccount: {Columns: []string{"account"}, Is: "X"},
			}}},
			want: "REFUSED",
		},
	} {
		require.Contains(t, monthAfter(t, c.first, c.answers, c.next, c.hints), c.want, name)
	}
	require.Contains(t, monthAfter(t, signed, nil, unsigned, Hints{}), `and column "D/C" holds words for it`, "it is noted")
	require.Empty(t, opened(t, signed, Hints{}).otherUnit(&recon.FieldMap{Unit: recon.UnitMinor}), "the other side may have shown it")
}
