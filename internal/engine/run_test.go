//go:build unit || !integration

package engine

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

func compile(t require.TestingT, rules ...recon.Rule) *Plan {
	p, errs := Compile(rules, recon.RunOptions{})
	require.Empty(t, errs)
	return p
}

// drawRows makes few amounts, days and references, so that collisions are the rule.
func drawRows(t *rapid.T, side string) []recon.Transaction {
	rows := make([]recon.Transaction, rapid.IntRange(0, 14).Draw(t, side))
	for i := range rows {
		tx := recon.Transaction{
			Amount: recon.Minor(rapid.IntRange(-2, 4).Draw(t, "amount") * 30), Currency: rapid.SampledFrom([]string{"EUR", "EUR", "JPY"}).Draw(t, "currency"),
			Date: recon.Epoch + 20454 + recon.Day(rapid.IntRange(0, 5).Draw(t, "day")), BookingStatus: recon.Booked,
			Reference:   rapid.SampledFrom([]string{"", "A", "B", "C;A"}).Draw(t, "reference"),
			Description: rapid.SampledFrom([]string{"x", "x", "y"}).Draw(t, "description"),
		}
		if rapid.Bool().Draw(t, "id") {
			tx.ExternalID = fmt.Sprintf("%s%d", side, i)
		}
		tx.Digest = gen.Digest(&tx)
		tx.Row = i + 1
		rows[i] = tx
	}
	number(rows)
	return rows
}

// number gives rows without an id their ordinals.
func number(rows []recon.Transaction) {
	seen := map[[32]byte]int32{}
	for i := range rows {
		if rows[i].ExternalID == "" {
			rows[i].Ordinal = seen[rows[i].Digest]
			seen[rows[i].Digest]++
		}
	}
}

func drawRules(t *rapid.T) []recon.Rule {
	split := []recon.RuleKey{{Left: "reference", Right: "reference", Split: ";"}}
	return rapid.SampledFrom([][]recon.Rule{
		recon.DefaultLadder(),
		{{Name: "split", Type: recon.RuleTolerance, Priority: 1, Keys: split}, {Name: "lag", Type: recon.RuleDateLag, Priority: 2, Keys: []recon.RuleKey{}}},
		{{Name: "near", Type: recon.RuleTolerance, Priority: 1, Keys: []recon.RuleKey{}, Amount: recon.RuleAmount{Percent: "40", Cap: recon.Limits{Default: "0.40"}}, Date: recon.RuleDate{MaxDays: new(3)}}},
		{
			{Name: "grouped", Type: recon.RuleGrouped, Priority: 1, Keys: split, Group: recon.RuleGroup{By: recon.RuleSources{Left: []string{"reference"}, Right: []string{"reference"}}}, Amount: recon.RuleAmount{Abs: recon.Limits{Default: "0.30"}}, Date: recon.RuleDate{MaxDays: new(3)}},
			{Name: "by sum", Type: recon.RuleGrouped, Priority: 2, Group: recon.RuleGroup{By: recon.RuleSources{Right: []string{"description"}}}, Date: recon.RuleDate{MaxDays: new(2)}},
			{Name: "netting", Type: recon.RuleExact, Priority: 3, Scope: recon.ScopeLeft, Date: recon.RuleDate{MaxDays: new(5)}},
			{Name: "voucher", Type: recon.RuleGrouped, Priority: 4, Scope: recon.ScopeRight, Keys: []recon.RuleKey{{Left: "reference", Right: "reference"}}, Group: recon.RuleGroup{By: recon.RuleSources{Left: []string{"reference"}, Right: []string{"reference"}}}},
		},
		{
			{Name: "subset", Type: recon.RuleSubsetSum, Priority: 1, Keys: split, Date: recon.RuleDate{MaxDays: new(4)}, Amount: recon.RuleAmount{Abs: recon.Limits{Default: "0.30"}}},
			{Name: "unkeyed subset", Type: recon.RuleSubsetSum, Priority: 2, Group: recon.RuleGroup{Cardinality: recon.ManyToOne, MaxCandidates: new(4)}},
		},
		{
			{Name: "parts", Type: recon.RuleGrouped, Priority: 1, Keys: split, Group: recon.RuleGroup{By: recon.RuleSources{Right: []string{"description"}}}, Date: recon.RuleDate{MaxDays: new(5)}, Partial: recon.RulePartial{Allow: true}},
			{Name: "exact", Type: recon.RuleExact, Priority: 2},
		},
		{{Name: "opposite", Type: recon.RuleDateLag, Priority: 1, Amount: recon.RuleAmount{Sign: recon.SignAny}}},
	}).Draw(t, "rules")
}

func tableOf(t require.TestingT, p *Plan, side recon.Side, rows []recon.Transaction) *Table {
	table := NewTable(p, side, len(rows))
	for i := range rows {
		require.NoError(t, table.Add(&rows[i], int64(rows[i].Row-1), "file"))
	}
	return table
}

func run(t require.TestingT, p *Plan, left, right []recon.Transaction) (*Result, *Table, *Table) {
	l, r := tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right)
	res, err := Run(p, l, r, nil)
	require.NoError(t, err)
	return res, l, r
}

func TestRun(t *testing.T) {
	t.Run("the order of the rows and the number of cores change nothing", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rules := drawRules(t)
			left, right := drawRows(t, "L"), drawRows(t, "R")
			p := compile(t, rules...)
			want, wantLeft, wantRight := run(t, p, left, right)
			seed := rapid.Uint64().Draw(t, "seed")
			shuffle := rand.New(rand.NewPCG(seed, 1))
			shuffle.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
			shuffle.Shuffle(len(right), func(i, j int) { right[i], right[j] = right[j], right[i] })
			before := runtime.GOMAXPROCS(1 + int(seed%2))
			defer runtime.GOMAXPROCS(before)
			got, gotLeft, gotRight := run(t, p, left, right)
			require.Equal(t, want.ResultHash, got.ResultHash)
			require.Equal(t, want.InputHash, got.InputHash)
			require.Equal(t, report(p, want, wantLeft, wantRight), report(p, got, gotLeft, gotRight))
		})
	})
	t.Run("money is conserved and confirmed pairs hold their tolerance, counted from outside", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			p := compile(t, drawRules(t)...)
			left, right := drawRows(t, "L"), drawRows(t, "R")
			res, l, r := run(t, p, left, right)
			between := map[string]int64{}
			for i := range left {
				between[left[i].Currency] += int64(left[i].Amount)
			}
			for i := range right {
				between[right[i].Currency] -= int64(right[i].Amount)
			}
			used := map[string]bool{}
			for i := range res.Groups {
				g := &res.Groups[i]
				difference, currency, keyed := recon.Minor(0), "", false
				add := func(side string, tx *recon.Transaction, id int64, sign recon.Minor) {
					require.False(t, used[side+fmt.Sprint(id)])
					used[side+fmt.Sprint(id)] = true
					difference += sign * tx.Amount
					require.Contains(t, []string{"", tx.Currency}, currency)
					currency = tx.Currency
					keyed = keyed || tx.Reference != ""
				}
				for _, row := range res.LeftRows(g) {
					add("L", &left[l.ID(row)], l.ID(row), 1)
				}
				for _, row := range res.RightRows(g) {
					add("R", &right[r.ID(row)], r.ID(row), -1)
				}
				between[currency] -= int64(g.Difference)
				require.Equal(t, difference, g.Difference)
				if g.Status() == recon.GroupConfirmed {
					require.True(t, keyed)
					require.LessOrEqual(t, g.Compared.Abs(), recon.Minor(50))
				}
			}
			for side, table := range [2]*Table{l, r} {
				for i := range res.Open[side] {
					amount := int64(table.Amount(res.Open[side][i].Row))
					between[table.Currency(res.Open[side][i].Row)] -= amount * int64(1-2*side)
				}
			}
			for currency, rest := range between {
				require.Zero(t, rest, currency)
			}
		})
	})
	t.Run("observe sees progress, stops a run, and changes no result", func(t *testing.T) {
		p := compile(t, recon.DefaultLadder()...)
		left, right := generated(t, p, gen.Ordinary(20_000, 3))
		calls := 0
		res, err := Run(p, left, right, func(pr Progress) bool { calls++; return pr.RuleIndex < 2 })
		require.NoError(t, err)
		require.True(t, res.Stopped)
		require.Empty(t, res.Groups)
		require.Positive(t, calls)
		watched, err := Run(p, left, right, func(Progress) bool { return true })
		require.NoError(t, err)
		alone, err := Run(p, left, right, nil)
		require.NoError(t, err)
		require.Equal(t, alone.ResultHash, watched.ResultHash)
	})
	t.Run("with no rule at all, a business's rows give no wrong confirmed pair", func(t *testing.T) {
		p := compile(t, recon.DefaultLadder()...)
		left, right := generated(t, p, gen.Ordinary(30_000, 7))
		res, err := Run(p, left, right, nil)
		require.NoError(t, err)
		confirmed, wrong := 0, 0
		for i := range res.Groups {
			if g := &res.Groups[i]; g.Status() == recon.GroupConfirmed {
				confirmed++
				if left.ID(res.LeftRows(g)[0]) != right.ID(res.RightRows(g)[0]) {
					wrong++
				}
			}
		}
		require.Greater(t, confirmed, 28_000)
		require.LessOrEqual(t, wrong*10_000, confirmed)
	})
}

func generated(t testing.TB, p *Plan, s gen.Shape) (left, right *Table) {
	left, right = NewTable(p, recon.Left, s.Rows), NewTable(p, recon.Right, s.Rows)
	s.Each(func(side recon.Side, row *gen.Row) {
		table := left
		if side == recon.Right {
			table = right
		}
		require.NoError(t, table.Add(&row.Transaction, int64(row.Truth), "file"))
	})
	return left, right
}

// BenchmarkExact is the whole run, from filled tables to a checked and hashed result; -benchtime 1x is enough.
func BenchmarkExact(b *testing.B) {
	p := compile(b, recon.Rule{Name: "exact", Type: recon.RuleExact, Priority: 1})
	for b.Loop() {
		b.StopTimer()
		left, right := generated(b, p, gen.Matching(1_000_000, 900, 1))
		runtime.GC()
		b.StartTimer()
		if _, err := Run(p, left, right, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func TestARowThatOneRuleLeftAmbiguousIsConfirmedByALaterOne(t *testing.T) {
	p := compile(t,
		recon.Rule{Name: "text", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{{Left: "description", Right: "description"}}},
		recon.Rule{Name: "reference", Type: recon.RuleExact, Priority: 2, Keys: []recon.RuleKey{{Left: "reference", Right: "reference"}}},
	)
	row := func(id, reference, description string) recon.Transaction {
		tx := recon.Transaction{ExternalID: id, Reference: reference, Description: description, Amount: 10, Currency: "EUR", Date: recon.Epoch + 20454}
		tx.Digest = gen.Digest(&tx)
		return tx
	}
	left := []recon.Transaction{row("L1", "B", "x"), row("L2", "B", "x")}
	left[1].Digest[0]++ // other content, so that which of the two is taken is a choice
	res, _, _ := run(t, p, left, []recon.Transaction{row("R1", "", "x"), row("R2", "B", "")})
	require.Len(t, res.Groups, 2)
	require.Equal(t, recon.HeldByAmbiguity, res.Groups[0].HeldBy())
	require.Equal(t, recon.GroupConfirmed, res.Groups[1].Status())
}
