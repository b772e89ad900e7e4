// Package setup turns what a person writes into nouns: rules, field maps, setups and cases, as YAML or JSON. One strict
// decoder reads them all; what it refuses carries a JSON pointer and a line.
package setup

import (
	"fmt"
	"reflect"
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
	MaxWriteOff   recon.Limits        `json:"maxWriteOff,omitzero"`    // of one run, by currency: past it groups with a difference are only proposed
	Calendars     []recon.Calendar    `json:"calendars,omitempty"`     // that rules call by id
	Rates         []recon.FXRate      `json:"rates,omitempty"`         // that rules with currency CONVERT look up
	Fees          []recon.FeeSchedule `json:"fees,omitempty"`          // that rules call as schedule:<name>

	Cases []Case `json:"cases,omitempty"` // that the setup has to bring out; no run reads them
}

// Side is how the files of one side are read. Map nil: columns are detected.
type Side struct {
	Source   string          `json:"source,omitempty"`   // what the side's rows are called after
	Currency string          `json:"currency,omitempty"` // of rows whose file names none
	Map      *recon.FieldMap `json:"map,omitempty"`

	MaxRejected *int64 `json:"maxRejected,omitempty"` // refused rows that a file may have; nil: what mapping tolerates
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
		case "duplicateDays":
			section(&d, n, at, &setup.DuplicateDays, func(days int) []recon.FieldError {
				if days < 0 || days > recon.DuplicateDaysMax {
					d.refuse(n, at, recon.CodeInvalidValue,
						fmt.Sprintf("%d is not in 0..%d", days, recon.DuplicateDaysMax))
				}
				return nil
			})
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
	d.members(n, pointer, fieldNames(reflect.TypeFor[Side]()), func(name string, n *node, at string) {
		switch name {
		case "source":
			d.text(n, at, &to.Source)
		case "currency":
			d.text(n, at, &to.Currency)
			if _, known := recon.CurrencyDigits(to.Currency); n.kind == textNode && !known {
				d.refuse(n, at, recon.CodeInvalidValue, "must be an ISO 4217 code as EUR, not "+n.quoted())
			}
		case "map":
			fields := d.fieldMap(n, at)
			to.Map = &fields
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
		DuplicateDays: s.DuplicateDays, MaxWriteOff: s.MaxWriteOff,
		Calendars: s.Calendars, FeeSchedules: s.Fees, Rates: s.Rates,
	}
	if s.AsOf != nil {
		o.AsOf = *s.AsOf
	}
	return o
}
