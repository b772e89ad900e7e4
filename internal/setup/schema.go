package setup

import (
	_ "embed"
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"matcher/internal/recon"
)

//go:embed keys.txt
var keysText string

// Key is a key that people write, with its meaning and a line that shows it.
type Key struct {
	Of      string // "setup", "side", "reading", "field", "skip", "rule", or a part of a rule as "rule.keys"
	Name    string
	Meaning string
	Example string
}

// Keys lists the keys of a setup, a reading and a rule in the order of docs/setup.md and docs/rules.md, which are made
// from them.
func Keys() []Key {
	var keys []Key
	of := ""
	for line := range strings.Lines(keysText) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
		case strings.HasPrefix(line, "["):
			of = strings.Trim(line, "[]")
		case strings.HasPrefix(line, "  "):
			keys[len(keys)-1].Meaning = strings.TrimSpace(line)
		default:
			name, _, _ := strings.Cut(line, ":")
			keys = append(keys, Key{Of: of, Name: name, Example: line})
		}
	}
	return keys
}

// Schemas are what Schema knows.
var Schemas = []string{"setup", "reading", "rule"}

// Schema returns the JSON Schema (2020-12) of a setup, a reading or a rule, made from the types and keys that the
// decoder takes. Decoding checks what a schema cannot express.
func Schema(what string) []byte {
	b := schemaBuilder{defs: schema{}}
	var root schema
	switch what {
	case "setup":
		root = b.of(reflect.TypeFor[Setup](), "")
	case "reading":
		root = b.of(reflect.TypeFor[recon.FieldMap](), "")
	case "rule":
		root = b.of(reflect.TypeFor[recon.Rule](), "")
	default:
		panic("there is no schema of " + what)
	}
	root["$schema"], root["title"] = "https://json-schema.org/draft/2020-12/schema", "A "+what+" of Matcher"
	root["$defs"] = b.defs
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic("a schema is no JSON: " + err.Error())
	}
	return append(text, '\n')
}

type schema map[string]any

// schemaBuilder makes schemas of types as the decoder reads them.
type schemaBuilder struct{ defs schema }

func textSchema() schema { return schema{"type": "string"} }

func listOf(items schema) schema { return schema{"type": "array", "items": items} }

func oneOf(values []string) schema { return schema{"enum": values} }

func either(schemas ...schema) schema { return schema{"anyOf": schemas} }

func objectOf(values schema) schema { return schema{"type": "object", "additionalProperties": values} }

// decimalSchema is of a decimal, which may be a bare number.
func decimalSchema() schema { return schema{"type": []string{"string", "number"}} }

// names is one column, or a list.
func namesSchema() schema { return either(textSchema(), listOf(textSchema())) }

// schemaTexts are the texts of enumerated types.
var schemaTexts = map[reflect.Type][]string{
	reflect.TypeFor[recon.Class]():            recon.Classes[1:],
	reflect.TypeFor[recon.Reason]():           recon.Reasons[1:],
	reflect.TypeFor[recon.GroupStatus]():      recon.GroupStatuses[1:],
	reflect.TypeFor[recon.HeldBy]():           recon.Gates[1:],
	reflect.TypeFor[recon.AdjustmentReason](): recon.GivenReasons,
}

// of is the schema of a type; place is its path in a rule.
func (b *schemaBuilder) of(t reflect.Type, place string) schema {
	switch t {
	case reflect.TypeFor[recon.Limits]():
		return either(decimalSchema(), objectOf(decimalSchema()))
	case reflect.TypeFor[recon.Decimal]():
		return decimalSchema()
	case reflect.TypeFor[recon.Day]():
		return schema{"type": "string", "format": "date"}
	case reflect.TypeFor[recon.FieldMap]():
		return b.define("Reading", b.reading)
	case reflect.TypeFor[Side]():
		part := b.define("Side", func() schema { return b.object(t, place) })
		return either(part, listOf(part))
	case reflect.TypeFor[CaseRows]():
		return either(textSchema(), listOf(schema{"type": "object"}))
	case reflect.TypeFor[CaseIDs]():
		id := schema{"type": []string{"string", "number"}}
		return either(id, listOf(id))
	}
	if texts := schemaTexts[t]; texts != nil {
		return oneOf(texts)
	}
	if values := recon.RuleValues[place]; values != nil && t.Kind() == reflect.String {
		return oneOf(values)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return b.of(t.Elem(), place)
	case reflect.Slice:
		return listOf(b.of(t.Elem(), place))
	case reflect.Struct:
		return b.define(t.Name(), func() schema { return b.object(t, place) })
	case reflect.String:
		return textSchema()
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return textSchema()
	}
	panic(fmt.Sprintf("setup: no schema of %s", t))
}

// define makes a schema once and returns the reference to it.
func (b *schemaBuilder) define(name string, build func() schema) schema {
	if _, made := b.defs[name]; !made {
		b.defs[name] = schema{} // so that a type may hold itself
		b.defs[name] = build()
	}
	return schema{"$ref": "#/$defs/" + name}
}

// object is a struct, by the names that the decoder knows.
func (b *schemaBuilder) object(t reflect.Type, place string) schema {
	of := keysOf(t)
	if place += "/"; place == "/" || t == reflect.TypeFor[recon.Rule]() {
		place = ""
	}
	properties := schema{}
	for i, name := range fieldNames(t) {
		value := b.of(t.Field(i).Type, place+name)
		if of == "side" && name == "reading" {
			value = either(value, b.of(reflect.TypeFor[recon.FieldMap](), ""))
		}
		properties[name] = described(of, name, value)
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if t == reflect.TypeFor[recon.Rule]() {
		s["required"] = []string{"name"}
	}
	return s
}

// keysOf is what the keys of a struct are called in keys.txt; the parts of a rule are its own fields.
func keysOf(t reflect.Type) string {
	if part, ok := strings.CutPrefix(t.Name(), "Rule"); ok && part != "" {
		return "rule." + map[string]string{"Key": "keys"}[part] + strings.ToLower(strings.TrimPrefix(part, "Key"))
	}
	return strings.ToLower(t.Name())
}

// described adds the meaning of a key.
func described(of, name string, s schema) schema {
	for _, k := range Keys() {
		if k.Of == of && k.Name == name {
			s = maps.Clone(s)
			s["description"] = k.Meaning + " Example: " + k.Example
		}
	}
	return s
}

func (b *schemaBuilder) reading() schema {
	properties := schema{}
	for _, name := range slices.Concat(recon.MappedFields, mapSettings) {
		properties[name] = described("reading", name, b.key(name))
	}
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

// key is the schema of one key of a reading.
func (b *schemaBuilder) key(name string) schema {
	switch name {
	case "dateFormat", "timeZone", "charset", "delimiter":
		return textSchema()
	case "decimal":
		return oneOf([]string{".", ",", "point", "dot", "comma"})
	case "negate":
		return schema{"type": "boolean"}
	case "header":
		return schema{"type": "integer", "minimum": 0}
	case "skip":
		return b.of(reflect.TypeFor[recon.Skip](), "")
	case "empty", "money", "balances", "volatile", "fixed":
		return listOf(textSchema())
	case "transforms":
		return objectOf(b.transforms())
	case "original":
		return schema{"type": "object", "additionalProperties": false, "properties": schema{
			"amount": b.define("Field", b.field), "currency": b.define("Field", b.field),
		}}
	}
	if words := settingWords[name]; words != nil {
		return oneOf(words)
	}
	return b.define("Field", b.field)
}

func (b *schemaBuilder) transforms() schema {
	return listOf(either(oneOf(recon.TransformOps), schema{
		"type": "object", "additionalProperties": false, "properties": schema{
			recon.TransformReplace: textSchema(), "with": textSchema(), recon.TransformExtract: textSchema(),
			recon.TransformSubstring: listOf(schema{"type": "integer"}),
		},
	}))
}

// field is a column, a list of them or an object.
func (b *schemaBuilder) field() schema {
	properties := schema{}
	for _, name := range fieldKeys {
		s := namesSchema()
		switch name {
		case "constant", "default", "else", "join", "is":
			s = textSchema()
		case "unknown":
			s = oneOf([]string{recon.UnknownAside})
		case "each", "values":
			s = objectOf(textSchema())
		case "transforms":
			s = b.transforms()
		case "dateFormat", "timeZone", "decimal", "negate":
			s = b.key(name)
		}
		properties[name] = described("field", name, s)
	}
	return either(textSchema(), listOf(textSchema()),
		schema{"type": "object", "properties": properties, "additionalProperties": false})
}
