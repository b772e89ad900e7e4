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
	w       *window
	rest    string      // of the line at hand: a line may hold several records
	several bool        // a line did, and its first record was the bank's alone
	again   *bai2Record // read, not used

	at    *Statement
	group bai2Group
	// Control totals and records since the account, the group and the file began, and how many of the level below.
	levels [3]bai2Level
	stated map[string]recon.Minor // sums of credits (100) and debits (400) that the account states
	seen   map[string]recon.Minor
	entry  entry
}

// bai2Group is what a record 02 states of the accounts below it.
type bai2Group struct {
	asOf                       recon.Day
	currency, status, modifier string
}

// bai2Test is the status of a group that is only a test.
const bai2Test = "4"

// interim reports whether what the group's accounts report is not booked yet.
func (g *bai2Group) interim() bool {
	const day, today, finalToday = "1", "3", "4"
	return g.modifier == day || g.modifier == today || g.modifier == finalToday
}

// bai2Level is what a trailer is compared with.
type bai2Level struct {
	line           int // of the record that begins it; 0: it is not open
	total          recon.Minor
	records, parts int
	parted         int // the line on which a record was parted from a text; 0: none was
}

const (
	bai2Account = iota
	bai2GroupLevel
	bai2File
)

// bai2Begins are the records that begin the levels.
var bai2Begins = [...]string{"03", "02", "01"}

// bai2Record is one logical record: the fields behind its code, and how many physical records it spans.
type bai2Record struct {
	code     string
	fields   []string
	line     int
	physical int

	text []string // of a detail, that goes on
	size int      // bytes
}

func openBAI2(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	return &bai2Decoder{statementBook: newBook(in.opt), w: w}, "a cash management report", nil
}

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
		text = d.part(text, line)
		if text = strings.TrimRight(text, " \r\n"); strings.TrimSpace(text) != "" {
			return text, line, nil
		}
	}
}

// part cuts a line behind its first record. What looks like a record behind a detail may be the text of a payer: it is
// one only where the bank wrote several of its own records on a line, and then the trailers must prove it.
func (d *bai2Decoder) part(text string, line int) string {
	at := bai2Next.FindStringIndex(text)
	if at == nil {
		return text
	}
	code := bai2Code.FindStringSubmatch(text)
	switch own := code != nil && code[1] != "16" && code[1] != "88"; {
	case own:
		d.several = true
	case !d.several:
		return text
	default:
		for i := range d.levels {
			d.levels[i].parted = cmp.Or(d.levels[i].parted, line)
		}
	}
	d.rest = text[at[0]+1:]
	return text[:at[0]+1]
}

// record reads a record and what continues it.
func (d *bai2Decoder) record() (*bai2Record, error) {
	first := d.again
	d.again = nil
	for {
		text, line, err := d.line()
		if errors.Is(err, io.EOF) && first != nil {
			return first.whole(), nil
		}
		if err != nil {
			return nil, err
		}
		code := bai2Code.FindStringSubmatch(text)
		switch {
		case code != nil && code[1] != "88":
			next := &bai2Record{code: code[1], fields: bai2Split(text[len(code[0]):]), line: line, physical: 1}
			if first != nil {
				d.again = next
				return first.whole(), nil
			}
			first = next
		case first == nil:
			return nil, recon.Unprocessable(recon.CodeMalformed,
				fmt.Sprintf("has a line %d that belongs to no record: %s", line, quoteCut(text)))
		case code != nil:
			first.physical++
			first.extend(text[len(code[0]):])
		default:
			first.extend(text)
		}
		if first.size > FieldBytesMax || len(first.fields) > ColumnsMax && first.code != "16" {
			return nil, recon.TooLarge(recon.CodeFieldTooLong,
				"has a record of more than %d MB or %d fields that begins on line %d", FieldBytesMax>>20, ColumnsMax,
				first.line)
		}
	}
}

// bai2Split cuts a record into its fields.
func bai2Split(text string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimRight(text, " "), "/"), ",")
}

// extend goes on with a record: the text of a detail goes on as it is, other records with more fields.
func (r *bai2Record) extend(text string) {
	const header = 16 // bytes of a string without its text
	r.size += len(text) + header
	if r.code == "16" {
		r.text = append(r.text, strings.TrimSuffix(strings.TrimRight(text, " "), "/"))
		return
	}
	r.fields = append(r.fields, bai2Split(text)...)
}

// whole is the record with all of its text.
func (r *bai2Record) whole() *bai2Record {
	if last := len(r.fields) - 1; len(r.text) > 0 {
		r.fields[last] += " " + strings.Join(r.text, " ")
	}
	return r
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
				d.give(&d.entry, rec)
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
func (d *bai2Decoder) finish() error { return cmp.Or(d.closed(bai2File), io.EOF) }

// closed refuses a file in which a level, or one inside it, is open where it cannot be: a part is missing.
func (d *bai2Decoder) closed(level int) error {
	trailers := [...]string{"49", "98", "99"}
	for i := range level + 1 {
		if line := d.levels[i].line; line > 0 {
			return recon.Unprocessable(recon.CodeFileCut, fmt.Sprintf("lacks the end of the record %s that begins on "+
				"line %d: it has no trailer (%s); get the whole file", bai2Begins[i], line, trailers[i]))
		}
	}
	return nil
}

// take moves on by a record that is no detail.
func (d *bai2Decoder) take(r *bai2Record) error {
	switch r.code {
	case "01":
		return d.open(bai2File, r)
	case "02":
		return cmp.Or(d.open(bai2GroupLevel, r), d.beginGroup(r))
	case "03":
		return cmp.Or(d.open(bai2Account, r), d.beginAccount(r))
	case "49":
		if err := d.close(bai2Account, r, r.field(1), ""); err != nil {
			return err
		}
		d.proveSums()
		return d.end()
	case "98":
		return d.close(bai2GroupLevel, r, r.field(2), r.field(1))
	case "99":
		return d.close(bai2File, r, r.field(2), r.field(1))
	}
	return nil
}

// open begins a level, inside the one above it.
func (d *bai2Decoder) open(level int, r *bai2Record) error {
	if err := d.closed(level); err != nil {
		return err
	}
	if level < bai2File {
		if d.levels[level+1].line == 0 {
			return bai2Misplaced(r)
		}
		d.levels[level+1].parts++
	}
	d.levels[level] = bai2Level{line: r.line, records: r.physical}
	return nil
}

// bai2Misplaced refuses a record outside the level that it belongs to.
func bai2Misplaced(r *bai2Record) error {
	within := map[string]string{"02": "01", "03": "02", "16": "03", "49": "03", "98": "02", "99": "01"}
	return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf(
		"has a record %s on line %d without an open record %s above it: get the file again", r.code, r.line,
		within[r.code]))
}

// close compares a trailer with what came before it. A trailer that is wrong is a fault of the last account, and the
// end of a file of which a record was parted from a text: that one may be no record.
func (d *bai2Decoder) close(level int, r *bai2Record, records, parts string) error {
	l := d.levels[level]
	if l.line == 0 {
		return bai2Misplaced(r)
	}
	if err := d.closed(level - 1); err != nil {
		return err
	}
	d.levels[level] = bai2Level{}
	if total, err := strconv.ParseInt(r.field(0), 10, 64); err == nil && level < bai2File {
		d.levels[level+1].total += recon.Minor(total)
	}
	for _, c := range []struct {
		what, stated string
		counted      int64
	}{
		{"control total", r.field(0), int64(l.total)},
		{"number of records", records, int64(l.records)},
		{"number of parts", parts, int64(l.parts)},
	} {
		if n, err := strconv.ParseInt(c.stated, 10, 64); c.stated == "" || err == nil && n == c.counted {
			continue
		}
		wrong := fmt.Sprintf("has a trailer on line %d that states a %s of %s, but it is %d", r.line, c.what, c.stated,
			c.counted)
		if l.parted > 0 {
			return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("%s, and line %d has several records, of "+
				"which one may be a text: write a record a line", wrong, l.parted))
		}
		if d.at != nil {
			d.at.fault("%s", wrong)
		}
	}
	return nil
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
	switch {
	case d.group.status == bai2Test:
		d.at.Unproved = "it is a test, of which nothing is read"
	case d.group.interim():
		d.reports(d.at)
	}
	d.stated, d.seen = map[string]recon.Minor{}, map[string]recon.Minor{}
	for at := 2; at < len(r.fields); at += 4 {
		code, amount := r.field(at), r.field(at+1)
		funds, _ := bai2Funds(r, at+3)
		if code == "" || amount == "" {
			at += funds
			continue
		}
		n, err := strconv.ParseInt(amount, 10, 64)
		if err != nil {
			return recon.Unprocessable(recon.CodeMalformed,
				fmt.Sprintf("has an amount of type %s on line %d that is no whole number: %s", code, r.line,
					quoteCut(amount)))
		}
		d.levels[bai2Account].total += recon.Minor(n)
		if at += funds; d.group.status == bai2Test {
			continue
		}
		switch money := (recon.NullMinor{Amount: recon.Minor(n), Set: true}); code {
		case "010":
			d.at.Opening = money
		case "015":
			d.at.Closing = money
		case "100", "400":
			d.stated[code] = money.Amount
		}
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
	if d.levels[bai2Account].line == 0 {
		return false, bai2Misplaced(r)
	}
	d.entry = entry{line: r.line}
	e := &d.entry.fields
	code, amount := r.field(0), r.field(1)
	n, err := strconv.ParseUint(amount, 10, 63)
	if err == nil {
		d.levels[bai2Account].total += recon.Minor(n)
	}
	if d.group.status == bai2Test {
		return false, nil
	}
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
	switch {
	case err != nil:
		return true, d.entry.wrong(entryAmount, amount, recon.CodeAmountUnreadable,
			"an amount is a whole number of minor units without a sign, which its type gives")
	case sign == "":
		return true, d.entry.wrong(entryCode, code, recon.CodeMalformed,
			"this type of detail is neither a credit (101 to 399, 920 to 959) nor a debit (401 to 699, 960 to 999)")
	}
	money, sum := recon.Minor(n), "100"
	if sign == "-" {
		money, sum = -money, "400"
	}
	d.seen[sum] += recon.Minor(n)
	e[entryAmount] = money.Decimal(recon.CurrencyScale(d.at.Currency))
	if d.group.interim() && !d.reportsBook {
		e[entryStatus] = recon.Pending
		return true, nil
	}
	d.at.add(money)
	return true, nil
}

// proveSums compares the sums that an account states with its details. Without a detail it is a summary.
func (d *bai2Decoder) proveSums() {
	if d.at.Entries == 0 {
		if d.at.rows == 0 && d.at.Opening != d.at.Closing {
			d.at.Unproved = cmp.Or(d.at.Unproved, unprovedSummary)
		}
		return
	}
	digits := recon.CurrencyScale(d.at.Currency)
	for _, code := range []string{"100", "400"} {
		if stated, ok := d.stated[code]; ok && stated != d.seen[code] {
			d.at.fault("states a sum (type %s) of %s, but its details make %s", code, stated.Decimal(digits),
				d.seen[code].Decimal(digits))
		}
	}
}
