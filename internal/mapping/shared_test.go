//go:build unit || !integration

package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// mirrored are two files with common references: in the second one, the given numbers of rows have the same sign, the
// opposite one, and no amount.
func mirrored(same, opposite, zero int) (left, right string) {
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

// settled is Settle for one file a side.
func settled(t *testing.T, left, right *Reader) SignEvidence {
	t.Helper()
	e, err := Settle([]*Reader{left}, []*Reader{right})
	require.NoError(t, err)
	return e
}

func TestSettle_OppositeSigns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		same, opposite, zero int
		inverted, asked      bool
	}{
		{same: 1, opposite: 99, zero: 50, inverted: true},
		{opposite: 10, inverted: true},
		{same: 1, opposite: 9, asked: true},
		{same: 3, opposite: 97, asked: true},
		{same: 2, opposite: 9},
		{same: 97, opposite: 3},
		{opposite: 4, asked: true},
		{opposite: 1},
		{zero: 9},
	} {
		leftText, rightText := mirrored(c.same, c.opposite, c.zero)
		left, right := opened(t, leftText, Hints{Side: recon.Left}), opened(t, rightText, Hints{Side: recon.Right})
		e := settled(t, left, right)
		require.Equal(t, c.same+c.opposite, e.Joined)
		require.Equal(t, c.opposite, e.Opposite)
		require.Equal(t, c.inverted, e.Inverted, "%+v", c)
		require.Equal(t, c.inverted, right.Inverted(), "%+v", c)
		require.Equal(t, c.asked, right.Unsettled() != nil, "%+v", c)
		require.False(t, left.Inverted())
		tx, wrong := right.Map(right.sample[0])
		require.Empty(t, wrong)
		require.Equal(t, c.inverted, tx.Amount > 0 == (c.same > 0) && tx.Amount != 0, "the rows follow the map")
	}
}

func TestSettle_AnswersTurnTheFile(t *testing.T) {
	t.Parallel()
	leftText, rightText := mirrored(1, 10, 0)
	for answer, inverted := range map[int]bool{1: true, 2: false} {
		left, right := opened(t, leftText, Hints{Side: recon.Left}),
			opened(t, rightText, Hints{Side: recon.Right, Answers: map[string]int{"sign": answer}})
		settled(t, left, right)
		require.NoError(t, right.Unsettled())
		require.Equal(t, inverted, right.FieldMap().Negate)
	}
	left, right := opened(t, leftText, Hints{}), opened(t, rightText, Hints{Answers: map[string]int{"sign": 3}})
	_, err := Settle([]*Reader{left}, []*Reader{right})
	require.ErrorContains(t, err, "there is no answer 3")
	left, right = opened(t, leftText, Hints{}), opened(t, rightText, Hints{Side: recon.Right, Answers: map[string]int{"sing": 1}})
	_, err = Settle([]*Reader{left}, []*Reader{right})
	require.ErrorContains(t, err, `there is no question "sing" about the right side to answer; asked is sign`)
}

func TestStatedSignsAreNotInverted(t *testing.T) {
	t.Parallel()
	leftText, rightText := mirrored(0, 12, 0)
	fields := recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldReference: recon.Column("ref"), recon.FieldDate: recon.Column("date"), recon.FieldAmount: recon.Column("amount"),
	}}
	for name, hints := range map[string]Hints{
		"a map": {Side: recon.Left, Map: &fields}, "an earlier reading": {Side: recon.Left, Earlier: &Earlier{Map: fields}},
	} {
		left, right := opened(t, leftText, hints), opened(t, rightText, Hints{Side: recon.Right})
		e := settled(t, left, right)
		require.True(t, e.Suspect(), name)
		require.False(t, e.Inverted || right.Inverted(), name)
	}
	left, right := opened(t, leftText, Hints{Side: recon.Left, Invert: true}), opened(t, rightText, Hints{Side: recon.Right})
	require.False(t, settled(t, left, right).Suspect(), "the flag made them agree")
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

// What one file's answer shows of the other is used, and a question that stays open is asked once.
func TestSettle_AnAnswerShowsWhatTheOtherFileMeans(t *testing.T) {
	t.Parallel()
	const left = "ref,date,amount,currency,art\nR1,2026-03-01,1.00,EUR,Weg\nR2,2026-03-02,2.00,EUR,Zug\nR3,2026-03-03,3.00,EUR,Weg\n"
	right := strings.NewReplacer("Weg", "ab", "Zug", "auf", "art", "weise").Replace(left)
	read := func(answers map[string]int) (*Reader, *Reader) {
		l, r := opened(t, left, Hints{Side: recon.Left, Answers: answers}), opened(t, right, Hints{Side: recon.Right})
		settled(t, l, r)
		return l, r
	}
	l, r := read(nil)
	require.Len(t, l.Detection.Questions, 1)
	require.Len(t, r.Detection.Questions, 1)

	l, r = read(map[string]int{"direction": 2}) // Weg is out
	require.NoError(t, l.Unsettled())
	require.NoError(t, r.Unsettled(), "every row has its amount and reference on the left")
	tx, wrong := r.Map(r.sample[0])
	require.Empty(t, wrong)
	require.EqualValues(t, -100, tx.Amount)

	// The right file's question of its unit outlasts the left one's answer.
	hundred := strings.NewReplacer("1.00", "100.00", "2.00", "200.00", "3.00", "300.00", ",art", ",kind", "Weg", "", "Zug", "").Replace(left)
	l, r = opened(t, left, Hints{Side: recon.Left, Answers: map[string]int{"direction": 3}}), opened(t, hundred, Hints{Side: recon.Right})
	settled(t, l, r)
	require.Len(t, r.Detection.Questions, 1)
	require.Equal(t, "unit", r.Detection.Questions[0].ID)
}
