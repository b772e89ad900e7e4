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

var nachaText = regexp.MustCompile(`\A\s*101[ \d][ \d]{9}[ \w]{10}\d{6}[ \d]{4}[A-Z\d]094101`)

func looksNACHA(head []byte) bool { return nachaText.Match(head[:min(len(head), 200)]) }

// nachaDecoder reads the returns of ACH payments: entries (6) with an addenda record 99 (7), in batches (5 to 8). Of
// another entry the file does not state whether its reader pays or receives it, so it is no row. A return is an advice:
// the statement books it.
type nachaDecoder struct {
	statementBook
	r     fixedReader
	read  error // what came of reading the record at hand
	again bool  // that record was not taken

	at          *Statement
	file, batch int // the lines on which they begin; 0: not open
	created     recon.Day
	name, class string // of the batch
	settled     recon.Day
	sums, all   nachaSums // of the batch, of the file
	batches     int64
	waits       bool // for its addenda
	entry       entry
	wrong       error
	credit      bool
	cents       int64
	reason      string
	returns     int
	others      int // entries of the batch that are no returns
	forward     int // the line of the first payment; 0: there is none
}

// nachaSums is what a trailer is compared with.
type nachaSums struct{ records, hash, debits, credits int64 }

func openNACHA(in *input) (decoder, string, error) {
	const wide = 94
	r, err := newFixed(in, wide)
	return &nachaDecoder{r: r}, "returns of payments", err
}

func (d *nachaDecoder) next(rec *recon.Record) error {
	rec.Header = entryHeader
	for {
		if !d.again {
			d.read = d.r.next()
		}
		d.again = false
		if d.read != nil && !errors.Is(d.read, io.EOF) {
			return d.read
		}
		if d.waits && (d.read != nil || d.r.cut(1, 1) != "7") && d.release(rec) {
			d.again = true
			return d.wrong
		}
		if d.read != nil {
			return d.finish()
		}
		if err := d.take(); err != nil {
			return err
		}
	}
}

// take moves on by a record.
func (d *nachaDecoder) take() error {
	r := &d.r
	if kind := r.cut(1, 1); kind == "5" || kind == "8" || kind == "9" && d.file > 0 {
		if d.file == 0 || (kind == "8") != (d.batch > 0) {
			return cmp.Or(d.open(), r.misplaced())
		}
	}
	switch r.cut(1, 1) {
	case "1":
		if err := d.open(); err != nil {
			return err
		}
		d.file, d.all, d.batches = r.line, nachaSums{}, 0
		d.created, _ = shortDay(r.cut(24, 29))
	case "5":
		d.begins()
	case "6":
		return d.begin()
	case "7":
		return d.addenda()
	case "8":
		return d.ends()
	case "9":
		if d.file > 0 && d.at != nil {
			r.compare(d.at, "number of batches", r.number(2, 7), d.batches)
			d.all.compare(r, d.at, r.number(14, 21), [3][2]int{{22, 31}, {32, 43}, {44, 55}})
		}
		d.file = 0 // more of them fill the last block
	default:
		return r.misplaced()
	}
	return nil
}

// open refuses a file of which a batch, or the whole, is open.
func (d *nachaDecoder) open() error {
	switch {
	case d.batch > 0:
		return fixedCut("batch", d.batch)
	case d.file > 0:
		return fixedCut("file", d.file)
	}
	return nil
}

// begins reads the header of a batch. Of its days the settlement is the one of a return; it has no year.
func (d *nachaDecoder) begins() {
	r := &d.r
	d.batch, d.sums = r.line, nachaSums{}
	d.name, d.class = strings.Join(strings.Fields(r.cut(5, 20)+" "+r.cut(54, 63)), " "), r.cut(51, 53)
	d.settled = d.created
	if n := r.number(76, 78); n > 0 && d.created.Set() {
		for year := d.created.Time().Year() - 1; year <= d.created.Time().Year()+1; year++ {
			first, _ := recon.ParseDay(fmt.Sprintf("%d-01-01", year))
			if day := first + recon.Day(n) - 1; year == d.created.Time().Year()-1 ||
				distance(day, d.created) < distance(d.settled, d.created) {
				d.settled = day
			}
		}
	}
	d.at = d.statementBook.begin(Statement{
		Line: r.line, Account: r.cut(41, 50), Number: r.cut(88, 94), Currency: "USD", To: d.settled,
		Unproved: unprovedPending,
	})
}

// begin reads an entry. The last digit of its code is its side: up to 4 a credit, from 5 a debit.
func (d *nachaDecoder) begin() error {
	r := &d.r
	if d.batch == 0 {
		return r.misplaced()
	}
	d.entry, d.wrong, d.waits, d.reason = entry{line: r.line}, nil, true, ""
	d.cents = r.number(30, 39)
	code := r.cut(2, 3)
	d.credit = len(code) == 2 && code[1] < '5'
	d.sums.records++
	d.sums.hash += max(0, r.number(4, 11))
	if d.credit {
		d.sums.credits += max(0, d.cents)
	} else {
		d.sums.debits += max(0, d.cents)
	}
	e := &d.entry.fields
	e[entryAccount], e[entryStatement], e[entryCurrency] = d.at.Account, d.at.Number, "USD"
	e[entryDate], e[entryStatus], e[entryKind] = d.settled.String(), recon.Pending, kindReturn
	e[entryCode], e[entryDescription] = strings.TrimSpace(d.class+" "+code), d.name
	e[entryPartyAccount], e[entryReference], e[entryParty] = r.cut(13, 29), r.cut(40, 54), r.cut(55, 76)
	e[entryID] = r.cut(80, 94)
	return nil
}

// addenda reads what belongs to the entry at hand: 99 is a return, 98 a notice of changed data.
func (d *nachaDecoder) addenda() error {
	r := &d.r
	if !d.waits {
		return r.misplaced()
	}
	d.sums.records++
	if kind := r.cut(2, 3); kind == "99" || kind == "98" {
		d.reason = r.cut(4, 6)
		d.entry.fields[entryTransaction] = r.cut(7, 21)
		d.entry.fields[entryNote] = "returned: " + d.reason
	}
	return nil
}

// release makes the entry that waited a row, if it is a return. Of disputes about returns (R61 to R77) the side is not
// known.
func (d *nachaDecoder) release(rec *recon.Record) bool {
	d.waits = false
	switch {
	case strings.HasPrefix(d.reason, "C"):
		d.others++
		return false
	case !strings.HasPrefix(d.reason, "R"):
		d.others++
		d.forward = cmp.Or(d.forward, d.entry.line)
		return false
	}
	d.returns++
	amount, _ := fixedMoney(d.cents, d.credit)
	d.entry.fields[entryAmount] = amount
	switch {
	case d.cents < 0:
		d.wrong = d.entry.wrong(entryAmount, "", recon.CodeAmountUnreadable, "an amount is a whole number of cents")
	case d.reason >= "R61" && d.reason <= "R77":
		d.wrong = d.entry.wrong(entryCode, d.reason, recon.CodeMalformed,
			"this reason is a dispute of banks about a return, of which the side is not known")
	case !d.settled.Set():
		d.wrong = d.entry.wrong(entryDate, "", recon.CodeDateUnreadable, "the file states no day")
	}
	d.give(&d.entry, rec)
	return true
}

// ends reads the trailer of a batch.
func (d *nachaDecoder) ends() error {
	r := &d.r
	d.sums.compare(r, d.at, r.number(5, 10), [3][2]int{{11, 20}, {21, 32}, {33, 44}})
	d.all.records += d.sums.records
	d.all.hash += d.sums.hash
	d.all.debits += d.sums.debits
	d.all.credits += d.sums.credits
	d.batch = 0
	d.batches++
	if d.others > 0 {
		d.at.note("has %d payments or notices of changed data, which are no returns and no rows", d.others)
		d.others = 0
	}
	return d.end()
}

func (s *nachaSums) compare(r *fixedReader, of *Statement, records int64, places [3][2]int) {
	const hashed = 1e10 // the last ten digits
	r.compare(of, "number of records", records, s.records)
	for i, c := range []struct {
		what    string
		counted int64
	}{{"hash", s.hash % hashed}, {"sum of debits", s.debits}, {"sum of credits", s.credits}} {
		r.compare(of, c.what, r.number(places[i][0], places[i][1]), c.counted)
	}
}

// finish refuses a file that is cut, or has payments and no return.
func (d *nachaDecoder) finish() error {
	switch err := d.open(); {
	case err != nil:
		return err
	case d.returns == 0 && d.forward > 0:
		return refuse(fmt.Sprintf("is a NACHA file of payments (the first on line %d) without a return: whether they "+
			"are paid or received is not in it; load the bank's statement, or CSV", d.forward))
	case d.at == nil:
		return recon.Unprocessable(recon.CodeNoRows, "is a NACHA file without a batch")
	}
	return cmp.Or(d.end(), io.EOF)
}
