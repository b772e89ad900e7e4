package recon

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Setup is a whole reconciliation as one file: how each side is read and which rules run. What `matcher match --save`
// writes is read by --setup, so a first look at two files becomes a repeatable one.
type Setup struct {
	Left  SetupSide `json:"left"`
	Right SetupSide `json:"right"`
	Rules []Rule    `json:"rules,omitempty"` // none: the default ladder
	AsOf  *Day      `json:"asOf,omitempty"`  // nil: the latest date in the data

	DuplicateDays int           `json:"duplicateDays,omitempty"` // window in which a repeated row is a suspected duplicate; 0: none is
	MaxWriteOff   Limits        `json:"maxWriteOff,omitzero"`    // of one run, by currency: past it groups with a difference are only proposed
	Calendars     []Calendar    `json:"calendars,omitempty"`     // that rules call by id
	Rates         []FXRate      `json:"rates,omitempty"`         // that rules with currency CONVERT look up
	Fees          []FeeSchedule `json:"fees,omitempty"`          // that rules call as schedule:<name>

	Cases []SetupCase `json:"cases,omitempty"` // that the setup has to bring out; no run reads them
}

// SetupSide says how the files of one side are read. Map nil: columns are detected.
type SetupSide struct {
	Source   string    `json:"source,omitempty"`   // what the side's rows are called after
	Currency string    `json:"currency,omitempty"` // of rows whose file names none
	Map      *FieldMap `json:"map,omitempty"`
}

// DecodeSetup reads a setup (YAML or JSON) as strictly as DecodeRules reads rules.
func DecodeSetup(data []byte) (Setup, []FieldError) {
	var setup Setup
	root, errs := parseDocument(data)
	if errs != nil {
		return setup, errs
	}
	d := setupDecoder{}
	d.each(root, "", map[string]func(*documentNode, string){
		"left":  func(n *documentNode, at string) { d.side(n, at, &setup.Left) },
		"right": func(n *documentNode, at string) { d.side(n, at, &setup.Right) },
		"rules": func(n *documentNode, at string) { d.rules(n, at, &setup.Rules) },
		"asOf":  func(n *documentNode, at string) { d.day(n, at, &setup.AsOf) },

		"duplicateDays": func(n *documentNode, at string) { d.duplicateDays(n, at, &setup.DuplicateDays) },
		"maxWriteOff":   func(n *documentNode, at string) { d.maxWriteOff(n, at, &setup.MaxWriteOff) },
		"calendars":     func(n *documentNode, at string) { section(&d, n, at, &setup.Calendars, CheckCalendars) },
		"rates":         func(n *documentNode, at string) { section(&d, n, at, &setup.Rates, CheckRates) },
		"fees":          func(n *documentNode, at string) { section(&d, n, at, &setup.Fees, CheckFeeSchedules) },
		"cases":         func(n *documentNode, at string) { section(&d, n, at, &setup.Cases, CheckCases) },
	})
	return setup, d.errs
}

// DuplicateDaysMax is the widest window of suspected duplicates: a year.
const DuplicateDaysMax = 366

func (d *setupDecoder) duplicateDays(n *documentNode, pointer string, to *int) {
	d.scalar(n, reflect.ValueOf(to).Elem(), pointer)
	if *to < 0 || *to > DuplicateDaysMax {
		d.refuse(n, pointer, CodeValue, fmt.Sprintf("%d is not in 0..%d", *to, DuplicateDaysMax))
	}
}

func (d *setupDecoder) maxWriteOff(n *documentNode, pointer string, to *Limits) {
	before := len(d.errs)
	d.limits(n, to, pointer)
	if len(d.errs) == before {
		d.errs = append(d.errs, to.check(pointer)...)
	}
}

// section reads a list of nouns and checks them together.
func section[T any](d *setupDecoder, n *documentNode, pointer string, to *[]T, check func([]T) []FieldError) {
	before := len(d.errs)
	d.decode(n, reflect.ValueOf(to).Elem(), pointer)
	if len(d.errs) == before {
		d.errs = append(d.errs, below(pointer, check(*to))...)
	}
}

// notHere says that a field is unknown, and which one may have been meant.
func notHere(name string, known []string) string {
	if near := Suggest(name, known); near != "" {
		return fmt.Sprintf("is not a field here: did you mean %q?", near)
	}
	return "is not a field here; there are " + strings.Join(known, ", ")
}

// quoted is what was written, where that is one value.
func (n *documentNode) quoted() string {
	if n.kind == textNode || n.kind == scalarNode {
		return strconv.Quote(cutText(n.text, rowErrorValueMax))
	}
	return n.noun()
}

type setupDecoder struct{ documentDecoder }

// each hands every known child of an object to its reader, and refuses the others by name.
func (d *setupDecoder) each(n *documentNode, pointer string, readers map[string]func(*documentNode, string)) {
	if n.kind != mapNode {
		d.refuse(n, pointer, CodeType, "must be an object, not "+n.noun())
		return
	}
	for i, name := range n.names {
		at := n.childPointer(pointer, i)
		read, known := readers[name]
		switch {
		case !known:
			d.refuse(n.items[i], at, CodeUnknownField, notHere(name, slices.Sorted(maps.Keys(readers))))
		case slices.Contains(n.names[:i], name):
			d.refuse(n.items[i], at, CodeDuplicate, "is given twice")
		default:
			read(n.items[i], at)
		}
	}
}

func (d *setupDecoder) side(n *documentNode, pointer string, to *SetupSide) {
	d.each(n, pointer, map[string]func(*documentNode, string){
		"source":   func(n *documentNode, at string) { d.scalar(n, reflect.ValueOf(&to.Source).Elem(), at) },
		"currency": func(n *documentNode, at string) { d.currency(n, at, &to.Currency) },
		"map":      func(n *documentNode, at string) { d.fieldMap(n, at, &to.Map) },
	})
}

func (d *setupDecoder) currency(n *documentNode, pointer string, to *string) {
	if _, known := CurrencyDigits(n.text); n.kind != textNode || !known {
		d.refuse(n, pointer, CodeValue, "must be an ISO 4217 code as EUR, not "+n.quoted())
		return
	}
	*to = n.text
}

func (d *setupDecoder) day(n *documentNode, pointer string, to **Day) {
	day, err := ParseDay(n.text)
	if err != nil {
		d.refuse(n, pointer, CodeValue, err.Error())
		return
	}
	*to = &day
}

func (d *setupDecoder) fieldMap(n *documentNode, pointer string, to **FieldMap) {
	text, err := json.Marshal(n.plain())
	if err != nil {
		d.refuse(n, pointer, CodeType, err.Error())
		return
	}
	fieldMap, errs := DecodeFieldMap(text)
	for _, e := range errs {
		d.refuse(n, pointer+e.Pointer, e.Code, e.Message)
	}
	*to = &fieldMap
}

func (d *setupDecoder) rules(n *documentNode, pointer string, to *[]Rule) {
	if n.kind != listNode {
		d.refuse(n, pointer, CodeType, "must be a list of rules, not "+n.noun())
		return
	}
	before := len(d.errs)
	d.decode(n, reflect.ValueOf(to).Elem(), pointer)
	if len(d.errs) > before {
		return
	}
	fillPriorities(*to)
	for _, e := range CheckRules(*to) {
		e.Pointer = pointer + e.Pointer
		d.errs = append(d.errs, e)
	}
}

// plain is the node as encoding/json would have read it, numbers kept as they were written.
func (n *documentNode) plain() any {
	switch n.kind {
	case nullNode:
		return nil
	case textNode:
		return n.text
	case listNode:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.plain()
		}
		return list
	case mapNode:
		object := make(map[string]any, len(n.items))
		for i, item := range n.items {
			object[n.names[i]] = item.plain()
		}
		return object
	}
	switch {
	case n.text == "true" || n.text == "false":
		return n.text == "true"
	case json.Valid([]byte(n.text)):
		return json.Number(n.text)
	}
	return n.text
}
