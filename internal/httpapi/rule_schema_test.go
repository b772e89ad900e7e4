//go:build unit || !integration

package httpapi

import (
	"encoding/json"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"matcher/internal/setup"
)

func TestRuleSchema(t *testing.T) {
	text, err := ruleSchema()
	require.NoError(t, err)
	again, err := ruleSchema()
	require.NoError(t, err)
	require.Equal(t, text, again)
	var document struct {
		Schema string                    `json:"$schema"`
		Ref    string                    `json:"$ref"`
		Defs   map[string]map[string]any `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(text, &document))
	require.Equal(t, "https://json-schema.org/draft/2020-12/schema", document.Schema)
	rule := document.Defs[document.Ref[len("#/$defs/"):]]
	require.NotNil(t, rule, document.Ref)
	require.Equal(t, []any{"name"}, rule["required"])
	require.Equal(t, false, rule["additionalProperties"])
	require.Len(t, document.Defs["RuleKey"]["properties"].(map[string]any)["op"].(map[string]any)["enum"], 3)

	t.Run("it takes the rules that decoding takes, and refuses those that it refuses", func(t *testing.T) {
		schemas, root := ruleSchemas()
		for _, s := range schemas.Map() {
			s.PrecomputeMessages()
		}
		for body, valid := range map[string]bool{
			`{"name":"x","type":"EXACT","priority":10}`:                                                          true,
			`{"name":"x","type":"TOLERANCE","priority":10,"amount":{"abs":{"EUR":"0.05"}}}`:                      true,
			`{"name":"x","type":"EXACT","priority":10,"keys":[{"left":"reference","right":"kind"}]}`:             true,
			`{"name":"x","type":"NONE","priority":10}`:                                                           false,
			`{"name":"x","type":"EXACT","priority":10,"colour":"red"}`:                                           false,
			`{"name":"x","type":"EXACT","priority":10,"date":{"unit":"WEEKS"}}`:                                  false,
			`{"name":"x","type":"EXACT","priority":10,"keys":[{"left":"reference","right":"kind","op":"NEAR"}]}`: false,
		} {
			var value any
			require.NoError(t, json.Unmarshal([]byte(body), &value))
			result := &huma.ValidateResult{}
			path := huma.NewPathBuffer(nil, 0)
			huma.Validate(schemas, schemas.SchemaFromRef(root.Ref), path, huma.ModeWriteToServer, value, result)
			require.Equal(t, valid, len(result.Errors) == 0, "%s: %v", body, result.Errors)
			_, faults := setup.DecodeRule([]byte(body), 10)
			require.Equal(t, valid, len(faults) == 0, "%s: %v", body, faults)
		}
	})
}
