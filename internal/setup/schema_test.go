//go:build unit || !integration

package setup

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"matcher/internal/recon"
)

// TestEveryKeyHasAnExample holds keys.txt to the decoder: every key that it takes has a line, no line has a key that it
// refuses, and decoder and schema take each example.
func TestEveryKeyHasAnExample(t *testing.T) {
	t.Parallel()
	documented := map[string][]string{}
	for _, k := range Keys() {
		documented[k.Of] = append(documented[k.Of], k.Name)
		require.NotEmpty(t, k.Meaning, k.Name)
		text, what := exampleOf(k), "reading"
		var faults []recon.FieldError
		switch {
		case k.Of == "setup" || k.Of == "side":
			what = "setup"
			_, faults = Decode([]byte(text))
		case strings.HasPrefix(k.Of, "rule"):
			what = "rule"
			_, faults = DecodeRule([]byte(text), 10)
		default:
			_, faults = DecodeFieldMap([]byte(text))
		}
		require.Empty(t, faults, "%s %s:\n%s", k.Of, k.Name, text)
		require.Empty(t, invalid(t, what, text), "%s %s:\n%s", k.Of, k.Name, text)
	}
	for of, keys := range map[string][]string{
		"setup": fieldNames(reflect.TypeFor[Setup]()), "side": fieldNames(reflect.TypeFor[Side]()),
		"reading": slices.Concat(recon.MappedFields, mapSettings), "field": fieldKeys,
		"skip": fieldNames(reflect.TypeFor[recon.Skip]()), "rule": fieldNames(reflect.TypeFor[recon.Rule]()),
		"rule.keys": fieldNames(reflect.TypeFor[recon.RuleKey]()), "rule.amount": fieldNames(reflect.TypeFor[recon.RuleAmount]()),
		"rule.currency": fieldNames(reflect.TypeFor[recon.RuleCurrency]()), "rule.date": fieldNames(reflect.TypeFor[recon.RuleDate]()),
		"rule.text": fieldNames(reflect.TypeFor[recon.RuleText]()), "rule.group": fieldNames(reflect.TypeFor[recon.RuleGroup]()),
		"rule.confirm": fieldNames(reflect.TypeFor[recon.RuleConfirm]()), "rule.difference": fieldNames(reflect.TypeFor[recon.RuleDifference]()), "rule.post": fieldNames(reflect.TypeFor[recon.RulePost]()),
	} {
		require.ElementsMatch(t, keys, documented[of], of)
	}
}

// exampleOf is an example with what it needs around it.
func exampleOf(k Key) string {
	if part, ok := strings.CutPrefix(k.Of, "rule."); ok {
		return ruleExample(part, k)
	}
	switch k.Of {
	case "rule":
		if k.Name == "name" {
			return k.Example
		}
		return "name: x\n" + map[string]string{"prefer": "type: DATE_LAG\n", "group": "type: SUBSET_SUM\n", "post": posting}[k.Name] + k.Example
	case "side":
		return "left:\n  " + k.Example
	case "skip":
		return "skip:\n  " + k.Example
	case "field":
		switch k.Name {
		case "column", "columns", "constant", "add", "each":
			return "amount:\n  " + k.Example
		case "subtract":
			return "amount:\n  add: [gross]\n  " + k.Example
		}
		return "amount:\n  column: x\n  " + k.Example
	}
	if k.Name == "transforms" {
		return "reference: x\n" + k.Example
	}
	return k.Example
}

// posting is what a rule of type POST needs.
const posting = "type: POST\nwhere: {right: \"amount < 0\"}\n"

// ruleExample is a rule with a key of one of its parts.
func ruleExample(part string, k Key) string {
	inside := k.Example
	for _, needed := range map[string][]string{
		"keys minLength": {"op: CONTAINS_TOKEN"},
		"amount percent": {"mode: TOLERANCE"},
		"amount base":    {"mode: TOLERANCE", "percent: 1"}, "amount cap": {"mode: TOLERANCE", "percent: 1"},
		"amount side": {"mode: TOLERANCE", "abs: 1"}, "amount abs": {"mode: TOLERANCE"}, "amount mode": {"abs: 1"},
		"date minDays": {"maxDays: 3"}, "date calendar": {"unit: BUSINESS"}, "date precision": {"unit: CALENDAR"},
		"currency to": {"mode: CONVERT"}, "currency mode": {"to: EUR"}, "currency rateType": {"mode: CONVERT", "to: EUR"},
		"currency rateDate":       {"mode: CONVERT", "to: EUR"},
		"currency rateMaxAgeDays": {"mode: CONVERT", "to: EUR"},
	}[part+" "+k.Name] {
		inside += ", " + needed
	}
	switch part {
	case "keys":
		for _, side := range []string{"left: reference", "right: description"} {
			if !strings.HasPrefix(side, k.Name) {
				inside += ", " + side
			}
		}
		return "name: x\nkeys: [{" + inside + "}]\n"
	case "post":
		if k.Name != "account" {
			inside += ", account: x"
		}
		return "name: x\n" + posting + "post: {" + inside + "}\n"
	case "group":
		kind := "SUBSET_SUM"
		if k.Name == "by" || k.Name == "dates" {
			kind, inside = "GROUPED", strings.Replace(inside, "dates: EVERY", "dates: EVERY, by: {left: [reference]}", 1)
		}
		return "name: x\ntype: " + kind + "\ngroup: {" + inside + "}\n"
	}
	return "name: x\n" + part + ": {" + inside + "}\n"
}

func TestSchemaTakesOurOwnSetupsAndRefusesWhatDecodingRefuses(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../examples/*/recon.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Empty(t, invalid(t, "setup", string(text)), path)
	}
	for what, texts := range map[string][]string{
		"reading": {"amuont: x", "view: SIDEWAYS", "header: first", "amount: {colum: x}", "transforms: {date: [shout]}"},
		"setup":   {"lft: {}", "left: {map: {amuont: x}}", "rules: [{name: x, type: NEAR}]", "asOf: [1]"},
		"rule":    {"type: EXACT", "{name: x, date: {unit: WEEKS}}", "{name: x, keys: [{left: a, right: b, op: NEAR}]}"},
	} {
		for _, text := range texts {
			require.NotEmpty(t, invalid(t, what, text), text)
		}
	}
	again := Schema("setup")
	require.Equal(t, again, Schema("setup"))
}

// invalid returns what a schema refuses of a document.
func invalid(t *testing.T, what, text string) []string {
	t.Helper()
	var root map[string]any
	require.NoError(t, json.Unmarshal(Schema(what), &root))
	var plain yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &plain))
	var value any
	require.NoError(t, plain.Decode(&value))
	return faultsOf(root, root, &plain, value)
}

// faultsOf validates by the keywords that Schema writes.
func faultsOf(root, s map[string]any, node *yaml.Node, value any) (faults []string) {
	if node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	for word, want := range s {
		switch word {
		case "$ref":
			def := root["$defs"].(map[string]any)[strings.TrimPrefix(want.(string), "#/$defs/")].(map[string]any)
			faults = append(faults, faultsOf(root, def, node, value)...)
		case "type":
			is := map[string]string{
				"!!str": "string", "!!timestamp": "string", "!!int": "integer", "!!float": "number", "!!bool": "boolean",
				"!!map": "object", "!!seq": "array",
			}[node.ShortTag()]
			if text := fmt.Sprint(want); !strings.Contains(text, is) && !(is == "integer" && strings.Contains(text, "number")) {
				faults = append(faults, fmt.Sprintf("%v is %s, not %v", value, is, want))
			}
		case "enum":
			if !slices.Contains(want.([]any), value) {
				faults = append(faults, fmt.Sprintf("%v is none of %v", value, want))
			}
		case "anyOf":
			if !slices.ContainsFunc(want.([]any), func(one any) bool {
				return len(faultsOf(root, one.(map[string]any), node, value)) == 0
			}) {
				faults = append(faults, fmt.Sprintf("%v is nothing of %v", value, want))
			}
		case "required":
			for _, name := range want.([]any) {
				if object, ok := value.(map[string]any); !ok || object[name.(string)] == nil {
					faults = append(faults, fmt.Sprintf("%v is missing", name))
				}
			}
		case "items":
			for i := 0; node.Kind == yaml.SequenceNode && i < len(node.Content); i++ {
				faults = append(faults, faultsOf(root, want.(map[string]any), node.Content[i], value.([]any)[i])...)
			}
		case "additionalProperties", "properties":
			faults = append(faults, memberFaults(root, s, word, node)...)
		}
	}
	return faults
}

func memberFaults(root, s map[string]any, word string, node *yaml.Node) (faults []string) {
	properties, _ := s["properties"].(map[string]any)
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		name := node.Content[i].Value
		known, ok := properties[name].(map[string]any)
		rest, open := s["additionalProperties"].(map[string]any)
		var value any
		if err := node.Content[i+1].Decode(&value); err != nil {
			return []string{err.Error()}
		}
		switch {
		case ok && word == "properties":
			faults = append(faults, faultsOf(root, known, node.Content[i+1], value)...)
		case !ok && word == "additionalProperties" && open:
			faults = append(faults, faultsOf(root, rest, node.Content[i+1], value)...)
		case !ok && word == "additionalProperties" && s[word] == false:
			faults = append(faults, name+" is not known")
		}
	}
	return faults
}
