package format

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"matcher/internal/recon"
)

var cnab240Text = regexp.MustCompile(`\A(?:\d{3}0000[0 ] {6,}|\d{7}0[^\n]{0,400}\n\d{3}\d{4}1[CDET]\d\d)`)

func looksCNAB240(head []byte) bool { return cnab240Text.Match(head[:min(len(head), 1024)]) }

// cnab240Decoder reads CNAB 240 of Brazilian banks: lots (1 to 5) of details (3). A lot of operation E is a statement,
// whose segments E are movements; one of operation T has collections: a segment T and the segment U behind it. These
// are an advice: the statement books them. Lots of payments are no rows.
type cnab240Decoder struct {
	statementBook
	r         fixedReader
	at        *Statement
	file, lot int    // the lines on which they begin; 0: not open
	kind      string // the operation of the lot
	first     int    // the number of its first record
	lots      int64
	pending   bool // of a statement that is not final
	sums      [2]recon.Minor
	read      int    // lots that are read
	other     string // an operation that is not
	title     entry  // of the segment T at hand
	idle      int    // collections of the lot that brought no money
}

func openCNAB240(in *input) (decoder, string, error) {
	const wide = 240
	r, err := newFixed(in, wide)
	return &cnab240Decoder{r: r}, "lots of a bank", err
}

func (d *cnab240Decoder) next(rec *recon.Record) error {
	rec.Header = entryHeader
	for {
		err := d.r.next()
		if errors.Is(err, io.EOF) {
			return d.finish()
		}
		if err != nil {
			return err
		}
		kind, segment := d.r.cut(8, 8), d.r.cut(14, 14)
		if (kind == "3" || kind == "5") && d.lot == 0 {
			return d.r.misplaced()
		}
		switch {
		case kind == "3" && d.kind == "E" && segment == "E":
			e, wrong := d.movement()
			d.give(e, rec)
			return wrong
		case kind == "3" && d.kind == "T" && segment == "T":
			d.begin()
		case kind == "3" && d.kind == "T" && segment == "U":
			if e, given, wrong := d.collection(); given {
				d.give(e, rec)
				return wrong
			}
		case kind == "3":
		default:
			if err := d.take(kind); err != nil {
				return err
			}
		}
	}
}

// take moves on by a record that is no detail.
func (d *cnab240Decoder) take(kind string) error {
	r := &d.r
	switch {
	case kind == "0" && d.file == 0:
		d.file, d.lots, r.n = r.line, 0, 1
	case kind == "1" && d.file > 0 && d.lot == 0:
		return d.begins()
	case kind == "5":
		return d.ends()
	case kind == "9" && d.file > 0 && d.lot == 0:
		if d.at != nil {
			r.compare(d.at, "number of lots", r.number(18, 23), d.lots)
			r.compare(d.at, "number of records", r.number(24, 29), int64(r.n))
		}
		d.file = 0
	case d.lot > 0:
		return fixedCut("lot", d.lot)
	case d.file > 0:
		return fixedCut("file", d.file)
	default:
		return r.misplaced()
	}
	return nil
}

// begins reads the header of a lot. The places of the account differ by operation.
func (d *cnab240Decoder) begins() error {
	r := &d.r
	d.lot, d.first, d.kind = r.line, r.n, r.cut(9, 9)
	d.lots++
	d.sums, d.idle = [2]recon.Minor{}, 0
	shift := 0
	switch d.kind {
	case "E":
	case "T":
		shift = 1
	default:
		d.other = cmp.Or(d.other, d.kind)
		return nil
	}
	d.read++
	d.at = d.statementBook.begin(Statement{Line: r.line, Currency: "BRL", Account: strings.Trim(fmt.Sprintf("%s/%s-%s",
		r.cut(53+shift, 57+shift), strings.TrimLeft(r.cut(59+shift, 70+shift), "0"), r.cut(71+shift, 71+shift)), "-")})
	if d.pending = d.kind == "T"; d.pending {
		d.at.Unproved = unprovedPending
		return nil
	}
	if digits, known := recon.CurrencyDigits(r.cut(171, 173)); known && digits == 2 {
		d.at.Currency = r.cut(171, 173)
	}
	d.at.Number = r.cut(174, 178)
	if final := r.cut(170, 170); final == "P" || final == "I" {
		d.pending, d.at.Unproved = true, unprovedPending
	}
	d.at.From, d.at.Opening = d.balance()
	return nil
}

// balance reads a day, an amount and its side, in the places that headers and trailers of statements have them.
func (d *cnab240Decoder) balance() (recon.Day, recon.NullMinor) {
	day, _ := cnabDay(d.r.cut(143, 150))
	cents, side := d.r.number(151, 168), d.r.cut(169, 169)
	if cents < 0 || side != "C" && side != "D" {
		return day, recon.NullMinor{}
	}
	_, money := fixedMoney(cents, side == "C")
	return day, recon.NullMinor{Amount: money, Set: true}
}

// ends reads the trailer of a lot.
func (d *cnab240Decoder) ends() error {
	r, s := &d.r, d.at
	d.lot = 0
	records := int64(r.n - d.first + 1)
	switch d.kind {
	case "E":
		s.To, s.Closing = d.balance()
		r.compare(s, "number of records", r.number(171, 176), records)
		r.compare(s, "sum of debits", r.number(177, 194), int64(d.sums[0]))
		r.compare(s, "sum of credits", r.number(195, 212), int64(d.sums[1]))
	case "T":
		r.compare(s, "number of records", r.number(18, 23), records)
		if d.idle > 0 {
			s.note(cnabIdle, d.idle)
		}
	default:
		return nil
	}
	return d.end()
}

const cnabIdle = "has %d collections without money (registered, changed, written off), which are no rows"

// row is what all rows of the lot have.
func (d *cnab240Decoder) row() entry {
	e := entry{line: d.r.line}
	e.fields[entryAccount], e.fields[entryStatement], e.fields[entryCurrency] = d.at.Account, d.at.Number, d.at.Currency
	if e.fields[entryStatus] = recon.Booked; d.pending {
		e.fields[entryStatus] = recon.Pending
	}
	return e
}

// movement reads a segment E.
func (d *cnab240Decoder) movement() (*entry, error) {
	r, e := &d.r, d.row()
	f := &e.fields
	f[entryCode] = strings.Trim(r.cut(170, 172)+"/"+r.cut(173, 176), "/")
	f[entryDescription], f[entryReference] = r.cut(177, 201), r.cut(202, 240)
	cents, side := r.number(151, 168), r.cut(169, 169)
	if cents < 0 || side != "C" && side != "D" {
		return &e, e.wrong(entryAmount, r.cut(151, 169), recon.CodeAmountUnreadable,
			"an amount is digits, and C or D behind them")
	}
	amount, money := fixedMoney(cents, side == "C")
	f[entryAmount] = amount
	if side == "C" {
		d.sums[1] += money
	} else {
		d.sums[0] -= money
	}
	if !d.pending {
		d.at.add(money)
	}
	return &e, cnabDays(&e, r.cut(143, 150), r.cut(135, 142))
}

// begin keeps a segment T, whose money is in the segment U behind it.
func (d *cnab240Decoder) begin() {
	r := &d.r
	d.title = d.row()
	f := &d.title.fields
	f[entryCode], f[entryID] = r.cut(16, 17), r.cut(38, 57)
	f[entryReference], f[entryParty] = cmp.Or(r.cut(59, 73), r.cut(106, 130)), r.cut(149, 188)
	if fee := r.number(199, 213); fee > 0 {
		f[entryCharges], _ = fixedMoney(fee, true)
	}
}

// collection reads a segment U: what is credited, and when. One without either is no money.
func (d *cnab240Decoder) collection() (*entry, bool, error) {
	r, e := &d.r, d.title
	if e.line == 0 || e.fields[entryCode] != r.cut(16, 17) {
		e = entry{line: r.line}
		return &e, true, e.wrong(entryCode, r.cut(16, 17), recon.CodeMalformed,
			"this segment U has no segment T of the same code in front of it")
	}
	d.title = entry{}
	cents, credited := r.number(93, 107), r.cut(146, 153)
	if cents == 0 || strings.Trim(credited, "0") == "" {
		d.idle++
		return nil, false, nil
	}
	if cents < 0 {
		return &e, true, e.wrong(entryAmount, r.cut(93, 107), recon.CodeAmountUnreadable, "an amount is digits")
	}
	e.fields[entryAmount], _ = fixedMoney(cents, true)
	if paid := r.number(78, 92); paid > 0 && paid != cents {
		text, _ := fixedMoney(paid, true)
		e.fields[entryNote] = "paid: " + text
	}
	return &e, true, cnabDays(&e, credited, r.cut(138, 145))
}

// finish refuses a file that is cut, or has no lot that is read.
func (d *cnab240Decoder) finish() error {
	switch {
	case d.lot > 0:
		return fixedCut("lot", d.lot)
	case d.file > 0:
		return fixedCut("file", d.file)
	case d.read == 0 && d.other != "":
		return refuse(fmt.Sprintf("is a CNAB 240 file of operation %s, which has no movements: statements (E) and "+
			"collections (T) are read", quoteCut(d.other)))
	case d.read == 0:
		return recon.Unprocessable(recon.CodeNoRows, "is a CNAB 240 file without a lot")
	}
	return cmp.Or(d.end(), io.EOF)
}

// cnabDay reads DDMMYYYY, or DDMMYY of this century.
func cnabDay(text string) (recon.Day, error) {
	if len(text) == len("DDMMYY") {
		text = text[:4] + "20" + text[4:]
	}
	if len(text) == len("DDMMYYYY") {
		if day, err := recon.ParseDay(text[4:] + "-" + text[2:4] + "-" + text[:2]); err == nil {
			return day, nil
		}
	}
	return recon.NoDay, fmt.Errorf("%s is not a date as DDMMYYYY", quoteCut(text))
}

// cnabDays sets the days of a row. The second may be missing.
func cnabDays(e *entry, booked, value string) error {
	day, err := cnabDay(booked)
	if err != nil {
		return e.wrong(entryDate, booked, recon.CodeDateUnreadable, err.Error())
	}
	e.fields[entryDate] = day.String()
	if strings.Trim(value, "0") == "" {
		return nil
	}
	if day, err = cnabDay(value); err != nil {
		return e.wrong(entryValueDate, value, recon.CodeDateUnreadable, err.Error())
	}
	e.fields[entryValueDate] = day.String()
	return nil
}
