//go:build unit || !integration

package engine

import (
	"fmt"
	"testing"
	"time"

	"matcher/internal/matching/engine/gen"
	"matcher/internal/recon"
)

func fill(t testing.TB, p *Plan, s gen.Shape) (left, right *Table) {
	left, right = NewTable(p, recon.Left, s.Rows), NewTable(p, recon.Right, s.Rows)
	s.Each(func(side recon.Side, row *gen.Row) {
		table := left
		if side == recon.Right {
			table = right
		}
		if err := table.Add(&row.Transaction, int64(row.Truth), "file"); err != nil {
			t.Fatal(err)
		}
	})
	return left, right
}

func TestScratchSpeed(t *testing.T) {
	for _, rules := range [][]recon.Rule{
		{{Name: "exact", Type: recon.RuleExact, Priority: 1}},
		recon.DefaultLadder(),
	} {
		p, errs := Compile(rules, Options{})
		if errs != nil {
			t.Fatal(errs)
		}
		start := time.Now()
		l, r := fill(t, p, gen.Ordinary(1_000_000, 1))
		fmt.Println("fill", time.Since(start))
		start = time.Now()
		res, err := Run(p, l, r, nil)
		fmt.Println("run", time.Since(start))
		if err != nil {
			t.Fatal(err)
		}
		wrong := 0
		for i := range res.Groups {
			g := &res.Groups[i]
			if g.Status() == recon.GroupConfirmed && l.ID(res.LeftRows(g)[0]) != r.ID(res.RightRows(g)[0]) {
				wrong++
			}
		}
		fmt.Printf("%+v\n%+v\n%+v wrong %d\n", res.Counts, res.ByRule, res.Reasons, wrong)
		fmt.Println(res.ResultHash)
	}
}
