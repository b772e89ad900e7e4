package recon

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Decimal is a plain decimal as it was written; a bare number is accepted where one is read.
type Decimal string

// Scaled is the decimal times 10^scale, exactly.
func (d Decimal) Scaled(scale int) (int64, error) {
	value, err := ParseMinor(string(d), scale)
	return int64(value), err
}

// UnmarshalJSON accepts "0.5" and 0.5.
func (d *Decimal) UnmarshalJSON(data []byte) error {
	var number json.Number
	if err := json.Unmarshal(data, &number); err != nil {
		return fmt.Errorf("a decimal is a string like \"0.50\"")
	}
	*d = Decimal(number)
	return nil
}

// Limits is one decimal for every currency, or one by currency: "0.05", or {"EUR": "0.05", "JPY": "5"}. A currency
// that a map leaves out has no limit of its own: nothing is tolerated, nothing is gated.
type Limits struct {
	Default    Decimal
	ByCurrency map[string]Decimal
}

// Given reports whether anything was written.
func (l Limits) Given() bool { return l.Default != "" || l.ByCurrency != nil }

// IsZero keeps an absent limit out of JSON and YAML.
func (l Limits) IsZero() bool { return !l.Given() }

// In is the limit in minor units of a currency, and whether there is one. A default with more decimals than the
// currency has is cut, never rounded up: 0.50 tolerates nothing in yen.
func (l Limits) In(currency string) (Minor, bool) {
	digits, known := CurrencyDigits(currency)
	if !known {
		digits = digitsDefault
	}
	if text, ok := l.ByCurrency[currency]; ok {
		value, err := ParseMinor(string(text), digits)
		return value, err == nil
	}
	return l.Bare(digits)
}

// Bare is the default with a number of decimals, what is beyond them cut, for amounts that are in no one currency.
func (l Limits) Bare(digits int) (Minor, bool) {
	if l.Default == "" {
		return 0, false
	}
	whole, fraction, _ := strings.Cut(string(l.Default), ".")
	value, err := ParseMinor(whole+"."+fraction[:min(len(fraction), digits)], digits)
	return value, err == nil
}

// Currencies that a map names, sorted.
func (l Limits) Currencies() []string { return slices.Sorted(maps.Keys(l.ByCurrency)) }

// MarshalJSON writes the shape that was read.
func (l Limits) MarshalJSON() ([]byte, error) {
	if l.ByCurrency != nil {
		return json.Marshal(l.ByCurrency)
	}
	return json.Marshal(string(l.Default))
}

// UnmarshalJSON reads a decimal or a map of them.
func (l *Limits) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		return json.Unmarshal(data, &l.ByCurrency)
	}
	if string(data) == "null" {
		return nil
	}
	return json.Unmarshal(data, &l.Default)
}

// MarshalYAML writes the shape that was read.
func (l Limits) MarshalYAML() (any, error) {
	if l.ByCurrency != nil {
		return l.ByCurrency, nil
	}
	return string(l.Default), nil
}

// UnmarshalYAML reads a decimal or a map of them.
func (l *Limits) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.MappingNode {
		return node.Decode(&l.ByCurrency)
	}
	return node.Decode(&l.Default)
}

// Check returns what is wrong with the limits; pointer leads to them.
func (l Limits) Check(pointer string) []FieldError {
	var errs []FieldError
	if l.Default != "" {
		errs = append(errs, checkDecimal(pointer, l.Default, amountDigitsMax)...)
	}
	for _, currency := range l.Currencies() {
		at := pointer + "/" + PointerName(currency)
		digits, known := CurrencyDigits(currency)
		if !known {
			errs = append(errs, FieldError{at, CodeInvalidValue, "is not an ISO 4217 currency code"})
			continue
		}
		errs = append(errs, checkDecimal(at, l.ByCurrency[currency], digits)...)
	}
	return errs
}

func checkDecimal(pointer string, d Decimal, digits int) []FieldError {
	probe := string(d)
	if digits == amountDigitsMax { // a default: any number of decimals, but a number
		whole, fraction, _ := strings.Cut(probe, ".")
		if !allDigits(fraction) {
			return []FieldError{{pointer, CodeInvalidValue, fmt.Sprintf("%q is not a number", probe)}}
		}
		probe, digits = whole+"."+fraction[:min(len(fraction), digitsDefault)], digitsDefault
	}
	value, err := ParseMinor(probe, digits)
	if err != nil {
		return []FieldError{{pointer, CodeInvalidValue, fmt.Sprintf("%q %v", string(d), err)}}
	}
	if value < 0 {
		return []FieldError{{pointer, CodeInvalidValue, "must not be negative"}}
	}
	return nil
}
