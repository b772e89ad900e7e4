package format

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"

	"matcher/internal/recon"
)

var cnab400Text = regexp.MustCompile(`\A02RETORNO\d{2}`)

func looksCNAB400(head []byte) bool { return cnab400Text.Match(head[:min(len(head), 100)]) }

// cnab400Banks are the banks whose places of a collection are these, with those of the bank's own number of it. Others
// have other places, and no one standard has them.
var cnab400Banks = map[string][2]int{"237": {71, 82}, "341": {63, 70}}

// cnab400Decoder reads the return file of collections in CNAB 400. It is an advice: the statement books the money.
type cnab400Decoder struct {
	statementBook
	r    fixedReader
	at   *Statement
	own  [2]int // places of the bank's own number
	idle int    // collections that brought no money
}

func openCNAB400(in *input) (decoder, string, error) {
	const wide = 400
	r, err := newFixed(in, wide)
	return &cnab400Decoder{r: r}, "collections", err
}

func (d *cnab400Decoder) next(rec *recon.Record) error {
	rec.Header = entryHeader
	for {
		err := d.r.next()
		if errors.Is(err, io.EOF) {
			return d.finish()
		}
		if err != nil {
			return err
		}
		kind := d.r.cut(1, 1)
		switch {
		case kind == "0":
			if err := d.begins(); err != nil {
				return err
			}
		case d.at == nil:
			return d.r.misplaced()
		case kind == "9":
			if d.idle > 0 {
				d.at.note(cnabIdle, d.idle)
			}
			d.r.compare(d.at, "number of records", d.r.number(395, 400), int64(d.r.n))
			if err := d.end(); err != nil {
				return err
			}
			d.at = nil
		case kind == "1":
			if e, given, wrong := d.collection(); given {
				d.give(e, rec)
				return wrong
			}
		}
	}
}

// begins reads the header.
func (d *cnab400Decoder) begins() error {
	r := &d.r
	if d.at != nil {
		return fixedCut("file", d.at.Line)
	}
	bank := r.cut(77, 79)
	own, known := cnab400Banks[bank]
	if !known {
		return refuse(fmt.Sprintf("is a CNAB 400 file of bank %s, whose places differ from those of Bradesco (237) "+
			"and Itaú (341): ask the bank for CNAB 240, or export CSV", quoteCut(bank)))
	}
	d.own, d.idle, r.n = own, 0, 1
	made, _ := cnabDay(r.cut(95, 100))
	d.at = d.begin(Statement{
		Line: r.line, Account: r.cut(27, 46), Currency: "BRL", To: made, Unproved: unprovedPending,
	})
	return nil
}

// collection reads a record 1: what is paid, and when it is credited. One without either is no money.
func (d *cnab400Decoder) collection() (e *entry, given bool, wrong error) {
	r := &d.r
	e = &entry{line: r.line}
	f := &e.fields
	cents, credited := r.number(254, 266), r.cut(296, 301)
	if cents == 0 || credited == "" || credited == "000000" {
		d.idle++
		return e, false, nil
	}
	f[entryAccount], f[entryCurrency], f[entryStatus] = d.at.Account, d.at.Currency, recon.Pending
	f[entryCode], f[entryID] = r.cut(109, 110), r.cut(d.own[0], d.own[1])
	f[entryReference] = cmp.Or(r.cut(117, 126), r.cut(38, 62))
	if fee := r.number(176, 188); fee > 0 {
		f[entryCharges], _ = fixedMoney(fee, true)
	}
	if cents < 0 {
		return e, true, e.wrong(entryAmount, r.cut(254, 266), recon.CodeAmountUnreadable, "an amount is digits")
	}
	f[entryAmount], _ = fixedMoney(cents, true)
	return e, true, cnabDays(e, credited, r.cut(111, 116))
}

// finish refuses a file that is cut.
func (d *cnab400Decoder) finish() error {
	switch {
	case d.at != nil:
		return fixedCut("file", d.at.Line)
	case len(d.done) == 0:
		return recon.Unprocessable(recon.CodeNoRows, "is a CNAB 400 file without a header")
	}
	return io.EOF
}
