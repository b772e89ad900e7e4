//go:build unit || !integration

package setup

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestFieldMapSpellings(t *testing.T) {
	flow, problems := DecodeFieldMap([]byte("{date: day, amount: [a, b]}"))
	require.Empty(t, problems, "YAML that begins as JSON does")
	require.Equal(t, []string{"a", "b"}, flow.Fields[recon.FieldAmount].Columns)
	m, problems := DecodeFieldMap([]byte(`{"external_id":{"column":"id"},"value_date":"v","amount":"a","original":{"amount":"oa","currency":{"constant":"USD"}},
		"transforms":{"external_id":["upper"]},"date_format":"DD/MM/YYYY","decimal":"comma"}`))
	require.Empty(t, problems)
	require.Equal(t, recon.MapField{Columns: []string{"id"}, Transforms: []recon.Transform{{Op: "upper"}}}, m.Fields[recon.FieldExternalID])
	require.Equal(t, "USD", m.Fields[recon.FieldOriginalCurrency].Constant)
	require.True(t, m.Has(recon.FieldValueDate))
	require.Equal(t, ",", m.Decimal)
	require.Equal(t, "DD/MM/YYYY", m.DateFormat)
}

// TestFieldMapErrors reads maps that cannot work; each error points at its place and says what is expected there.
func TestFieldMapErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"fixed":["a 1-8","b 8-9"]}`, `/fixed/1: b 8-9 begins before a 1-8 ends: columns are named in the order of their places`},
		{`{"fixed":["a 5-8","b 1-4"]}`, `/fixed/1: b 1-4 begins before a 5-8 ends`},
		{`[]`, `must be an object`},
		{`null`, `must be an object`},
		{`{"amuont":"a"}`, `/amuont: is not a field here: did you mean "amount"?`},
		{`{"zzzzzz":"a"}`, `/zzzzzz: is not a field here; there are externalId, reference`},
		{`{"a/b":"x"}`, `/a~1b: `},
		{`{"amount":7}`, `/amount: must be a column name, a list of them or {"constant": "…"}`},
		{`{"amount":" "}`, `/amount: must be a column name, not an empty text`},
		{`{"amount":[]}`, `/amount: must hold 1 to 20 column names`},
		{`{"amount":[1]}`, `/amount: must be a column name or a list of column names`},
		{`{"amount":{}}`, `/amount: give one of column, constant, add and each`},
		{`{"amount":{"column":"a","constant":"1"}}`, `/amount: give one of column, constant, add and each`},
		{`{"amount":{"colunm":"a"}}`, `/amount/colunm: is not a field here: did you mean "column"?`},
		{`{"amount":{"column":"a","negate":"yes"}}`, `/amount/negate: must be true or false`},
		{`{"amount":{"column":"a","values":[1]}}`, `/amount/values: must be an object of at most 1000 texts`},
		{`{"amount":"a","external_id":"x","externalId":"y"}`, `is given twice`},
		{`{"amount":"a","debit":"d"}`, `/amount: map either amount, or debit and credit, not both`},
		{`{"direction":"d","debit":"x"}`, `/direction: debit and credit have their sign already`},
		{`{"decimal":";"}`, `/decimal: decimal is "."`},
		{`{"timeZone":"Mars/Base"}`, `/timeZone: "Mars/Base" is not an IANA time zone`},
		{`{"date":{"column":"d","timeZone":"Local"}}`, `/date/timeZone: "Local" is not an IANA time zone`},
		{`{"dateFormat":5}`, `/dateFormat: must be a text`},
		{`{"reference":{"column":"r","transforms":"upper"}}`, `/reference/transforms: must be a list of at most 20 transforms`},
		{`{"reference":{"column":"r","transforms":["uper"]}}`, `/reference/transforms/0: "uper" is not a field here: did you mean "upper"?`},
		{`{"reference":{"column":"r","transforms":[{}]}}`, `/reference/transforms/0: must be one of replace, extract and substring`},
		{`{"reference":{"column":"r","transforms":[5]}}`, `/reference/transforms/0: must be an object`},
		{`{"reference":{"column":"r","transforms":[{"replace":"("}]}}`, `/reference/transforms/0/replace: is not an RE2 expression`},
		{`{"reference":{"column":"r","transforms":[{"substring":[0]}]}}`, `/reference/transforms/0/substring: must be [first character, how many]`},
		{`{"reference":{"column":"r","transforms":[{"subtring":[1]}]}}`, `did you mean "substring"?`},
		{`{"transforms":{"reference":["upper"]}}`, `/transforms/reference: reference has transforms but no column`},
		{`{"transforms":{"curency":["upper"]}}`, `/transforms/curency: is not a field here: did you mean "currency"?`},
		{`{"transforms":5}`, `/transforms: must be an object`},
		{`{"original":5}`, `/original: must be an object`},
		{`{"original":{"sum":"x"}}`, `/original/sum: is not a field here`},
	} {
		_, faults := DecodeFieldMap([]byte(c.text))
		require.NotEmpty(t, faults, c.text)
		require.Contains(t, recon.Unprocessable("X", "x", faults...).Error(), c.want, c.text)
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
	for text, want := range map[string]recon.MapField{
		`"a"`:                      {Columns: []string{"a"}},
		"[\"a\",\"b\"]":            {Columns: []string{"a", "b"}},
		`{"columns":["a"]}`:        {Columns: []string{"a"}},
		`{"constant":"EUR"}`:       {Constant: "EUR"},
		`{"column":"a","join":""}`: {Columns: []string{"a"}},
	} {
		m, faults := DecodeFieldMap([]byte(`{"reference":` + text + `}`))
		require.Empty(t, faults)
		require.Equal(t, want, m.Fields[recon.FieldReference])
	}
}
