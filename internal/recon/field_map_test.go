//go:build unit || !integration

package recon

import (
	"encoding/json"
	"strings"
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

func TestFieldMapSpellings(t *testing.T) {
	m, problems := DecodeFieldMap([]byte(`{"external_id":{"column":"id"},"value_date":"v","amount":"a","original":{"amount":"oa","currency":{"constant":"USD"}},
		"transforms":{"external_id":["upper"]},"date_format":"DD/MM/YYYY","decimal":"comma"}`))
	require.Empty(t, problems)
	require.Equal(t, MapField{Columns: []string{"id"}, Transforms: []Transform{{Op: "upper"}}}, m.Fields[FieldExternalID])
	require.Equal(t, "USD", m.Fields[FieldOriginalCurrency].Constant)
	require.True(t, m.Has(FieldValueDate))
	require.Equal(t, ",", m.Decimal)
	require.Equal(t, "DD/MM/YYYY", m.DateFormat)
}

// TestFieldMapErrors reads maps that cannot work; each error points at its place and says what is expected there.
func TestFieldMapErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`[]`, `: an object is expected here`},
		{`null`, `: an object is expected here`},
		{`{"amuont":"a"}`, `/amuont: "amuont" is not known here: did you mean "amount"?`},
		{`{"zzzzzz":"a"}`, `/zzzzzz: "zzzzzz" is not known here: known are externalId, reference`},
		{`{"a/b":"x"}`, `/a~1b: `},
		{`{"amount":7}`, `/amount: a column name, a list of them or {"constant": "…"} is expected here`},
		{`{"amount":" "}`, `/amount: a column name is expected here, not an empty text`},
		{`{"amount":[]}`, `/amount: 1 to 20 column names are expected here`},
		{`{"amount":[1]}`, `/amount: a list of column names is expected here`},
		{`{"amount":{}}`, `/amount: give either a column or a constant`},
		{`{"amount":{"column":"a","constant":"1"}}`, `/amount: give either a column or a constant`},
		{`{"amount":{"colunm":"a"}}`, `/amount/colunm: "colunm" is not known here: did you mean "column"?`},
		{`{"amount":{"column":"a","negate":"yes"}}`, `/amount/negate: true or false is expected here`},
		{`{"amount":{"column":"a","values":[1]}}`, `/amount/values: an object of at most 1000 texts`},
		{`{"amount":"a","external_id":"x","externalId":"y"}`, `is given twice`},
		{`{"amount":"a","debit":"d"}`, `/amount: map either amount, or debit and credit, not both`},
		{`{"direction":"d","debit":"x"}`, `/direction: direction gives a sign to amount`},
		{`{"decimal":";"}`, `/decimal: decimal is "."`},
		{`{"timeZone":"Mars/Base"}`, `/timeZone: "Mars/Base" is not an IANA time zone`},
		{`{"date":{"column":"d","timeZone":"Local"}}`, `/date/timeZone: "Local" is not an IANA time zone`},
		{`{"dateFormat":5}`, `/dateFormat: a text is expected here`},
		{`{"reference":{"column":"r","transforms":"upper"}}`, `/reference/transforms: a list of at most 20 transforms`},
		{`{"reference":{"column":"r","transforms":["uper"]}}`, `/reference/transforms/0: "uper" is not known here: did you mean "upper"?`},
		{`{"reference":{"column":"r","transforms":[{}]}}`, `/reference/transforms/0: one of replace, extract and substring`},
		{`{"reference":{"column":"r","transforms":[5]}}`, `/reference/transforms/0: an object is expected here`},
		{`{"reference":{"column":"r","transforms":[{"replace":"("}]}}`, `/reference/transforms/0/replace: this is not an RE2 expression`},
		{`{"reference":{"column":"r","transforms":[{"substring":[0]}]}}`, `/reference/transforms/0/substring: [first character, how many]`},
		{`{"reference":{"column":"r","transforms":[{"subtring":[1]}]}}`, `did you mean "substring"?`},
		{`{"transforms":{"reference":["upper"]}}`, `/transforms/reference: reference has transforms but no column`},
		{`{"transforms":{"curency":["upper"]}}`, `/transforms/curency: "curency" is not known here: did you mean "currency"?`},
		{`{"transforms":5}`, `/transforms: an object is expected here`},
		{`{"original":5}`, `/original: an object is expected here`},
		{`{"original":{"sum":"x"}}`, `/original/sum: "sum" is not known here`},
	} {
		var m FieldMap
		err := json.Unmarshal([]byte(c.text), &m)
		require.ErrorContains(t, err, c.want, c.text)
		require.Equal(t, KindUnprocessable, KindOf(err))
	}
	t.Run("all at once", func(t *testing.T) {
		_, problems := DecodeFieldMap([]byte(`{"amuont":"a","date":7,"decimal":"x"}`))
		require.Len(t, problems, 3)
	})
	t.Run("a word of any length is told without work", func(t *testing.T) {
		_, problems := DecodeFieldMap([]byte(`{"` + strings.Repeat("k", 5000) + `":"a"}`))
		require.Len(t, problems, 1)
	})
}

func TestMapFieldForms(t *testing.T) {
	for text, want := range map[string]MapField{
		`"a"`:                      {Columns: []string{"a"}},
		"[\"a\",\"b\"]":            {Columns: []string{"a", "b"}},
		`{"columns":["a"]}`:        {Columns: []string{"a"}},
		`{"constant":"EUR"}`:       {Constant: "EUR"},
		`{"column":"a","join":""}`: {Columns: []string{"a"}},
	} {
		var d mapDecoder
		field, ok := d.field(json.RawMessage(text), "/x")
		require.True(t, ok, d.problems)
		require.Equal(t, want, field)
	}
}
