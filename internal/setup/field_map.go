package setup

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"matcher/internal/recon"
)

// Limits of one map: a file has at most a thousand columns, and a field joins or rewrites a few of them.
const (
	mapColumnsMax    = 20
	mapTransformsMax = 20
	mapPatternMax    = 500
	mapValuesMax     = 1000
)

// mapSettings are the keys of a map besides the canonical fields; original holds two of those.
var mapSettings = []string{"dateFormat", "timeZone", "decimal", "negate", "transforms", "original"}

// DecodeFieldMap reads a map (YAML or JSON) as strictly as DecodeRule reads a rule, and returns everything wrong at
// once. Names may be written in camel case or with underscores.
func DecodeFieldMap(data []byte) (recon.FieldMap, []recon.FieldError) {
	root, faults := parseDocument(data)
	if faults != nil && len(data) <= bytesMax { // a map file may be YAML that begins as JSON does: {date: day}
		if other, more := parseYAML(data); more == nil {
			root, faults = other, nil
		}
	}
	if faults != nil {
		return recon.FieldMap{}, faults
	}
	d := decoder{}
	return d.fieldMap(root, ""), d.errs
}

func (d *decoder) fieldMap(n *node, pointer string) recon.FieldMap {
	d.loose = true
	defer func() { d.loose = false }()
	m := recon.FieldMap{Fields: map[string]recon.MapField{}}
	seen := map[string]bool{}
	var steps *node
	stepsAt := ""
	d.members(n, pointer, append(slices.Clone(recon.MappedFields), mapSettings...),
		func(name string, value *node, at string) {
			if seen[name] {
				d.refuse(value, at, recon.CodeDuplicate, name+" is given twice")
				return
			}
			seen[name] = true
			switch name {
			case "dateFormat":
				d.text(value, at, &m.DateFormat)
			case "timeZone":
				d.zone(value, at, &m.TimeZone)
			case "decimal":
				d.decimalSign(value, at, &m.Decimal)
			case "negate":
				d.decode(value, reflect.ValueOf(&m.Negate).Elem(), at)
			case "original":
				d.members(value, at, []string{"amount", "currency"}, func(part string, value *node, at string) {
					d.mapField(value, at, m, "original"+strings.ToUpper(part[:1])+part[1:])
				})
			case "transforms": // after the fields that they are for
				steps, stepsAt = value, at
			default:
				d.mapField(value, at, m, name)
			}
		})
	if steps != nil {
		d.members(steps, stepsAt, recon.MappedFields, func(name string, value *node, at string) {
			field, mapped := m.Fields[name]
			if !mapped {
				d.refuse(value, at, recon.CodeUnknownField, name+" has transforms but no column in this map")
				return
			}
			field.Transforms = append(d.transforms(value, at), field.Transforms...)
			m.Fields[name] = field
		})
	}
	if n.kind == mapNode {
		d.fieldsTogether(n, pointer, &m)
	}
	return m
}

// fieldsTogether finds what no field shows alone.
func (d *decoder) fieldsTogether(n *node, pointer string, m *recon.FieldMap) {
	if m.Has(recon.FieldAmount) && (m.Has(recon.FieldDebit) || m.Has(recon.FieldCredit)) {
		d.refuse(n, pointer+"/"+recon.FieldAmount, recon.CodeImpossible,
			"map either amount, or debit and credit, not both")
	}
	if m.Has(recon.FieldDirection) && !m.Has(recon.FieldAmount) {
		d.refuse(n, pointer+"/"+recon.FieldDirection, recon.CodeImpossible,
			"direction gives a sign to amount, and amount is not mapped")
	}
}

// mapField reads a column name, a list of them, or an object.
func (d *decoder) mapField(n *node, pointer string, m recon.FieldMap, name string) {
	before := len(d.errs)
	var field recon.MapField
	switch n.kind {
	case textNode, listNode:
		d.columns(n, pointer, &field)
	case mapNode:
		d.fieldObject(n, pointer, &field)
	default:
		d.refuse(n, pointer, recon.CodeWrongType, `must be a column name, a list of them or {"constant": "…"}, not `+n.noun())
	}
	if len(d.errs) == before {
		m.Fields[name] = field
	}
}

func (d *decoder) columns(n *node, pointer string, field *recon.MapField) {
	items := []*node{n}
	if n.kind == listNode {
		items = n.items
	}
	if len(items) == 0 || len(items) > mapColumnsMax {
		d.refuse(n, pointer, recon.CodeInvalidValue, fmt.Sprintf("must hold 1 to %d column names", mapColumnsMax))
		return
	}
	for _, item := range items {
		switch {
		case item.kind != textNode:
			d.refuse(item, pointer, recon.CodeWrongType,
				"must be a column name or a list of column names, not "+item.noun())
		case strings.TrimSpace(item.text) == "":
			d.refuse(item, pointer, recon.CodeMissingValue, "must be a column name, not an empty text")
		default:
			field.Columns = append(field.Columns, item.text)
		}
	}
}

var fieldKeys = []string{
	"column", "columns", "constant", "join", "transforms", "values", "dateFormat", "timeZone", "decimal", "negate",
}

func (d *decoder) fieldObject(n *node, pointer string, field *recon.MapField) {
	before := len(d.errs)
	d.members(n, pointer, fieldKeys, func(name string, value *node, at string) {
		switch name {
		case "column", "columns":
			d.columns(value, at, field)
		case "constant":
			d.text(value, at, &field.Constant)
		case "join":
			d.text(value, at, &field.Join)
		case "transforms":
			field.Transforms = d.transforms(value, at)
		case "values":
			d.values(value, at, field)
		case "dateFormat":
			d.text(value, at, &field.DateFormat)
		case "timeZone":
			d.zone(value, at, &field.TimeZone)
		case "decimal":
			d.decimalSign(value, at, &field.Decimal)
		case "negate":
			d.decode(value, reflect.ValueOf(&field.Negate).Elem(), at)
		}
	})
	if len(d.errs) == before && (len(field.Columns) > 0) == (field.Constant != "") {
		d.refuse(n, pointer, recon.CodeImpossible, "give either a column or a constant")
	}
}

func (d *decoder) text(n *node, pointer string, to *string) {
	d.decode(n, reflect.ValueOf(to).Elem(), pointer)
}

func (d *decoder) zone(n *node, pointer string, to *string) {
	d.text(n, pointer, to)
	if _, err := time.LoadLocation(*to); err != nil || *to == "Local" {
		d.refuse(n, pointer, recon.CodeInvalidValue, n.quoted()+" is not an IANA time zone such as America/Sao_Paulo")
	}
}

var decimalWords = map[string]string{"": "", ".": ".", ",": ",", "point": ".", "dot": ".", "comma": ","}

func (d *decoder) decimalSign(n *node, pointer string, to *string) {
	word := ""
	d.text(n, pointer, &word)
	sign, known := decimalWords[word]
	if !known {
		d.refuse(n, pointer, recon.CodeInvalidValue, `decimal is "." (as in 1,234.56) or "," (as in 1.234,56)`)
	}
	*to = sign
}

func (d *decoder) values(n *node, pointer string, field *recon.MapField) {
	if n.kind != mapNode || len(n.items) > mapValuesMax {
		d.refuse(n, pointer, recon.CodeWrongType,
			fmt.Sprintf(`must be an object of at most %d texts: {"the file's word": "ours"}`, mapValuesMax))
		return
	}
	field.Values = make(map[string]string, len(n.items))
	for i, name := range n.names {
		word := ""
		d.text(n.items[i], n.childPointer(pointer, i), &word)
		field.Values[name] = word
	}
}

func (d *decoder) transforms(n *node, pointer string) []recon.Transform {
	if n.kind != listNode || len(n.items) > mapTransformsMax {
		d.refuse(n, pointer, recon.CodeWrongType,
			fmt.Sprintf("must be a list of at most %d transforms", mapTransformsMax))
		return nil
	}
	steps := make([]recon.Transform, len(n.items))
	for i, step := range n.items {
		d.transform(step, n.childPointer(pointer, i), &steps[i])
	}
	return steps
}

func (d *decoder) transform(n *node, pointer string, t *recon.Transform) {
	if n.kind == textNode {
		t.Op = camelCase(n.text)
		if !slices.Contains(recon.TransformOps, t.Op) {
			known := append(slices.Clone(recon.TransformOps), recon.TransformReplace, recon.TransformExtract,
				recon.TransformSubstring)
			d.refuse(n, pointer, recon.CodeInvalidValue, n.quoted()+" "+notHere(t.Op, known))
		}
		return
	}
	before := len(d.errs)
	known := []string{recon.TransformReplace, "with", recon.TransformExtract, recon.TransformSubstring}
	d.members(n, pointer, known, func(name string, value *node, at string) {
		switch name {
		case recon.TransformReplace, recon.TransformExtract:
			t.Op = name
			d.text(value, at, &t.Text)
			if _, err := regexp.Compile(t.Text); err != nil || t.Text == "" || len(t.Text) > mapPatternMax {
				d.refuse(value, at, recon.CodeInvalidValue,
					fmt.Sprintf("is not an RE2 expression of at most %d characters", mapPatternMax))
			}
		case "with":
			d.text(value, at, &t.With)
		case recon.TransformSubstring:
			t.Op = name
			d.substring(value, at, t)
		}
	})
	if len(d.errs) == before && t.Op == "" {
		d.refuse(n, pointer, recon.CodeMissingValue, "must be one of replace, extract and substring")
	}
}

func (d *decoder) substring(n *node, pointer string, t *recon.Transform) {
	var span []int
	before := len(d.errs)
	d.decode(n, reflect.ValueOf(&span).Elem(), pointer)
	if len(d.errs) > before {
		return
	}
	if len(span) == 0 || len(span) > 2 || span[0] < 1 || span[len(span)-1] < 0 {
		d.refuse(n, pointer, recon.CodeInvalidValue,
			"must be [first character, how many], counted from 1; without the second, the rest")
		return
	}
	t.From = span[0]
	if len(span) == 2 {
		t.Size = span[1]
	}
}

// camelCase turns external_id and ExternalID into externalId.
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
