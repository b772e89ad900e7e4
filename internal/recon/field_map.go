package recon

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
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
	FieldBalance          = "balance" // running balance: what the rows are checked by
	FieldAccount          = "account"
	FieldPendingOf        = "pendingOf" // id of the pending row that a booked one replaces
)

// Values of FieldMap's settings.
const (
	UnitMinor      = "minor"     // amounts are whole minor units
	UnitMajor      = "major"     // amounts are in the currency's unit
	UnitThousands  = "thousands" // amounts are in thousands of it
	UnitMillions   = "millions"  // amounts are in millions of it
	ViewBooks      = "BOOKS"     // a debit of cash is money to us
	ViewStatement  = "STATEMENT" // a credit is money to us
	SignsAsWritten = "asWritten"
	DetectOff      = "off" // only what the map names is read
	RowsMovements  = "MOVEMENTS"
	RowsClaims     = "CLAIMS"

	InterimBooks   = "books"    // reports and advices of a bank book: no statement of the account comes
	FutureAccept   = "accept"   // booking dates after the day of reading are right
	FutureSetAside = "setAside" // their rows are set aside
)

// Values that the words of a direction or status column may mean, as MapField.Values writes them.
const (
	DirectionIn      = "in"
	DirectionOut     = "out"
	DirectionNeutral = "neutral"  // no money of ours moved
	Void             = "NO_MONEY" // a status: the row never became money
	UnknownAside     = "setAside" // MapField.Unknown
)

// MappedFields lists the canonical fields in the order in which a map is written.
var MappedFields = []string{
	FieldExternalID, FieldReference, FieldAmount, FieldDebit, FieldCredit, FieldDirection, FieldCurrency, FieldDate,
	FieldValueDate, FieldDescription, FieldKind, FieldBookingStatus, FieldGross, FieldFee, FieldTax, FieldNet,
	FieldOriginalAmount, FieldOriginalCurrency, FieldBalance, FieldAccount,
	FieldPendingOf,
}

// FieldMap is how a file is read: where the canonical fields of a row come from, and the settings of the whole file.
// People call it a reading or a map. As JSON it is one object: the keys of Fields next to the settings.
type FieldMap struct {
	Fields map[string]MapField `json:"-"` // by canonical name

	// The settings hold for every field that has none of its own. What is zero is detected.
	DateFormat string   `json:"dateFormat,omitempty"` // "DD.MM.YYYY"
	TimeZone   string   `json:"timeZone,omitempty"`   // IANA name of the source's zone; "" is UTC, or the zone of a timestamp
	Decimal    string   `json:"decimal,omitempty"`    // "." or ","
	Negate     bool     `json:"negate,omitempty"`     // turns the file round: its + is money away from us
	Unit       string   `json:"unit,omitempty"`       // UnitMinor, UnitMajor, UnitThousands or UnitMillions
	Signs      string   `json:"signs,omitempty"`      // SignsAsWritten: they are right, however they look
	View       string   `json:"view,omitempty"`       // what columns named debit and credit mean: ViewBooks or ViewStatement
	Header     int      `json:"header,omitempty"`     // 1-based line of the column names
	Charset    string   `json:"charset,omitempty"`
	Delimiter  string   `json:"delimiter,omitempty"`
	Fixed      []string `json:"fixed,omitempty"` // columns in fixed places of the lines, see ParseFixedColumn
	Skip       *Skip    `json:"skip,omitempty"`
	Empty      []string `json:"empty,omitempty"`    // texts that mean an empty cell, besides "-", "n/a" and the like
	Money      []string `json:"money,omitempty"`    // texts of rows that look like balances or totals and are money
	Balances   []string `json:"balances,omitempty"` // texts of rows that are balances or totals, and no money
	Volatile   []string `json:"volatile,omitempty"` // columns that change from one delivery to the next, and the row does not
	Rows       string   `json:"rows,omitempty"`     // RowsMovements of money, or RowsClaims; "" counts as claims
	Future     string   `json:"future,omitempty"`   // FutureAccept or FutureSetAside
	Interim    string   `json:"interim,omitempty"`  // InterimBooks
	Detect     string   `json:"detect,omitempty"`   // DetectOff
}

// mapSettings is a map without its fields, as JSON.
type mapSettings FieldMap

// Skip names rows that are no data.
type Skip struct {
	First int    `json:"first,omitempty"` // rows below the header
	Last  int    `json:"last,omitempty"`  // rows at the end
	Where string `json:"where,omitempty"` // CEL over the row's columns
}

// Rest returns the first rows of a file without those that are left out; whole: they are all.
func (s *Skip) Rest(rows []Record, whole bool) []Record {
	if whole {
		rows = rows[:max(0, len(rows)-s.Last)]
	}
	for len(rows) > 0 && rows[0].Row <= s.First {
		rows = rows[1:]
	}
	return rows
}

// MapField is where one canonical field comes from: columns, joined when there are several, or a constant.
type MapField struct {
	Columns    []string          `json:"columns,omitempty"`  // column names or JSON paths ("payer.name")
	Constant   string            `json:"constant,omitempty"` // instead of columns
	Default    string            `json:"default,omitempty"`  // where the columns are empty
	Else       string            `json:"else,omitempty"`     // column of a date that pending rows have instead
	Join       string            `json:"join,omitempty"`     // between joined columns that are filled; "" is one space
	Add        []string          `json:"add,omitempty"`      // of amounts: columns that are added up
	Subtract   []string          `json:"subtract,omitempty"` // of amounts: columns that are taken off
	Each       map[string]string `json:"each,omitempty"`     // of amounts: columns of one currency each, of which a row fills one
	Is         string            `json:"is,omitempty"`       // of the account: the one whose rows are read
	Unknown    string            `json:"unknown,omitempty"`  // UnknownAside: rows of a currency that is none are set aside, not rejected
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

// Names lists every column that a field is read from.
func (f MapField) Names() []string {
	names := slices.Concat(f.Columns, f.Add, f.Subtract, slices.Sorted(maps.Keys(f.Each)))
	if f.Else != "" {
		names = append(names, f.Else)
	}
	return names
}

// NoOrigin reports whether a field names neither a column nor a constant: a currency is then that of the sign next to
// the amount, with Values for what a sign means and Default for amounts without one.
func (f MapField) NoOrigin() bool { return len(f.Names()) == 0 && f.Constant == "" }

// With returns the map with what another one names: its fields and settings replace those of the same name.
func (m FieldMap) With(patch FieldMap) FieldMap {
	fields := maps.Clone(m.Fields)
	if fields == nil {
		fields = map[string]MapField{}
	}
	for name, field := range patch.Fields {
		if before, ok := fields[name]; ok && len(before.Values) > 0 && slices.Equal(before.Columns, field.Columns) {
			values := maps.Clone(before.Values) // one answer gives the meaning of one word
			maps.Copy(values, field.Values)
			field.Values = values
		}
		if before, ok := fields[name]; ok && before.NoOrigin() && field.NoOrigin() {
			if field.Default = cmp.Or(field.Default, before.Default); len(field.Values) == 0 {
				field.Values = before.Values
			}
		}
		fields[name] = field
	}
	text, err := json.Marshal(mapSettings(patch))
	if err == nil {
		money, balances := m.Money, m.Balances
		m.Money, m.Balances = nil, nil
		err = json.Unmarshal(text, (*mapSettings)(&m))
		m.Money, m.Balances = slices.Concat(money, m.Money), slices.Concat(balances, m.Balances)
	}
	if err != nil {
		panic("a map does not read what it writes: " + err.Error())
	}
	m.Fields = fields
	return m
}

// MarshalJSON writes the map in the order of MappedFields, each field in its shortest form, and then the settings.
func (m FieldMap) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for _, name := range MappedFields {
		field, ok := m.Fields[name]
		if !ok {
			continue
		}
		text, err := marshalPlain(field)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", name, err)
		}
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", name, text)
	}
	settings, err := marshalPlain(mapSettings(m))
	if err != nil {
		return nil, fmt.Errorf("writing the settings of a map: %w", err)
	}
	if len(settings) > len("{}") {
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		out.Write(settings[1 : len(settings)-1])
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON reads what MarshalJSON writes. What a person writes is read by package setup, which refuses with
// pointers.
func (m *FieldMap) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, (*mapSettings)(m)); err != nil {
		return fmt.Errorf("reading the settings of a map: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return fmt.Errorf("reading a map: %w", err)
	}
	m.Fields = map[string]MapField{}
	for _, name := range MappedFields {
		text, ok := fields[name]
		if !ok {
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
	columns := MapField{Columns: f.Columns}
	bare := reflect.DeepEqual(f, columns) && len(f.Columns) > 0
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
