//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// A column is the status of its rows by its name or by its words; a name alone makes none.
func TestStatusColumn(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"date|amount|state\n2026-01-05|5.00|COMPLETED\n2026-01-06|6.00|PENDING":      "state",
		"date|amount|x\n2026-01-05|5.00|gebucht\n2026-01-06|6.00|vorgemerkt":         "x",
		"date|amount|state\n2026-01-05|5.00|Bavaria\n2026-01-06|6.00|Texas":          "",
		"date|amount|text\n2026-01-05|5.00|paid\n2026-01-06|6.00|a longer narrative": "",
	} {
		header, records := table(file)
		d := newDetector(header, records, recon.FieldMap{}, recon.Right)
		d.statusColumn()
		require.Equal(t, want, firstColumn(d.out.Fields[recon.FieldBookingStatus]), file)
	}
}
