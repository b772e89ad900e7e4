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

// camtText is how a statement (camt.053), a report of the day (052) or an advice (054) of ISO 20022 is known.
var (
	camtText    = regexp.MustCompile(`<(?:[\w.-]+:)?BkToCstmr(?:Stmt|AcctRpt|DbtCdtNtfctn)[\s>/]|tech:xsd:camt\.05[234]\.`)
	camtHolder  = regexp.MustCompile(`/(?:BkToCstmrStmt/Stmt|BkToCstmrAcctRpt/Rpt|BkToCstmrDbtCdtNtfctn/Ntfctn)$`)
	camtVersion = regexp.MustCompile(`tech:xsd:(camt\.05[234][\w.]*)`)
)

// camtHead is how far into a file an envelope may reach.
const camtHead = 32 << 10

func looksCAMT(head []byte) bool {
	head = trimStart(head[:min(len(head), camtHead)])
	return bytes.HasPrefix(head, []byte("<")) && camtText.Match(head)
}

// camtDecoder reads messages of ISO 20022 in any version: what changed between versions has other paths, and all of
// them are known. It holds one entry at a time. Only a statement books; what a report or an advice has is pending.
type camtDecoder struct {
	statementBook
	xml   *xmlReader
	books bool   // the message is a statement
	base  int    // where the paths inside a statement begin; 0: outside
	ccy   string // of the amount at hand

	at      *Statement
	heads   map[camtName]int // statements that were read, and their lines
	s       camtStatement
	balance camtBalance
	before  camtPage // that the statement before the one at hand ended with

	e    *camtEntry
	rows []camtRow // of the last entry, not given yet
}

// camtRow is a row to give, or why it cannot be read.
type camtRow struct {
	*entry
	wrong error
}

func openCAMT(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	found := "a statement"
	if version := camtVersion.FindSubmatch(w.rest()); version != nil {
		found = string(version[1])
	}
	return &camtDecoder{statementBook: newBook(in.opt), xml: newXML(w), heads: map[camtName]int{}}, found, nil
}

func (d *camtDecoder) next(rec *recon.Record) error {
	rec.Header = entryHeader // also of a statement without movements
	for len(d.rows) == 0 {
		begins, err := d.xml.next()
		switch {
		case errors.Is(err, io.EOF):
			return d.finish()
		case err != nil:
			return err
		case begins:
			d.begins()
		default:
			err = d.ends()
		}
		if err != nil {
			return err
		}
	}
	row := d.rows[0]
	d.rows = d.rows[1:]
	d.give(row.entry, rec)
	return row.wrong
}

func (d *camtDecoder) finish() error {
	if d.at == nil {
		return recon.Unprocessable(recon.CodeNoRows, "holds no statement: export it again, for days with movements")
	}
	d.broken()
	return cmp.Or(d.end(), io.EOF)
}

// begins moves on by a tag that opens an element.
func (d *camtDecoder) begins() {
	path := d.xml.path
	if d.base == 0 {
		if camtHolder.Match(path) {
			d.base, d.books = len(path)+1, bytes.HasSuffix(path, []byte("/Stmt"))
			d.s = camtStatement{line: d.xml.line}
		}
		return
	}
	switch string(path[d.base:]) {
	case "Ntry":
		d.e = &camtEntry{camtPart: camtPart{entry: entry{line: d.xml.line}}}
	case "Ntry/NtryDtls/TxDtls":
		d.e.detail = camtPart{entry: entry{line: d.xml.line}}
	case "Bal":
		d.balance = camtBalance{line: d.xml.line}
	}
	d.ccy = d.xml.attr("Ccy")
}

// ends moves on by a tag that closes an element: values are taken then.
func (d *camtDecoder) ends() error {
	if d.base == 0 {
		return nil
	}
	if len(d.xml.path) < d.base {
		return d.leave()
	}
	path := d.xml.path[d.base:]
	text := strings.TrimSpace(string(d.xml.text))
	if inside, ok := bytes.CutPrefix(path, []byte("Ntry/NtryDtls/TxDtls/")); ok {
		return d.e.keep(&d.e.detail, inside, camtMoney{text, d.ccy})
	}
	if inside, ok := bytes.CutPrefix(path, []byte("Ntry/")); ok {
		return d.e.keep(&d.e.camtPart, inside, camtMoney{text, d.ccy})
	}
	switch {
	case string(path) == "Ntry":
		return d.movement()
	case bytes.HasPrefix(path, []byte("Bal/")):
		d.balance.keep(string(path[len("Bal/"):]), camtMoney{text, d.ccy})
	case string(path) == "Bal":
		d.s.take(d.balance)
	default:
		d.s.keep(string(path), text)
	}
	return nil
}

// camtMoney is an amount as it is written. For other values text is all there is.
type camtMoney struct{ text, currency string }

var camtDigits = regexp.MustCompile(`^(\d+\.?\d*|\.\d+)$`)

// minor is the amount in a currency, signed by the indicator of credit or debit.
func (m camtMoney) minor(sign string) (recon.Minor, error) {
	if !camtDigits.MatchString(m.text) {
		return 0, fmt.Errorf("%s is no amount: amounts are digits with a point, and have no sign", quoteCut(m.text))
	}
	n, err := recon.ParseMinor(m.text, recon.CurrencyScale(m.currency))
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s %s %w", m.text, m.currency, err)
	case sign != camtCredit && sign != camtDebit:
		return 0, fmt.Errorf("%s %s has no indicator of credit or debit (CdtDbtInd)", m.text, m.currency)
	case sign == camtDebit:
		n = -n
	}
	return n, nil
}

const (
	camtCredit = "CRDT"
	camtDebit  = "DBIT"
)

// enter opens the statement in the book when its head is read: at its first entry, or at its end.
func (d *camtDecoder) enter() error {
	s := &d.s
	if s.entered {
		return nil
	}
	s.entered = true
	s.name.number = cmp.Or(s.name.number, s.legal, s.name.id)
	if err := d.refuseAgain(); err != nil || s.skipped {
		return err
	}
	d.at = d.begin(Statement{
		Line: s.line, Account: s.name.account, Number: s.name.number, From: s.from, To: s.to,
		Currency: cmp.Or(s.currency, s.opening.money.currency, s.before.money.currency, s.closing.money.currency),
	})
	if !d.books {
		d.reports(d.at)
	}
	return nil
}

// refuseAgain refuses a copy of what another file reports, and a statement that the file has twice.
func (d *camtDecoder) refuseAgain() error {
	s, name := &d.s, d.s.name
	if s.copied != "" {
		name.created = ""
	}
	line, again := d.heads[name]
	again = again && name.id != ""
	switch {
	case again && s.copied != "":
		s.skipped = true
		d.at.note("comes again on line %d as a copy (%s), which is not read", s.line, s.copied)
	case s.copied != "":
		return recon.Unprocessable(recon.CodeUnsupportedFormat, fmt.Sprintf("has a copy or duplicate (CpyDplctInd %s) "+
			"of a statement on line %d, which would count its money twice: load the original; "+
			"if there is none, delete the element CpyDplctInd and load this file", quoteCut(s.copied), s.line))
	case again:
		return statementTwice(name.id, name.account, line, s.line)
	}
	d.heads[name] = s.line
	name.created = ""
	d.heads[name] = s.line
	return nil
}

// movement gives the rows of an entry that has ended.
func (d *camtDecoder) movement() error {
	if err := d.enter(); err != nil || d.s.skipped {
		return err
	}
	e, s := d.e, &d.s
	e.fold()
	if e.status == "INFO" {
		s.informed++
		return nil
	}
	f := &e.fields
	e.amount.currency = cmp.Or(e.amount.currency, d.at.Currency)
	f[entryAccount], f[entryStatement], f[entryCurrency] = d.at.Account, d.at.Number, e.amount.currency
	f[entryStatus] = recon.Pending
	booked := (d.books || d.reportsBook) && (e.status == "BOOK" || e.status == "")
	if booked {
		f[entryStatus] = recon.Booked
	}
	money, wrong := e.judge()
	d.parts, e.advised = map[string]int{}, d.at.Report && d.links
	if d.rows = e.rows(money, wrong); e.differs != "" {
		add := d.at.note
		if e.advised {
			add = d.at.fault
		}
		add("has an entry of %s on line %d that is one row, of its own amount: %s", e.fields[entryAmount], e.line,
			e.differs)
	}
	if wrong == nil {
		d.count(money, booked)
	}
	return nil
}

// count adds an entry up: for its statement's balances if it is booked, and for the summary.
func (d *camtDecoder) count(money recon.Minor, booked bool) {
	e, s := d.e, &d.s
	s.count(money, booked)
	switch {
	case !booked:
	case d.at.Currency != "" && d.at.Currency != e.amount.currency:
		d.at.fault("has an entry in %s on line %d, which is in no sum: the account is in %s",
			quoteCut(e.amount.currency), e.line, d.at.Currency)
	default:
		d.at.Currency = e.amount.currency
		d.at.add(money)
		if e.reversal {
			d.at.reversed += money
		}
	}
}

// leave ends a statement: its summary and its balances are compared, unless another page may follow.
func (d *camtDecoder) leave() error {
	d.base = 0
	if err := d.enter(); err != nil || d.s.skipped {
		return err
	}
	if d.s.informed > 0 {
		d.at.note("has %d entries of status INFO, which are no money and no rows", d.s.informed)
	}
	d.summary()
	page := camtPage{}
	if d.books {
		page = d.page()
	}
	d.join(&page)
	if d.before = page; page.ends {
		return nil
	}
	return d.end()
}

// summary compares what the statement states of its entries with them. Some banks count only those that are booked;
// how entries that are no money count is not defined.
func (d *camtDecoder) summary() {
	if d.s.informed > 0 {
		return
	}
	digits := recon.CurrencyScale(d.at.Currency)
	for i, what := range []string{"entries", "credits", "debits"} {
		stated, all, booked := d.s.stated[i], d.s.all[i], d.s.booked[i]
		n, err := strconv.Atoi(stated.n)
		if stated.n != "" && (err != nil || n != all.count && n != booked.count) {
			d.at.fault("states %s %s in its summary, but has %d", stated.n, what, all.count)
		}
		sum, err := camtMoney{stated.money, d.at.Currency}.minor(camtCredit)
		if stated.money != "" && (err != nil || sum != all.sum && sum != booked.sum) {
			d.at.fault("states a sum of %s of its %s, but they make %s", stated.money, what, all.sum.Decimal(digits))
		}
	}
}
