//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// A card's statement is asked for its sign, unless a map, the balance or the other side shows it; a shop's is not.
func TestMaskedNumbers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"4111********1111": true, "XXXX-1234": true, "•••• 1234": true, "12341234": false, "XX12": false} {
		require.Equal(t, want, maskedNumber.MatchString(text), text)
	}
}

func TestSignOfACard(t *testing.T) {
	t.Parallel()
	const card = "Date,Reference,Card Number,Amount\n2026-06-01,R1,4111********1111,40.00\n2026-06-02,R2,4111********1111,-200.00\n2026-06-03,R3,4111********1111,90.00\n"
	const books = "ref,date,amount\nR1,2026-06-01,-40.00\nR2,2026-06-02,200.00\nR3,2026-06-03,-90.00\n"
	r := opened(t, card, Hints{Side: recon.Right})
	require.NoError(t, r.SettleWith(OtherSide{}))
	require.ErrorContains(t, r.Unsettled(), "130.00) above zero and 1 row (-200.00) below")

	r = opened(t, card, Hints{Side: recon.Right})
	settled(t, opened(t, books, Hints{Side: recon.Left}), r)
	require.NoError(t, r.Unsettled())
	require.True(t, r.FieldMap().Negate)

	for name, hints := range map[string]Hints{
		"a map": {Map: &recon.FieldMap{Signs: recon.SignsAsWritten}}, "a flag": {Invert: true}, "an answer": {Answers: map[string]int{"sign": 1}},
	} {
		r = opened(t, card, hints)
		require.NoError(t, r.SettleWith(OtherSide{}), name)
		require.NoError(t, r.Unsettled(), name)
	}
	header, records := table("date|amount|mcc\n2026-06-01|4.00|5411")
	d := newDetector(header, records, recon.FieldMap{}, recon.Right)
	d.columns()
	m, problems := Compile(d.out, header)
	require.Empty(t, problems)
	d.liability(m)
	require.Equal(t, `it has a column "mcc"`, d.report.openCard)

	r = opened(t, "Date,Card Brand,Amount,Fee,Net\n2026-06-01,visa,40.00,1.00,39.00\n2026-06-02,visa,-20.00,0.00,-20.00\n", Hints{})
	require.NoError(t, r.SettleWith(OtherSide{}))
	require.NotContains(t, r.Unsettled().Error(), "card", "an acquirer pays the shop")
}
