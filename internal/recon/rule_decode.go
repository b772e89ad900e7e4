package recon

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Codes of a FieldError in a document that a person wrote.
const (
	CodeSyntax       = "SYNTAX"
	CodeUnknownField = "UNKNOWN_FIELD"
	CodeDuplicate    = "DUPLICATE"
	CodeType         = "WRONG_TYPE"
	CodeValue        = "INVALID_VALUE"
	CodeMissing      = "MISSING"
	CodeUnsupported  = "NOT_SUPPORTED_YET"
	CodeImpossible   = "IMPOSSIBLE"
)

const (
	rulesBytesMax = 1 << 20 // 200 rules of 5 kB
	ruleDepthMax  = 16      // the deepest field stands at 5
)

// DecodeRules reads a list of rules (YAML or JSON) strictly: unknown fields, wrong types and repeated names are refused
// with their JSON pointer and line. Rules without a priority get one by position. What is returned has been checked by
// CheckRules too, and keeps what was written: defaults are filled in by WithDefaults.
func DecodeRules(data []byte) ([]Rule, []FieldError) {
	root, errs := parseDocument(data)
	if errs != nil {
		return nil, errs
	}
	var rules []Rule
	d := documentDecoder{}
	if root.kind != listNode {
		return nil, []FieldError{root.fault("", CodeType, "a rules file is a list of rules: start each with \"- name: …\"")}
	}
	d.decode(root, reflect.ValueOf(&rules).Elem(), "")
	if len(d.errs) > 0 {
		return nil, d.errs
	}
	fillPriorities(rules)
	return rules, CheckRules(rules)
}

// DecodeRule reads one rule (YAML or JSON) as strictly, and checks it by itself.
func DecodeRule(data []byte) (Rule, []FieldError) {
	var rule Rule
	root, errs := parseDocument(data)
	if errs != nil {
		return rule, errs
	}
	d := documentDecoder{}
	d.decode(root, reflect.ValueOf(&rule).Elem(), "")
	if len(d.errs) > 0 {
		return rule, d.errs
	}
	return rule, rule.Check()
}

// fillPriorities numbers rules without a priority after the one before them.
func fillPriorities(rules []Rule) {
	last := 0
	for i := range rules {
		if rules[i].Priority == 0 {
			rules[i].Priority = last + ruleStepPriority
		}
		last = rules[i].Priority
	}
}

type nodeKind int

const (
	scalarNode nodeKind = iota
	textNode
	nullNode
	listNode
	mapNode
)

// documentNode is what JSON and YAML have in common, with the line it stood on.
type documentNode struct {
	kind  nodeKind
	line  int
	text  string
	names []string
	items []*documentNode
}

func (n *documentNode) fault(pointer, code, message string) FieldError {
	return FieldError{pointer, code, fmt.Sprintf("%s (line %d)", message, n.line)}
}

func (n *documentNode) noun() string {
	switch n.kind {
	case listNode:
		return "a list"
	case mapNode:
		return "an object"
	case nullNode:
		return "null"
	case textNode:
		return "a text"
	}
	return strconv.Quote(clipText(n.text, 40))
}

func clipText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

func parseDocument(data []byte) (*documentNode, []FieldError) {
	if len(data) > rulesBytesMax {
		return nil, []FieldError{{"", CodeSyntax, fmt.Sprintf("is longer than %d bytes", rulesBytesMax)}}
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	start := bytes.TrimSpace(data)
	if len(start) == 0 {
		return nil, []FieldError{{"", CodeSyntax, "is empty"}}
	}
	if start[0] == '[' || start[0] == '{' {
		return parseJSON(data)
	}
	return parseYAML(data)
}

func parseYAML(data []byte) (*documentNode, []FieldError) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var root, second yaml.Node
	if err := decoder.Decode(&root); err != nil {
		return nil, []FieldError{{"", CodeSyntax, strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, []FieldError{{"", CodeSyntax, "holds more than one document"}}
	}
	return fromYAML(root.Content[0], "", 0)
}

func fromYAML(y *yaml.Node, pointer string, depth int) (*documentNode, []FieldError) {
	n := &documentNode{line: y.Line, text: y.Value}
	switch {
	case depth > ruleDepthMax:
		return nil, []FieldError{n.fault(pointer, CodeSyntax, "is nested too deeply")}
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		return nil, []FieldError{n.fault(pointer, CodeSyntax, "uses an anchor or alias: write the value out")}
	case y.Kind == yaml.ScalarNode:
		n.kind = yamlScalar(y)
		return n, nil
	case y.Kind == yaml.SequenceNode:
		n.kind = listNode
		return n, n.fillYAML(y.Content, pointer, depth)
	}
	n.kind = mapNode
	values := make([]*yaml.Node, 0, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		n.names = append(n.names, y.Content[i].Value)
		values = append(values, y.Content[i+1])
	}
	return n, n.fillYAML(values, pointer, depth)
}

func yamlScalar(y *yaml.Node) nodeKind {
	switch y.ShortTag() {
	case "!!null":
		return nullNode
	case "!!str", "!!timestamp":
		return textNode
	}
	return scalarNode
}

func (n *documentNode) fillYAML(values []*yaml.Node, pointer string, depth int) []FieldError {
	var errs []FieldError
	for i, value := range values {
		child, faults := fromYAML(value, n.childPointer(pointer, i), depth+1)
		errs = append(errs, faults...)
		n.items = append(n.items, child)
	}
	return errs
}

func (n *documentNode) childPointer(pointer string, i int) string {
	if n.kind == mapNode {
		return pointer + "/" + pointerName(n.names[i])
	}
	return pointer + "/" + strconv.Itoa(i)
}

func pointerName(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(clipText(name, 80))
}

func parseJSON(data []byte) (*documentNode, []FieldError) {
	reader := &jsonReader{data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	reader.decoder.UseNumber()
	root, err := reader.value(0)
	if err == nil {
		if _, rest := reader.decoder.Token(); !errors.Is(rest, io.EOF) {
			err = errors.New("something follows the end of the document")
		}
	}
	if err != nil {
		return nil, []FieldError{{"", CodeSyntax, fmt.Sprintf("line %d: %v", reader.line(), err)}}
	}
	return root, nil
}

type jsonReader struct {
	data    []byte
	decoder *json.Decoder
	seen    int64
	lines   int
}

// line of the token just read, counted forward only, so a long document stays linear.
func (r *jsonReader) line() int {
	at := min(r.decoder.InputOffset(), int64(len(r.data)))
	r.lines += bytes.Count(r.data[r.seen:at], []byte{'\n'})
	r.seen = at
	return r.lines + 1
}

func (r *jsonReader) value(depth int) (*documentNode, error) {
	token, err := r.decoder.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if depth > ruleDepthMax {
		return nil, errors.New("nested too deeply")
	}
	n := &documentNode{line: r.line()}
	switch t := token.(type) {
	case json.Delim:
		return n, r.children(n, t, depth)
	case string:
		n.kind, n.text = textNode, t
	case json.Number:
		n.text = t.String()
	case bool:
		n.text = strconv.FormatBool(t)
	case nil:
		n.kind = nullNode
	}
	return n, nil
}

func (r *jsonReader) children(n *documentNode, open json.Delim, depth int) error {
	n.kind = listNode
	if open == '{' {
		n.kind = mapNode
	}
	for r.decoder.More() {
		if n.kind == mapNode {
			token, err := r.decoder.Token()
			if err != nil {
				return err
			}
			name, _ := token.(string) // a key is one, or the decoder fails
			n.names = append(n.names, name)
		}
		child, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, child)
	}
	_, err := r.decoder.Token()
	return err
}

// documentDecoder fills structs from nodes by their json tags and collects everything wrong.
type documentDecoder struct{ errs []FieldError }

func (d *documentDecoder) refuse(n *documentNode, pointer, code, message string) {
	d.errs = append(d.errs, n.fault(pointer, code, message))
}

func (d *documentDecoder) decode(n *documentNode, to reflect.Value, pointer string) {
	if n.kind == nullNode {
		return // as if it had not been written
	}
	switch to.Type() {
	case reflect.TypeFor[Limits]():
		var limits Limits
		d.limits(n, &limits, pointer)
		to.Set(reflect.ValueOf(limits))
		return
	case reflect.TypeFor[Decimal]():
		d.decimal(n, to, pointer)
		return
	case reflect.TypeFor[Day]():
		d.date(n, to, pointer)
		return
	}
	if d.caseValue(n, to, pointer) || d.enum(n, to, pointer) {
		return
	}
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		d.decode(n, to.Elem(), pointer)
	case reflect.Struct:
		d.object(n, to, pointer)
	case reflect.Slice:
		d.list(n, to, pointer)
	default:
		d.scalar(n, to, pointer)
	}
}

// enum decodes a value that is written as one of a list of texts, and reports whether this is one.
func (d *documentDecoder) enum(n *documentNode, to reflect.Value, pointer string) bool {
	value, ok := to.Addr().Interface().(encoding.TextUnmarshaler)
	if !ok {
		return false
	}
	if n.kind != textNode {
		d.refuse(n, pointer, CodeType, "must be a text, not "+n.noun())
	} else if err := value.UnmarshalText([]byte(n.text)); err != nil {
		d.refuse(n, pointer, CodeValue, err.Error())
	}
	return true
}

func (d *documentDecoder) object(n *documentNode, to reflect.Value, pointer string) {
	if n.kind != mapNode {
		d.refuse(n, pointer, CodeType, "must be an object, not "+n.noun())
		return
	}
	fields := jsonFields(to.Type())
	for i, name := range n.names {
		at := n.childPointer(pointer, i)
		index, known := fields[name]
		switch {
		case !known:
			d.refuse(n.items[i], at, CodeUnknownField, notHere(name, slices.Sorted(maps.Keys(fields))))
		case slices.Contains(n.names[:i], name):
			d.refuse(n.items[i], at, CodeDuplicate, "is given twice")
		default:
			d.decode(n.items[i], to.Field(index), at)
		}
	}
}

func jsonFields(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			continue
		}
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[name] = i
	}
	return fields
}

func (d *documentDecoder) list(n *documentNode, to reflect.Value, pointer string) {
	if n.kind != listNode {
		d.refuse(n, pointer, CodeType, "must be a list, not "+n.noun())
		return
	}
	if most := listMax(to.Type()); len(n.items) > most {
		d.refuse(n, pointer, CodeValue, fmt.Sprintf("holds more than %d values", most))
		return
	}
	to.Set(reflect.MakeSlice(to.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		d.decode(item, to.Index(i), n.childPointer(pointer, i))
	}
}

// listMax bounds a list while it is read; what it holds may be bounded closer when it is checked.
func listMax(list reflect.Type) int {
	switch list.Elem() {
	case reflect.TypeFor[FXRate]():
		return RatesMax
	case reflect.TypeFor[Day]():
		return HolidaysMax
	}
	return rulesMax
}

func (d *documentDecoder) date(n *documentNode, to reflect.Value, pointer string) {
	day, err := ParseDay(n.text)
	if n.kind != textNode || err != nil {
		d.refuse(n, pointer, CodeType, "must be a date as YYYY-MM-DD, not "+n.quoted())
		return
	}
	to.Set(reflect.ValueOf(day))
}

func (d *documentDecoder) scalar(n *documentNode, to reflect.Value, pointer string) {
	switch to.Kind() {
	case reflect.String:
		if n.kind != textNode {
			d.refuse(n, pointer, CodeType, "must be a text, not "+n.noun())
			return
		}
		to.SetString(n.text)
	case reflect.Bool:
		if n.kind != scalarNode || n.text != "true" && n.text != "false" {
			d.refuse(n, pointer, CodeType, "must be true or false, not "+n.noun())
			return
		}
		to.SetBool(n.text == "true")
	default:
		whole, err := strconv.Atoi(n.text)
		if n.kind != scalarNode || err != nil {
			d.refuse(n, pointer, CodeType, "must be a whole number, not "+n.noun())
			return
		}
		to.SetInt(int64(whole))
	}
}

var plainDecimal = regexp.MustCompile(`^-?[0-9]*\.?[0-9]*$`)

func (d *documentDecoder) decimal(n *documentNode, to reflect.Value, pointer string) {
	if n.kind != textNode && n.kind != scalarNode || !plainDecimal.MatchString(n.text) || n.text == "" {
		d.refuse(n, pointer, CodeType, "must be a decimal like \"0.50\", not "+n.noun())
		return
	}
	to.SetString(n.text)
}

func (d *documentDecoder) limits(n *documentNode, to *Limits, pointer string) {
	if n.kind != mapNode {
		d.decimal(n, reflect.ValueOf(&to.Default).Elem(), pointer)
		return
	}
	to.ByCurrency = make(map[string]Decimal, len(n.names))
	for i, currency := range n.names {
		var value Decimal
		d.decimal(n.items[i], reflect.ValueOf(&value).Elem(), n.childPointer(pointer, i))
		to.ByCurrency[currency] = value
	}
}
