// Package setup turns what a person writes into nouns: rules, field maps, setups and cases, as YAML or JSON. One strict
// decoder reads them all; what it refuses carries a JSON pointer and a line.
package setup

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// Setup is a whole reconciliation as one file: how each side is read and which rules run. What `matcher match --save`
// writes is read by --setup, so a first look at two files becomes a repeatable one.
type Setup struct {
	Left  Side         `json:"left"`
	Right Side         `json:"right"`
	Rules []recon.Rule `json:"rules,omitempty"` // none: the default ladder
	AsOf  *recon.Day   `json:"asOf,omitempty"`  // nil: the latest date in the data

	DuplicateDays int                 `json:"duplicateDays,omitempty"` // window in which a repeated row is a suspected duplicate; 0: none is
	ReturnDays    *int                `json:"returnDays,omitempty"`    // how long settled rows may come back; nil: period.ReturnDays
	AccountField  string              `json:"accountField,omitempty"`  // of left rows: the account that they are booked to; "": metadata.account
	MaxWriteOff   recon.Limits        `json:"maxWriteOff,omitzero"`    // of a month, by currency: past it groups with a difference are only proposed
	Calendars     []recon.Calendar    `json:"calendars,omitempty"`     // that rules call by id
	Rates         []recon.FXRate      `json:"rates,omitempty"`         // that rules with currency CONVERT look up
	Fees          []recon.FeeSchedule `json:"fees,omitempty"`          // that rules call as schedule:<name>

	Cases []Case `json:"cases,omitempty"` // that the setup has to bring out; no run reads them
}

// Side is how the files of one side are read. Map nil: columns are detected.
type Side struct {
	Files    string          `json:"files,omitempty"`    // pattern of the files that it is for; "": for all
	Source   string          `json:"source,omitempty"`   // what the side's rows are called after
	Currency string          `json:"currency,omitempty"` // of rows whose file names none
	Map      *recon.FieldMap `json:"map,omitempty"`
	Reading  string          `json:"reading,omitempty"` // file that holds Map

	// CoveredThrough is the last day of which the files tell everything, where that is later than their last row.
	CoveredThrough recon.Day `json:"coveredThrough,omitzero"`

	MaxRejected *int64 `json:"maxRejected,omitempty"` // refused rows that a file may have; nil: what mapping tolerates

	parts []Side // of a side whose files are read in several ways
}

// Several returns a side whose files are read in several ways.
func Several(parts []Side) Side { return Side{parts: parts} }

// Parts are the ways in which the files of a side are read.
func (s *Side) Parts() []Side {
	if s.parts == nil {
		return []Side{*s}
	}
	return s.parts
}

// For is how a file is read, and whether any part of the side is for it.
func (s *Side) For(path string) (Side, bool) {
	for _, part := range s.Parts() {
		name := filepath.Base(path)
		if strings.Contains(part.Files, "/") {
			name = path
		}
		fits, err := filepath.Match(part.Files, name)
		if part.Files == "" || fits && err == nil {
			return part, true
		}
	}
	return Side{}, false
}

// each gives the parts of a side with their pointers.
func (s *Side) each(pointer string, do func(part *Side, pointer string)) {
	if s.parts == nil {
		do(s, pointer)
	}
	for i := range s.parts {
		do(&s.parts[i], fmt.Sprintf("%s/%d", pointer, i))
	}
}

// ReadReadings takes the readings that the sides name as files.
func (s *Setup) ReadReadings(read func(name string) ([]byte, error)) (faults []recon.FieldError) {
	take := func(part *Side, pointer string) {
		if part.Reading == "" {
			return
		}
		data, err := read(part.Reading)
		if err != nil {
			faults = append(faults, recon.FieldError{
				Pointer: pointer + "/reading", Code: recon.CodeInvalidValue, Message: err.Error(),
			})
			return
		}
		fields, wrong := DecodeFieldMap(data)
		faults = append(faults, recon.Below(pointer+"/reading", wrong)...)
		part.Map, part.Reading = &fields, ""
	}
	s.Left.each("/left", take)
	s.Right.each("/right", take)
	return faults
}

// CheckSources demands that every part of a side has a source of its own, which a service needs.
func (s *Setup) CheckSources() (faults []recon.FieldError) {
	seen := map[string]bool{}
	check := func(part *Side, pointer string) {
		if part.Source == "" && part.Files != "" || part.Source != "" && seen[part.Source] {
			faults = append(faults, recon.FieldError{
				Pointer: pointer + "/source", Code: recon.CodeInvalidValue,
				Message: "each side, and each part of one, has a source of its own in the service",
			})
		}
		seen[part.Source] = true
	}
	s.Left.each("/left", check)
	s.Right.each("/right", check)
	return faults
}

// MarshalJSON writes a side as it is read: as an object, or as a list of its parts.
func (s Side) MarshalJSON() ([]byte, error) {
	if s.parts != nil {
		return json.Marshal(s.parts)
	}
	type plain Side
	return json.Marshal(plain(s))
}

// Decode reads a setup (YAML or JSON) as strictly as DecodeRules reads rules, and checks every part.
func Decode(data []byte) (setup Setup, faults []recon.FieldError) {
	root, faults := parseDocument(data)
	if faults != nil {
		return setup, faults
	}
	d := decoder{}
	known := fieldNames(reflect.TypeFor[Setup]())
	d.members(root, "", known, func(name string, n *node, at string) {
		switch name {
		case "left":
			d.side(n, at, &setup.Left)
		case "right":
			d.side(n, at, &setup.Right)
		case "rules":
			d.rules(n, at, &setup.Rules)
		case "asOf":
			d.decode(n, reflect.ValueOf(&setup.AsOf).Elem(), at)
		case "duplicateDays", "returnDays":
			days := 0
			section(&d, n, at, &days, func(days int) []recon.FieldError {
				if days < 0 || days > recon.DuplicateDaysMax {
					d.refuse(n, at, recon.CodeInvalidValue,
						fmt.Sprintf("%d is not in 0..%d", days, recon.DuplicateDaysMax))
				}
				return nil
			})
			if name == "returnDays" {
				setup.ReturnDays = &days
			} else {
				setup.DuplicateDays = days
			}
		case "accountField":
			section(&d, n, at, &setup.AccountField, recon.CheckAccountField)
		case "maxWriteOff":
			section(&d, n, at, &setup.MaxWriteOff, func(l recon.Limits) []recon.FieldError { return l.Check("") })
		case "calendars":
			section(&d, n, at, &setup.Calendars, recon.CheckCalendars)
		case "rates":
			section(&d, n, at, &setup.Rates, recon.CheckRates)
		case "fees":
			section(&d, n, at, &setup.Fees, recon.CheckFeeSchedules)
		case "cases":
			section(&d, n, at, &setup.Cases, CheckCases)
		}
	})
	return setup, d.errs
}

// section reads one part and, where it could be read, checks it.
func section[T any](d *decoder, n *node, pointer string, to *T, check func(T) []recon.FieldError) {
	before := len(d.errs)
	d.decode(n, reflect.ValueOf(to).Elem(), pointer)
	if len(d.errs) == before {
		d.errs = append(d.errs, recon.Below(pointer, check(*to))...)
	}
}

func (d *decoder) side(n *node, pointer string, to *Side) {
	if n.kind == listNode && len(n.items) > 0 {
		to.parts = make([]Side, len(n.items))
		for i, item := range n.items {
			d.part(item, n.childPointer(pointer, i), &to.parts[i])
		}
		return
	}
	d.part(n, pointer, to)
}

func (d *decoder) part(n *node, pointer string, to *Side) {
	known, rest := fieldNames(reflect.TypeFor[Side]()), *n
	rest.names, rest.items = nil, nil
	for i, name := range n.names {
		if ofMap := camelCase(name); slices.Contains(known, name) || !slices.Contains(mapSettings, ofMap) &&
			!slices.Contains(recon.MappedFields, ofMap) {
			rest.names, rest.items = append(rest.names, name), append(rest.items, n.items[i])
			continue
		}
		d.refuse(n.items[i], n.childPointer(pointer, i), recon.CodeUnknownField,
			fmt.Sprintf("is a field of the map: write map: {%s: …}", name))
	}
	d.members(&rest, pointer, known, func(name string, n *node, at string) {
		switch name {
		case "source":
			d.text(n, at, &to.Source)
		case "currency":
			d.text(n, at, &to.Currency)
			if _, known := recon.CurrencyDigits(to.Currency); n.kind == textNode && !known {
				d.refuse(n, at, recon.CodeInvalidValue, "must be an ISO 4217 code as EUR, not "+n.quoted())
			}
		case "files":
			if d.text(n, at, &to.Files); !validPattern(to.Files) {
				d.refuse(n, at, recon.CodeInvalidValue, "is no pattern of file names as paypal*.csv")
			}
		case "map", "reading":
			if to.Map != nil || to.Reading != "" {
				d.refuse(n, at, recon.CodeDuplicate, "map and reading are the same: give one")
			}
			if name == "reading" && n.kind == textNode {
				to.Reading = n.text
				return
			}
			fields := d.fieldMap(n, at)
			to.Map = &fields
		case "coveredThrough":
			d.decode(n, reflect.ValueOf(&to.CoveredThrough).Elem(), at)
		case "maxRejected":
			rows := int64(0)
			section(d, n, at, &rows, func(rows int64) []recon.FieldError {
				if rows >= 0 {
					return nil
				}
				return []recon.FieldError{{Code: recon.CodeInvalidValue, Message: "is a number of rows, 0 or more"}}
			})
			to.MaxRejected = &rows
		}
	})
}

func validPattern(pattern string) bool {
	_, err := filepath.Match(pattern, "")
	return err == nil
}

// notHere returns that a name is unknown, and which one may have been meant.
func notHere(name string, known []string) string {
	if near := recon.Suggest(name, known); near != "" {
		return fmt.Sprintf("is not a field here: did you mean %q?", near)
	}
	return "is not a field here; there are " + strings.Join(known, ", ")
}

// Options returns what a setup gives a run, for any period.
func (s *Setup) Options() recon.RunOptions {
	o := recon.RunOptions{
		DuplicateDays: s.DuplicateDays, MaxWriteOff: s.MaxWriteOff, AccountField: s.AccountField,
		Calendars: s.Calendars, FeeSchedules: s.Fees, Rates: s.Rates,
	}
	if s.AsOf != nil {
		o.AsOf = *s.AsOf
	}
	return o
}
