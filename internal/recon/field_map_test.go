//go:build unit || !integration

package recon

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFieldMapForms(t *testing.T) {
	for _, text := range []string{
		`{"externalId":"id","amount":"amount","date":"day"}`,
		`{"amount":{"columns":["a"],"decimal":",","negate":true},"date":["day","time"],"dateFormat":"DD.MM.YYYY","timeZone":"Europe/Berlin","decimal":".","negate":true}`,
		`{"reference":{"columns":["r"],"transforms":["trim",{"replace":"<[&>]+","with":"$1"},{"extract":"x"},{"substring":[1,4]}]},"amount":{"constant":"1"},"date":"d"}`,
		`{"debit":"d","credit":"c","kind":{"columns":["k"],"values":{"Verkauf":"SALE"}},"description":{"columns":["a","b"],"join":" / "}}`,
		`{}`,
	} {
		var m FieldMap
		require.NoError(t, json.Unmarshal([]byte(text), &m), text)
		again, err := json.Marshal(m)
		require.NoError(t, err)
		require.JSONEq(t, text, string(again))
	}
}

func TestFieldMapKnowsItsFields(t *testing.T) {
	m := FieldMap{Fields: map[string]MapField{FieldAmount: Column("a")}}
	require.True(t, m.Has(FieldAmount))
	require.False(t, m.Has(FieldDate))
	for _, text := range []string{`[]`, `{"amount":5}`, `{"amount":{"columns":["a"],"transforms":[{"shout":1}]}}`, `{"negate":"yes"}`} {
		require.Error(t, json.Unmarshal([]byte(text), &m), text)
	}
}
