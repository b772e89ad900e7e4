package predicate

import (
	"cmp"
	"errors"
	"math/bits"
	"reflect"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"matcher/internal/recon"
)

var errNoDecimal = errors.New("no such overload: not a decimal")

// exactDecimal is a CEL value: mantissa / 10^scale.
type exactDecimal struct {
	mantissa int64
	scale    int
}

// decimalOfText reads "-12.50" exactly.
func decimalOfText(v ref.Val) ref.Val {
	text, isText := v.(types.String)
	if !isText {
		return types.WrapErr(errNoDecimal)
	}
	_, fraction, _ := strings.Cut(string(text), ".")
	mantissa, err := recon.ParseMinor(string(text), len(fraction))
	if err != nil || len(fraction) > 2*literalDigitsMax {
		return types.WrapErr(errNoDecimal)
	}
	return exactDecimal{int64(mantissa), len(fraction)}
}

// exact is any value that a decimal compares with, as one.
func exact(v ref.Val) (exactDecimal, bool) {
	switch v := v.(type) {
	case exactDecimal:
		return v, true
	case types.Int:
		return exactDecimal{mantissa: int64(v)}, true
	case types.String:
		d, ok := decimalOfText(v).(exactDecimal)
		return d, ok
	}
	return exactDecimal{}, false
}

// Compare in 128 bits, both at the finer scale.
func (d exactDecimal) Compare(other ref.Val) ref.Val {
	o, ok := exact(other)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return types.Int(d.compare(o))
}

func (d exactDecimal) compare(o exactDecimal) int {
	if (d.mantissa < 0) != (o.mantissa < 0) {
		return cmp.Compare(d.mantissa, o.mantissa)
	}
	hi, lo := scaledUp(d, o.scale)
	oHi, oLo := scaledUp(o, d.scale)
	c := cmp.Or(cmp.Compare(hi, oHi), cmp.Compare(lo, oLo))
	if d.mantissa < 0 {
		return -c
	}
	return c
}

// scaledUp is a magnitude at the finer of its own and another scale. A text with thirty decimals against an amount is
// the extreme: past 128 bits the wider one counts as the largest.
func scaledUp(d exactDecimal, scale int) (hi, lo uint64) {
	lo = uint64(max(d.mantissa, -d.mantissa))
	for range max(scale-d.scale, 0) {
		over, carryHi := bits.Mul64(hi, 10)
		if over > 0 {
			return ^uint64(0), ^uint64(0)
		}
		carry, low := bits.Mul64(lo, 10)
		sum, wrapped := bits.Add64(carryHi, carry, 0)
		if wrapped > 0 {
			return ^uint64(0), ^uint64(0)
		}
		hi, lo = sum, low
	}
	return hi, lo
}

// Add is exact, or an error where the sum does not fit.
func (d exactDecimal) Add(other ref.Val) ref.Val {
	o, ok := exact(other)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	if d.scale < o.scale {
		d, o = o, d
	}
	hi, lo := scaledUp(o, d.scale)
	if hi > 0 || lo > 1<<62 {
		return types.NewErr("the sum does not fit")
	}
	added := int64(lo)
	if o.mantissa < 0 {
		added = -added
	}
	sum, err := recon.Minor(d.mantissa).Add(recon.Minor(added))
	if err != nil {
		return types.WrapErr(err)
	}
	return exactDecimal{int64(sum), d.scale}
}

// Subtract is Add of the negative.
func (d exactDecimal) Subtract(other ref.Val) ref.Val {
	o, ok := exact(other)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return d.Add(exactDecimal{-o.mantissa, o.scale})
}

// Negate is the decimal with the other sign.
func (d exactDecimal) Negate() ref.Val { return exactDecimal{-d.mantissa, d.scale} }

func absolute(v ref.Val) ref.Val {
	d, isDecimal := v.(exactDecimal)
	if !isDecimal {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return exactDecimal{int64(recon.Minor(d.mantissa).Abs()), d.scale}
}

// Equal by value, whatever the scale.
func (d exactDecimal) Equal(other ref.Val) ref.Val {
	o, ok := exact(other)
	return types.Bool(ok && d.compare(o) == 0)
}

// ConvertToNative is not needed: a decimal never leaves a predicate.
func (d exactDecimal) ConvertToNative(reflect.Type) (any, error) { return nil, errNoDecimal }

// ConvertToType knows texts only.
func (d exactDecimal) ConvertToType(t ref.Type) ref.Val {
	if t == types.StringType {
		return types.String(recon.Minor(d.mantissa).Decimal(d.scale))
	}
	return types.WrapErr(errNoDecimal)
}

// Type of the value.
func (exactDecimal) Type() ref.Type { return decimalType }

// Value is the decimal itself.
func (d exactDecimal) Value() any { return d }

// dayValue is a day as a CEL value.
type dayValue recon.Day

func dayOf(v ref.Val) (dayValue, bool) {
	switch v := v.(type) {
	case dayValue:
		return v, true
	case types.String:
		d, err := recon.ParseDay(string(v))
		return dayValue(d), err == nil
	}
	return 0, false
}

// Compare with a day, or a text as YYYY-MM-DD.
func (d dayValue) Compare(other ref.Val) ref.Val {
	o, ok := dayOf(other)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	return types.Int(cmp.Compare(d, o))
}

// Equal to a day, or a text as YYYY-MM-DD.
func (d dayValue) Equal(other ref.Val) ref.Val {
	o, ok := dayOf(other)
	return types.Bool(ok && d == o)
}

// ConvertToNative is not needed: a day never leaves a predicate.
func (d dayValue) ConvertToNative(reflect.Type) (any, error) { return nil, errNoDecimal }

// ConvertToType knows texts only.
func (d dayValue) ConvertToType(t ref.Type) ref.Val {
	if t == types.StringType {
		return types.String(recon.Day(d).String())
	}
	return types.NewErr("a day is no %s", t.TypeName())
}

// Type of the value.
func (dayValue) Type() ref.Type { return dayType }

// Value is the day itself.
func (d dayValue) Value() any { return recon.Day(d) }

// Row is a row as a predicate reads it. It is reused from row to row.
type Row struct {
	tx   *recon.Transaction
	open Open
}

// Open is what is known of an open row apart from its fields.
type Open struct{ Side, Source, Class, Reason, Severity string }

// SetOpen makes it another open row, for predicates of CompileOpen.
func (r *Row) SetOpen(tx *recon.Transaction, open Open) { r.tx, r.open = tx, open }

// Set makes it another row, or none.
func (r *Row) Set(tx *recon.Transaction) { r.tx = tx }

// Parent is none.
func (*Row) Parent() cel.Activation { return nil }

// ResolveName reads one field; what the row does not carry is unknown, which fails the evaluation.
func (r *Row) ResolveName(name string) (any, bool) {
	switch name {
	case "externalId", "reference", "currency", "description", "kind", "bookingStatus":
		return types.String(r.tx.Field(name)), true
	case "side":
		return types.String(r.open.Side), true
	case "source":
		return types.String(r.open.Source), true
	case "class":
		return types.String(r.open.Class), true
	case "reason":
		return types.String(r.open.Reason), true
	case "severity":
		return types.String(r.open.Severity), true
	case "metadata":
		return attributes(r.tx.Metadata), true
	case "date":
		return dayValue(r.tx.Date), r.tx.Date.Set()
	case "valueDate":
		return dayValue(r.tx.ValueDate), r.tx.ValueDate.Set()
	case "original.currency":
		if r.tx.Original == nil {
			return nil, false
		}
		return types.String(r.tx.Original.Currency), true
	case "original.amount":
		if r.tx.Original == nil {
			return nil, false
		}
		return exactDecimal{int64(r.tx.Original.Amount), recon.CurrencyScale(r.tx.Original.Currency)}, true
	}
	amount, has := r.tx.NamedAmount(name)
	return exactDecimal{int64(amount), recon.CurrencyScale(r.tx.Currency)}, has
}

// attributes are a row's metadata as a CEL map, in place.
type attributes []recon.Attribute

// Find a name. A row does not carry what is empty: a file gives every name to every row.
func (a attributes) Find(key ref.Val) (ref.Val, bool) {
	name, isText := key.(types.String)
	if !isText {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	for i := range a {
		if a[i].Name == string(name) && a[i].Value != "" {
			return types.String(a[i].Value), true
		}
	}
	return nil, false
}

// Get a name, or an error.
func (a attributes) Get(key ref.Val) ref.Val {
	if value, found := a.Find(key); found {
		return value
	}
	return types.NewErr("no such key: %v", key)
}

// Contains a name.
func (a attributes) Contains(key ref.Val) ref.Val {
	_, found := a.Find(key)
	return types.Bool(found)
}

// Size is the number of names.
func (a attributes) Size() ref.Val { return types.Int(len(a)) }

// Iterator cannot be reached: a predicate reads metadata by name.
func (a attributes) Iterator() traits.Iterator { panic("engine: metadata was read as a whole") }

// Equal cannot be reached either, and returns false.
func (attributes) Equal(ref.Val) ref.Val { return types.False }

// ConvertToNative is not needed.
func (attributes) ConvertToNative(reflect.Type) (any, error) { return nil, errNoDecimal }

// ConvertToType is not needed.
func (attributes) ConvertToType(ref.Type) ref.Val { return types.WrapErr(errNoDecimal) }

// Type of the value.
func (attributes) Type() ref.Type { return types.MapType }

// Value is the metadata itself.
func (a attributes) Value() any { return []recon.Attribute(a) }

// sizes gives CEL's estimate the length of a row's texts.
type sizes struct{}

// EstimateCallCost of what decimals add to CEL; the rest CEL knows itself.
func (sizes) EstimateCallCost(_, overload string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if !strings.Contains(overload, "decimal") {
		return nil
	}
	return &cost.CallEstimate{
		CostEstimate: cost.Estimate{Min: 1, Max: 1},
		ResultSize:   &cost.SizeEstimate{Min: 1, Max: 1},
	}
}

// EstimateSize of a field.
func (sizes) EstimateSize(element cost.AstNode) *cost.SizeEstimate {
	if len(element.Path()) == 0 {
		return nil
	}
	return &cost.SizeEstimate{Min: 0, Max: textMax}
}
