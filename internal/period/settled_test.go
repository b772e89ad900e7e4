//go:build unit || !integration

package period

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/mapping"
	"matcher/internal/recon"
)

func TestSettledRowsAreKnownByIdOrContent(t *testing.T) {
	t.Parallel()
	c := january(t).closed(t)
	for row := range uint32(c.Sides[0].Table.Len()) {
		want := 43 // an identity and a part of the digest
		if c.Sides[0].Table.ExternalID(row) == "" {
			want = 22 // the digest alone
		}
		require.Len(t, settledRow(c.Sides[0].Table, row), want)
	}
	carry := read(t, write(t, c))
	known := mapping.Identities{}
	require.NoError(t, carry.Remember(recon.Left, func(string) *mapping.Identities { return &known }))
	for text, want := range map[string]mapping.Verdict{
		"L1|2026-01-05|INV-1|10.05 EUR|":  mapping.Duplicate,
		"L2|2026-01-10||900.00 EUR|INV-2": mapping.Duplicate,
		"|2026-01-20||77.00 EUR|":         mapping.Duplicate,
		"L99|2026-01-20||77.00 EUR|":      mapping.Fresh,
	} {
		tx := rowOf(t, 1, text)
		row := mapping.Row{Tx: tx, Identity: mapping.Identity(&tx)}
		known.Admit(&row)
		require.Equal(t, want, row.Verdict, text)
		require.Equal(t, tx.ExternalID == "", len(row.Wrong) == 1, "one without an id is listed: %s", text)
	}
	changed := rowOf(t, 1, "L1|2026-01-05|INV-1|10.06 EUR|")
	row := mapping.Row{Tx: changed, Identity: mapping.Identity(&changed)}
	known.Admit(&row)
	require.Contains(t, row.Wrong[0].Reason, "the id came in an earlier period, with other money")
}
