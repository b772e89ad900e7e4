//go:build unit || !integration

package engine

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/recon"
)

// TestUnitColumns: rules over units read the same columns as rules over rows, and money is conserved in each currency.
func TestUnitColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawColumnRules(t)
		for i := range rules {
			if rules[i].Type != recon.RuleFuzzy {
				rules[i].Type = recon.RuleGrouped
			}
			rules[i].Group = recon.RuleGroup{
				Cardinality: recon.ManyToMany, By: recon.RuleSources{Left: rapid.SampledFrom([][]string{{"kind"}, nil}).Draw(t, "left"), Right: []string{"kind"}},
			}
		}
		p := compileColumns(t, rules)
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
			currencies := map[string]bool{}
			for side, rows := range [2][]uint32{res.LeftRows(g), res.RightRows(g)} {
				table := [2]*Table{l, r}[side]
				for _, row := range rows {
					currencies[table.Currency(row)] = true
					rest[table.Currency(row)] -= int64(table.Amount(row)) * int64(1-2*side)
				}
			}
			require.Equal(t, len(currencies) > 1, g.Mixed())
			for _, e := range res.Evidence(p, l, r, g) {
				require.True(t, e.Held || e.Component == recon.ComponentFee, "%+v", e)
			}
		}
		for side, table := range [2]*Table{l, r} {
			for i := range res.Open[side] {
				row := res.Open[side][i].Row
				rest[table.Currency(row)] -= int64(table.Amount(row)) * int64(1-2*side)
				res.Describe(p, [2]*Table{l, r}, sideOf(side), &res.Open[side][i])
			}
		}
		for currency, amount := range rest {
			require.Zero(t, amount, currency)
		}
	})
}

func TestUnitTexts(t *testing.T) {
	rule := payoutRule()
	rule.Text = recon.RuleText{Left: "reference", Right: "reference", Algorithm: "LEVENSHTEIN", Min: "0.1"}
	p := compile(t, rule)
	require.NotNil(t, p.rules[0].text)
	left, right := payout(3)
	res, l, r := run(t, p, left, right)
	x := compare(p, [2]*Table{l, r}, 0, [2]uint32{}).evaluator
	require.LessOrEqual(t, len(res.Groups), 1)
	u := x.onUnits([2]units{{members: []uint32{0, 1, 2}, from: []uint32{0, 3}}, {members: []uint32{0}, from: []uint32{0, 1}}})
	require.Equal(t, []uint32{currencyCode("EUR")}, u.x.currency[LeftIndex])
	c := x.textColumn(LeftIndex)
	require.Equal(t, l.keyTexts(c, 0), u.x.tables[LeftIndex].keyTexts(c, 0), "a unit has the text of its first row")
}
