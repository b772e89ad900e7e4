//go:build unit || !integration

package engine

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

// worstSide is n rows of one side, each made by shape, with digest and position.
func worstSide(side string, n int, shape func(i int, tx *recon.Transaction)) []recon.Transaction {
	rows := make([]recon.Transaction, n)
	for i := range rows {
		rows[i] = recon.Transaction{
			ExternalID: fmt.Sprintf("%s%d", side, i), Currency: "EUR", Date: recon.Epoch + 20454, BookingStatus: recon.Booked, Row: i + 1,
		}
		shape(i, &rows[i])
		rows[i].Digest = gen.Digest(&rows[i])
	}
	return rows
}

// timed runs the plan and logs how long it took; the clock decides nothing here, only what a result may hold at most.
func timed(t *testing.T, p *Plan, left, right []recon.Transaction) *Result {
	t.Helper()
	start := time.Now()
	res, _, _ := run(t, p, left, right)
	t.Logf("%d x %d rows in %.2f s: %d groups, %d candidates, %d rows cut", len(left), len(right), time.Since(start).Seconds(),
		len(res.Groups), res.ByRule[0].Candidates, res.ByRule[0].Capped)
	return res
}

// TestWorstInputs: whatever rules and rows say, a run ends inside its budgets, confirms nothing that it could not prove,
// and gives every row that stays open a reason.
func TestWorstInputs(t *testing.T) {
	t.Run("two rules whose keys contradict each other confirm nothing of each other's", func(t *testing.T) {
		const n = 3_000
		by := func(priority int, field string) recon.Rule {
			return recon.Rule{Name: field, Type: recon.RuleExact, Priority: priority, Keys: []recon.RuleKey{{Left: field, Right: field}}}
		}
		row := func(shift int) func(i int, tx *recon.Transaction) { // the reference names one pair, the description its neighbour
			return func(i int, tx *recon.Transaction) {
				tx.Amount, tx.Reference, tx.Description = 10_00, fmt.Sprint("R", i), fmt.Sprint("D", (i+shift)%n)
			}
		}
		res := timed(t, compile(t, by(1, "reference"), by(2, "description")), worstSide("L", n, row(0)), worstSide("R", n, row(1)))
		require.Len(t, res.Groups, n)
		for i := range res.Groups {
			require.Equal(t, recon.HeldByContradicts, res.Groups[i].HeldBy())
		}
	})

	t.Run("a rule that no row can satisfy leaves every row with a reason", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "never", Type: recon.RuleExact, Priority: 1, Where: recon.SideText{Left: "amount > 5.00 && amount < 5.00"}})
		same := func(i int, tx *recon.Transaction) { tx.Amount, tx.Reference = recon.Minor(i), fmt.Sprint(i) }
		res := timed(t, p, worstSide("L", 500, same), worstSide("R", 500, same))
		require.Empty(t, res.Groups)
		for side := range res.Open {
			require.Len(t, res.Open[side], 500)
			require.NotEmpty(t, res.Open[side][0].Reason())
		}
	})

	t.Run("rules that tolerate everything confirm nothing and weigh no product", func(t *testing.T) {
		everything := recon.Limits{Default: "90000000000000.00"}
		p := compile(t, recon.Rule{
			Name: "everything", Type: recon.RuleTolerance, Priority: 1, Keys: []recon.RuleKey{},
			Amount: recon.RuleAmount{Abs: everything, Sign: recon.SignAny}, Date: recon.RuleDate{MaxDays: new(3660)}, Confirm: recon.RuleConfirm{MaxDifference: everything},
		})
		const n = 4_000
		anything := func(i int, tx *recon.Transaction) {
			tx.Amount, tx.Date, tx.Reference = recon.Minor(7919*i%1_000_003+1), recon.Epoch+20454+recon.Day(i%300), fmt.Sprint(i)
		}
		res := timed(t, p, worstSide("L", n, anything), worstSide("R", n, anything))
		require.Zero(t, res.Counts[LeftIndex].Matched)
		require.LessOrEqual(t, res.ByRule[0].Candidates, int64(n*fanMax))
		for i := range res.Groups {
			require.NotEqual(t, recon.HeldByNothing, res.Groups[i].HeldBy())
		}
	})

	t.Run("a search that has no end stops at its budget and reports it", func(t *testing.T) {
		rule := subsetRule()
		rule.Group.MaxCandidates, rule.Group.MaxSize, rule.Group.SearchBudget = new(10_000), new(1_000), new(10_000_000)
		p := compile(t, rule)
		items := worstSide("L", 2_000, func(i int, tx *recon.Transaction) { tx.Amount = recon.Minor(2 * (1_000_003 + 7919*i)) })
		lines := worstSide("R", 40, func(i int, tx *recon.Transaction) { tx.Amount = recon.Minor(400_000_001 + 2*i) }) // odd, and every sum is even
		res := timed(t, p, items, lines)
		require.Empty(t, res.Groups)
		for i := range res.Open[RightIndex] {
			require.Equal(t, recon.ReasonSearchBudget, res.Open[RightIndex][i].Reason())
		}
	})

	t.Run("a subset of ten thousand equal amounts is counted, not tried", func(t *testing.T) {
		rule := subsetRule()
		rule.Group.MaxCandidates, rule.Group.MaxSize = new(10_000), new(1_000)
		after := recon.Epoch + 20500
		p, errs := Compile([]recon.Rule{rule}, recon.RunOptions{AsOf: after, Covered: recon.Covered{Left: after, Right: after}})
		require.Empty(t, errs)
		items := worstSide("L", 10_000, func(i int, tx *recon.Transaction) { tx.Amount, tx.Description = 10_00, fmt.Sprint(i) })
		lines := worstSide("R", 2, func(i int, tx *recon.Transaction) { tx.Amount = recon.Minor(1_000_00 + 5_00*i) })
		res := timed(t, p, items, lines)
		require.Len(t, res.Groups, 1)
		require.Equal(t, recon.HeldByAmbiguity, res.Groups[0].HeldBy())
		require.EqualValues(t, 999, res.Groups[0].Alternatives)
		require.EqualValues(t, 100, res.Groups[0].LeftCount)
		require.Len(t, res.Open[RightIndex], 1)
		require.Equal(t, recon.ReasonNoCandidate, res.Open[RightIndex][0].Reason(), "1,005.00 is no sum of tens: that is proved, not given up")
	})

	t.Run("currencies without rates are data that is missing, row by row", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "in euro", Type: recon.RuleTolerance, Priority: 1, Currency: recon.RuleCurrency{To: "EUR"}})
		codes := []string{"USD", "JPY", "GBP", "KWD"}
		foreign := func(i int, tx *recon.Transaction) {
			tx.Amount, tx.Reference, tx.Currency = 1000, fmt.Sprint(i), codes[i%len(codes)]
		}
		res := timed(t, p, worstSide("L", 2_000, foreign), worstSide("R", 2_000, foreign))
		require.Empty(t, res.Groups)
		for side := range res.Open {
			for i := range res.Open[side] {
				require.Equal(t, recon.ReasonFXRateMissing, res.Open[side][i].Reason())
			}
		}
	})

	t.Run("amounts at the edge of what can be written tie to the minor unit, or are refused whole", func(t *testing.T) {
		_, err := recon.ParseMoney("99999999999999999999999999999999999999", "EUR") // 38 digits
		require.Equal(t, recon.CodeAmountTooBig, recon.CodeOf(err))
		p := compile(t, recon.Rule{Name: "half", Type: recon.RuleTolerance, Priority: 1, Amount: recon.RuleAmount{Percent: "50"}}, recon.Rule{Name: "any sign", Type: recon.RuleTolerance, Priority: 2, Amount: recon.RuleAmount{Percent: "50", Sign: recon.SignAny}})
		edge := []recon.Minor{math.MaxInt64, -math.MaxInt64, math.MaxInt64 - 1, -math.MaxInt64 + 1}
		at := func(shift int) func(i int, tx *recon.Transaction) {
			return func(i int, tx *recon.Transaction) { tx.Amount, tx.Reference = edge[(i+shift)%len(edge)], fmt.Sprint(i) }
		}
		for shift := range edge {
			res := timed(t, p, worstSide("L", len(edge), at(0)), worstSide("R", len(edge), at(shift)))
			require.Len(t, res.Bridge, 1)
			require.NoError(t, res.Bridge[0].Check())
		}
	})
}

// TestAMillionIdenticalRows is fifty thousand in the ordinary suite, and a million with MATCHER_NIGHTLY set.
func TestAMillionIdenticalRows(t *testing.T) {
	n := 50_000
	if os.Getenv("MATCHER_NIGHTLY") != "" {
		n = 1_000_000
	}
	same := func(_ int, tx *recon.Transaction) { tx.Amount, tx.Reference = 10_00, "SUBSCRIPTION" }
	left, right := worstSide("L", n, same), worstSide("R", n-1, same)
	t.Run("that are wholly equal are paired one by one, and the surplus is a duplicate", func(t *testing.T) {
		res := timed(t, compile(t, recon.DefaultLadder()...), left, right)
		require.EqualValues(t, n-1, res.Counts[LeftIndex].Matched)
		require.Len(t, res.Open[LeftIndex], 1)
		require.Equal(t, recon.ReasonDuplicate, res.Open[LeftIndex][0].Reason())
	})
	t.Run("that differ only in what no rule compares are one decision for a person", func(t *testing.T) {
		for i := range right {
			right[i].Description = fmt.Sprint(i)
			right[i].Digest = gen.Digest(&right[i])
		}
		for i := range left {
			left[i].Description = fmt.Sprint(-i)
			left[i].Digest = gen.Digest(&left[i])
		}
		res := timed(t, compile(t, recon.DefaultLadder()...), left, right)
		require.Zero(t, res.Counts[LeftIndex].Matched)
		require.EqualValues(t, n-1, res.Counts[LeftIndex].Proposed)
		require.Equal(t, recon.HeldByAmbiguity, res.Groups[0].HeldBy())
	})
	t.Run("without any key or date in reach are open with a reason", func(t *testing.T) {
		for i := range right {
			right[i].Date += 100
		}
		res := timed(t, compile(t, recon.DefaultLadder()...), left, right)
		require.Empty(t, res.Groups)
		require.Equal(t, recon.ReasonDateOutside, res.Open[RightIndex][0].Reason())
	})
}
