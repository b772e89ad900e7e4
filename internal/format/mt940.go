package format

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// mt940Text is how an MT940 statement or an MT942 report begins, envelope and lines of the bank's own in front
// included.
var mt940Text = regexp.MustCompile(`\{1:F\d\d[^\x00]*\{2:[IO]94[0-2]|` +
	`(?m)(^|\{4:\s*):20:[^\x00]*^:(25P?|28C?|60[FM]|61|34F|13D):|\A\s*:20:`)

func looksMT940(head []byte) bool {
	head = trimStart(head[:min(len(head), 8<<10)])
	return bytes.Contains(head, []byte(":20:")) && mt940Text.Match(bytes.ReplaceAll(head, []byte{'\r'}, nil))
}

// mt940Decoder reads MT940 statements and MT942 reports. A field is a line ":61:…" with the lines below it; an entry
// is a field 61 with the field 86 that follows it.
type mt940Decoder struct {
	statementBook
	w       *window
	at      *Statement
	begun   int         // the line of a message (20) whose account is still to come
	page    string      // field 28C
	interim bool        // the message is a report: its entries are not booked yet
	owes    bool        // the page has no closing balance yet
	closed  bool        // the statement has its closing balance
	turned  bool        // the last balance is that of a page
	sums    [2]mt940Sum // of the message's credits and debits
	entry   entry       // waits for its field 86
	wrong   error       // with entry
	waits   bool        // entry is there
	again   *mt940Field // read, not used
}

type mt940Field struct {
	tag, text string // text has the lines of the field, with \n between them
	line      int
}

// mt940Sum is what a message adds up to on one side.
type mt940Sum struct {
	count int
	total recon.Minor
}

func openMT940(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	return &mt940Decoder{statementBook: newBook(in.opt), w: w}, "a statement", nil
}

var (
	mt940Tag   = regexp.MustCompile(`^(?:\{.*\{4:)?:(\d\d[A-Z]?):`)
	mt940Money = regexp.MustCompile(`^([CD])(\d{6})([A-Z]{3})(\d*[,.]?\d*)$`)
	mt940Sums  = regexp.MustCompile(`^(\d+)([A-Z]{3})(\d*[,.]?\d*)$`)
	mt940Line  = regexp.MustCompile(
		`^(\d{6})(\d{4})?(R[CD]|E[CD]|[CD])([A-Z])?(\d+[,.]?\d*|[,.]\d+)(?:([A-Z][A-Z0-9]{3})(.*))?$`)
)

// field reads the next field of any message; io.EOF at the end. Lines of envelopes and of the bank's own are passed
// over: they begin before the first field of a message or after its end.
func (d *mt940Decoder) field() (*mt940Field, error) {
	if f := d.again; f != nil {
		d.again = nil
		return f, nil
	}
	var f *mt940Field
	var lines []byte // of f
	for {
		end, last, err := d.w.lineEnd(0)
		if err != nil {
			return nil, readError(d.w, err)
		}
		text := bytes.TrimRight(d.w.rest()[:end], " \r\x03")
		tag := mt940Tag.FindSubmatchIndex(text)
		ends := string(text) == "-" || bytes.HasPrefix(text, []byte("-}")) || bytes.HasPrefix(text, []byte("{1:"))
		switch {
		case f != nil && (tag != nil || ends):
			f.text = string(lines)
			return f, nil
		case tag != nil:
			f = &mt940Field{tag: string(text[tag[2]:tag[3]]), line: d.w.line}
			lines = append(lines, text[tag[1]:]...)
		case f != nil && len(text) > 0:
			lines = append(append(lines, '\n'), text...)
		}
		if len(lines) > FieldBytesMax {
			return nil, recon.TooLarge(recon.CodeFieldTooLong, "has a field of more than %d MB on line %d",
				FieldBytesMax>>20, f.line)
		}
		if last {
			d.w.take(end)
			if f == nil {
				return nil, io.EOF
			}
			f.text = string(lines)
			return f, nil
		}
		d.w.take(end + 1)
	}
}

func (d *mt940Decoder) next(rec *recon.Record) error {
	rec.Header = entryHeader // also of a statement without movements
	for {
		f, err := d.field()
		switch {
		case errors.Is(err, io.EOF) && !d.waits:
			return cmp.Or(d.finish(), d.settle(), err)
		case err != nil && !errors.Is(err, io.EOF):
			return err
		case d.waits && (err != nil || f.tag != "86"):
			d.again = f
			return d.release(rec)
		case d.waits:
			d.describe(f.text)
			return d.release(rec)
		}
		if err := d.take(f); err != nil {
			return err
		}
	}
}

// take moves on by one field that is not a description.
func (d *mt940Decoder) take(f *mt940Field) error {
	switch f.tag {
	case "20":
		err := d.finish()
		d.begun, d.interim, d.page, d.sums = f.line, false, "", [2]mt940Sum{}
		return err
	case "25", "25P":
		account, _, _ := strings.Cut(f.text, "\n")
		return d.account(strings.TrimSpace(account), f.line)
	case "28", "28C":
		d.page = f.text
		if d.at != nil && d.at.Number == "" {
			d.at.Number = f.text
		}
	case "34F":
		if d.interim, d.owes = true, false; d.at != nil {
			d.at.Currency = cmp.Or(d.at.Currency, f.text[:min(3, len(f.text))])
			d.at.Unproved = unprovedPending
		}
	case "60F", "60M":
		return d.opening(f)
	case "61":
		return d.movement(f)
	case "62F", "62M":
		return d.closing(f)
	case "90C", "90D":
		d.compare(f)
	}
	return nil
}

// account begins a statement, or goes on with the one that the page before left open.
func (d *mt940Decoder) account(number string, line int) error {
	d.begun = 0
	if err := d.finish(); err != nil {
		return err
	}
	if d.at == nil || !d.turned || d.at.Account != number {
		return d.start(number, line)
	}
	d.owes = true
	return nil
}

// start ends the statement at hand and begins another one.
func (d *mt940Decoder) start(number string, line int) error {
	err := d.settle()
	d.at = d.begin(Statement{Account: number, Line: line})
	d.owes, d.closed, d.turned = true, false, false
	return err
}

// finish refuses a page that has no closing balance, and a message without an account: a part of the file is missing.
func (d *mt940Decoder) finish() error {
	line := d.begun
	if d.owes && line == 0 {
		line = d.at.Line
	}
	if line == 0 {
		return nil
	}
	return recon.Unprocessable(recon.CodeFileCut, fmt.Sprintf(
		"lacks the end of the statement that begins on line %d: it has no closing balance (:62F:); get the whole file",
		line))
}

// settle ends the statement at hand. The balance of a page is not the closing one.
func (d *mt940Decoder) settle() error {
	if d.turned {
		d.at.Unproved = unprovedBehind
	}
	return d.end()
}

// balance reads C or D, YYMMDD, a currency and an amount. One in another currency than the statement's does not count.
func (d *mt940Decoder) balance(f *mt940Field) (day recon.Day, money recon.NullMinor, err error) {
	part := mt940Money.FindStringSubmatch(strings.ReplaceAll(f.text, " ", ""))
	if part == nil || d.at == nil {
		return day, money, recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has a balance that cannot be read on "+
			"line %d: %s is not C or D, a date, a currency and an amount below an account (:25:)", f.line,
			quoteCut(f.text)))
	}
	if day, err = shortDay(part[2]); err == nil {
		money.Amount, err = recon.ParseMinor(point(part[4]), recon.CurrencyScale(part[3]))
	}
	if err != nil {
		return day, money, recon.Unprocessable(recon.CodeMalformed,
			fmt.Sprintf("has a balance that cannot be read on line %d: %v", f.line, err))
	}
	if part[1] == "D" {
		money.Amount = -money.Amount
	}
	d.at.Currency = cmp.Or(d.at.Currency, part[3])
	if money.Set = d.at.Currency == part[3]; !money.Set {
		d.at.fault("has a balance in %s on line %d, which does not count: it is in %s", part[3], f.line, d.at.Currency)
	}
	return day, money, nil
}

func (d *mt940Decoder) opening(f *mt940Field) error {
	if d.at != nil && f.tag == "60F" && d.turned { // not the next page
		if err := d.start(d.at.Account, f.line); err != nil {
			return err
		}
	}
	day, money, err := d.balance(f)
	switch {
	case err != nil:
		return err
	case !d.at.Opening.Set:
		d.at.From, d.at.Opening, d.at.Number = day, money, d.page
		if d.at.Unproved = ""; f.tag == "60M" {
			d.at.Unproved = unprovedBefore
		}
	case d.at.Closing != money:
		digits := recon.CurrencyScale(d.at.Currency)
		d.at.fault("goes on with %s on line %d, but the page before ends with %s", money.Amount.Decimal(digits), f.line,
			d.at.Closing.Amount.Decimal(digits))
	}
	d.owes, d.interim = true, false
	return nil
}

func (d *mt940Decoder) closing(f *mt940Field) error {
	day, money, err := d.balance(f)
	if err != nil {
		return err
	}
	d.owes, d.closed = false, f.tag == "62F"
	d.turned = !d.closed
	d.at.To, d.at.Closing = day, money
	return nil
}

// compare holds the count and the sum that a report states of one side against its movements.
func (d *mt940Decoder) compare(f *mt940Field) {
	if d.at == nil {
		return
	}
	sum, what := d.sums[0], "credits"
	if f.tag == "90D" {
		sum, what = d.sums[1], "debits"
	}
	digits := recon.CurrencyScale(d.at.Currency)
	stated := fmt.Sprintf("%d%s%s", sum.count, d.at.Currency, sum.total.Decimal(digits))
	part := mt940Sums.FindStringSubmatch(strings.TrimSpace(f.text))
	if part != nil {
		n, err := strconv.Atoi(part[1])
		money, wrong := recon.ParseMinor(point(part[3]), digits)
		if err == nil && wrong == nil && n == sum.count && money == sum.total &&
			part[2] == cmp.Or(d.at.Currency, part[2]) {
			return
		}
	}
	d.at.fault("states %s of its %s (:%s:) on line %d, but they make %s", quoteCut(f.text), what, f.tag, f.line, stated)
}

// movement reads field 61.
func (d *mt940Decoder) movement(f *mt940Field) error {
	if d.at == nil {
		return recon.Unprocessable(recon.CodeMalformed,
			fmt.Sprintf("has a movement on line %d without an account (:25:) above it", f.line))
	}
	if d.closed {
		d.at.fault("has a movement on line %d behind its closing balance (:62F:)", f.line)
	}
	first, more, _ := strings.Cut(f.text, "\n")
	d.waits, d.entry = true, entry{line: f.line}
	e := &d.entry.fields
	e[entryAccount], e[entryStatement] = d.at.Account, d.at.Number
	e[entryCurrency] = d.at.Currency
	part := mt940Line.FindStringSubmatch(strings.ReplaceAll(first, "\r", ""))
	if part == nil {
		d.wrong = d.entry.wrong(entryAmount, first, recon.CodeMalformed,
			"a movement (:61:) is a date, C or D, an amount and a type; this is another text")
		return nil
	}
	value, err := shortDay(part[1])
	if err != nil {
		d.wrong = d.entry.wrong(entryValueDate, part[1], recon.CodeDateUnreadable, err.Error())
		return nil
	}
	booked := value
	if part[2] != "" {
		if booked, err = nearestYear(part[2], value); err != nil {
			d.wrong = d.entry.wrong(entryDate, part[2], recon.CodeDateUnreadable, err.Error())
			return nil
		}
	}
	sign, mark := "", part[3]
	if mark == "D" || mark == "RC" || mark == "ED" {
		sign = "-"
	}
	e[entryDate], e[entryValueDate] = booked.String(), value.String()
	e[entryAmount], e[entryCode] = sign+point(part[5]), part[6]
	e[entryStatus] = recon.Booked
	if mark[0] == 'R' {
		e[entryKind] = kindReversal
	}
	own, bank, _ := strings.Cut(part[7], "//")
	e[entryReference], e[entryID] = unlessNone(own), unlessNone(bank)
	e[entryNote] = strings.ReplaceAll(more, "\n", " ")
	pending := d.interim && !d.reportsBook || mark[0] == 'E'
	if pending {
		e[entryStatus] = recon.Pending
	}
	money, err := recon.ParseMinor(e[entryAmount], recon.CurrencyScale(e[entryCurrency]))
	if err == nil { // else the row is refused where its amount is read
		d.count(money, pending)
	}
	return nil
}

// count adds a movement up for the sums of the message, and for the balances where it is booked.
func (d *mt940Decoder) count(money recon.Minor, pending bool) {
	side := &d.sums[0]
	if money < 0 {
		side = &d.sums[1]
	}
	side.count++
	side.total += money.Abs()
	if !pending {
		d.at.add(money)
	}
}

// release hands out the entry that waits.
func (d *mt940Decoder) release(rec *recon.Record) error {
	err := d.wrong
	d.waits, d.wrong = false, nil
	d.give(&d.entry, rec)
	return err
}

// point is an amount with a decimal point instead of a comma, and with none at its end.
func point(amount string) string {
	return strings.TrimSuffix(strings.Replace(amount, ",", ".", 1), ".")
}

var noSpaces = strings.NewReplacer(" ", "", "-", "", "_", "")

// unlessNone is a reference, or "" for the words that banks write where there is none.
func unlessNone(reference string) string {
	reference = strings.TrimSpace(reference)
	switch strings.ToUpper(noSpaces.Replace(reference)) {
	case "NONREF", "NOREF", "NOTPROVIDED", "NOTAVAILABLE", "KREF", "NONE":
		return ""
	}
	return reference
}
