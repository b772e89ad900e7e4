//go:build unit || !integration

package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"matcher/internal/engine/solver"
	"matcher/internal/recon"
)

func TestContain(t *testing.T) {
	t.Parallel()
	t.Run("the join finds exactly the rows that hold the key when each is compared with each", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			key := recon.RuleKey{Left: "reference", Right: "description", Op: rapid.SampledFrom([]string{recon.KeyContainsToken, recon.KeyPrefix}).Draw(t, "op")}
			key.Normalise = rapid.SampledFrom([][]string{{"trim"}, {"upper", "alnum"}, {"digits"}, {"upper", "stripZeros"}}).Draw(t, "normalise")
			if rapid.Bool().Draw(t, "split") {
				key.Split = ";"
			}
			p := compile(t, recon.Rule{Name: "part", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{key}})
			left, right := drawTexts(t, "left"), drawTexts(t, "right")
			l, r := tableOf(t, p, recon.Left, left), tableOf(t, p, recon.Right, right)
			x := &view{plan: p, tables: [2]*Table{l, r}}
			x.join()
			for a := range uint32(l.Len()) {
				for b := range uint32(r.Len()) {
					want := compare(p, x.tables, 0, [2]uint32{a, b}).agree(0)
					require.Equal(t, want, meets(x.values(0, 0, a), x.values(0, 1, b)), "%q %q", left[a].Reference, right[b].Description)
				}
			}
		})
	})
	t.Run("words that every text has do not tie the rows together", func(t *testing.T) {
		t.Parallel()
		p := compile(t, recon.Rule{Name: "invoice", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{{Left: "reference", Right: "description", Op: recon.KeyContainsToken}}})
		var left, right []recon.Transaction
		for i := range 20_000 {
			tx := recon.Transaction{Amount: 100, Currency: "EUR", Date: recon.Epoch + 20454, Row: i + 1, ExternalID: fmt.Sprint("R", i)}
			tx.Description = fmt.Sprintf("payment of your invoice INV-%06d thank you", i)
			right = append(right, tx)
			tx.Reference, tx.Description, tx.ExternalID = fmt.Sprintf("INV-%06d", i), "", fmt.Sprint("L", i)
			left = append(left, tx)
		}
		res, l, r := run(t, p, left, right)
		require.Len(t, res.Groups, 20_000)
		require.Equal(t, int64(20_000), res.ByRule[0].Candidates) // one each: every block is a pair
		for i := range res.Groups {
			g := &res.Groups[i]
			require.Equal(t, recon.GroupConfirmed, g.Status())
			require.Equal(t, l.ID(res.LeftRows(g)[0]), r.ID(res.RightRows(g)[0]))
		}
	})
	t.Run("a text may be longer than what is looked at", func(t *testing.T) {
		t.Parallel()
		spec := solver.TextSpec{Words: true}
		stored := string(spec.Value(strings.Repeat("word ", 500), nil))
		require.Len(t, strings.Split(stored, solver.WordBreakText), solver.WordsMax)
	})
}

func drawTexts(t *rapid.T, name string) []recon.Transaction {
	word := rapid.SampledFrom([]string{"INV", "inv", "0017", "17", "2026", "ä", "ORDER", "x1234", "-", "/", ";", " "})
	rows := make([]recon.Transaction, rapid.IntRange(0, 6).Draw(t, name))
	for i := range rows {
		text := strings.Join(rapid.SliceOfN(word, 0, 7).Draw(t, "words"), rapid.SampledFrom([]string{" ", "", "-"}).Draw(t, "glue"))
		rows[i] = recon.Transaction{Row: i + 1, Currency: "EUR", Date: recon.Epoch + 20454, Reference: text, Description: text}
	}
	return rows
}
