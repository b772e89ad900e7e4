//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThePageHoldsEveryListAndNoForeignMarkup(t *testing.T) {
	t.Parallel()
	r := month(t)
	r.Sides[0].Files[0].Path = "<script>alert(1)</script>"
	text := written(t, func(to *bytes.Buffer) error { return r.WritePage(to, "written by a test") })
	for _, want := range []string{
		"<h1>books against bank</h1>", "As of 2026-02-15 · written by a test",
		"<td>in bank only <span class=\"soft\">break</span></td><td>amount differs</td><td>unexplained</td><td class=\"n\">1</td><td class=\"n\">50.90</td>",
		"<td>difference of matched groups</td><td>rounding</td><td>to book</td><td class=\"n\">1</td><td class=\"n\">-0.05</td>",
		"<td><code>L3</code></td><td><code>R3</code></td><td>same amount</td><td>no key</td><td class=\"n\">50</td><td class=\"n\">77.00 EUR</td><td class=\"n\">0.00</td>",
		"<td><code>L2</code></td><td><code>R2</code></td><td>in parts</td><td class=\"n\">2026-01-06</td><td class=\"n\">40 d</td><td class=\"n\">600.00 EUR</td>",
		"<td><code>L4</code><br><span class=\"soft\">dinner</span></td>",
		"&lt;script&gt;",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "<script")
	require.NotContains(t, text, "http", "nothing is loaded from elsewhere")
}

func TestAProposalStatesTheMoneyOfItsRows(t *testing.T) {
	t.Parallel()
	r := mixed(t)
	require.Equal(t, "100.50 EUR", r.proposal(0).Amount, "rows of two currencies have a sum only as they were compared")
	right := newRun(t, `
rules:
  - name: reversals
    type: EXACT
    scope: RIGHT
    keys: [{left: reference, right: reference}]
    amount: {sign: OPPOSITE}
`, []string{"L1|2026-01-05|B|1.00 EUR|"}, []string{"R1|2026-01-05|A|1.50 EUR|", "R2|2026-01-05|A|-1.50 EUR|"})
	p := right.proposal(0)
	require.Equal(t, []string{"nothing", "R2 + R1", "0.00 EUR"}, []string{p.Left, p.Right, p.Amount})
	shown, total := month(t).proposals(0)
	require.Empty(t, shown)
	require.Equal(t, 1, total)
}
