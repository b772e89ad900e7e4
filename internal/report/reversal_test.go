//go:build unit || !integration

package report

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestWhatIsTakenBackIsNamedWithBothRows(t *testing.T) {
	t.Parallel()
	left, right := []string{"L1|2026-01-05|INV-1|80.00 EUR|"}, []string{"R1|2026-01-06|INV-1|80.00 EUR|", "R2|2026-01-09|INV-1|-80.00 EUR|"}
	claims := newRun(t, monthSetup, left, right)
	text := written(t, func(to *bytes.Buffer) error { claims.WriteReversals(to); return nil })
	require.Equal(t, "RETURN R2  -80.00 EUR of 2026-01-09 takes back R1: L1 is not confirmed\n", text)
	require.Contains(t, written(t, func(to *bytes.Buffer) error { return claims.WritePage(to, "a test") }), "<td>L1 is not confirmed</td>")
	movements := newRun(t, monthSetup, left, right, func(o *recon.RunOptions) { o.Movements.Left = []string{"books"} })
	require.Equal(t, "the return is not in books", movements.Reversals()[0].Effect)
	require.Empty(t, month(t).Reversals())
}
