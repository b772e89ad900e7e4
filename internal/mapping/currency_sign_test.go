//go:build unit || !integration

package mapping

import (
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestSignsOfCurrencies(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"A", "B"}, firstDistinct([]string{"A", "A", "B", "A"}))
	asked := func(file string, given recon.FieldMap, stated string) (ids []string) {
		r := opened(t, file, Hints{Map: &given, Currency: stated})
		for _, q := range r.Detection.Questions {
			ids = append(ids, q.ID)
		}
		return ids
	}
	const mixed = "date,amount,text\n2026-01-05,€5.00,a\n2026-01-06,6.00 kr,b\n2026-01-07,0.00,c\n"
	require.Equal(t, []string{"currency.KR"}, asked(mixed, recon.FieldMap{}, ""), "and nothing about the zero")
	require.Empty(t, asked(mixed, recon.FieldMap{}, "SEK"), "the caller names it")
	require.Empty(t, asked(mixed, recon.FieldMap{Fields: map[string]recon.MapField{
		recon.FieldCurrency: {Values: map[string]string{"kr": "SEK"}},
	}}, ""))
	signs := recon.FieldMap{Fields: map[string]recon.MapField{recon.FieldCurrency: {Default: "EUR"}}}
	require.Contains(t, opened(t, mixed, Hints{Map: &signs}).ReadAs(), "currency=by its sign")
	require.Empty(t, asked("date,amount\n2026-01-05,$5.00\n2026-01-06,6.00\n", recon.FieldMap{}, ""), "one sign for all")
}
