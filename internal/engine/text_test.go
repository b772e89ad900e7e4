//go:build unit || !integration

package engine

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

func TestTextRule(t *testing.T) {
	t.Parallel()
	t.Run("a million equal rows are one kind of text, and a rule that reads no text keeps none", func(t *testing.T) {
		t.Parallel()
		p := compile(t, recon.Rule{Name: "alike", Type: recon.RuleFuzzy, Priority: 1})
		var left, right []recon.Transaction
		for i := range 3000 {
			tx := recon.Transaction{Amount: 100, Currency: "EUR", Date: recon.Epoch + 20454, Description: "card payment", Row: i + 1}
			tx.Ordinal = int32(i)
			left = append(left, tx)
			tx.Description = "Card-Payment"
			right = append(right, tx)
		}
		res, _, _ := run(t, p, left, right)
		require.Len(t, res.Groups, 3000)
		require.Equal(t, int64(1), res.ByRule[0].Candidates)
		plain := compile(t, recon.Rule{Name: "exact", Type: recon.RuleExact, Priority: 1})
		x := evaluator{rulePlan: &plain.rules[0]}
		x.rememberTexts()
		require.Nil(t, x.similar)
		require.NotContains(t, plain.Fields(recon.Left), "description")
		require.Contains(t, p.Fields(recon.Left), "description")
	})
	t.Run("texts are compared as people read them", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, "CAFE MULLER STRASSE 5", string(solver.Normalise([]byte("  Café-Müller,\tStrasse 5!"), textSteps)))
		require.Empty(t, solver.Normalise([]byte("..."), textSteps))
		require.Equal(t, "ЖУК 5", string(solver.Normalise([]byte("жук·5"), textSteps)))
	})
}

// BenchmarkFuzzyDense is the worst that texts can do: one amount, one day, and every description another. -benchtime 1x.
func BenchmarkFuzzyDense(b *testing.B) {
	p := compile(b, recon.Rule{Name: "alike", Type: recon.RuleFuzzy, Priority: 1})
	for b.Loop() {
		b.StopTimer()
		var tables [2]*Table
		for side, noun := range [2]string{"supplier", "creditor"} {
			tables[side] = NewTable(p, sideOf(side), 200_000)
			for i := range 200_000 {
				tx := recon.Transaction{ExternalID: strconv.Itoa(i), Amount: 100, Currency: "EUR", Date: recon.Epoch + 20454, Description: noun + " " + strconv.Itoa(i*7919%1_000_003) + " gmbh"}
				require.NoError(b, tables[side].Add(&tx, int64(i), "file"))
			}
		}
		b.StartTimer()
		res, err := Run(p, tables[0], tables[1], nil)
		require.NoError(b, err)
		require.Positive(b, res.ByRule[0].Capped)
	}
}
