//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/matching/engine/gen"
	"matcher/internal/recon"
)

func TestMiss(t *testing.T) {
	t.Run("applying the change makes the pair hold the rule when it is evaluated alone", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			rules := drawRules(t)
			left, right := drawRows(t, "L"), drawRows(t, "R")
			p := compile(t, rules...)
			res, l, r := run(t, p, left, right)
			for side := range res.Open {
				for _, o := range res.Open[side] {
					if o.Miss.Row == NoRow || o.Miss.Change == ChangeNone || o.Miss.Change == ChangeKey || o.Miss.Change == ChangeGroup {
						continue
					}
					if o.Miss.Change == ChangeSum {
						requireSumMatches(t, p, res, [2]*Table{l, r}, [2][]recon.Transaction{left, right}, side, &o)
						continue
					}
					pair := [2]recon.Transaction{}
					rows := [2]uint32{o.Row, o.Miss.Row}
					if side == RightIndex {
						rows = [2]uint32{o.Miss.Row, o.Row}
					}
					pair[0], pair[1] = left[l.ID(rows[0])], right[r.ID(rows[1])]
					apply(&pair[side], &o.Miss)
					rule := p.Rules[o.Miss.Rule]
					rule.Confirm = recon.RuleConfirm{}
					alone, _, _ := run(t, compile(t, rule), pair[:1:1], pair[1:])
					require.Len(t, alone.Groups, 1, "%+v %+v %+v", o, pair, rule)
				}
			}
		})
	})
	t.Run("a smaller amount change would not do", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "near", Type: recon.RuleTolerance, Priority: 1, Amount: recon.RuleAmount{Percent: "10"}})
		x := (&runner{plan: p, tables: [2]*Table{NewTable(p, recon.Left, 0), NewTable(p, recon.Right, 0)}, byRule: make([]RuleCount, 1)}).ruleRun(&p.rules[0])
		rapid.Check(t, func(t *rapid.T) {
			a, b := rapid.Int64Range(-5000, 5000).Draw(t, "a"), rapid.Int64Range(-5000, 5000).Draw(t, "b")
			if _, _, held := x.amountHeld(currencyCode("EUR"), a, b); held {
				return
			}
			for side := range 2 {
				delta := x.amountChange(side, currencyCode("EUR"), a, b)
				moved := [2]int64{a, b}
				moved[side] += delta
				_, _, held := x.amountHeld(currencyCode("EUR"), moved[0], moved[1])
				require.True(t, held)
				moved[side] -= delta / int64(magnitude(delta))
				_, _, held = x.amountHeld(currencyCode("EUR"), moved[0], moved[1])
				require.False(t, held)
			}
		})
	})
	t.Run("a lag in business days is moved to the nearest day that holds", func(t *testing.T) {
		p := compile(t, recon.Rule{Name: "b", Type: recon.RuleDateLag, Priority: 1, Date: recon.RuleDate{Unit: recon.UnitBusiness, MaxDays: new(1)}})
		x := &ruleRun{rulePlan: &p.rules[0]}
		friday := int32(20455) // 2026-01-02
		delta, ok := x.dayChange(RightIndex, friday, friday+6)
		require.True(t, ok)
		require.Equal(t, int64(-3), delta) // Thursday back to Monday
	})
}

// apply changes a row as a miss says.
func apply(tx *recon.Transaction, m *Miss) {
	if m.Change == ChangeAmount || m.Change == ChangeSum {
		tx.Amount += recon.Minor(m.Delta)
	} else {
		tx.Date += recon.Day(m.Delta)
	}
	tx.Digest = gen.Digest(tx)
}

// requireSumMatches changes one row of a group that does not tie and runs the rule again over what was left open.
func requireSumMatches(t *rapid.T, p *Plan, res *Result, tables [2]*Table, rows [2][]recon.Transaction, side int, o *Open) {
	var open [2][]recon.Transaction
	for i := range open {
		for _, other := range res.Open[i] {
			tx := rows[i][tables[i].ID(other.Row)]
			if i == side && other.Row == o.Row {
				apply(&tx, &o.Miss)
			}
			tx.Row = len(open[i]) + 1
			open[i] = append(open[i], tx)
		}
	}
	rule := p.Rules[o.Miss.Rule]
	rule.Confirm = recon.RuleConfirm{}
	alone, _, _ := run(t, compile(t, rule), open[0], open[1])
	require.NotEmpty(t, alone.Groups, "%+v %+v", o, open)
}
