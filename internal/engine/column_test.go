//go:build unit || !integration

package engine

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

var columnOptions = recon.RunOptions{
	Rates: []recon.FXRate{
		{From: "EUR", To: "USD", Date: recon.Epoch + 20454, Rate: "1.25"},
		{From: "EUR", To: "USD", Date: recon.Epoch + 20457, Rate: "1.5"},
		{From: "JPY", To: "EUR", Date: recon.Epoch + 20453, Rate: "0.01"},
	},
	FeeSchedules: []recon.FeeSchedule{{Name: "ten", Currency: "EUR", Items: []recon.FeeItem{{Name: "all", Type: recon.FeePercentage, Percent: "10"}}}},
}

// drawColumnRules are rules that read rows by every kind of column.
func drawColumnRules(t *rapid.T) []recon.Rule {
	free := []recon.RuleKey{}
	part := []recon.RuleKey{{Left: "reference", Right: "description", Op: recon.KeyContainsToken}}
	prefix := []recon.RuleKey{{Left: "reference", Right: "reference", Op: recon.KeyPrefix, Required: new(false)}, {Left: "kind", Right: "kind"}}
	rules := rapid.SliceOfN(rapid.SampledFrom([]recon.Rule{
		{Name: "fuzzy", Type: recon.RuleFuzzy},
		{Name: "keyed text", Type: recon.RuleTolerance, Text: recon.RuleText{Algorithm: recon.TextTokenSet, Min: "0.4"}},
		{Name: "part", Type: recon.RuleTolerance, Keys: part},
		{Name: "prefix", Type: recon.RuleTolerance, Keys: prefix},
		{Name: "convert", Type: recon.RuleTolerance, Amount: recon.RuleAmount{Percent: "10"}, Currency: recon.RuleCurrency{To: "EUR", RateMaxAgeDays: new(2)}},
		{Name: "convert without a key", Type: recon.RuleDateLag, Keys: free, Amount: recon.RuleAmount{Percent: "10"}, Currency: recon.RuleCurrency{To: "USD"}},
		{Name: "original", Type: recon.RuleDateLag, Currency: recon.RuleCurrency{Mode: recon.CurrencyOriginal}},
		{Name: "any", Type: recon.RuleExact, Currency: recon.RuleCurrency{Mode: recon.CurrencyAny}},
		{Name: "fee", Type: recon.RuleTolerance, Amount: recon.RuleAmount{Left: "schedule:ten", Abs: recon.Limits{Default: "0.30"}}},
		{Name: "where", Type: recon.RuleExact, Keys: free, Where: recon.SideText{Left: "amount > 0.5", Right: `has(metadata.x) || date > "2026-01-03"`}},
		{Name: "instant", Type: recon.RuleExact, Keys: free, Date: recon.RuleDate{Precision: recon.PrecisionTimestamp, MaxDays: new(1)}},
	}), 1, 3).Draw(t, "rules")
	names := map[string]bool{}
	kept := rules[:0]
	for _, r := range rules {
		if !names[r.Name] {
			names[r.Name] = true
			r.Priority = len(kept) + 1
			kept = append(kept, r)
		}
	}
	return kept
}

func drawColumnRows(t *rapid.T, side string) []recon.Transaction {
	rows := drawRows(t, side)
	for i := range rows {
		tx := &rows[i]
		tx.Currency = rapid.SampledFrom([]string{"EUR", "EUR", "USD", "JPY", "GBP"}).Draw(t, "currency")
		tx.Reference = rapid.SampledFrom([]string{"", "INV-1", "INV-1-A", "INV-2", "INV"}).Draw(t, "reference")
		tx.Description = rapid.SampledFrom([]string{"", "pay INV-1", "INV-2 INV-1 A", "thank you"}).Draw(t, "description")
		tx.Kind = rapid.SampledFrom([]string{"SALE", "SALE", ""}).Draw(t, "kind")
		if rapid.Bool().Draw(t, "original") {
			tx.Original = &recon.Money{Amount: tx.Amount, Currency: "USD"}
		}
		if rapid.Bool().Draw(t, "instant") {
			tx.Time = tx.Date.Time().Add(time.Duration(rapid.IntRange(0, 47).Draw(t, "hour")) * time.Hour)
		}
		if rapid.Bool().Draw(t, "x") {
			tx.Metadata = []recon.Attribute{{Name: "x", Value: "1"}}
		}
		tx.Digest = gen.Digest(tx)
	}
	number(rows)
	return rows
}

func compileColumns(t require.TestingT, rules []recon.Rule) *Plan {
	p, errs := Compile(rules, columnOptions)
	require.Empty(t, errs)
	return p
}

func TestColumns(t *testing.T) {
	t.Run("the order of the rows and the number of cores change nothing", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			p := compileColumns(t, drawColumnRules(t))
			left, right := drawColumnRows(t, "L"), drawColumnRows(t, "R")
			want, wantLeft, wantRight := run(t, p, left, right)
			seed := rapid.Uint64().Draw(t, "seed")
			shuffle := rand.New(rand.NewPCG(seed, 1))
			shuffle.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
			shuffle.Shuffle(len(right), func(i, j int) { right[i], right[j] = right[j], right[i] })
			before := runtime.GOMAXPROCS(1 + int(seed%2))
			defer runtime.GOMAXPROCS(before)
			got, gotLeft, gotRight := run(t, p, left, right)
			require.Equal(t, want.ResultHash, got.ResultHash)
			require.Equal(t, report(p, want, wantLeft, wantRight), report(p, got, gotLeft, gotRight))
			require.Equal(t, evidenceLines(p, want, wantLeft, wantRight), evidenceLines(p, got, gotLeft, gotRight))
		})
	})
	t.Run("each currency's money is conserved, a mixed group counted once in each, from outside", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			p := compileColumns(t, drawColumnRules(t))
			left, right := drawColumnRows(t, "L"), drawColumnRows(t, "R")
			res, l, r := run(t, p, left, right)
			rest := map[string]int64{}
			for side, rows := range [2][]recon.Transaction{left, right} {
				for i := range rows {
					rest[rows[i].Currency] += int64(rows[i].Amount) * int64(1-2*side)
				}
			}
			for i := range res.Groups {
				g := &res.Groups[i]
				a, b := &left[l.ID(res.LeftRows(g)[0])], &right[r.ID(res.RightRows(g)[0])]
				require.Equal(t, a.Currency != b.Currency, g.Mixed())
				if !g.Mixed() {
					require.Equal(t, a.Amount-b.Amount, g.Difference)
					require.Equal(t, a.Currency, g.Currency())
				}
				if g.Mixed() && g.Status() == recon.GroupConfirmed && g.Difference != 0 {
					require.Equal(t, recon.AdjustmentFX, g.Adjustment())
				}
				rest[a.Currency] -= int64(a.Amount)
				rest[b.Currency] += int64(b.Amount)
			}
			for side, table := range [2]*Table{l, r} {
				for i := range res.Open[side] {
					row := res.Open[side][i].Row
					rest[table.Currency(row)] -= int64(table.Amount(row)) * int64(1-2*side)
				}
			}
			for currency, amount := range rest {
				require.Zero(t, amount, currency)
			}
			for _, bridge := range res.Bridge {
				require.NoError(t, bridge.Check())
			}
		})
	})
	t.Run("what a near row's text lacks is what would have to be allowed", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rules := []recon.Rule{{Name: "fuzzy", Type: recon.RuleFuzzy, Priority: 1, Text: recon.RuleText{Min: "0.99"}}}
			left, right := drawColumnRows(t, "L"), drawColumnRows(t, "R")
			p := compileColumns(t, rules)
			res, l, r := run(t, p, left, right)
			for side := range res.Open {
				for _, o := range res.Open[side] {
					if o.Miss.Change != ChangeText {
						continue
					}
					require.Equal(t, recon.ReasonTextBelow, o.Miss.Failed())
					pair := [2]uint32{o.Row, o.Miss.Row}
					if side == RightIndex {
						pair = [2]uint32{o.Miss.Row, o.Row}
					}
					c := compare(p, [2]*Table{l, r}, 0, pair)
					rules[0].Text.Min = recon.Decimal(inUnits(c.similarity()))
					alone, _, _ := run(t, compileColumns(t, rules), []recon.Transaction{left[l.ID(pair[0])]}, []recon.Transaction{right[r.ID(pair[1])]})
					require.Len(t, alone.Groups, 1)
				}
			}
		})
	})
}
