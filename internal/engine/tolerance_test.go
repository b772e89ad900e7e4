//go:build unit || !integration

package engine

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// TestT44_ToleranceMaths: what is allowed is min(max(abs, percent · base), cap), rounded to the minor unit; a difference of just
// that matches, and one minor unit more does not.
func TestT44_ToleranceMaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		amount   recon.RuleAmount
		currency string
		left     recon.Minor
		allowed  recon.Minor // what the right side may be short of the left
	}{
		{"absolute", recon.RuleAmount{Abs: recon.Limits{Default: "0.50"}}, "EUR", 100_00, 50},
		{"absolute, in yen nothing is left of it", recon.RuleAmount{Abs: recon.Limits{Default: "0.50"}}, "JPY", 100, 0},
		{"absolute, in dinar it is 500 fils", recon.RuleAmount{Abs: recon.Limits{Default: "0.50"}}, "KWD", 100_000, 500},
		{"absolute by currency", recon.RuleAmount{Abs: recon.Limits{ByCurrency: map[string]recon.Decimal{"EUR": "0.05", "JPY": "5"}}}, "JPY", 100, 5},
		{"a currency that the map leaves out", recon.RuleAmount{Abs: recon.Limits{ByCurrency: map[string]recon.Decimal{"EUR": "0.05"}}}, "JPY", 100, 0},
		{"percent of the larger", recon.RuleAmount{Percent: "0.5"}, "EUR", 100_00, 50},
		{"percent, rounded half away from nothing", recon.RuleAmount{Percent: "2", Base: recon.BaseLeft}, "EUR", 333_25, 6_67}, // 6.665
		{"percent of the smaller", recon.RuleAmount{Percent: "1", Base: recon.BaseMin}, "EUR", 101_00, 1_00},
		{"percent of the right", recon.RuleAmount{Percent: "1", Base: recon.BaseRight}, "EUR", 101_00, 1_00},
		{"percent of the left", recon.RuleAmount{Percent: "1", Base: recon.BaseLeft}, "EUR", 100_00, 1_00},
		{"percent of the average", recon.RuleAmount{Percent: "2", Base: recon.BaseAverage}, "EUR", 101_00, 2_00},
		{"percent of a refund", recon.RuleAmount{Percent: "0.5"}, "EUR", -100_00, 50},
		{"percent of a credit note, rounded as its invoice", recon.RuleAmount{Percent: "2", Base: recon.BaseLeft}, "EUR", -333_25, 6_67},
		{"both: the absolute one is wider", recon.RuleAmount{Abs: recon.Limits{Default: "1.00"}, Percent: "0.5"}, "EUR", 100_00, 1_00},
		{"both: the percentage is wider", recon.RuleAmount{Abs: recon.Limits{Default: "0.10"}, Percent: "0.5"}, "EUR", 100_00, 50},
		{"both, and the cap is narrower", recon.RuleAmount{Abs: recon.Limits{Default: "1.00"}, Percent: "5", Cap: recon.Limits{Default: "0.30"}}, "EUR", 100_00, 30},
		{"percent of nothing is nothing", recon.RuleAmount{Percent: "49"}, "EUR", 0, 0},
		{"absolute about nothing", recon.RuleAmount{Abs: recon.Limits{Default: "0.02"}, Percent: "50"}, "EUR", 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			sign := recon.Minor(1)
			if c.left < 0 {
				sign = -1
			}
			require.True(t, tolerates(t, c.amount, c.currency, c.left, c.left-sign*c.allowed), "the boundary matches")
			require.False(t, tolerates(t, c.amount, c.currency, c.left, c.left-sign*(c.allowed+1)), "one minor unit more does not")
		})
	}
	t.Run("agrees with fractions", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			left, right := rapid.Int64Range(-50_000, 50_000).Draw(t, "left"), rapid.Int64Range(-50_000, 50_000).Draw(t, "right")
			abs, percent, limit := rapid.IntRange(0, 500).Draw(t, "abs"), rapid.IntRange(0, 500_000).Draw(t, "percent"), rapid.IntRange(0, 900).Draw(t, "cap")
			amount := recon.RuleAmount{
				Abs: recon.Limits{Default: recon.Decimal(recon.Minor(abs).Decimal(2))}, Percent: recon.Decimal(recon.Minor(percent).Decimal(4)),
				Cap: recon.Limits{Default: recon.Decimal(recon.Minor(limit).Decimal(2))},
			}
			allowed := new(big.Rat).Mul(new(big.Rat).SetInt64(int64(max(magnitude(left), magnitude(right)))), big.NewRat(int64(percent), percentUnit))
			allowed.Add(allowed, big.NewRat(1, 2)) // a whole difference is within what is rounded half up
			if allowed.Cmp(big.NewRat(int64(abs), 1)) < 0 {
				allowed.SetInt64(int64(abs))
			}
			if allowed.Cmp(big.NewRat(int64(limit), 1)) > 0 {
				allowed.SetInt64(int64(limit))
			}
			want := (left < 0) == (right < 0) || left == 0 || right == 0
			want = want && new(big.Rat).SetInt64(int64(magnitude(left-right))).Cmp(allowed) <= 0
			require.Equal(t, want, tolerates(t, amount, "EUR", recon.Minor(left), recon.Minor(right)), fmt.Sprint(allowed))
		})
	})
}

// tolerates runs a keyed rule over one row a side.
func tolerates(t require.TestingT, amount recon.RuleAmount, currency string, left, right recon.Minor) bool {
	amount.Mode = recon.AmountTolerance
	p := compile(t, recon.Rule{Name: "t", Type: recon.RuleTolerance, Priority: 1, Amount: amount})
	tx := recon.Transaction{Row: 1, ExternalID: "x", Reference: "A", Amount: left, Currency: currency, Date: recon.Epoch + 20454}
	other := tx
	other.Amount = right
	res, _, _ := run(t, p, []recon.Transaction{tx}, []recon.Transaction{other})
	return len(res.Groups) == 1
}
