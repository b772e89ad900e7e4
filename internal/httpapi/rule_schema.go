package httpapi

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"matcher/internal/recon"
)

const ruleSchemaPath = "/v1/schemas/rule.json"

// ruleSchema returns the JSON Schema (2020-12) of a rule, from the types that decode it and the values that are
// checked. Editors complete and check rule files by it; decoding checks what a schema cannot express.
func ruleSchema() ([]byte, error) {
	schemas, root := ruleSchemas()
	return json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ruleSchemaPath, "title": "A rule of Matcher",
		"$ref": root.Ref, "$defs": schemas.Map(),
	}, "", "  ")
}

// ruleSchemas are the schemas of a rule and its parts, and the reference to the rule's own.
func ruleSchemas() (huma.Registry, *huma.Schema) {
	schemas := huma.NewMapRegistry("#/$defs/", huma.DefaultSchemaNamer)
	registerAliases(schemas)
	root := schemas.Schema(reflect.TypeFor[ruleDoc](), true, "Rule")
	rule := schemas.SchemaFromRef(root.Ref)
	for _, place := range slices.Sorted(maps.Keys(recon.RuleValues)) {
		field := schemaAt(schemas, rule, place)
		if field.Type == "array" {
			field = field.Items
		}
		field.Enum = nil
		for _, value := range recon.RuleValues[place] {
			field.Enum = append(field.Enum, value)
		}
	}
	least, most := 1.0, float64(recon.PriorityMax)
	priority := rule.Properties["priority"]
	priority.Minimum, priority.Maximum = &least, &most
	decimal := &huma.Schema{
		OneOf:       []*huma.Schema{{Type: "string"}, {Type: "number"}},
		Description: "A decimal, as text or as a bare number",
	}
	schemaAt(schemas, rule, "amount").Properties["percent"] = decimal
	schemaAt(schemas, rule, "text").Properties["min"] = decimal
	return schemas, root
}

// schemaAt walks along property names, through lists and references.
func schemaAt(schemas huma.Registry, s *huma.Schema, path string) *huma.Schema {
	for name := range strings.SplitSeq(path, "/") {
		if s.Type == "array" {
			s = s.Items
		}
		if s.Ref != "" {
			s = schemas.SchemaFromRef(s.Ref)
		}
		s = s.Properties[name]
		if s.Ref != "" {
			s = schemas.SchemaFromRef(s.Ref)
		}
	}
	return s
}

func (a *API) getRuleSchema(w http.ResponseWriter, _ *http.Request) error {
	text, err := ruleSchema()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/schema+json")
	_, err = w.Write(text)
	return err
}

func describeRuleSchema(_ *document, op *huma.Operation) {
	schema := &huma.MediaType{Schema: &huma.Schema{Type: "object"}}
	op.Responses["200"] = &huma.Response{
		Description: "A JSON Schema", Content: map[string]*huma.MediaType{"application/schema+json": schema},
	}
}
