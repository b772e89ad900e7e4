package format

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

var (
	bai2Text = regexp.MustCompile(`\A\s*01,[^,\n]*,[^,\n]*,\d{6},\d{0,4},`)
	bai2Code = regexp.MustCompile(`^\s*(0[123]|16|49|88|9[89]),`)
	bai2Next = regexp.MustCompile(`/\s+(?:0[123]|16|49|88|9[89]),`) // a record that begins behind another on its line
)

func looksBAI2(head []byte) bool { return bai2Text.Match(trimStart(head)) }

// bai2Decoder reads cash management reports: files (01) of groups (02) of accounts (03) of details (16). Only a detail
// is money. A record goes on in records 88, or in lines that begin with no record code.
type bai2Decoder struct {
	statementBook
	w     *window
	rest  string      // of the line at hand: a line may hold several records
	again *bai2Record // read, not used

	at    *Statement
	group bai2Group
	// Control totals and records since the account, the group and the file began, and how many of the level below.
	levels [3]bai2Level
	stated map[string]recon.Minor // sums of credits (100) and debits (400) that the account states
	seen   map[string]recon.Minor
	ended  bool
	entry  entry
}

// bai2Group is what a record 02 states of the accounts below it.
type bai2Group struct {
	asOf                       recon.Day
	currency, status, modifier string
}

// bai2Level is what a trailer is compared with.
type bai2Level struct {
	line           int // of the record that begins it; 0: it is not open
	total          recon.Minor
	records, parts int
}

const (
	bai2Account = iota
	bai2GroupLevel
	bai2File
)

// bai2Record is one logical record: the fields behind its code, and how many physical records it spans.
type bai2Record struct {
	code     string
	fields   []string
	line     int
	physical int
}

func openBAI2(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	return &bai2Decoder{w: w}, "a cash management report", nil
}

func (d *bai2Decoder) fieldMap() recon.FieldMap { return entryMap() }

// line returns the next record or continuation as it is written; io.EOF at the end.
func (d *bai2Decoder) line() (text string, line int, err error) {
	for {
		text, line = d.rest, d.w.line-1
		if d.rest = ""; text == "" {
			end, last, err := d.w.lineEnd(0)
			if err != nil {
				return "", 0, readError(d.w, err)
			}
			text, line = string(d.w.rest()[:end]), d.w.line
			if last && end == 0 {
				return "", 0, io.EOF
			}
			if !last {
				end++
			}
			d.w.take(end)
		}
		if at := bai2Next.FindStringIndex(text); at != nil {
			text, d.rest = text[:at[0]+1], text[at[0]+1:]
		}
		if text = strings.TrimRight(text, " \r\n"); strings.TrimSpace(text) != "" {
			return text, line, nil
		}
	}
}

// record reads a record and what continues it.
func (d *bai2Decoder) record() (*bai2Record, error) {
	first := d.again
	d.again = nil
	for {
		text, line, err := d.line()
		if err != nil {
			if first != nil {
				d.ended = true
				return first, nil
			}
			return nil, err
		}
		code := bai2Code.FindStringSubmatch(text)
		switch {
		case code != nil && code[1] != "88":
			next := &bai2Record{code: code[1], fields: bai2Split(text[len(code[0]):]), line: line, physical: 1}
			if first != nil {
				d.again = next
				return first, nil
			}
			first = next
		case first == nil:
			return nil, recon.Unprocessable(recon.CodeMalformed,
				fmt.Sprintf("has a line %d that belongs to no record: %s", line, quoteCut(text)))
		case code != nil:
			first.physical++
			first.extend(bai2Split(text[len(code[0]):]))
		default:
			first.extend(bai2Split(text))
		}
		if len(first.fields) > ColumnsMax {
			return nil, recon.TooLarge(recon.CodeTooManyColumns, "has a record of more than %d fields on line %d",
				ColumnsMax, line)
		}
	}
}

// bai2Split cuts a record into its fields.
func bai2Split(text string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimRight(text, " "), "/"), ",")
}

// extend goes on with a record: the text of a detail goes on as it is, other records with more fields.
func (r *bai2Record) extend(more []string) {
	if last := len(r.fields) - 1; r.code == "16" && last >= 0 {
		r.fields[last] += " " + strings.Join(more, ",")
		return
	}
	r.fields = append(r.fields, more...)
}

// field is a field by its number, from 0; "" where the record is shorter.
func (r *bai2Record) field(n int) string {
	if n >= len(r.fields) {
		return ""
	}
	return strings.TrimSpace(r.fields[n])
}

func (d *bai2Decoder) next(rec *recon.Record) error {
	rec.Header = entryHeader // also of a report without details
	for {
		r, err := d.record()
		if errors.Is(err, io.EOF) {
			return d.finish()
		}
		if err != nil {
			return err
		}
		for i := range d.levels {
			d.levels[i].records += r.physical
		}
		switch r.code {
		case "16":
			give, err := d.detail(r)
			if give || err != nil {
				d.entry.fill(rec)
				return err
			}
		default:
			if err := d.take(r); err != nil {
				return err
			}
		}
	}
}

// finish refuses a file whose trailer is missing.
func (d *bai2Decoder) finish() error {
	if line := d.levels[bai2File].line; line > 0 {
		return recon.Unprocessable(recon.CodeFileCut, fmt.Sprintf(
			"lacks the end of the report that begins on line %d: it has no trailer (99); get the whole file", line))
	}
	return io.EOF
}

// take moves on by a record that is no detail.
func (d *bai2Decoder) take(r *bai2Record) error {
	switch r.code {
	case "01":
		d.open(bai2File, r)
	case "02":
		d.open(bai2GroupLevel, r)
		d.levels[bai2File].parts++
		return d.beginGroup(r)
	case "03":
		d.open(bai2Account, r)
		d.levels[bai2GroupLevel].parts++
		return d.beginAccount(r)
	case "49":
		d.close(bai2Account, r, r.field(1), "")
		d.proveSums()
	case "98":
		d.close(bai2GroupLevel, r, r.field(2), r.field(1))
	case "99":
		d.close(bai2File, r, r.field(2), r.field(1))
	}
	return nil
}

func (d *bai2Decoder) open(level int, r *bai2Record) {
	d.levels[level] = bai2Level{line: r.line, records: r.physical}
}

// close compares a trailer with what came before it. A trailer that is wrong is a fault of the last account.
func (d *bai2Decoder) close(level int, r *bai2Record, records, parts string) {
	l := d.levels[level]
	d.levels[level] = bai2Level{}
	if level < bai2File {
		total, err := strconv.ParseInt(r.field(0), 10, 64)
		if err == nil {
			d.levels[level+1].total += recon.Minor(total)
		}
	}
	if d.at == nil {
		return
	}
	for _, c := range []struct {
		what, stated string
		counted      int64
	}{
		{"control total", r.field(0), int64(l.total)},
		{"number of records", records, int64(l.records)},
		{"number of parts", parts, int64(l.parts)},
	} {
		if n, err := strconv.ParseInt(c.stated, 10, 64); c.stated != "" && (err != nil || n != c.counted) {
			d.at.fault("has a trailer on line %d that states a %s of %s, but it is %d", r.line, c.what, c.stated,
				c.counted)
		}
	}
}

func (d *bai2Decoder) beginGroup(r *bai2Record) error {
	asOf, err := shortDay(r.field(3))
	if err != nil {
		return recon.Unprocessable(recon.CodeDateUnreadable,
			fmt.Sprintf("has a group on line %d without a day: %v", r.line, err))
	}
	d.group = bai2Group{asOf: asOf, currency: cmp.Or(r.field(5), "USD"), status: r.field(2), modifier: r.field(6)}
	if d.group.status == "2" || d.group.status == "3" {
		return recon.Unprocessable(recon.CodeUnsupportedFormat, fmt.Sprintf("deletes or corrects (status %s) on line "+
			"%d what an earlier file reported, which cannot be applied: load the bank's corrected whole report",
			d.group.status, r.line))
	}
	return nil
}

// beginAccount reads a record 03: an account, its currency, and balances and sums by type code.
func (d *bai2Decoder) beginAccount(r *bai2Record) error {
	d.at = d.begin(Statement{
		Line: r.line, Account: r.field(0), Currency: cmp.Or(r.field(1), d.group.currency), To: d.group.asOf,
	})
	d.stated, d.seen = map[string]recon.Minor{}, map[string]recon.Minor{}
	for at := 2; at < len(r.fields); at += 4 {
		code, amount := r.field(at), r.field(at+1)
		funds, _ := bai2Funds(r, at+3)
		if code == "" || amount == "" {
			at += funds
			continue
		}
		n, err := strconv.ParseInt(strings.TrimPrefix(amount, "+"), 10, 64)
		if err != nil {
			return recon.Unprocessable(recon.CodeMalformed,
				fmt.Sprintf("has an amount of type %s on line %d that is no whole number: %s", code, r.line,
					quoteCut(amount)))
		}
		d.levels[bai2Account].total += recon.Minor(n)
		switch money := (recon.NullMinor{Amount: recon.Minor(n), Set: true}); code {
		case "010":
			d.at.Opening = money
		case "015":
			d.at.Closing = money
		case "100", "400":
			d.stated[code] = money.Amount
		}
		at += funds
	}
	return nil
}

// bai2Funds returns how many more fields a funds type has than its own, and the value date that it states.
func bai2Funds(r *bai2Record, at int) (more int, value string) {
	switch r.field(at) {
	case "S":
		return 3, ""
	case "V":
		return 2, r.field(at + 1)
	case "D":
		n, err := strconv.Atoi(r.field(at + 1))
		if err != nil || n < 0 || n > len(r.fields) {
			n = 0
		}
		return 1 + 2*n, ""
	}
	return 0, ""
}

// bai2Sign returns + or − by the type of a detail, "" where the type names no direction.
func bai2Sign(code string) string {
	n, err := strconv.Atoi(code)
	switch {
	case err != nil:
		return ""
	case n >= 101 && n <= 399, n >= 920 && n <= 959:
		return "+"
	case n >= 401 && n <= 699, n >= 960 && n <= 999:
		return "-"
	}
	return ""
}

// detail reads a record 16. It returns false for one of a test, which is no money.
func (d *bai2Decoder) detail(r *bai2Record) (bool, error) {
	if d.at == nil {
		return false, recon.Unprocessable(recon.CodeMalformed,
			fmt.Sprintf("has a detail on line %d without an account (03) above it", r.line))
	}
	const test = "4"
	if d.group.status == test {
		return false, nil
	}
	d.entry = entry{line: r.line}
	e := &d.entry.fields
	code, amount := r.field(0), r.field(1)
	funds, value := bai2Funds(r, 2)
	e[entryAccount], e[entryCurrency], e[entryCode] = d.at.Account, d.at.Currency, code
	e[entryDate], e[entryStatus] = d.group.asOf.String(), recon.Booked
	e[entryID], e[entryReference] = r.field(3+funds), unlessNone(r.field(4+funds))
	if len(r.fields) > 5+funds {
		e[entryDescription] = strings.Join(strings.Fields(strings.Join(r.fields[5+funds:], ",")), " ")
	}
	e[entryReference] = cmp.Or(e[entryReference], unlessNone(e[entryID]))
	if value != "" {
		day, err := shortDay(value)
		if err != nil {
			return true, d.entry.wrong(entryValueDate, value, recon.CodeDateUnreadable, err.Error())
		}
		e[entryValueDate] = day.String()
	}
	sign := bai2Sign(code)
	n, err := strconv.ParseInt(amount, 10, 64)
	switch {
	case err != nil:
		return true, d.entry.wrong(entryAmount, amount, recon.CodeAmountUnreadable,
			"an amount is a whole number of minor units")
	case sign == "":
		return true, d.entry.wrong(entryCode, code, recon.CodeMalformed,
			"this type of detail is neither a credit (101 to 399, 920 to 959) nor a debit (401 to 699, 960 to 999)")
	}
	d.levels[bai2Account].total += recon.Minor(n)
	money, sum := recon.Minor(n), "100"
	if sign == "-" {
		money, sum = -money, "400"
	}
	d.seen[sum] += recon.Minor(n)
	e[entryAmount] = money.Decimal(recon.CurrencyScale(d.at.Currency))
	const interimDay, interimToday, finalToday = "1", "3", "4"
	switch d.group.modifier {
	case interimDay, interimToday, finalToday:
		e[entryStatus] = recon.Pending
	default:
		d.at.add(money)
	}
	return true, nil
}

// proveSums compares an account's balances and sums with its details. Sums without a detail are a summary.
func (d *bai2Decoder) proveSums() {
	if d.at == nil || d.at.Entries == 0 {
		return
	}
	d.at.prove()
	digits := recon.CurrencyScale(d.at.Currency)
	for _, code := range []string{"100", "400"} {
		if stated, ok := d.stated[code]; ok && stated != d.seen[code] {
			d.at.fault("states a sum (type %s) of %s, but its details make %s", code, stated.Decimal(digits),
				d.seen[code].Decimal(digits))
		}
	}
}
