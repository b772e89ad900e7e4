package recon

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Canonical fields that a map may fill, as they are written in a map file.
const (
	FieldExternalID       = "externalId"
	FieldReference        = "reference"
	FieldAmount           = "amount"
	FieldDebit            = "debit"
	FieldCredit           = "credit"
	FieldDirection        = "direction"
	FieldCurrency         = "currency"
	FieldDate             = "date"
	FieldValueDate        = "valueDate"
	FieldDescription      = "description"
	FieldKind             = "kind"
	FieldBookingStatus    = "bookingStatus"
	FieldGross            = "gross"
	FieldFee              = "fee"
	FieldTax              = "tax"
	FieldNet              = "net"
	FieldOriginalAmount   = "originalAmount"
	FieldOriginalCurrency = "originalCurrency"
)

// MappedFields lists the canonical fields in the order in which a map is written.
var MappedFields = []string{
	FieldExternalID, FieldReference, FieldAmount, FieldDebit, FieldCredit, FieldDirection, FieldCurrency, FieldDate,
	FieldValueDate, FieldDescription, FieldKind, FieldBookingStatus, FieldGross, FieldFee, FieldTax, FieldNet,
	FieldOriginalAmount, FieldOriginalCurrency,
}

// FieldMap names where the canonical fields of a row come from. As JSON it is one object: the keys of Fields next to
// the four settings, which hold for every field that has none of its own.
type FieldMap struct {
	Fields     map[string]MapField // by canonical name
	DateFormat string              // "DD.MM.YYYY"; "" reads only dates that can be read one way
	TimeZone   string              // IANA name of the source's zone; "" is UTC, or the zone of a timestamp
	Decimal    string              // "." or ","; "" reads only amounts that can be read one way
	Negate     bool                // turns the file round: its + is money away from us
}

// MapField is where one canonical field comes from: columns, joined when there are several, or a constant.
type MapField struct {
	Columns    []string          `json:"columns,omitempty"`  // column names or JSON paths ("payer.name")
	Constant   string            `json:"constant,omitempty"` // instead of columns
	Join       string            `json:"join,omitempty"`     // between joined columns that are filled; "" is one space
	Transforms []Transform       `json:"transforms,omitempty"`
	Values     map[string]string `json:"values,omitempty"` // the file's word → ours, for kind, direction, bookingStatus
	DateFormat string            `json:"dateFormat,omitempty"`
	TimeZone   string            `json:"timeZone,omitempty"`
	Decimal    string            `json:"decimal,omitempty"`
	Negate     bool              `json:"negate,omitempty"` // for amounts, on top of the file's
}

// Transform is one step on a text: one of the words of TransformOps, or with its arguments
// {"replace": RE2, "with": text}, {"extract": RE2} (its first group, or all of it) or {"substring": [from, length]}.
type Transform struct {
	Op   string
	Text string // the RE2 expression of replace and extract
	With string
	From int // substring: 1-based, in characters
	Size int // substring: 0 is the rest
}

// TransformOps lists the transforms that need no argument.
var TransformOps = []string{"trim", "upper", "lower", "digits", "alnum", "stripZeros", "foldAccents"}

// Transforms that take arguments.
const (
	TransformReplace   = "replace"
	TransformExtract   = "extract"
	TransformSubstring = "substring"
)

// StoredFieldMap is one version of a source's field map.
type StoredFieldMap struct {
	SourceID  string    `json:"sourceId"`
	Version   int       `json:"version"`
	FieldMap  FieldMap  `json:"fieldMap"`
	CreatedAt time.Time `json:"createdAt"`
	CreatedBy string    `json:"createdBy"`
}

// Column is a field that comes from one column.
func Column(name string) MapField { return MapField{Columns: []string{name}} }

// Has reports whether the map fills a canonical field.
func (m FieldMap) Has(field string) bool {
	_, ok := m.Fields[field]
	return ok
}

// MarshalJSON writes the map in the order of MappedFields, each field in its shortest form.
func (m FieldMap) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	add := func(key string, value any) error {
		text, err := marshalPlain(value)
		if err != nil {
			return fmt.Errorf("writing %s: %w", key, err)
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", key, text)
		return nil
	}
	for _, name := range MappedFields {
		if field, ok := m.Fields[name]; ok {
			if err := add(name, field); err != nil {
				return nil, err
			}
		}
	}
	for _, s := range []struct{ key, value string }{
		{"dateFormat", m.DateFormat},
		{"timeZone", m.TimeZone},
		{"decimal", m.Decimal},
	} {
		if s.value != "" {
			if err := add(s.key, s.value); err != nil {
				return nil, err
			}
		}
	}
	if m.Negate {
		if err := add("negate", true); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes. What a person writes is read by package setup, which refuses with
// pointers.
func (m *FieldMap) UnmarshalJSON(data []byte) error {
	var settings struct {
		DateFormat string `json:"dateFormat"`
		TimeZone   string `json:"timeZone"`
		Decimal    string `json:"decimal"`
		Negate     bool   `json:"negate"`
	}
	var members map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(data, &settings), json.Unmarshal(data, &members)); err != nil {
		return fmt.Errorf("reading a field map: %w", err)
	}
	*m = FieldMap{map[string]MapField{}, settings.DateFormat, settings.TimeZone, settings.Decimal, settings.Negate}
	for _, name := range MappedFields {
		text, given := members[name]
		if !given {
			continue
		}
		var field MapField
		if err := json.Unmarshal(text, &field); err != nil {
			return fmt.Errorf("reading the field %s: %w", name, err)
		}
		m.Fields[name] = field
	}
	return nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *MapField) UnmarshalJSON(data []byte) error {
	type whole MapField // without this method
	switch data[0] {
	case '"':
		f.Columns = make([]string, 1)
		return json.Unmarshal(data, &f.Columns[0])
	case '[':
		return json.Unmarshal(data, &f.Columns)
	}
	return json.Unmarshal(data, (*whole)(f))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Transform) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &t.Op)
	}
	var step struct {
		Replace   *string `json:"replace"`
		Extract   *string `json:"extract"`
		With      string  `json:"with"`
		Substring []int   `json:"substring"`
	}
	if err := json.Unmarshal(data, &step); err != nil {
		return err
	}
	switch {
	case step.Replace != nil:
		*t = Transform{Op: TransformReplace, Text: *step.Replace, With: step.With}
	case step.Extract != nil:
		*t = Transform{Op: TransformExtract, Text: *step.Extract}
	case len(step.Substring) == 2:
		*t = Transform{Op: TransformSubstring, From: step.Substring[0], Size: step.Substring[1]}
	default:
		return errors.New("a transform is a word, or replace, extract or substring")
	}
	return nil
}

// MarshalJSON writes "column", ["a", "b"] or the whole object, whichever suffices.
func (f MapField) MarshalJSON() ([]byte, error) {
	type whole MapField // without this method
	bare := f.Constant == "" && f.Join == "" && len(f.Transforms) == 0 && len(f.Values) == 0 &&
		f.DateFormat == "" && f.TimeZone == "" && f.Decimal == "" && !f.Negate
	switch {
	case bare && len(f.Columns) == 1:
		return marshalPlain(f.Columns[0])
	case bare:
		return marshalPlain(f.Columns)
	}
	return marshalPlain(whole(f))
}

// MarshalJSON writes a word or an object.
func (t Transform) MarshalJSON() ([]byte, error) {
	switch t.Op {
	case TransformReplace:
		return marshalPlain(struct {
			Replace string `json:"replace"`
			With    string `json:"with"`
		}{t.Text, t.With})
	case TransformExtract:
		return marshalPlain(map[string]string{t.Op: t.Text})
	case TransformSubstring:
		return marshalPlain(map[string][]int{t.Op: {t.From, t.Size}})
	}
	return marshalPlain(t.Op)
}

// marshalPlain keeps < > & as they are: maps are read by people and never stand inside HTML.
func marshalPlain(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimRight(out.Bytes(), "\n"), err
}
