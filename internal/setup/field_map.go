package setup

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
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
var mapSettings = []string{
	"dateFormat", "timeZone", "decimal", "negate", "transforms", "original", "status", "unit", "signs", "view",
	"header",
	"charset", "delimiter", "skip", "empty", "money", "balances", "volatile", "detect", "rows", "future", "interim",
	"fixed",
}

// settingWords are the words that a setting may have.
var settingWords = map[string][]string{
	"unit":   {recon.UnitMinor, recon.UnitMajor, recon.UnitThousands, recon.UnitMillions},
	"signs":  {recon.SignsAsWritten},
	"view":   {recon.ViewBooks, recon.ViewStatement},
	"detect": {recon.DetectOff},
	"rows":   {recon.RowsMovements, recon.RowsClaims},
	"future": {recon.FutureAccept, recon.FutureSetAside}, "interim": {recon.InterimBooks},
}

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
			case "status":
				d.mapField(value, at, m, recon.FieldBookingStatus)
			case "original":
				d.members(value, at, []string{"amount", "currency"}, func(part string, value *node, at string) {
					d.mapField(value, at, m, "original"+strings.ToUpper(part[:1])+part[1:])
				})
			case "transforms": // after the fields that they are for
				steps, stepsAt = value, at
			default:
				if !d.mapSetting(value, at, &m, name) {
					d.mapField(value, at, m, name)
				}
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

// mapSetting reads a setting of the whole file, and reports whether name is one.
func (d *decoder) mapSetting(value *node, at string, m *recon.FieldMap, name string) bool {
	switch name {
	case "dateFormat":
		d.text(value, at, &m.DateFormat)
	case "timeZone":
		d.zone(value, at, &m.TimeZone)
	case "decimal":
		d.decimalSign(value, at, &m.Decimal)
	case "negate":
		d.decode(value, reflect.ValueOf(&m.Negate).Elem(), at)
	case "unit", "signs", "view", "detect", "rows", "future", "interim":
		to := map[string]*string{
			"unit": &m.Unit, "signs": &m.Signs, "view": &m.View, "detect": &m.Detect, "rows": &m.Rows,
			"future": &m.Future, "interim": &m.Interim,
		}[name]
		if d.text(value, at, to); !slices.Contains(settingWords[name], *to) {
			d.refuse(value, at, recon.CodeInvalidValue, name+" is "+strings.Join(settingWords[name], " or "))
		}
	case "header":
		if d.decode(value, reflect.ValueOf(&m.Header).Elem(), at); m.Header < 0 {
			d.refuse(value, at, recon.CodeInvalidValue, "header is a line of the file, counted from 1")
		}
	case "charset":
		d.text(value, at, &m.Charset)
	case "delimiter":
		if d.text(value, at, &m.Delimiter); m.Delimiter == `\t` || m.Delimiter == "tab" {
			m.Delimiter = "\t"
		}
		if len(m.Delimiter) != 1 {
			d.refuse(value, at, recon.CodeInvalidValue, "delimiter is one character of ASCII, or tab")
		}
	case "skip":
		m.Skip = &recon.Skip{}
		d.decode(value, reflect.ValueOf(m.Skip).Elem(), at)
	case "fixed":
		d.decode(value, reflect.ValueOf(&m.Fixed).Elem(), at)
		var before recon.FixedColumn
		for i, text := range m.Fixed {
			column, ok := recon.ParseFixedColumn(text)
			switch {
			case !ok:
				d.refuse(value, at+"/"+strconv.Itoa(i), recon.CodeInvalidValue,
					"is a column and its places, counted from 1: amount 9-20")
			case column.From <= before.To:
				d.refuse(value, at+"/"+strconv.Itoa(i), recon.CodeInvalidValue, fmt.Sprintf(
					"%s %d-%d begins before %s %d-%d "+
						"ends: columns are named in the order of their places, and none has a place of another", column.Name,
					column.From, column.To, before.Name, before.From, before.To))
			}
			before = column
		}
	case "empty", "money", "balances", "volatile":
		to := map[string]*[]string{
			"empty": &m.Empty, "money": &m.Money, "balances": &m.Balances, "volatile": &m.Volatile,
		}[name]
		d.decode(value, reflect.ValueOf(to).Elem(), at)
	default:
		return false
	}
	return true
}

// fieldsTogether finds what no field shows alone.
func (d *decoder) fieldsTogether(n *node, pointer string, m *recon.FieldMap) {
	if m.Has(recon.FieldAmount) && (m.Has(recon.FieldDebit) || m.Has(recon.FieldCredit)) {
		d.refuse(n, pointer+"/"+recon.FieldAmount, recon.CodeImpossible,
			"map either amount, or debit and credit, not both")
	}
	if m.Has(recon.FieldDirection) && (m.Has(recon.FieldDebit) || m.Has(recon.FieldCredit)) {
		d.refuse(n, pointer+"/"+recon.FieldDirection, recon.CodeImpossible,
			"debit and credit have their sign already: direction gives one to amount")
	}
	if m.Unit == recon.UnitMinor && m.Decimal != "" {
		d.refuse(n, pointer+"/unit", recon.CodeImpossible,
			"unit: minor reads whole numbers, which have no decimal sign")
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
		d.refuse(n, pointer, recon.CodeWrongType,
			`must be a column name, a list of them or {"constant": "…"}, not `+n.noun())
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
	"column", "columns", "constant", "default", "else", "join", "add", "subtract", "each", "is", "unknown",
	"transforms",
	"values", "in", "out", "neutral", "booked", "pending", "void", "dateFormat", "timeZone", "decimal", "negate",
}

// wordLists are the keys that list a file's words, with what they mean as values.
var wordLists = map[string]string{
	"in": recon.DirectionIn, "out": recon.DirectionOut, "neutral": recon.DirectionNeutral,
	"booked": recon.Booked, "pending": recon.Pending, "void": recon.Void,
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
		case "default":
			d.text(value, at, &field.Default)
		case "else":
			d.text(value, at, &field.Else)
		case "is":
			d.text(value, at, &field.Is)
		case "unknown":
			if d.text(value, at, &field.Unknown); field.Unknown != recon.UnknownAside {
				d.refuse(value, at, recon.CodeInvalidValue, "unknown is "+recon.UnknownAside)
			}
		case "add", "subtract":
			var list recon.MapField
			if d.columns(value, at, &list); name == "add" {
				field.Add = list.Columns
			} else {
				field.Subtract = list.Columns
			}
		case "each":
			d.each(value, at, field)
		case "values":
			d.values(value, at, &field.Values)
		case "in", "out", "neutral", "booked", "pending", "void":
			var words recon.MapField
			d.columns(value, at, &words)
			if field.Values == nil {
				field.Values = map[string]string{}
			}
			for _, word := range words.Columns {
				field.Values[word] = wordLists[name]
			}
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
	if len(d.errs) == before {
		d.oneWay(n, pointer, field)
	}
}

// each reads columns with the currency of each.
func (d *decoder) each(n *node, pointer string, field *recon.MapField) {
	d.values(n, pointer, &field.Each)
	for column, code := range field.Each {
		if _, known := recon.CurrencyDigits(code); !known {
			d.refuse(n, pointer, recon.CodeInvalidValue,
				fmt.Sprintf("%q is not the ISO 4217 code of column %q", code, column))
		}
	}
}

// oneWay demands one origin of a field.
func (d *decoder) oneWay(n *node, pointer string, field *recon.MapField) {
	sum := len(field.Add)+len(field.Subtract) > 0
	ways := 0
	for _, given := range []bool{len(field.Columns) > 0, field.Constant != "", sum, len(field.Each) > 0} {
		if given {
			ways++
		}
	}
	bySign := strings.HasSuffix(pointer, "/"+recon.FieldCurrency) && (field.Default != "" || field.Values != nil)
	if ways != 1 && (ways > 0 || !bySign) {
		d.refuse(n, pointer, recon.CodeImpossible, "give one of column, constant, add and each")
	}
	if sum && len(field.Add) == 0 {
		d.refuse(n, pointer, recon.CodeImpossible, "subtract needs an add that it takes off from")
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

func (d *decoder) values(n *node, pointer string, to *map[string]string) {
	if n.kind != mapNode || len(n.items) > mapValuesMax {
		d.refuse(n, pointer, recon.CodeWrongType,
			fmt.Sprintf(`must be an object of at most %d texts: {"the file's word": "ours"}`, mapValuesMax))
		return
	}
	if *to == nil {
		*to = make(map[string]string, len(n.items))
	}
	for i, name := range n.names {
		word := ""
		d.text(n.items[i], n.childPointer(pointer, i), &word)
		(*to)[name] = word
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
