package recon

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Limits of one map: a file has at most a thousand columns, and nobody joins or rewrites more than a few of them.
const (
	mapColumnsMax    = 20
	mapTransformsMax = 20
	mapPatternMax    = 500
	mapValuesMax     = 1000
)

// field reads a column name, a list of them, or an object.
func (d *mapDecoder) field(value json.RawMessage, pointer string) (MapField, bool) {
	before := len(d.problems)
	var field MapField
	switch firstByte(value) {
	case '"':
		d.columnName(value, pointer, &field)
	case '[':
		d.columnList(value, pointer, &field)
	case '{':
		d.fieldObject(value, pointer, &field)
	default:
		d.fail(pointer, "WRONG_TYPE", `a column name, a list of them or {"constant": "…"} is expected here`)
	}
	return field, len(d.problems) == before
}

func firstByte(value json.RawMessage) byte {
	text := strings.TrimLeft(string(value), " \t\r\n")
	if text == "" {
		return 0
	}
	return text[0]
}

func (d *mapDecoder) columnName(value json.RawMessage, pointer string, field *MapField) {
	var name string
	d.text(value, pointer, &name)
	if strings.TrimSpace(name) == "" {
		d.fail(pointer, "WRONG_VALUE", "a column name is expected here, not an empty text")
		return
	}
	field.Columns = []string{name}
}

func (d *mapDecoder) columnList(value json.RawMessage, pointer string, field *MapField) {
	var names []string
	switch err := json.Unmarshal(value, &names); {
	case err != nil:
		d.fail(pointer, "WRONG_TYPE", "a list of column names is expected here")
	case len(names) == 0 || len(names) > mapColumnsMax || slices.Contains(names, ""):
		d.fail(pointer, "WRONG_VALUE", "1 to %d column names are expected here, none of them empty", mapColumnsMax)
	default:
		field.Columns = names
	}
}

var fieldKeys = []string{
	"column", "columns", "constant", "join", "transforms", "values", "dateFormat", "timeZone", "decimal", "negate",
}

func (d *mapDecoder) fieldObject(value json.RawMessage, pointer string, field *MapField) {
	keys, ok := d.object(value, pointer)
	if !ok {
		return
	}
	for _, key := range sortedKeys(keys) {
		d.fieldKey(key, keys[key], pointer+"/"+escapePointer(key), field)
	}
	if (len(field.Columns) > 0) == (field.Constant != "") {
		d.fail(pointer, "WRONG_VALUE", "give either a column or a constant")
	}
}

func (d *mapDecoder) fieldKey(key string, value json.RawMessage, here string, field *MapField) {
	switch name := camelCase(key); name {
	case "column":
		d.columnName(value, here, field)
	case "columns":
		d.columnList(value, here, field)
	case "constant":
		d.text(value, here, &field.Constant)
	case "join":
		d.text(value, here, &field.Join)
	case "transforms":
		field.Transforms = d.transforms(value, here)
	case "values":
		d.values(value, here, field)
	case "dateFormat":
		d.text(value, here, &field.DateFormat)
	case "timeZone":
		d.text(value, here, &field.TimeZone)
	case "decimal":
		d.decimal(value, here, &field.Decimal)
	case "negate":
		d.flag(value, here, &field.Negate)
	default:
		d.unknown(here, key, fieldKeys)
	}
}

func (d *mapDecoder) values(value json.RawMessage, here string, field *MapField) {
	if json.Unmarshal(value, &field.Values) != nil || len(field.Values) > mapValuesMax {
		d.fail(here, "WRONG_TYPE", `an object of at most %d texts is expected here: {"the file's word": "ours"}`, mapValuesMax)
	}
}

func (d *mapDecoder) transforms(value json.RawMessage, here string) []Transform {
	var steps []json.RawMessage
	if json.Unmarshal(value, &steps) != nil || len(steps) > mapTransformsMax {
		d.fail(here, "WRONG_TYPE", "a list of at most %d transforms is expected here", mapTransformsMax)
		return nil
	}
	out := make([]Transform, 0, len(steps))
	for i, step := range steps {
		out = append(out, d.transform(step, here+"/"+itoa(i)))
	}
	return out
}

func (d *mapDecoder) transform(value json.RawMessage, here string) Transform {
	var word string
	if json.Unmarshal(value, &word) == nil {
		op := camelCase(word)
		if !slices.Contains(TransformOps, op) {
			d.unknown(here, word, append(slices.Clone(TransformOps), TransformReplace, TransformExtract, TransformSubstring))
		}
		return Transform{Op: op}
	}
	keys, ok := d.object(value, here)
	if !ok {
		return Transform{}
	}
	var t Transform
	for _, key := range sortedKeys(keys) {
		d.transformKey(key, keys[key], here+"/"+escapePointer(key), &t)
	}
	if t.Op == "" {
		d.fail(here, "WRONG_VALUE", "one of replace, extract and substring is expected here")
	}
	return t
}

func (d *mapDecoder) transformKey(key string, value json.RawMessage, here string, t *Transform) {
	switch key {
	case TransformReplace, TransformExtract:
		t.Op = key
		d.text(value, here, &t.Text)
		if _, err := regexp.Compile(t.Text); err != nil || t.Text == "" || len(t.Text) > mapPatternMax {
			d.fail(here, "BAD_PATTERN", "this is not an RE2 expression of at most %d characters", mapPatternMax)
		}
	case "with":
		d.text(value, here, &t.With)
	case TransformSubstring:
		t.Op = key
		d.substring(value, here, t)
	default:
		d.unknown(here, key, []string{TransformReplace, "with", TransformExtract, TransformSubstring})
	}
}

func (d *mapDecoder) substring(value json.RawMessage, here string, t *Transform) {
	var span []int
	if json.Unmarshal(value, &span) != nil || len(span) == 0 || len(span) > 2 || span[0] < 1 || span[len(span)-1] < 0 {
		d.fail(here, "WRONG_VALUE", "[first character, how many] is expected here, counted from 1; without the second, the rest")
		return
	}
	t.From = span[0]
	if len(span) == 2 {
		t.Size = span[1]
	}
}

// checkTogether finds what no field shows alone.
func (d *mapDecoder) checkTogether() {
	m := &d.out
	if m.Has(FieldAmount) && (m.Has(FieldDebit) || m.Has(FieldCredit)) {
		d.fail("/"+FieldAmount, "WRONG_VALUE", "map either amount, or debit and credit, not both")
	}
	if m.Has(FieldDirection) && !m.Has(FieldAmount) {
		d.fail("/"+FieldDirection, "WRONG_VALUE", "direction gives a sign to amount, and amount is not mapped")
	}
	d.zone("/timeZone", m.TimeZone)
	for _, name := range MappedFields {
		d.zone("/"+name+"/timeZone", m.Fields[name].TimeZone)
	}
}

func (d *mapDecoder) zone(pointer, name string) {
	if name == "" {
		return
	}
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		d.fail(pointer, "UNKNOWN_TIME_ZONE", "%q is not an IANA time zone such as America/Sao_Paulo", name)
	}
}
