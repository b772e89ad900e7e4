package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// row is the work on one record: the transaction in the making and what is wrong so far.
type row struct {
	m      *Mapper
	rec    recon.Record
	tx     recon.Transaction
	digits int
	known  bool // the currency
	wrong  []recon.RowError
}

// setAside returns why a row is no money that moved: one error of code RowSetAside, which is no mistake of the file.
func (r *row) setAside(field, value, reason string) recon.RowError {
	return recon.NewRowError(r.rec.Line, r.rec.Row, field, value, recon.CodeSetAside, reason)
}

// Map makes a transaction of a record, or returns everything that is wrong with it. A row that is no movement of money
// comes back with one error, of code RowSetAside. Digest is set; Ordinal is for
// Identities, which sees all rows of the file.
func (m *Mapper) Map(rec recon.Record) (recon.Transaction, []recon.RowError) {
	row := Row{Record: rec}
	m.mapRow(&row)
	return row.Tx, row.Wrong
}

// mapRow maps the record of a row. One that is wrong only because its label is open has its transaction.
func (m *Mapper) mapRow(row *Row) {
	row.Tx, row.Wrong, row.label = m.read(row.Record)
	row.standing = m.standingOf(row.Record, row.Tx.Currency)
	switch {
	case len(row.Wrong) == 0:
	case row.Wrong[0].Code == recon.CodeSetAside:
		row.Verdict = SetAside
	default:
		row.Verdict = Rejected
	}
}

// standingOf returns the balance after a row, and of which account and currency it is.
func (m *Mapper) standingOf(rec recon.Record, currency string) (s standing) {
	if s.key = (accountKey{currency, m.account.text(rec)}); currency == "" { // it is no movement
		s.key.currency = cmp.Or(currencyCode(m.currency.word(rec)), recon.NoCurrency)
	}
	text := m.balance.text(rec)
	if text == "" {
		return s
	}
	digits, known := recon.CurrencyDigits(s.key.currency)
	a, err := readAmount(text, m.balance.decimal)
	if err != nil || !known {
		return s
	}
	balance, err := recon.ParseMinor(a.plain, m.decimals(digits))
	if a.negative {
		balance = -balance
	}
	s.balance = recon.NullMinor{Amount: balance, Set: err == nil}
	return s
}

func (m *Mapper) read(rec recon.Record) (recon.Transaction, []recon.RowError, label) {
	r := row{m: m, rec: rec}
	r.tx.Row, r.tx.Line = rec.Row, rec.Line
	reason, label := m.aside.reason(rec)
	if reason != "" {
		return recon.Transaction{}, []recon.RowError{r.setAside("", "", reason)}, label
	}
	r.status()
	r.texts()
	r.dates()
	inNumber := r.currencyOf()
	if r.digits, r.known = recon.CurrencyDigits(r.tx.Currency); !r.known {
		r.digits = digitsSyntax
	}
	r.amounts(inNumber)
	isAside := func(e recon.RowError) bool { return e.Code == recon.CodeSetAside }
	if i := slices.IndexFunc(r.wrong, isAside); i >= 0 {
		return r.withdrawal(), r.wrong[i : i+1], label
	}
	if len(r.wrong) > 0 {
		label.open = false
		return recon.Transaction{}, r.wrong, label
	}
	if label.open {
		r.fail("", label.text, recon.CodeInvalidValue,
			"%q names a balance: add it to balances in the field map, or to money if it moved", label.text)
	}
	l := m.layoutFor(rec)
	r.tx.Metadata = metadata(l, rec)
	if r.tx.Digest = digest(&r.tx, l, rec, m.account.text(rec)); losesDigits(r.tx.Reference) {
		r.tx.Reference = ""
	}
	return r.tx, r.wrong, label
}

// withdrawal is what is known of a row that never became money, by which its pending row is withdrawn; the zero value
// for other rows that are set aside.
func (r *row) withdrawal() recon.Transaction {
	if r.tx.BookingStatus != recon.Void {
		return recon.Transaction{}
	}
	return recon.Transaction{
		Row: r.tx.Row, Line: r.tx.Line, ExternalID: r.tx.ExternalID, Date: r.tx.Date, BookingStatus: recon.Void,
	}
}

func metadata(l *layout, rec recon.Record) []recon.Attribute {
	filled := 0
	for _, at := range l.kept {
		if column(rec, at) != "" {
			filled++
		}
	}
	if filled == 0 {
		return nil
	}
	out := make([]recon.Attribute, 0, filled)
	for _, at := range l.kept {
		if text := column(rec, at); text != "" {
			out = append(out, recon.Attribute{Name: l.header[at], Value: text})
		}
	}
	return out
}

func (r *row) fail(field, value, code, format string, args ...any) {
	r.wrong = append(r.wrong,
		recon.NewRowError(r.rec.Line, r.rec.Row, field, value, code, fmt.Sprintf(format, args...)))
}

func (r *row) texts() {
	r.tx.ExternalID = r.m.externalID.text(r.rec)
	if losesDigits(r.tx.ExternalID) {
		r.tx.ExternalID = "" // rows of it look alike and are not the same
	}
	r.tx.PendingOf = r.m.pendingOf.text(r.rec)
	r.tx.Reference = r.m.reference.text(r.rec)
	r.tx.Description = r.m.description.text(r.rec)
	r.tx.Kind = strings.ToUpper(r.m.kind.word(r.rec))
	if len(r.tx.ExternalID) > idBytesMax {
		r.fail(recon.FieldExternalID, r.tx.ExternalID, recon.CodeFieldTooLong, "the id is longer than %d bytes",
			idBytesMax)
	}
}

func (r *row) dates() {
	text := r.m.date.text(r.rec)
	if text == "" && r.tx.BookingStatus == recon.Pending {
		text = r.m.date.other.text(r.rec)
	}
	if text == "" && r.tx.BookingStatus == recon.Pending {
		r.wrong = append(r.wrong, r.setAside(recon.FieldDate, "", "it is pending and has no date yet"))
	} else if text == "" {
		r.fail(recon.FieldDate, "", recon.CodeMissingValue, "the date is missing")
	} else if day, instant, err := r.m.date.dates.read(text); err != nil && statusOf(text) == recon.Pending {
		r.wrong = append(r.wrong, r.setAside(recon.FieldDate, text,
			"its date is "+strconv.Quote(text)+": it is not booked yet"))
	} else if err != nil {
		r.fail(recon.FieldDate, text, recon.CodeDateUnreadable, "%s", err)
	} else {
		r.tx.Date, r.tx.Time = day, instant
		r.future(text)
	}
	if text = r.m.valueDate.text(r.rec); text == "" {
		return
	}
	day, _, err := r.m.valueDate.dates.read(text)
	if err != nil {
		r.fail(recon.FieldValueDate, text, recon.CodeDateUnreadable, "%s", err)
	}
	r.tx.ValueDate = day
}

// currencyOf settles the row's currency: its own column, else the code next to the amount, else none at all. It returns
// what it read, so that amounts can be checked against it.
func (r *row) currencyOf() (code string) {
	if r.m.amount != nil && r.m.amount.each != nil {
		_, code = r.m.amount.filled(r.rec)
		r.tx.Currency = cmp.Or(code, recon.NoCurrency)
		return code
	}
	if r.m.currency == nil {
		r.tx.Currency = recon.NoCurrency
		if code, _ = r.signOfAmount(); code != "" {
			r.tx.Currency = code
		}
		return code
	}
	if r.m.currency.bySign {
		return r.currencyBySign()
	}
	text := r.m.currency.word(r.rec)
	code = currencyCode(text)
	if text == "" {
		r.fail(recon.FieldCurrency, "", recon.CodeMissingValue, "the currency is missing")
		return ""
	}
	if _, known := recon.CurrencyDigits(code); !known {
		if r.m.currency.unknownAside {
			r.wrong = append(r.wrong, r.setAside(recon.FieldCurrency, text,
				strconv.Quote(text)+" is no currency of ISO 4217: its rows are not read"))
			return ""
		}
		r.fail(recon.FieldCurrency, text, recon.CodeCurrencyUnknown, "%q is not an ISO 4217 currency code such as EUR",
			text)
		return ""
	}
	r.tx.Currency = code
	return code
}

// currencyBySign is the currency of the sign next to the amount, as the map knows it; of an amount without a sign it is
// the default.
func (r *row) currencyBySign() string {
	s := r.m.currency
	code, shared := r.signOfAmount()
	if code == "" {
		code = cmp.Or(s.values[shared], s.ifEmpty)
	}
	if _, known := recon.CurrencyDigits(code); !known {
		r.fail(recon.FieldCurrency, cmp.Or(code, shared), recon.CodeCurrencyUnknown,
			"%q names no currency: name it under values of currency in the field map", cmp.Or(code, shared))
		return ""
	}
	r.tx.Currency = code
	return code
}

// signOfAmount is the currency that an amount of the row names, or the sign of several.
func (r *row) signOfAmount() (code, shared string) {
	for _, s := range []*source{r.m.amount, r.m.credit, r.m.debit} {
		text := s.text(r.rec)
		if text == "" || plainNumber(text) {
			continue
		}
		if a, err := readAmount(text, s.decimal); err == nil && a.currency+a.shared != "" {
			return a.currency, a.shared
		}
	}
	return "", ""
}

// amounts fills the signed amount and the named ones.
func (r *row) amounts(currency string) {
	if r.m.amount != nil {
		r.signedAmount(currency)
	} else {
		r.debitCredit(currency)
	}
	r.tx.Gross = r.named(r.m.gross, currency)
	r.tx.Fee = r.named(r.m.fee, currency)
	r.tx.Tax = r.named(r.m.tax, currency)
	r.tx.Net = r.named(r.m.net, currency)
	r.original()
	if len(r.wrong) == 0 {
		r.checkNet()
	}
}

// read is one amount in minor units, with the signs of its field and of the file applied.
func (r *row) read(s *source, text, currency string, digits int) (recon.Minor, bool) {
	a, err := readAmount(text, s.decimal)
	if err == nil && a.currency != "" && currency != "" && a.currency != currency {
		err = fmt.Errorf("%q names another currency than the row, which is in %s", text, currency)
	}
	if err == nil && !couldBe(a.shared, currency) {
		err = fmt.Errorf("%q cannot be in %s, the currency of the row: map the currency column, or set currency", text,
			currency)
	}
	if err != nil {
		r.fail(s.name, text, recon.CodeAmountUnreadable, "%s", err)
		return 0, false
	}
	if digits == digitsSyntax {
		return 0, true // its currency is wrong already, so the number of its decimals is unknown
	}
	digits = r.m.decimals(digits)
	minor, err := recon.ParseMinor(a.plain, digits)
	if err == nil && r.m.unit == recon.UnitMinor && strings.ContainsRune(a.plain, '.') { // "10.00" is hardly ten cents
		err = recon.Unprocessable(recon.CodeAmountTooPrecise, "has decimals")
	}
	if err != nil {
		r.amountError(s.name, text, currency, digits, err)
		return 0, false
	}
	if a.negative != (s.negate != r.m.negate) {
		minor = -minor
	}
	return minor, true
}

func (r *row) amountError(field, text, currency string, digits int, err error) {
	switch code := recon.CodeOf(err); {
	case code == recon.CodeAmountTooPrecise && r.m.unit == recon.UnitMinor:
		r.fail(field, text, recon.CodeAmountTooPrecise, "%q has decimals, and unit: minor reads whole minor units: "+
			"leave unit out of the map, or set unit: major", text)
	case code == recon.CodeAmountTooPrecise && digits == 0:
		r.fail(field, text, recon.CodeAmountTooPrecise, "%q has decimals, and %s has none", text, currency)
	case code == recon.CodeAmountTooPrecise:
		r.fail(field, text, recon.CodeAmountTooPrecise, "%q has more decimals than the %d of %s", text, digits,
			cmp.Or(currency, "a file without currency"))
	case code == recon.CodeAmountTooBig:
		r.fail(field, text, recon.CodeAmountTooBig, "%q %s", text, err)
	default:
		r.fail(field, text, recon.CodeAmountUnreadable, "%q %s", text, err)
	}
}

// signedAmount reads the amount column, inverted where a direction column has money out. A sign in the amount counts
// on top of that: −5 on a debit is a debit taken back.
func (r *row) signedAmount(currency string) {
	amount, filled, ok := r.sum(currency)
	if !filled {
		r.fail(recon.FieldAmount, "", recon.CodeMissingValue, "the amount is missing")
		return
	}
	if r.m.direction == nil {
		r.tx.Amount = amount
		return
	}
	word := r.m.direction.word(r.rec)
	switch way := directionOf(word); {
	case word == "":
		r.fail(recon.FieldDirection, "", recon.CodeMissingValue, "the direction is missing: in or out")
	case way == recon.DirectionNeutral:
		r.wrong = append(r.wrong, r.setAside(recon.FieldDirection, r.m.direction.text(r.rec),
			strconv.Quote(r.m.direction.text(r.rec))+" marks rows that move no money of this account"))
	case way == "":
		r.fail(recon.FieldDirection, word, recon.CodeInvalidValue,
			"%q is neither money in nor money out: add it to in or out of direction in the field map", word)
	case ok && (way == recon.DirectionOut) != r.m.direction.negate:
		r.tx.Amount = -amount
	default:
		r.tx.Amount = amount
	}
}

// sum is the amount of a row: one column, the one that is filled of several, or columns added up and taken off.
func (r *row) sum(currency string) (total recon.Minor, filled, ok bool) {
	s := r.m.amount
	if s.each != nil {
		text, _ := s.filled(r.rec)
		if text == "" {
			return 0, false, false
		}
		total, ok = r.read(s, text, currency, r.digits)
		return total, true, ok
	}
	if len(s.plus)+len(s.less) == 0 {
		text := s.text(r.rec)
		if text == "" {
			return 0, false, false
		}
		total, ok = r.read(s, text, currency, r.digits)
		return total, true, ok
	}
	ok = true
	for i, at := range slices.Concat(s.plus, s.less) {
		text := s.cell(r.rec, at)
		if text == "" {
			continue
		}
		part, read := r.read(s, text, currency, r.digits)
		if i >= len(s.plus) {
			part = -part
		}
		added, err := total.Add(part)
		if err != nil {
			r.amountError(s.name, text, currency, r.digits, err)
		}
		total, filled, ok = added, filled || i < len(s.plus), ok && read && err == nil
	}
	return total, filled, ok
}

// debitCredit is credit − debit, of which a row fills one: a row with both is ambiguous.
func (r *row) debitCredit(currency string) {
	debitText, creditText := r.m.debit.text(r.rec), r.m.credit.text(r.rec)
	if debitText == "" && creditText == "" {
		r.fail(recon.FieldAmount, "", recon.CodeMissingValue,
			"the amount is missing: neither debit nor credit is filled")
		return
	}
	var debit, credit recon.Minor
	okDebit, okCredit := true, true
	if debitText != "" {
		debit, okDebit = r.read(r.m.debit, debitText, currency, r.digits)
	}
	if creditText != "" {
		credit, okCredit = r.read(r.m.credit, creditText, currency, r.digits)
	}
	switch {
	case !okDebit || !okCredit:
	case debit != 0 && credit != 0:
		r.fail(recon.FieldAmount, debitText+" / "+creditText, recon.CodeAmountUnreadable,
			"both debit and credit are filled: which one holds?")
	default:
		r.tx.Amount = credit - debit
	}
}

func (r *row) named(s *source, currency string) recon.NullMinor {
	text := s.text(r.rec)
	if text == "" {
		return recon.NullMinor{}
	}
	amount, ok := r.read(s, text, currency, r.digits)
	return recon.NullMinor{Amount: amount, Set: ok}
}

// original needs both halves; a file may repeat its own currency there.
func (r *row) original() {
	text := r.m.originalAmount.text(r.rec)
	if text == "" {
		return
	}
	code := currencyCode(r.m.originalCurrency.word(r.rec))
	if code == "" {
		code = r.tx.Currency
	}
	digits, known := recon.CurrencyDigits(code)
	if !known {
		r.fail(recon.FieldOriginalCurrency, code, recon.CodeCurrencyUnknown,
			"%q is not an ISO 4217 currency code such as EUR", code)
		return
	}
	if amount, ok := r.read(r.m.originalAmount, text, code, digits); ok {
		r.tx.Original = &recon.Money{Amount: amount, Currency: code}
	}
}

// checkNet holds gross − fee − tax = net on rows that carry gross, net and a fee or a tax.
func (r *row) checkNet() {
	t := &r.tx
	if !t.Gross.Set || !t.Net.Set || !t.Fee.Set && !t.Tax.Set {
		return
	}
	afterFee, errFee := t.Gross.Amount.Add(-t.Fee.Amount)
	want, errTax := afterFee.Add(-t.Tax.Amount)
	if errFee == nil && errTax == nil && want == t.Net.Amount {
		return
	}
	text := func(m recon.Minor) string { return m.Decimal(r.digits) }
	r.fail(recon.FieldNet, text(t.Net.Amount), recon.CodeAmountsInconsistent,
		"gross %s − fee %s − tax %s is %s, but net is %s",
		text(t.Gross.Amount), text(t.Fee.Amount), text(t.Tax.Amount), text(want), text(t.Net.Amount))
}

func (r *row) status() {
	word := r.m.status.word(r.rec)
	switch status := statusOf(word); status {
	case recon.Void:
		text := r.m.status.text(r.rec)
		r.wrong = append(r.wrong, r.setAside(recon.FieldBookingStatus, text, strconv.Quote(text)+" never became money"))
		r.tx.BookingStatus = recon.Void
	case "", undone:
		r.fail(recon.FieldBookingStatus, word, recon.CodeInvalidValue,
			"%q may be booked, pending or no money: add it to booked, pending or void of status in the field map", word)
	default:
		r.tx.BookingStatus = status
	}
}
