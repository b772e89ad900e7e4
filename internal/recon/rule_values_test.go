//go:build unit || !integration

package recon

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ruleWith is a rule as JSON with a value at a place of RuleValues.
func ruleWith(t *testing.T, place, value string) []byte {
	t.Helper()
	rule := map[string]any{"name": "r", "type": "EXACT", "priority": 10}
	section, field, nested := strings.Cut(place, "/")
	switch {
	case !nested:
		rule[place] = value
	case section == "keys":
		key := map[string]any{"left": "reference", "right": "reference", field: value}
		if field == "normalise" {
			key[field] = []string{value}
		}
		rule["keys"] = []any{key}
	default:
		rule[section] = map[string]any{field: value}
	}
	text, err := json.Marshal(rule)
	require.NoError(t, err)
	return text
}

// The checker and the table must not drift apart: each value passes where it stands, any other is refused there.
func TestRuleValues(t *testing.T) {
	refused := func(place, value string) (messages []string) {
		var rule Rule
		require.NoError(t, json.Unmarshal(ruleWith(t, place, value), &rule))
		faults := rule.Check()
		pointer := "/" + strings.Replace(place, "keys/", "keys/0/", 1)
		for _, f := range faults {
			if strings.HasPrefix(f.Pointer, pointer) && f.Code == CodeInvalidValue {
				messages = append(messages, f.Message)
			}
		}
		return messages
	}
	for place, values := range RuleValues {
		require.NotEmpty(t, refused(place, "NONSENSE"), place)
		for _, value := range values {
			require.Empty(t, refused(place, value), "%s: %s", place, value)
		}
	}
}
