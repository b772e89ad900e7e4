//go:build unit || !integration

package engine_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
	"matcher/tests/bench/gen"
)

func Example() {
	plan, errs := engine.Compile(recon.DefaultLadder(), recon.RunOptions{})
	if len(errs) > 0 {
		fmt.Println(errs)
		return
	}
	left, right := engine.NewTable(plan, recon.Left, 2), engine.NewTable(plan, recon.Right, 2)
	add := func(table *engine.Table, id, reference string, amount recon.Minor, day string) {
		date, _ := recon.ParseDay(day)
		tx := recon.Transaction{ExternalID: id, Reference: reference, Amount: amount, Currency: "EUR", Date: date}
		tx.Digest = gen.Digest(&tx)
		if err := table.Add(&tx, 0, "example"); err != nil {
			fmt.Println(err)
		}
	}
	add(left, "order 1", "INV-1", 100_00, "2026-01-05")
	add(left, "order 2", "INV-2", 250_00, "2026-01-05")
	add(right, "bank 1", "INV-1", 99_98, "2026-01-05")
	add(right, "bank 2", "INV-2", 240_00, "2026-01-05")
	result, err := engine.Run(plan, left, right, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range result.Groups {
		g := &result.Groups[i]
		l, r := result.LeftRows(g)[0], result.RightRows(g)[0]
		fmt.Println(g.Status(), left.ExternalID(l), "=", right.ExternalID(r), "score", g.Score, g.Adjustment())
	}
	for i := range result.Open[engine.LeftIndex] {
		open := &result.Open[engine.LeftIndex][i]
		miss := result.Describe(plan, [2]*engine.Table{left, right}, recon.Left, open)
		fmt.Println(left.ExternalID(open.Row), open.Class(), open.Reason(), "near", miss.ExternalID+":", miss.Suggestion)
	}
	// Output:
	// CONFIRMED order 1 = bank 1 score 99 ROUNDING
	// order 2 BREAK AMOUNT_DIFFERS near bank 2: change the amount by -10.00 (-9.50 is enough), or allow 10.00 under "tolerance on reference"
}

// TestScoreTable is the worked table of the package's documentation, line by line.
func TestScoreTable(t *testing.T) {
	free := []recon.RuleKey{}
	edits := recon.RuleText{Algorithm: recon.TextLevenshtein}
	for name, c := range map[string]struct {
		rule   recon.Rule
		amount recon.Minor
		days   recon.Day
		want   uint8
		text   string
	}{
		"exact":             {recon.Rule{Type: recon.RuleExact}, 0, 0, 100, ""},
		"tolerance, near":   {recon.Rule{Type: recon.RuleTolerance}, 2, 0, 99, ""},
		"tolerance, edge":   {recon.Rule{Type: recon.RuleTolerance}, 50, 0, 82, ""},
		"lag, a day":        {recon.Rule{Type: recon.RuleDateLag}, 0, 1, 97, ""},
		"lag, edge":         {recon.Rule{Type: recon.RuleDateLag}, 0, 3, 91, ""},
		"any amount":        {recon.Rule{Type: recon.RuleExact, Amount: recon.RuleAmount{Mode: recon.AmountAny}}, 77, 0, 100, ""},
		"exact without key": {recon.Rule{Type: recon.RuleExact, Keys: free}, 0, 0, 53, ""},
		"lag without a key": {recon.Rule{Type: recon.RuleDateLag, Keys: free}, 0, 3, 44, ""},
		"keyed text":        {recon.Rule{Type: recon.RuleExact, Text: edits}, 0, 0, 99, "0123456780"},
		"fuzzy, equal":      {recon.Rule{Type: recon.RuleFuzzy}, 0, 0, 60, "0123456789"},
		"fuzzy, a day":      {recon.Rule{Type: recon.RuleFuzzy, Text: edits}, 0, 1, 56, "0123456780"},
	} {
		t.Run(name, func(t *testing.T) {
			c.rule.Name, c.rule.Priority = "rule", 1
			plan, errs := engine.Compile([]recon.Rule{c.rule}, recon.RunOptions{})
			require.Empty(t, errs)
			left, right := engine.NewTable(plan, recon.Left, 1), engine.NewTable(plan, recon.Right, 1)
			tx := recon.Transaction{ExternalID: "L", Reference: "A", Amount: 100_00, Currency: "EUR", Date: recon.Epoch + 20458, Description: "0123456789"}
			require.NoError(t, left.Add(&tx, 0, "l"))
			tx.ExternalID, tx.Amount, tx.Date, tx.Description = "R", tx.Amount-c.amount, tx.Date+c.days, c.text
			require.NoError(t, right.Add(&tx, 0, "r"))
			result, err := engine.Run(plan, left, right, nil)
			require.NoError(t, err)
			require.Len(t, result.Groups, 1)
			require.Equal(t, c.want, result.Groups[0].Score)
		})
	}
}
