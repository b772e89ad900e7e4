//go:build unit || !integration

package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestAFileIsTurnedByRowsThatAreStored(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	var stored []Known
	text.WriteString("id,date,amount,currency,reference\n")
	for i := range 200 {
		amount := recon.Minor((i + 1) * 100 * (i%2*2 - 1))
		fmt.Fprintf(&text, "B%d,2026-03-%02d,%d.00,EUR,PAY-%04d\n", i, i%28+1, amount/100, i)
		if i == 7 {
			amount = -amount
		}
		stored = append(stored, Known{Reference: fmt.Sprintf("PAY-%04d", i), Amount: -amount, Currency: "EUR"})
	}
	other := func(change func(*OtherSide)) OtherSide {
		o := OtherSide{Rows: stored}
		change(&o)
		return o
	}
	as := func(side recon.Side) Hints { return Hints{Side: side} }
	signed := opened(t, text.String(), as(recon.Right))
	require.False(t, signed.InDebitAndCredit())
	for name, c := range map[string]struct {
		hints         Hints
		other         OtherSide
		turned, asked bool
	}{
		"the right side":                      {hints: as(recon.Right), other: other(func(*OtherSide) {}), turned: true},
		"the left side is not, as in a match": {hints: as(recon.Left), other: other(func(*OtherSide) {}), asked: true},
		"the left side by a balance": {
			hints: as(recon.Left), other: other(func(o *OtherSide) { o.Proved = true }), turned: true,
		},
		"no side by a convention": {
			hints: as(recon.Right), other: other(func(o *OtherSide) { o.Convention = true }), asked: true,
		},
		"no side by few rows": {
			hints: as(recon.Right), other: other(func(o *OtherSide) { o.Rows = stored[20:29] }), asked: true,
		},
		"nor one with other files": {
			hints: Hints{Side: recon.Right, Earlier: &Earlier{Map: signed.FieldMap(), Columns: []string{"id"}}},
			other: other(func(*OtherSide) {}), asked: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := opened(t, text.String(), c.hints)
			require.NoError(t, r.SettleWith(c.other))
			require.Equal(t, c.turned, r.FieldMap().Negate)
			require.Equal(t, c.asked, r.Unsettled() != nil)
			if c.turned {
				notes := strings.Join(r.Detection.Notes, "\n")
				require.Contains(t, notes, "turned round: 199 of 200 rows")
				require.Contains(t, notes, "the same sign on line 9")
			}
		})
	}
}
