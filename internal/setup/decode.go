package setup

import (
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// decoder fills structs from nodes by their json tags and collects everything wrong.
type decoder struct {
	errs  []recon.FieldError
	loose bool // names may be written with underscores
}

func (d *decoder) refuse(n *node, pointer, code, message string) {
	d.errs = append(d.errs, n.fault(pointer, code, message))
}

func (d *decoder) decode(n *node, to reflect.Value, pointer string) {
	if n.kind == nullNode {
		return // as if it had not been written
	}
	switch to.Type() {
	case reflect.TypeFor[recon.Limits]():
		var limits recon.Limits
		d.limits(n, &limits, pointer)
		to.Set(reflect.ValueOf(limits))
		return
	case reflect.TypeFor[recon.Decimal]():
		d.decimal(n, to, pointer)
		return
	case reflect.TypeFor[recon.Day]():
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
func (d *decoder) enum(n *node, to reflect.Value, pointer string) bool {
	value, ok := reflect.TypeAssert[encoding.TextUnmarshaler](to.Addr())
	if !ok {
		return false
	}
	if n.kind != textNode {
		d.refuse(n, pointer, recon.CodeWrongType, "must be a text, not "+n.noun())
	} else if err := value.UnmarshalText([]byte(n.text)); err != nil {
		d.refuse(n, pointer, recon.CodeInvalidValue, err.Error())
	}
	return true
}

// members hands each member of an object to a reader, and refuses those that are unknown or given twice. A loose
// decoder knows a name in any spelling of its words.
func (d *decoder) members(n *node, pointer string, known []string, read func(name string, value *node, at string)) {
	if n.kind != mapNode {
		d.refuse(n, pointer, recon.CodeWrongType, "must be an object, not "+n.noun())
		return
	}
	for i, key := range n.names {
		name, at := key, n.childPointer(pointer, i)
		if d.loose {
			name = camelCase(key)
		}
		switch {
		case !slices.Contains(known, name):
			d.refuse(n.items[i], at, recon.CodeUnknownField, notHere(name, known))
		case slices.Contains(n.names[:i], key):
			d.refuse(n.items[i], at, recon.CodeDuplicate, "is given twice")
		default:
			read(name, n.items[i], at)
		}
	}
}

func (d *decoder) object(n *node, to reflect.Value, pointer string) {
	names := fieldNames(to.Type())
	d.members(n, pointer, names, func(name string, value *node, at string) {
		d.decode(value, to.Field(slices.Index(names, name)), at)
	})
}

// fieldNames returns the names of a struct's exported fields, by position; they come first.
func fieldNames(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		if field.IsExported() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	return names
}

func (d *decoder) list(n *node, to reflect.Value, pointer string) {
	if n.kind != listNode {
		d.refuse(n, pointer, recon.CodeWrongType, "must be a list, not "+n.noun())
		return
	}
	if most := listMax(to.Type()); len(n.items) > most {
		d.refuse(n, pointer, recon.CodeInvalidValue, fmt.Sprintf("holds more than %d values", most))
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
	case reflect.TypeFor[recon.FXRate]():
		return recon.RatesMax
	case reflect.TypeFor[recon.Day]():
		return recon.HolidaysMax
	}
	return recon.RulesMax
}

func (d *decoder) date(n *node, to reflect.Value, pointer string) {
	day, err := recon.ParseDay(n.text)
	if n.kind != textNode || err != nil {
		d.refuse(n, pointer, recon.CodeWrongType, "must be a date as YYYY-MM-DD, not "+n.quoted())
		return
	}
	to.Set(reflect.ValueOf(day))
}

func (d *decoder) scalar(n *node, to reflect.Value, pointer string) {
	switch to.Kind() {
	case reflect.String:
		if n.kind != textNode {
			d.refuse(n, pointer, recon.CodeWrongType, "must be a text, not "+n.noun())
			return
		}
		to.SetString(n.text)
	case reflect.Bool:
		if n.kind != scalarNode || n.text != "true" && n.text != "false" {
			d.refuse(n, pointer, recon.CodeWrongType, "must be true or false, not "+n.noun())
			return
		}
		to.SetBool(n.text == "true")
	default:
		whole, err := strconv.Atoi(n.text)
		if n.kind != scalarNode || err != nil {
			d.refuse(n, pointer, recon.CodeWrongType, "must be a whole number, not "+n.noun())
			return
		}
		to.SetInt(int64(whole))
	}
}

var plainDecimal = regexp.MustCompile(`^-?[0-9]*\.?[0-9]*$`)

func (d *decoder) decimal(n *node, to reflect.Value, pointer string) {
	if n.kind != textNode && n.kind != scalarNode || !plainDecimal.MatchString(n.text) || n.text == "" {
		d.refuse(n, pointer, recon.CodeWrongType, "must be a decimal like \"0.50\", not "+n.noun())
		return
	}
	to.SetString(n.text)
}

func (d *decoder) limits(n *node, to *recon.Limits, pointer string) {
	if n.kind != mapNode {
		d.decimal(n, reflect.ValueOf(&to.Default).Elem(), pointer)
		return
	}
	to.ByCurrency = make(map[string]recon.Decimal, len(n.names))
	for i, currency := range n.names {
		var value recon.Decimal
		d.decimal(n.items[i], reflect.ValueOf(&value).Elem(), n.childPointer(pointer, i))
		to.ByCurrency[currency] = value
	}
}
