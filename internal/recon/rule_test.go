//go:build unit || !integration

package recon

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

func TestRule(t *testing.T) {
	t.Run("a type only fills what was not written", func(t *testing.T) {
		r := Rule{Name: "lag", Type: RuleDateLag, Date: RuleDate{MaxDays: new(5)}}.WithDefaults()
		require.Equal(t, "reference", r.Keys[0].Left)
		require.True(t, r.Keys[0].MustHold())
		require.Equal(t, 5, *r.Date.MaxDays)
		require.Equal(t, AmountExact, r.Amount.Mode)
		require.Equal(t, AutoAtDefault, *r.Confirm.AutoAt)
		require.Equal(t, 3, *Rule{Type: RuleDateLag}.WithDefaults().Date.MaxDays)
		require.Equal(t, 0, *Rule{Type: RuleExact}.WithDefaults().Date.MaxDays)
		require.Equal(t, Decimal("0.50"), Rule{Type: RuleTolerance}.WithDefaults().Amount.Abs.Default)
		require.False(t, Rule{Type: RuleTolerance, Amount: RuleAmount{Percent: "1"}}.WithDefaults().Amount.Abs.Given())
	})
	t.Run("a percentage makes any type tolerant, and a fuzzy rule reads descriptions without a key", func(t *testing.T) {
		require.Equal(t, AmountTolerance, Rule{Type: RuleExact, Amount: RuleAmount{Percent: "1"}}.WithDefaults().Amount.Mode)
		fuzzy := Rule{Type: RuleFuzzy}.WithDefaults()
		require.Empty(t, fuzzy.Keys)
		require.Equal(t, RuleText{Left: "description", Right: "description", Algorithm: "JARO_WINKLER", Min: "0.85"}, fuzzy.Text)
	})
	t.Run("defaults never reach back into the rule they came from", func(t *testing.T) {
		r := Rule{Type: RuleExact, Keys: []RuleKey{{Left: "kind", Right: "kind"}}}
		r.WithDefaults()
		require.Empty(t, r.Keys[0].Op)
	})
	t.Run("an empty list of keys is no key, and stays so through JSON and YAML", func(t *testing.T) {
		r := Rule{Name: "free", Type: RuleExact, Priority: 1, Keys: []RuleKey{}, Amount: RuleAmount{Abs: Limits{ByCurrency: map[string]Decimal{"EUR": "0.05"}}}, Confirm: RuleConfirm{MaxDifference: Limits{Default: "1"}}}
		asJSON, err := json.Marshal(r)
		require.NoError(t, err)
		back, errs := DecodeRule(asJSON)
		require.Empty(t, errs)
		require.Equal(t, r, back)
		asYAML, err := yaml.Marshal(r)
		require.NoError(t, err)
		back, errs = DecodeRule(asYAML)
		require.Empty(t, errs)
		require.Equal(t, r, back)
		var plain Rule
		require.NoError(t, json.Unmarshal(asJSON, &plain))
		require.Equal(t, r, plain)
		plain = Rule{}
		require.NoError(t, yaml.Unmarshal(asYAML, &plain))
		require.Equal(t, r, plain)
	})
	t.Run("the ladder is valid, keyed first", func(t *testing.T) {
		require.Empty(t, CheckRules(DefaultLadder()))
		require.Len(t, DefaultLadder()[0].WithDefaults().Keys, 1)
		require.Empty(t, DefaultLadder()[3].WithDefaults().Keys)
	})
}

func TestAmountTerms(t *testing.T) {
	terms, err := AmountTerms("gross - fee+tax")
	require.NoError(t, err)
	require.Equal(t, []AmountTerm{{"gross", false}, {"fee", true}, {"tax", false}}, terms)
	for _, bad := range []string{"", "net+", "-net", "net*2", "metadata.x"} {
		_, err := AmountTerms(bad)
		require.Error(t, err, bad)
	}
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
			"empty":           {"  ", "", CodeSyntax},
			"not a list":      {"name: a", "", CodeType},
			"bad YAML":        {"- name: [", "", CodeSyntax},
			"bad JSON":        {"[\n{]", "", CodeSyntax},
			"cut JSON":        {`[{"name":`, "", CodeSyntax},
			"two documents":   {"- name: a\n---\n- name: b", "", CodeSyntax},
			"trailing JSON":   {`[] []`, "", CodeSyntax},
			"alias":           {"- name: &x a\n  type: *x", "/0/name", CodeSyntax},
			"unknown field":   {`[{"name":"a","type":"EXACT","a/b":1}]`, "/0/a~1b", CodeUnknownField},
			"given twice":     {"[{\"name\":\"a\",\n\"name\":\"b\"}]", "/0/name", CodeDuplicate},
			"wrong type":      {"- name: 5", "/0/name", CodeType},
			"a text for keys": {"- name: a\n  keys: reference", "/0/keys", CodeType},
			"a list for date": {"- name: a\n  date: [1]", "/0/date", CodeType},
			"no name":         {"- type: EXACT", "/0/name", CodeMissing},
			"bad enum":        {"- {name: a, type: EXACT, scope: UP}", "/0/scope", CodeValue},
			"bad similarity":  {"- {name: a, type: FUZZY, text: {min: 1.5, algorithm: SOUNDEX}}", "/0/text/algorithm", CodeValue},
			"bad currency":    {"- {name: a, type: EXACT, currency: {to: EURO}}", "/0/currency/to", CodeValue},
			"negative limit":  {"- {name: a, type: TOLERANCE, amount: {abs: -1}}", "/0/amount/abs", CodeValue},
			"calendar alone":  {"- {name: a, type: EXACT, date: {calendar: AT}}", "/0/date/calendar", CodeImpossible},
			"same priority":   {"- {name: a, type: EXACT, priority: 1}\n- {name: b, type: EXACT, priority: 1}", "/1/priority", CodeDuplicate},
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
		_, errs := DecodeRules(make([]byte, rulesBytesMax+1))
		require.Equal(t, CodeSyntax, errs[0].Code)
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
