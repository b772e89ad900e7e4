//go:build unit || !integration

package mapping

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestParseFieldMap(t *testing.T) {
	const text = `
# a bank in Brazil
external_id: doc
amount: {column: Valor, negate: true}
date: [Data, Hora]
currency: {constant: BRL}
reference: {column: Historico, transforms: [upper, {extract: "NF ?([0-9]+)"}]}
dateFormat: DD/MM/YYYY
decimal: comma
timeZone: America/Sao_Paulo
`
	fields, err := ParseFieldMap([]byte(text))
	require.NoError(t, err)
	require.Equal(t, "Valor", fields.Fields[recon.FieldAmount].Columns[0])
	require.True(t, fields.Fields[recon.FieldAmount].Negate)
	require.Equal(t, ",", fields.Decimal)

	t.Run("JSON is YAML too, and what is written is read back", func(t *testing.T) {
		written, err := json.Marshal(fields)
		require.NoError(t, err)
		again, err := ParseFieldMap(written)
		require.NoError(t, err)
		require.Equal(t, fields, again)
	})
	t.Run("what is no map says so", func(t *testing.T) {
		for text, want := range map[string]string{
			"\t- x: [":                         "neither YAML nor JSON",
			"":                                 "is empty",
			"[1, 2]":                           "must be an object",
			"amount: 7":                        "/amount: must be a column name, a list of them",
			strings.Repeat("#", mapBytesMax+1): "at most 256 kB",
		} {
			_, err := ParseFieldMap([]byte(text))
			require.ErrorContains(t, err, want)
			require.NotEmpty(t, recon.KindOf(err))
		}
	})
}
