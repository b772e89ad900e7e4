package format

import (
	"fmt"
	"strings"

	"matcher/internal/recon"
)

// Columns of an entry. Every format that banks define gives rows of the same columns, whatever its own names are.
const (
	entryAccount = iota
	entryStatement
	entryDate
	entryValueDate
	entryAmount // with a decimal point; + is money to the account's owner
	entryCurrency
	entryStatus // BOOKED or PENDING
	entryID     // the bank's own reference
	entryReference
	entryDescription
	entryParty
	entryPartyAccount
	entryKind // REVERSAL, RETURN, FEE, …; mostly empty
	entryCode // of the transaction, in the format's own list
	entryOriginalAmount
	entryOriginalCurrency
	entryExchangeRate
	entryCharges // that the bank kept, as it states them
	entryCreditorReference
	entryUETR
	entryInstruction
	entryTransaction
	entryMandate
	entryNote   // what cannot be known of the row
	entryUnique // the bank's reference where no two movements of any account share it
	entryColumns
)

// Kinds of entries: those that take another one back, and costs.
const (
	kindReversal = "REVERSAL"
	kindReturn   = "RETURN"
	kindCharges  = "CHARGES" // a part of the entry whose other parts are payments
)

// StatementColumn has the number of the statement that a row is of.
const StatementColumn = "statement"

var entryHeader = []string{
	"account", StatementColumn, "date", "valueDate", "amount", "currency", "status", "bankReference", "reference",
	"description", "counterparty", "counterpartyAccount", "kind", "code", "originalAmount", "originalCurrency",
	"exchangeRate", "charges", "creditorReference", "uetr", "instructionId", "transactionId", "mandate", "note",
	"id",
}

// entry is one movement of a statement as text. line is where it begins in the file.
type entry struct {
	line   int
	fields [entryColumns]string
}

// fill makes the entry the record at hand. It is copied when the next one comes.
func (e *entry) fill(rec *recon.Record) {
	for i, text := range e.fields {
		e.fields[i] = strings.TrimSpace(text)
	}
	rec.Line, rec.Header, rec.Fields = e.line, entryHeader, e.fields[:]
}

// wrong is a row error about one column of the entry.
func (e *entry) wrong(column int, value, code, reason string) *recon.RowError {
	err := recon.NewRowError(e.line, 0, entryHeader[column], value, code, reason)
	return &err
}

// entryMap is what the columns of an entry mean.
func entryMap() recon.FieldMap {
	fields := map[string]recon.MapField{recon.FieldAccount: recon.Column(entryHeader[entryAccount])}
	for field, column := range map[string]int{
		recon.FieldDate: entryDate, recon.FieldValueDate: entryValueDate, recon.FieldAmount: entryAmount,
		recon.FieldCurrency: entryCurrency, recon.FieldReference: entryReference, recon.FieldKind: entryKind,
		recon.FieldDescription: entryDescription, recon.FieldOriginalAmount: entryOriginalAmount,
		recon.FieldOriginalCurrency: entryOriginalCurrency, recon.FieldBookingStatus: entryStatus,
	} {
		fields[field] = recon.Column(entryHeader[column])
	}
	return recon.FieldMap{DateFormat: "YYYY-MM-DD", Decimal: ".", Fields: fields}
}

// statementBook follows the accounts of a file: what their statements state, and what their entries add up to.
type statementBook struct{ done []Statement }

// begin opens a statement. The pointer holds until the next one begins.
func (b *statementBook) begin(s Statement) *Statement {
	b.done = append(b.done, s)
	return &b.done[len(b.done)-1]
}

func (b *statementBook) statements() []Statement { return b.done }

// add counts one booked movement.
func (s *Statement) add(amount recon.Minor) {
	s.Entries++
	sum, err := s.Moved.Add(amount)
	if err != nil {
		s.fault("its movements add up to more than 64 bits")
	}
	s.Moved = sum
}

// faultsMax is how much is kept of what is wrong with a statement.
const faultsMax = 100

// fault keeps what is wrong with a statement.
func (s *Statement) fault(format string, args ...any) {
	if len(s.Faults) == faultsMax {
		return
	}
	s.Faults = append(s.Faults, fmt.Sprintf(format, args...))
}

// prove compares the balances of a statement with its movements.
func (s *Statement) prove() {
	if !s.Opening.Set || !s.Closing.Set {
		return
	}
	digits := recon.CurrencyScale(s.Currency)
	sum, err := s.Opening.Amount.Add(s.Moved)
	if err != nil || sum != s.Closing.Amount {
		s.fault("does not tie: the opening %s and booked movements of %s (%d) make %s, but it closes with %s",
			s.Opening.Amount.Decimal(digits), s.Moved.Decimal(digits), s.Entries, sum.Decimal(digits),
			s.Closing.Amount.Decimal(digits))
	}
}

// shortDay reads YYMMDD. The 30th of February, which banks of 30-day months write, is the last day of February.
func shortDay(text string) (recon.Day, error) {
	if len(text) == len("YYMMDD") {
		century := "20"
		if text[0] >= '8' {
			century = "19"
		}
		year, month, day := century+text[:2], text[2:4], text[4:]
		if found, err := recon.ParseDay(year + "-" + month + "-" + day); err == nil {
			return found, nil
		}
		if month == "02" && (day == "29" || day == "30") {
			march, err := recon.ParseDay(year + "-03-01")
			return march - 1, err
		}
	}
	return recon.NoDay, fmt.Errorf("%q is not a date as YYMMDD", text)
}

// nearestYear returns the day of a month and day (MMDD) that is nearest to another day.
func nearestYear(text string, near recon.Day) (recon.Day, error) {
	var best recon.Day
	year := near.Time().Year()
	for y := year - 1; y <= year+1; y++ {
		day, err := shortDay(fmt.Sprintf("%02d%s", y%100, text))
		if err == nil && (!best.Set() || distance(day, near) < distance(best, near)) {
			best = day
		}
	}
	if !best.Set() {
		return best, fmt.Errorf("%q is not a date as MMDD", text)
	}
	return best, nil
}

func distance(a, b recon.Day) recon.Day { return max(a-b, b-a) }
