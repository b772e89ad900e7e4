package recon

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// UnmarshalJSON is strict: an unknown key, a wrong type or an impossible value is a FieldError with its pointer.
func (m *FieldMap) UnmarshalJSON(data []byte) error {
	parsed, problems := DecodeFieldMap(data)
	if len(problems) > 0 {
		return Unprocessable("FIELD_MAP_INVALID", "this field map cannot work", problems...)
	}
	*m = parsed
	return nil
}

// DecodeFieldMap reads a map from a JSON object and returns everything wrong with it at once.
func DecodeFieldMap(data []byte) (FieldMap, []FieldError) {
	d := mapDecoder{out: FieldMap{Fields: map[string]MapField{}}}
	keys, ok := d.object(data, "")
	if !ok {
		return FieldMap{}, d.problems
	}
	for _, key := range sortedKeys(keys) {
		if key != settingTransforms {
			d.key(key, keys[key])
		}
	}
	if byField, ok := keys[settingTransforms]; ok {
		d.transformsByField(byField, "/"+settingTransforms)
	}
	d.checkTogether()
	return d.out, d.problems
}

// mapSettings are the keys of a map beside the canonical fields; original holds two of those.
var mapSettings = []string{"dateFormat", "timeZone", "decimal", "negate", settingTransforms, "original"}

const settingTransforms = "transforms"

type mapDecoder struct {
	out      FieldMap
	problems []FieldError
}

func (d *mapDecoder) fail(pointer, code, format string, args ...any) {
	d.problems = append(d.problems, FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)})
}

func (d *mapDecoder) object(data []byte, pointer string) (map[string]json.RawMessage, bool) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(data, &keys); err != nil || keys == nil {
		d.fail(pointer, "WRONG_TYPE", "an object is expected here")
		return nil, false
	}
	return keys, true
}

func sortedKeys(keys map[string]json.RawMessage) []string {
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (d *mapDecoder) key(key string, value json.RawMessage) {
	pointer := "/" + escapePointer(key)
	switch name := camelCase(key); {
	case slices.Contains(MappedFields, name):
		if _, twice := d.out.Fields[name]; twice {
			d.fail(pointer, "DUPLICATE_KEY", "%s is given twice", name)
			return
		}
		if field, ok := d.field(value, pointer); ok {
			d.out.Fields[name] = field
		}
	case slices.Contains(mapSettings, name):
		d.setting(name, value, pointer)
	default:
		d.unknown(pointer, key, append(slices.Clone(MappedFields), mapSettings...))
	}
}

func (d *mapDecoder) unknown(pointer, key string, known []string) {
	if near := Suggest(camelCase(key), known); near != "" {
		d.fail(pointer, "UNKNOWN_FIELD", "%q is not known here: did you mean %q?", key, near)
		return
	}
	d.fail(pointer, "UNKNOWN_FIELD", "%q is not known here: known are %s", key, strings.Join(known, ", "))
}

func (d *mapDecoder) setting(name string, value json.RawMessage, pointer string) {
	switch name {
	case "dateFormat":
		d.text(value, pointer, &d.out.DateFormat)
	case "timeZone":
		d.text(value, pointer, &d.out.TimeZone)
	case "decimal":
		d.decimal(value, pointer, &d.out.Decimal)
	case "negate":
		d.flag(value, pointer, &d.out.Negate)
	case "original":
		d.original(value, pointer)
	}
}

func (d *mapDecoder) text(value json.RawMessage, pointer string, to *string) {
	if json.Unmarshal(value, to) != nil {
		d.fail(pointer, "WRONG_TYPE", "a text is expected here")
	}
}

func (d *mapDecoder) flag(value json.RawMessage, pointer string, to *bool) {
	if json.Unmarshal(value, to) != nil {
		d.fail(pointer, "WRONG_TYPE", "true or false is expected here")
	}
}

var decimalWords = map[string]string{"": "", ".": ".", ",": ",", "point": ".", "dot": ".", "comma": ","}

func (d *mapDecoder) decimal(value json.RawMessage, pointer string, to *string) {
	var word string
	d.text(value, pointer, &word)
	sign, known := decimalWords[word]
	if !known {
		d.fail(pointer, "WRONG_VALUE", `decimal is "." (as in 1,234.56) or "," (as in 1.234,56)`)
		return
	}
	*to = sign
}

// original takes {"amount": …, "currency": …} for the two fields that it stands for.
func (d *mapDecoder) original(value json.RawMessage, pointer string) {
	parts, ok := d.object(value, pointer)
	if !ok {
		return
	}
	names := map[string]string{"amount": FieldOriginalAmount, "currency": FieldOriginalCurrency}
	for _, key := range sortedKeys(parts) {
		name, known := names[key]
		if !known {
			d.unknown(pointer+"/"+escapePointer(key), key, []string{"amount", "currency"})
			continue
		}
		if field, ok := d.field(parts[key], pointer+"/"+key); ok {
			d.out.Fields[name] = field
		}
	}
}

// transformsByField reads {"reference": ["upper"]}: steps before the field's own.
func (d *mapDecoder) transformsByField(value json.RawMessage, pointer string) {
	byField, ok := d.object(value, pointer)
	if !ok {
		return
	}
	for _, key := range sortedKeys(byField) {
		here, name := pointer+"/"+escapePointer(key), camelCase(key)
		field, mapped := d.out.Fields[name]
		switch {
		case !slices.Contains(MappedFields, name):
			d.unknown(here, key, MappedFields)
			continue
		case !mapped:
			d.fail(here, "UNKNOWN_FIELD", "%s has transforms but no column in this map", name)
			continue
		}
		field.Transforms = append(d.transforms(byField[key], here), field.Transforms...)
		d.out.Fields[name] = field
	}
}

func camelCase(key string) string {
	parts := strings.Split(key, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	name := strings.Join(parts, "")
	if stem, ok := strings.CutSuffix(name, "ID"); ok {
		name = stem + "Id"
	}
	if name != "" && unicode.IsUpper(rune(name[0])) {
		name = strings.ToLower(name[:1]) + name[1:]
	}
	return name
}

func escapePointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
