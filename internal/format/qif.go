package format

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

var qifText = regexp.MustCompile(
	`(?im)^!(Type:|Account\s*$|Option:|Clear:)|\A(?:[DTUPMNLCAS$E%][^\n]*\n){2,12}\^\s*$`)

func looksQIF(head []byte) bool {
	head = trimStart(head[:min(len(head), 8<<10)])
	if !bytes.ContainsAny(head, "!^") {
		return false
	}
	return qifText.MatchString(lineBreaks.Replace(string(head)))
}

var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Columns of a QIF transaction. The order of day and month, the decimal mark and the currency are not the format's:
// they are found as those of a table.
const (
	qifDate = iota
	qifAmount
	qifPayee
	qifMemo
	qifNumber
	qifCategory
	qifAccount
	qifCleared
	qifSplits
	qifColumns
)

var qifHeader = []string{"date", "amount", "payee", "memo", "number", "category", "account", "cleared", "splits"}

// qifFields are the letters of the fields that are a column; others are no part of the money.
var qifFields = map[byte]int{
	'D': qifDate, 'T': qifAmount, 'P': qifPayee, 'M': qifMemo, 'N': qifNumber, 'L': qifCategory, 'C': qifCleared,
}

// qifDecoder reads QIF: records of one field a line, ended by ^, in blocks that a line with ! begins.
type qifDecoder struct {
	w       *window
	block   string // what the records are, in lower case: "bank", "account", a list
	account string
	any     bool // the file has a register

	line   int // on which the record begins; 0: it has no field yet
	fields [qifColumns]string
	once   map[byte]bool // the letters that it has, of those that it may have once
	twice  [2]int        // a letter that it has twice, and the line of the second
	parts  int           // splits
	sums   int           // of them that have an amount
	sum    big.Int       // of those
	size   int           // bytes of the record
	bad    string        // what is wrong with the record's bytes
}

func openQIF(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	return &qifDecoder{w: w, block: "bank", once: map[byte]bool{}}, "a register", nil
}

// fieldMap is the part that the format defines: the sign of an amount is its own.
func (d *qifDecoder) fieldMap() recon.FieldMap {
	return recon.FieldMap{Signs: recon.SignsAsWritten, Fields: map[string]recon.MapField{
		recon.FieldAmount: recon.Column(qifHeader[qifAmount]), recon.FieldAccount: recon.Column(qifHeader[qifAccount]),
	}}
}

func (d *qifDecoder) next(rec *recon.Record) error {
	rec.Header = qifHeader
	for {
		end, last, err := d.w.lineEnd(0)
		if err != nil {
			return readError(d.w, err)
		}
		raw, line := d.w.rest()[:end], d.w.line
		if d.size += len(raw); len(raw) > FieldBytesMax || d.size > RecordBytesMax {
			return recon.TooLarge(recon.CodeFieldTooLong, "has, on line %d, a line of more than %d MB or a record of "+
				"more than %d", line, FieldBytesMax>>20, RecordBytesMax>>20)
		}
		text := strings.TrimSpace(string(raw))
		if text != "" && d.bad == "" {
			d.bad = d.w.undecoded(raw)
		}
		if !last {
			end++
		}
		d.w.take(end)
		switch {
		case text == "^":
			give, err := d.end(rec)
			if give || err != nil {
				return err
			}
		case strings.HasPrefix(text, "!"):
			if err := d.begin(text, line); err != nil {
				return err
			}
		case text != "":
			d.field(text, line)
		}
		if last {
			return d.finish()
		}
	}
}

// begin reads the line of a block.
func (d *qifDecoder) begin(text string, line int) error {
	if d.line > 0 {
		return d.cut()
	}
	name, is, _ := strings.Cut(strings.ToLower(text[1:]), ":")
	if is = strings.TrimSpace(is); name != "type" {
		is = strings.TrimSpace(name)
	}
	switch is {
	case "option", "clear": // they only steer the program that reads
		return nil
	case "invst":
		return refuse(fmt.Sprintf("holds an investment account (!Type:Invst on line %d), whose lines are not all "+
			"money: export the cash account alone", line))
	case "bank", "cash", "ccard", "oth a", "oth l", "account", "cat", "class", "tag", "memorized", "security", "prices",
		"budget":
		d.block = is
		return nil
	}
	return refuse(fmt.Sprintf("holds records of a kind that is not known (%s on line %d): export the account's "+
		"register alone", quoteCut(text), line))
}

// register reports whether the records at hand are transactions, and not one of the lists.
func (d *qifDecoder) register() bool {
	return slices.Contains([]string{"bank", "cash", "ccard", "oth a", "oth l"}, d.block)
}

// field keeps a line of a record.
func (d *qifDecoder) field(text string, line int) {
	if d.line == 0 {
		d.line = line
	}
	letter, value := text[0], strings.TrimSpace(text[1:])
	switch column, known := qifFields[letter]; {
	case d.block == "account" && letter == 'N':
		d.account = value
	case letter == 'S':
		d.parts++
		d.split("; " + value)
	case letter == '$':
		d.sums++
		d.sum.Add(&d.sum, qifCents(value))
		d.split(" " + value)
	case letter == 'U' && d.fields[qifAmount] == "": // an amount with more digits, for programs that know it
		d.fields[qifAmount] = value
	case known:
		if d.once[letter] && strings.IndexByte("DTP", letter) >= 0 && d.twice[0] == 0 {
			d.twice = [2]int{int(letter), line}
		}
		d.once[letter], d.fields[column] = true, value
	}
}

// split adds to the text that shows the parts of a transaction, as far as people read it.
func (d *qifDecoder) split(text string) {
	const shown = 1000
	if all := &d.fields[qifSplits]; len(*all)+len(text) < shown {
		*all = strings.TrimLeft(*all+text, "; ")
	}
}

// end gives the record that a ^ ends; false for one of a list, or an empty one.
func (d *qifDecoder) end(rec *recon.Record) (bool, error) {
	r := *d
	clear(d.once)
	*d = qifDecoder{w: d.w, block: d.block, account: d.account, any: d.any, once: d.once}
	if r.line == 0 || !r.register() {
		return false, nil
	}
	d.any = true
	r.fields[qifAccount] = r.account
	rec.Line, rec.Header, rec.Fields = r.line, qifHeader, r.fields[:]
	wrong := func(column int, code, reason string) (bool, error) {
		err := recon.NewRowError(r.line, 0, qifHeader[column], r.fields[column], code, reason)
		return true, &err
	}
	switch {
	case r.bad != "":
		return wrong(qifPayee, recon.CodeInvalidEncoding, r.bad)
	case r.twice[0] != 0:
		return wrong(qifAmount, recon.CodeMalformed, fmt.Sprintf("this record has a second field %c on line %d: the ^ "+
			"between two records is missing", r.twice[0], r.twice[1]))
	case r.fields[qifDate] == "":
		return wrong(qifDate, recon.CodeDateUnreadable, "this record has no date (D)")
	case r.fields[qifAmount] == "":
		return wrong(qifAmount, recon.CodeAmountUnreadable, "this record has no amount (T)")
	}
	r.fields[qifDate] = qifDay(r.fields[qifDate])
	if r.parts > 0 && r.sums == r.parts && r.sum.Cmp(qifCents(r.fields[qifAmount])) != 0 {
		return wrong(qifAmount, recon.CodeMalformed,
			fmt.Sprintf("the %d splits of this record add up to another amount: %s", r.parts, r.fields[qifSplits]))
	}
	return true, nil
}

// finish refuses a file that ends inside a record: its last amount may be cut too.
func (d *qifDecoder) finish() error {
	switch {
	case d.line > 0:
		return d.cut()
	case !d.any:
		return recon.Unprocessable(recon.CodeNoRows, "holds no transactions: export the account's register")
	}
	return io.EOF
}

func (d *qifDecoder) cut() error {
	return recon.Unprocessable(recon.CodeFileCut, fmt.Sprintf(
		"ends inside the record that begins on line %d: it has no ^; get the whole file", d.line))
}

var qifDates = regexp.MustCompile(`^(\d{1,2})([/.-])(\d{1,2})(['/.-])(\d{1,4})$`)

// qifDay writes a date with two digits of day and month, in the file's own order, and four of the year: "1/ 5'26" has
// blanks instead of zeros, and an apostrophe in front of a year from 2000 on.
func qifDay(text string) string {
	part := qifDates.FindStringSubmatch(strings.ReplaceAll(text, " ", ""))
	if part == nil {
		return text
	}
	year, err := strconv.Atoi(part[5])
	switch {
	case err != nil, len(part[5]) == 3, len(part[5]) == 1 && part[4] != "'":
		return text
	case len(part[5]) == 4:
	case part[4] == "'" || year < 80:
		year += 2000
	default:
		year += 1900
	}
	return fmt.Sprintf("%02s%s%02s%s%d", part[1], part[2], part[3], part[2], year)
}

var qifMarks = strings.NewReplacer(",", "", ".", "", " ", "", "'", "", "+", "")

// qifCents is an amount as a whole number of its last decimal, whichever mark it has: enough to compare sums of amounts
// that are written alike. What is no amount of money is 0.
func qifCents(text string) *big.Int {
	const decimals, longest = 2, 40
	cents := new(big.Int)
	if len(text) > longest {
		return cents
	}
	digits := qifMarks.Replace(text)
	mark := 0
	if at := strings.LastIndexAny(text, ".,"); at >= 0 && len(text)-at-1 <= decimals {
		mark = len(text) - at - 1
	}
	if _, ok := cents.SetString(digits+strings.Repeat("0", decimals-mark), 10); !ok {
		cents.SetInt64(0)
	}
	return cents
}
