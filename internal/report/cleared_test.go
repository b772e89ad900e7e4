//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// atYearEnd has an invoice of the period that is paid after it, one that is paid in it, and a pair of the next year.
func atYearEnd(t *testing.T) *Run {
	t.Helper()
	return newRun(t, monthSetup, []string{
		"L1|2025-12-30|A|10.00 EUR|", "L2|2025-12-31|B|20.00 EUR|", "L3|2026-01-02|C|40.00 EUR|",
	}, []string{"R1|2025-12-30|A|10.00 EUR|", "R2|2026-01-02|B|20.00 EUR|", "R3|2026-01-02|C|40.00 EUR|"}, func(o *recon.RunOptions) { o.From, o.To = day("2025-12-01"), day("2025-12-31") })
}

func TestWhatClearsAfterTheCutOffIsNamedWithItsDay(t *testing.T) {
	t.Parallel()
	r := atYearEnd(t)
	require.Equal(t, "LATER  L2  20.00 EUR of 2025-12-31 cleared on 2026-01-02 by R2\n",
		written(t, func(to *bytes.Buffer) error { r.WriteCleared(to); return nil }))
	require.Contains(t, written(t, func(to *bytes.Buffer) error { return r.WritePage(to, "a test") }),
		"<td>cleared on 2026-01-02 by R2</td>")
	require.Equal(t, int64(2), r.Result.Counts[engine.LeftIndex].Matched, "L3 and R3 are of the next year")
	require.Empty(t, month(t).cleared(), "without a cut-off nothing is after it")
}
