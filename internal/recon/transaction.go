package recon

import "time"

// Side of a reconciliation: LEFT is what you expect (books, orders), RIGHT is what happened (bank, processor).
type Side string

// The two sides.
const (
	Left  Side = "LEFT"
	Right Side = "RIGHT"
)

// Other is the opposite side.
func (s Side) Other() Side {
	if s == Left {
		return Right
	}
	return Left
}

// Values of Transaction.BookingStatus.
const (
	Booked  = "BOOKED"
	Pending = "PENDING"
)

// Transaction is one row of a source in canonical form. Amounts are in minor units of Currency, signed as the source's
// owner sees it: + is money to us. Its identity is Identity and Ordinal within its source (see Digest).
type Transaction struct {
	Row  int // 1-based data row in its file
	Line int // 1-based line on which the row starts

	ExternalID    string
	Reference     string
	Amount        Minor
	Currency      string
	Date          Day       // booking date: balances, periods, ageing
	ValueDate     Day       // NoDay when the file has none
	Time          time.Time // booking instant in UTC where the source gives one, else zero
	Description   string
	Kind          string // SALE, REFUND, CHARGEBACK, FEE, PAYOUT, …; "" when unknown
	BookingStatus string // Booked or Pending
	PendingOf     string // external id of the pending row that this one, booked, replaces

	// Named amounts in Currency. A fee is a cost: positive, and it lowers net: gross − fee − tax = net.
	Gross, Fee, Tax, Net NullMinor
	Original             *Money // the amount in the currency it was made in

	Metadata []Attribute // every column of the file under its own name, sorted by name

	Digest  [32]byte // 8 bytes of its money, 16 of its content, 8 of everything; without id, position and source
	Ordinal int32    // how many equal rows came before it in its file; 0 for a row with an external id
}

// NullMinor is an amount that may be absent.
type NullMinor struct {
	Amount Minor
	Set    bool
}

// Attribute is one named value of a row's metadata.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Attribute is the value of a metadata name, "" when absent. Metadata is short, so a scan beats a map.
func (t *Transaction) Attribute(name string) string {
	for i := range t.Metadata {
		if t.Metadata[i].Name == name {
			return t.Metadata[i].Value
		}
	}
	return ""
}

// RowError is one thing wrong with one row of a file. Line is 1-based; Field is the canonical field or the column.
type RowError struct {
	Line   int    `json:"line"`
	Row    int    `json:"row,omitempty"`
	Field  string `json:"field,omitempty"`
	Value  string `json:"value,omitempty"` // cut to 200 bytes
	Code   string `json:"code"`            // one of those in codes.go
	Reason string `json:"reason"`
}

func (e *RowError) Error() string { return e.Reason }

// SumOf is the signed sum of named amounts, and whether the row has each of them and the sum fits.
func (t *Transaction) SumOf(terms []AmountTerm) (sum Minor, fits bool) {
	for _, term := range terms {
		value, has := t.NamedAmount(term.Field)
		if !has {
			return 0, false
		}
		if term.Negative {
			value = -value
		}
		var err error
		if sum, err = sum.Add(value); err != nil {
			return 0, false
		}
	}
	return sum, true
}
