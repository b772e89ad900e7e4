//go:build unit || !integration

package engine

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// returns is a side of debits and returns: random references, amounts, days and kinds of rows.
func returns(r *rand.Rand, n int, side string) (rows []*recon.Transaction) {
	for i := range n {
		amount := recon.Minor(100 * (1 + r.IntN(3)))
		if r.IntN(3) == 0 {
			amount = -amount
		}
		tx := &recon.Transaction{
			ExternalID: fmt.Sprintf("%s%d", side, i), Reference: fmt.Sprintf("K%d", r.IntN(n/4+1)), Amount: amount, Currency: "EUR",
			Date: recon.Epoch + recon.Day(r.IntN(20)), BookingStatus: recon.Booked,
		}
		tx.Digest[0], tx.Digest[1], tx.Digest[2] = side[0], byte(i), byte(i>>8)
		rows = append(rows, tx)
	}
	return rows
}

// TestNoConfirmedPairHasAnOpenCounterRow audits random runs knowing nothing of how counter-rows are found: whatever is
// confirmed with claims has no later open row of the opposite amount under its reference, unless each of those takes
// another row back.
func TestNoConfirmedPairHasAnOpenCounterRow(t *testing.T) {
	t.Parallel()
	days := 6
	held := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		p := compile(t, recon.Rule{
			Name: "lag", Type: recon.RuleDateLag, Priority: 1, Keys: []recon.RuleKey{{Left: "reference", Right: "reference"}},
			Date: recon.RuleDate{MaxDays: &days}, Confirm: recon.RuleConfirm{AutoAt: new(0)},
		})
		var tables [2]*Table
		for side, name := range []recon.Side{recon.Left, recon.Right} {
			tables[side] = NewTable(p, name, 0)
			for i, tx := range returns(r, 40, string(name)) {
				require.NoError(t, tables[side].Add(tx, int64(i), ""))
			}
		}
		res, err := Run(p, tables[0], tables[1], nil)
		require.NoError(t, err)
		taken, takes := map[string]bool{}, map[string]bool{}
		for _, v := range res.Reversals {
			key := fmt.Sprint(v.Side, v.Row)
			require.False(t, taken[key], "a row is taken back once")
			taken[key], takes[fmt.Sprint(v.Side, v.Counter)] = true, true
			require.Equal(t, recon.StateOpen, res.State(v.Side, v.Counter))
			if v.Held {
				require.NotEqual(t, recon.GroupConfirmed, res.Groups[v.Group].Status())
				held += int(truth(res.Groups[v.Group].HeldBy() == recon.HeldByReversed))
			}
		}
		for i := range res.Groups {
			g := &res.Groups[i]
			if g.Status() != recon.GroupConfirmed {
				continue
			}
			for side, row := range [2]uint32{res.LeftRows(g)[0], res.RightRows(g)[0]} {
				require.False(t, taken[fmt.Sprint(sideOf(side), row)], "seed %d: confirmed, and taken back", seed)
				table := tables[side]
				for _, o := range res.Open[side] {
					same := string(table.text(table.keys[0].start[o.Row])) == string(table.text(table.keys[0].start[row]))
					if same && table.amounts[0][o.Row] == -table.amounts[0][row] && table.date[o.Row] >= table.date[row] {
						require.True(t, takes[fmt.Sprint(sideOf(side), o.Row)], "seed %d: a counter-row takes some row back", seed)
					}
				}
			}
		}
	}
	require.Greater(t, held, 100)
}

// returnsOfOneKey is a side of as many debits as returns, of one amount under one key.
func returnsOfOneKey(tb testing.TB, n int) *runner {
	p := compile(tb, recon.Rule{Name: "exact", Type: recon.RuleExact, Priority: 1})
	left, right := NewTable(p, recon.Left, 1), NewTable(p, recon.Right, n)
	require.NoError(tb, left.Add(&recon.Transaction{Reference: "K", Amount: 5, Currency: "EUR", Date: recon.Epoch}, 0, ""))
	for i := range n {
		tx := recon.Transaction{Reference: "K", Amount: 100, Currency: "EUR", Date: recon.Epoch + recon.Day(i%1000)}
		if i%2 == 1 {
			tx.Amount = -100
		}
		tx.Digest[0], tx.Digest[1], tx.Digest[2] = byte(i), byte(i>>8), byte(i>>16)
		require.NoError(tb, right.Add(&tx, int64(i), ""))
	}
	left.seal()
	right.seal()
	r := newTestRunner(p, left, right)
	r.joins[0].live = true
	return r
}

// TestEveryRowIsTakenBackAtMostOnce has thousands of debits and returns that could take back any of them.
func TestEveryRowIsTakenBackAtMostOnce(t *testing.T) {
	t.Parallel()
	r := returnsOfOneKey(t, 20_000)
	r.takeBack()
	taken, takes := map[uint32]bool{}, map[uint32]bool{}
	for _, v := range r.reversals {
		require.False(t, taken[v.Row] || takes[v.Counter], "once, and one a counter-row")
		require.LessOrEqual(t, r.tables[1].date[v.Row], r.tables[1].date[v.Counter])
		require.Equal(t, r.tables[1].Amount(v.Row), -r.tables[1].Amount(v.Counter))
		taken[v.Row], takes[v.Counter] = true, true
	}
	require.Len(t, r.reversals, 19_980, "all but the rows of the first day, which nothing came before")
}

// BenchmarkReturnsOfOneKey shows that a row costs the same whatever their number.
func BenchmarkReturnsOfOneKey(b *testing.B) {
	for _, n := range []int{20_000, 160_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := returnsOfOneKey(b, n)
			for b.Loop() {
				r.takeBack()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}

// A key that joined what earlier periods settled takes back, however few of the open rows meet under it. With a movement
// the settled pair stays as it is.
func TestASettledRowIsTakenBackUnderTheKeyThatSettledIt(t *testing.T) {
	t.Parallel()
	for _, movements := range []bool{false, true} {
		plan := compile(t, recon.Rule{Name: "exact", Type: recon.RuleExact, Priority: 1})
		plan.Options.Settled = []recon.RowSet{{Left: []int64{1}, Right: []int64{1}}}
		if movements {
			plan.Options.Movements.Left = []string{"books"}
		}
		tables := [2]*Table{NewTable(plan, recon.Left, 1), NewTable(plan, recon.Right, 30)}
		row := func(side int, id, amount int64, reference string) *recon.Transaction {
			tx := &recon.Transaction{Reference: reference, Amount: recon.Minor(amount), Currency: "EUR", Date: recon.Epoch + recon.Day(id)}
			tx.Digest[0], tx.Digest[1] = byte(side), byte(id)
			return tx
		}
		require.NoError(t, tables[0].Settle(row(0, 1, 80, "K"), 1, "books"))
		require.NoError(t, tables[1].Settle(row(1, 1, 80, "K"), 1, "bank"))
		for id := int64(2); id < 30; id++ {
			require.NoError(t, tables[1].Add(row(1, id, 7*id, fmt.Sprint(id)), id, "bank"))
		}
		require.NoError(t, tables[1].Add(row(1, 30, -80, "K"), 30, "bank"))
		want := []Reversal{{Side: recon.Right, Counter: 29, Row: 0, Group: NoGroup, Settled: true, Moved: movements}}
		require.Equal(t, want, TakenBack(plan, tables[0], tables[1]))
		res, err := Run(plan, tables[0], tables[1], nil)
		require.NoError(t, err)
		require.Equal(t, want, res.Reversals)
		reason := recon.ReasonReturned
		if movements {
			reason = recon.ReasonReturnNotBooked
		}
		require.Equal(t, reason, res.Open[1][len(res.Open[1])-1].Reason())
	}
}
