//go:build unit || !integration

package setup

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"matcher/internal/recon"
)

func TestDecodeRule(t *testing.T) {
	t.Run("an empty list of keys is no key, and stays so through JSON and YAML", func(t *testing.T) {
		r := recon.Rule{Name: "free", Type: recon.RuleExact, Priority: 1, Keys: []recon.RuleKey{}, Amount: recon.RuleAmount{Abs: recon.Limits{ByCurrency: map[string]recon.Decimal{"EUR": "0.05"}}}, Confirm: recon.RuleConfirm{MaxDifference: recon.Limits{Default: "1"}}}
		asJSON, err := json.Marshal(r)
		require.NoError(t, err)
		back, errs := DecodeRule(asJSON, 0)
		require.Empty(t, errs)
		require.Equal(t, r, back)
		asYAML, err := yaml.Marshal(r)
		require.NoError(t, err)
		back, errs = DecodeRule(asYAML, 0)
		require.Empty(t, errs)
		require.Equal(t, r, back)
		var plain recon.Rule
		require.NoError(t, json.Unmarshal(asJSON, &plain))
		require.Equal(t, r, plain)
		plain = recon.Rule{}
		require.NoError(t, yaml.Unmarshal(asYAML, &plain))
		require.Equal(t, r, plain)
	})
	t.Run("a rule that names no priority takes the one that is offered", func(t *testing.T) {
		for text, priority := range map[string]int{`{"name":"a"}`: 70, `{"name":"a","priority":5}`: 5, "name: a": 70} {
			rule, errs := DecodeRule([]byte(text), 70)
			require.Empty(t, errs)
			require.Equal(t, priority, rule.Priority, text)
		}
		_, errs := DecodeRule([]byte(`{"name":"a","priority":0}`), 70)
		require.Equal(t, "/priority", errs[0].Pointer)
	})
}

func TestDecodeRules(t *testing.T) {
	t.Run("rules without a priority follow the one before them", func(t *testing.T) {
		rules, errs := DecodeRules([]byte("- {name: a, type: EXACT}\n- {name: b, type: EXACT, priority: 50}\n- {name: c, type: EXACT}\n"))
		require.Empty(t, errs)
		require.Equal(t, []int{10, 50, 60}, []int{rules[0].Priority, rules[1].Priority, rules[2].Priority})
	})
	t.Run("JSON and YAML read the same", func(t *testing.T) {
		fromJSON, errs := DecodeRules([]byte(`[{"name": "a", "type": "TOLERANCE", "amount": {"abs": 0.05, "cap": {"EUR": "2"}}, "date": {"maxDays": 2}, "where": null}]`))
		require.Empty(t, errs)
		fromYAML, errs := DecodeRules([]byte("- name: a\n  type: TOLERANCE\n  amount: {abs: 0.05, cap: {EUR: 2}}\n  date:\n    maxDays: 2\n"))
		require.Empty(t, errs)
		require.Equal(t, fromJSON, fromYAML)
	})
	t.Run("what is wrong is said with pointer and line", func(t *testing.T) {
		for name, c := range map[string]struct{ text, pointer, code string }{
			"empty":           {"  ", "", recon.CodeSyntax},
			"not a list":      {"name: a", "", recon.CodeWrongType},
			"bad YAML":        {"- name: [", "", recon.CodeSyntax},
			"bad JSON":        {"[\n{]", "", recon.CodeSyntax},
			"cut JSON":        {`[{"name":`, "", recon.CodeSyntax},
			"two documents":   {"- name: a\n---\n- name: b", "", recon.CodeSyntax},
			"trailing JSON":   {`[] []`, "", recon.CodeSyntax},
			"alias":           {"- name: &x a\n  type: *x", "/0/name", recon.CodeSyntax},
			"unknown field":   {`[{"name":"a","type":"EXACT","a/b":1}]`, "/0/a~1b", recon.CodeUnknownField},
			"given twice":     {"[{\"name\":\"a\",\n\"name\":\"b\"}]", "/0/name", recon.CodeDuplicate},
			"wrong type":      {"- name: 5", "/0/name", recon.CodeWrongType},
			"a text for keys": {"- name: a\n  keys: reference", "/0/keys", recon.CodeWrongType},
			"a list for date": {"- name: a\n  date: [1]", "/0/date", recon.CodeWrongType},
			"no name":         {"- type: EXACT", "/0/name", recon.CodeMissingValue},
			"bad enum":        {"- {name: a, type: EXACT, scope: UP}", "/0/scope", recon.CodeInvalidValue},
			"bad similarity":  {"- {name: a, type: FUZZY, text: {min: 1.5, algorithm: SOUNDEX}}", "/0/text/algorithm", recon.CodeInvalidValue},
			"bad currency":    {"- {name: a, type: EXACT, currency: {to: EURO}}", "/0/currency/to", recon.CodeInvalidValue},
			"negative limit":  {"- {name: a, type: TOLERANCE, amount: {abs: -1}}", "/0/amount/abs", recon.CodeInvalidValue},
			"calendar alone":  {"- {name: a, type: EXACT, date: {calendar: AT}}", "/0/date/calendar", recon.CodeImpossible},
			"same priority":   {"- {name: a, type: EXACT, priority: 1}\n- {name: b, type: EXACT, priority: 1}", "/1/priority", recon.CodeDuplicate},
		} {
			_, errs := DecodeRules([]byte(c.text))
			require.NotEmpty(t, errs, name)
			require.Equal(t, c.pointer, errs[0].Pointer, name)
			require.Equal(t, c.code, errs[0].Code, name)
		}
	})
	t.Run("a line is named", func(t *testing.T) {
		_, errs := DecodeRules([]byte("[\n {\"name\": \"a\",\n  \"prio\": 1}\n]"))
		require.Contains(t, errs[0].Message, "line 3")
	})
	t.Run("limits hold: size, depth, length of lists", func(t *testing.T) {
		_, errs := DecodeRules(make([]byte, bytesMax+1))
		require.Equal(t, recon.CodeSyntax, errs[0].Code)
		deep := ""
		for range 40 {
			deep += "["
		}
		_, errs = DecodeRules([]byte(deep))
		require.Contains(t, errs[0].Message, "nested too deeply")
		_, errs = DecodeRules([]byte("- " + deep))
		require.NotEmpty(t, errs)
	})
}

// FuzzDecodeRules: no document makes the decoder panic, and what it accepts it accepts again after writing it.
func FuzzDecodeRules(f *testing.F) {
	for _, seed := range []string{"- {name: a, type: EXACT}", `[{"name":"a","keys":[],"amount":{"abs":{"EUR":"1"}}}]`, "- name: |\n    x\n  date: {maxDays: 2}", "[", "{}", "- *a", "? a : b"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, errs := DecodeRules(data)
		if len(errs) > 0 {
			return
		}
		text, err := json.Marshal(rules)
		require.NoError(t, err)
		again, errs := DecodeRules(text)
		require.Empty(t, errs, string(text))
		require.Len(t, again, len(rules))
	})
}
