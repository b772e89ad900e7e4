//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGainsAreTheLimitsThatMatchMost(t *testing.T) {
	t.Parallel()
	r := newRun(t, `
asOf: 2026-03-15
rules:
  - name: by reference
    type: DATE_LAG
    keys: [{left: reference, right: reference}]
    amount: {mode: TOLERANCE, abs: "0.10"}
    date: {maxDays: 1}
`, []string{
		"L1|2026-01-05|A|100.00 EUR|", "L2|2026-01-05|B|100.00 EUR|", "L3|2026-01-05|C|100.00 EUR|",
		"L4|2026-01-05|D|100.00 EUR|", "L5|2026-01-05|E|100.00 EUR|", "L6|2026-01-05|F|100.00 EUR|",
	}, []string{
		"R1|2026-01-07|A|100.00 EUR|", "R2|2026-01-07|B|100.00 EUR|", "R3|2026-01-08|C|100.00 EUR|",
		"R4|2026-01-05|D|100.50 EUR|", "R5|2026-02-20|E|100.00 EUR|", "R6|2026-01-05|F|150.00 EUR|",
	})
	var out bytes.Buffer
	r.WriteGains(&out)
	require.Equal(t, "Cheapest gains   lag 1 → 2 days in \"by reference\": +2 · 0.40 EUR more tolerance in \"by reference\": +1\n", out.String(),
		"neither a lag of weeks nor half the amount is a cheap change")

	out.Reset()
	mixed(t).WriteGains(&out)
	require.Empty(t, out.String())
}
