//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryConfirmedWriteOffIsListed(t *testing.T) {
	t.Parallel()
	r := newRun(t, `
rules:
  - name: reference
    type: TOLERANCE
    keys: [{left: reference, right: reference}]
    amount: {abs: "2.00"}
    date: {maxDays: 3}
`, []string{"L1|2026-01-05|A|101.50 EUR|", "L2|2026-01-05|B|50.02 EUR|"}, []string{"R1|2026-01-05|A|100.00 EUR|", "R2|2026-01-05|B|50.00 EUR|"})
	require.Equal(t, "OFF    1.50 EUR written off between L1 and R1 by \"reference\"\n",
		written(t, func(to *bytes.Buffer) error { r.WriteWriteOffs(to); return nil }))
	text := written(t, func(to *bytes.Buffer) error { return r.WritePage(to, "a test") })
	require.Contains(t, text, `<td>reference</td><td class="n">1.50 EUR</td>`)
	require.Contains(t, text, "<td>to book</td>")
}
