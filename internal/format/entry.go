package format

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"strconv"
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
	entryNote    // what cannot be known of the row
	entryUnique  // an id: the bank's reference where no movement of any account shares it, or that of link
	entryPending // the id of the pending row that a booked one replaces
	entryBatch   // what the payer calls the batch that the row is, or is a part of
	entryPartOf  // which part of which entry the row is: "3 of 37 of" the bank's reference, else the batch
	entryColumns
)

// Kinds of entries: those that take another one back, and costs.
const (
	kindReversal = "REVERSAL"
	kindReturn   = "RETURN"
	kindCharges  = "CHARGES" // a part of the entry whose other parts are payments
)

// Columns of statement files that callers ask for: the number of the statement that a row is of, what cannot be known
// of the row, and which part of which entry it is.
const (
	StatementColumn = "statement"
	NoteColumn      = "note"
	PartColumn      = "partOf"
)

// DetailsDiffer begins the note of an entry whose details add up to another amount.
const DetailsDiffer = "its details make "

var entryHeader = []string{
	"account", StatementColumn, "date", "valueDate", "amount", "currency", "status", "bankReference", "reference",
	"description", "counterparty", "counterpartyAccount", "kind", "code", "originalAmount", "originalCurrency",
	"exchangeRate", "charges", "creditorReference", "uetr", "instructionId", "transactionId", "mandate", NoteColumn,
	"id", "pendingOf", "batch", PartColumn,
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
		recon.FieldExternalID: entryUnique, recon.FieldPendingOf: entryPending,
	} {
		fields[field] = recon.Column(entryHeader[column])
	}
	return recon.FieldMap{DateFormat: "YYYY-MM-DD", Decimal: ".", Fields: fields}
}

// fieldMap is that of all entries.
func (b *statementBook) fieldMap() recon.FieldMap { return entryMap() }

// statementsMax is how many statements one file may hold: those of a thousand accounts for a hundred days.
const statementsMax = 100_000

// statementBook follows the accounts of a file: what their statements state, and what their entries add up to.
type statementBook struct {
	done  []Statement
	ended int                         // how many of them nothing more can come to
	named map[statementName]int       // the lines of statements with rows
	last  map[[2]string]statementEnds // by account and currency, of the statement that ended last
	hash  maphash.Hash

	reportsBook bool   // what a report or an advice has is booked: no statement follows
	links       bool   // booked rows name the pending ones that they replace
	linked      string // the last row that was linked
	twins       int    // rows before it that are the same

	parts map[string]int // rows of the entry at hand by what links them
}

// newBook follows a file of a format that has statements as well as reports of what they will book.
func newBook(opt Options) statementBook {
	return statementBook{reportsBook: opt.ReportsBook, links: !opt.ReportsBook}
}

// InterimID begins the id of a row that a statement will book.
const InterimID = "interim-"

// link gives a pending row an id, and a booked one the id of the pending row of the same movement: by the bank's
// reference, else by dates and text. Of rows that are the same, the first replaces the first.
func (b *statementBook) link(e *entry) {
	f := &e.fields
	amount := f[entryAmount]
	if money, err := recon.ParseMinor(amount, recon.CurrencyScale(f[entryCurrency])); err == nil {
		amount = strconv.FormatInt(int64(money), 10)
	}
	named := []string{f[entryAccount], f[entryCurrency], amount, f[entryID]}
	part := f[entryPartOf] != ""
	switch {
	case f[entryID] == "":
		named = append(named, f[entryDate], f[entryValueDate], f[entryReference], f[entryDescription], f[entryParty])
	case part: // the id is the one of the entry, or of a part that may come again
		named = append(named, f[entryReference])
	}
	sum := sha256.Sum256([]byte(strings.Join(named, "\x00")))
	const enough = 8 // bytes: a chance in 2^32 that two of a file's hundred million pairs are one
	name := InterimID + hex.EncodeToString(sum[:enough])
	if b.twins++; b.linked != name {
		b.linked, b.twins = name, 0
	}
	if part {
		b.twins = b.parts[name]
		b.parts[name]++
	}
	if b.twins > 0 {
		name += "-" + strconv.Itoa(b.twins)
	}
	switch f[entryStatus] {
	case recon.Pending:
		f[entryUnique] = name
	case recon.Booked:
		f[entryPending] = name
	}
}

// statementEnds are the balances of a statement and the line on which it begins.
type statementEnds struct {
	line             int
	opening, closing recon.NullMinor
}

// statementName is what makes a statement the same as another one.
type statementName struct {
	account, number, currency string
	from, to                  recon.Day
	opening, closing          recon.NullMinor
	rows                      int
	digest                    uint64
}

// begin opens a statement. The pointer holds until the next one begins.
func (b *statementBook) begin(s Statement) *Statement {
	b.done, b.linked = append(b.done, s), ""
	return &b.done[len(b.done)-1]
}

func (b *statementBook) statements() []Statement { return b.done }

// give makes an entry the record at hand, as a row of the statement at hand.
func (b *statementBook) give(e *entry, rec *recon.Record) {
	e.fill(rec)
	b.hash.Reset()
	for _, text := range e.fields {
		_, _ = b.hash.WriteString(text)
		_ = b.hash.WriteByte(0)
	}
	if len(b.done) > 0 {
		b.done[len(b.done)-1].hold(1, b.hash.Sum64())
	}
	if b.links {
		b.link(e)
	}
}

// hold adds rows to those that a statement is known again by.
func (s *Statement) hold(rows int, digest uint64) {
	const odd = 0x9E3779B97F4A7C15 // spreads the bits, so that the order of rows counts
	s.rows, s.digest = s.rows+rows, s.digest*odd+digest
}

// end proves the statement at hand, to which nothing more can come, and compares it with those before it.
func (b *statementBook) end() error {
	if len(b.done) > statementsMax {
		return recon.TooLarge(recon.CodeTooManyRows, "has more than %d statements: split it", statementsMax)
	}
	for b.ended < len(b.done) {
		s := &b.done[b.ended]
		b.ended++
		s.prove()
		b.follow(s)
		if err := b.refuseAgain(s); err != nil {
			return err
		}
		if s.Unproved == unprovedBehind {
			s.Closing = recon.NullMinor{} // it was the balance of a page
		}
	}
	return nil
}

// refuseAgain refuses a statement that the file has twice. One without rows moves nothing, and one without a number and
// a day may be another one.
func (b *statementBook) refuseAgain(s *Statement) error {
	if s.rows == 0 || s.Number == "" && !s.To.Set() {
		return nil
	}
	name := statementName{s.Account, s.Number, s.Currency, s.From, s.To, s.Opening, s.Closing, s.rows, s.digest}
	if line, again := b.named[name]; again {
		return statementTwice(s.Number, s.Account, line, s.Line)
	}
	if b.named == nil {
		b.named = map[statementName]int{}
	}
	b.named[name] = s.Line
	return nil
}

func statementTwice(number, account string, first, second int) error {
	name := "the statement"
	if number != "" {
		name = "statement " + quoteCut(number)
	}
	return recon.Unprocessable(recon.CodeUnsupportedFormat, fmt.Sprintf("has %s of account %s twice, on lines %d and "+
		"%d, which would count its money twice: delete one", name, quoteCut(account), first, second))
}

// follow notes a statement that does not go on with the balance of the one before it, in either order of days.
func (b *statementBook) follow(s *Statement) {
	key := [2]string{s.Account, s.Currency}
	before, known := b.last[key]
	if known && s.Opening.Set && s.Opening != before.closing && (!s.Closing.Set || s.Closing != before.opening) {
		digits := recon.CurrencyScale(s.Currency)
		s.note("opens with %s, but the one before it, on line %d, closes with %s: one between them may be missing",
			s.Opening.Amount.Decimal(digits), before.line, before.closing.Amount.Decimal(digits))
	}
	if s.Closing.Set {
		if b.last == nil {
			b.last = map[[2]string]statementEnds{}
		}
		b.last[key] = statementEnds{s.Line, s.Opening, s.Closing}
	}
}

// add counts one booked movement.
func (s *Statement) add(amount recon.Minor) {
	s.Entries++
	sum, err := s.Moved.Add(amount)
	if err != nil {
		s.fault("its movements add up to more than 64 bits")
	}
	s.Moved = sum
}

// faultsMax is how much is kept of what is wrong with a statement, and of what there is to know of it.
const faultsMax = 100

// fault keeps what is wrong with a statement.
func (s *Statement) fault(format string, args ...any) {
	if len(s.Faults) < faultsMax {
		s.Faults = append(s.Faults, fmt.Sprintf(format, args...))
	}
}

// note keeps what there is to know of a statement.
func (s *Statement) note(format string, args ...any) {
	if len(s.Notes) < faultsMax {
		s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
	}
}

// reports marks the statement at hand as a report.
func (b *statementBook) reports(s *Statement) {
	s.Report = true
	if s.Unproved = unprovedPending; b.reportsBook {
		s.Unproved = unprovedReport
	}
}

// Reasons why a statement is not proved.
const (
	unprovedOpening = "it states no opening balance"
	unprovedClosing = "it states no closing balance"
	unprovedSummary = "it has no details"
	unprovedPending = "its movements are not booked yet"
	unprovedReport  = "it is a report or an advice, which states no balances of its own"
	unprovedBefore  = "the pages before its first one are missing"
	unprovedBehind  = "the pages behind its last one are missing"
)

// prove compares the balances of a statement with its movements.
func (s *Statement) prove() {
	switch {
	case s.Unproved != "":
	case !s.Opening.Set:
		s.Unproved = unprovedOpening
	case !s.Closing.Set:
		s.Unproved = unprovedClosing
	}
	ties := s.Unproved != unprovedPending && s.Unproved != unprovedSummary && s.Unproved != unprovedReport
	if s.Opening.Set && s.Closing.Set && ties {
		digits := recon.CurrencyScale(s.Currency)
		sum, err := s.Opening.Amount.Add(s.Moved)
		if err != nil || sum != s.Closing.Amount {
			s.fault("does not tie: the opening %s and booked movements of %s (%d) make %s, but it closes with %s",
				s.Opening.Amount.Decimal(digits), s.Moved.Decimal(digits), s.Entries, sum.Decimal(digits),
				s.Closing.Amount.Decimal(digits))
		}
	}
	turned := s.Opening.Amount + s.Moved - 2*s.reversed
	if len(s.Faults) > 0 && s.reversed != 0 && s.Closing.Set && turned == s.Closing.Amount {
		s.fault("ties if the entries marked as reversals (RvslInd) have the other sign: the bank may mark them so")
	}
	s.Proved = s.Unproved == "" && len(s.Faults) == 0
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
