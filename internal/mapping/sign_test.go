//go:build unit || !integration

package mapping

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// movements are two files with common references: in the second one, the given numbers of rows have the same sign, the
// opposite one, and no amount.
func movements(same, opposite, zero int) (left, right string) {
	left, right = "ref,date,amount\n", "ref,date,amount\n"
	for i := range same + opposite + zero {
		amount := "-5.00"
		if i >= same {
			amount = "5.00"
		}
		if i >= same+opposite {
			amount = "0.00"
		}
		left += fmt.Sprintf("R%d,2026-03-01,-5.00\n", i)
		right += fmt.Sprintf("R%d,2026-03-01,%s\n", i, amount)
	}
	return left, right
}

func TestAlignSigns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		same, opposite, zero int
		inverted             bool
	}{
		{3, 97, 50, true}, {1, 9, 0, true}, {2, 9, 0, false}, {97, 3, 0, false}, {0, 4, 0, false}, {0, 0, 9, false},
	} {
		leftText, rightText := movements(c.same, c.opposite, c.zero)
		left, right := opened(t, leftText, Hints{Side: recon.Left}), opened(t, rightText, Hints{Side: recon.Right})
		e := AlignSigns([]*Reader{left}, []*Reader{right})
		require.Equal(t, SignEvidence{Joined: c.same + c.opposite, Opposite: c.opposite, Side: recon.Right, Inverted: c.inverted}, e)
		require.Equal(t, c.inverted, right.Inverted(), "%+v", c)
		require.False(t, left.Inverted())
		tx, wrong := right.Map(right.sample[0])
		require.Empty(t, wrong)
		require.Equal(t, c.inverted, tx.Amount > 0 == (c.same > 0) && tx.Amount != 0, "the rows follow the map")
	}
}

func TestStatedSignsAreNotInverted(t *testing.T) {
	t.Parallel()
	leftText, rightText := movements(0, 9, 0)
	fields := recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldReference: recon.Column("ref"), recon.FieldDate: recon.Column("date"), recon.FieldAmount: recon.Column("amount"),
	}}
	for name, hints := range map[string]Hints{
		"a map": {Side: recon.Left, Map: &fields}, "an earlier reading": {Side: recon.Left, Earlier: &Earlier{Map: fields}},
	} {
		left, right := opened(t, leftText, hints), opened(t, rightText, Hints{Side: recon.Right})
		e := AlignSigns([]*Reader{left}, []*Reader{right})
		require.True(t, e.Suspect(), name)
		require.False(t, e.Inverted || right.Inverted(), name)
	}
	left, right := opened(t, leftText, Hints{Side: recon.Left, Invert: true}), opened(t, rightText, Hints{Side: recon.Right})
	require.False(t, AlignSigns([]*Reader{left}, []*Reader{right}).Suspect(), "the flag made them agree")
	require.True(t, left.Inverted())
}

func TestBooksInDebitAndCredit(t *testing.T) {
	t.Parallel()
	const text = "ref,date,debit,credit\nA,2026-03-01,5.00,\nB,2026-03-02,,7.00\n"
	amount := func(r *Reader) recon.Minor {
		tx, wrong := r.Map(r.sample[0])
		require.Empty(t, wrong)
		return tx.Amount
	}
	require.EqualValues(t, 500, amount(opened(t, text, Hints{Side: recon.Left})), "a debit of cash is money to us")
	require.EqualValues(t, -500, amount(opened(t, text, Hints{Side: recon.Right})), "a bank's debit is money away from us")
	require.EqualValues(t, 500, amount(opened(t, text, Hints{Side: recon.Left, Negate: true})), "a source that says so is believed once")
	require.EqualValues(t, -500, amount(opened(t, text, Hints{Side: recon.Left, Invert: true})))
	given := recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldDate: recon.Column("date"), recon.FieldDebit: recon.Column("debit"), recon.FieldCredit: recon.Column("credit"),
	}}
	require.EqualValues(t, -500, amount(opened(t, text, Hints{Side: recon.Left, Map: &given})), "a map means what it says")
}

func TestShareCurrency(t *testing.T) {
	t.Parallel()
	const bare, euro = "ref,date,amount\nA,2026-03-01,5.00\n", "ref,date,amount,currency\nA,2026-03-01,5.00,EUR\n"
	left, right := []*Reader{opened(t, bare, Hints{})}, []*Reader{opened(t, euro, Hints{})}
	ShareCurrency(left, right)
	require.Equal(t, "EUR", SideCurrency(left))
	require.Contains(t, left[0].ReadAs(), "currency=EUR (as the other side)")

	left, right = []*Reader{opened(t, bare, Hints{})}, []*Reader{opened(t, euro+"B,2026-03-01,1.00,USD\n", Hints{})}
	ShareCurrency(left, right)
	require.Empty(t, SideCurrency(left))
	require.Contains(t, left[0].ReadAs(), "currency=none")
}
