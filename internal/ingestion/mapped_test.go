//go:build unit || !integration

package ingestion

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func opened(t *testing.T, text string, to target) (*mappedReader, error) {
	t.Helper()
	return openMapped(newUpload(strings.NewReader(text), 1<<30), File{Name: "dir/rows.csv"}, to)
}

func TestOpenMapped(t *testing.T) {
	t.Parallel()
	const text = "id,date,amount\nA,2026-03-01,1.00\nB,2026-03-02,2.00\n"
	source := recon.Source{Currency: "CHF", TimeZone: "Europe/Zurich", Negate: true}

	t.Run("the source's currency, zone and sign serve a file that names none", func(t *testing.T) {
		t.Parallel()
		r, err := opened(t, text, target{source: source})
		require.NoError(t, err)
		rec, err := r.rows.Next()
		require.NoError(t, err)
		row, wrong := r.mapper.Map(rec)
		require.Empty(t, wrong)
		require.Equal(t, "CHF", row.Currency)
		require.EqualValues(t, -100, row.Amount)
		require.Contains(t, r.detection, "amount=amount")
	})

	t.Run("a currency column wins over the source's", func(t *testing.T) {
		t.Parallel()
		r, err := opened(t, "id,date,amount,currency\nA,2026-03-01,1.00,EUR\nB,2026-03-02,2.00,EUR\n", target{source: source})
		require.NoError(t, err)
		require.Equal(t, []string{"currency"}, r.fields.Fields[recon.FieldCurrency].Columns)
	})

	t.Run("a map that does not fit the file is told with its pointer", func(t *testing.T) {
		t.Parallel()
		_, err := opened(t, text, target{source: source, fields: &recon.FieldMap{Fields: map[string]recon.MapField{
			recon.FieldAmount: recon.Column("betrag"), recon.FieldDate: recon.Column("date"),
		}}})
		require.Equal(t, recon.KindUnprocessable, recon.KindOf(err))
		require.ErrorContains(t, err, "/amount")
	})
}

func TestStorableName(t *testing.T) {
	t.Parallel()
	name := storableName(strings.Repeat("é", 200) + "\x00")
	require.True(t, utf8.ValidString(name))
	require.LessOrEqual(t, len(name), fileNameMax+utf8.UTFMax)
}
