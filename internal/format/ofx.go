package format

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"matcher/internal/recon"
)

var ofxText = regexp.MustCompile(
	`(?i)\A(\s*<\?xml[^>]*>)?\s*(<\?OFX\b|<!--[^>]*-->\s*<OFX>|<OFX>)|(?m:^\s*OFXHEADER[:=])|\A[^<]*<OFX>\s*<`)

func looksOFX(head []byte) bool { return ofxText.Match(trimStart(head[:min(len(head), 8<<10)])) }

// ofxDecoder reads OFX 1 (SGML, whose values have no closing tag) and OFX 2 (XML), also named QFX and QBO. Each
// STMTRS or CCSTMTRS is a statement, each STMTTRN or STMTTRNP a movement.
type ofxDecoder struct {
	statementBook
	tags tagReader
	open []string // the aggregates that the place at hand is in, outermost first
	any  bool     // the file has a statement or a movement

	at     *Statement
	status map[string]string
	moves  map[string]string // values of the movement at hand by name, with what they are in if not the movement itself
	entry  entry
	wrong  error // with entry
	signs  ofxSigns
	mark   string // the decimal mark in front of three decimals, where the file shows one
}

// ofxSigns counts movements by what their type and their sign are.
type ofxSigns struct{ minus, debitPlus, debitMinus, creditPlus, creditMinus, line int }

// ofxAggregates are those whose values are read, or must not be taken for values of what they are in.
var ofxAggregates = strings.Fields(`OFX STMTRS CCSTMTRS BANKTRANLIST BANKTRANLISTP STMTTRN STMTTRNP BANKACCTFROM
	CCACCTFROM BANKACCTTO CCACCTTO PAYEE EXTDPAYEE CURRENCY ORIGCURRENCY LEDGERBAL AVAILBAL BALLIST BAL STATUS
	IMAGEDATA REWARDINFO`)

// ofxRefused are statements whose movements are not all money of one account.
var ofxRefused = map[string]string{
	"INVSTMTRS": "an investment statement", "LOANSTMTRS": "a loan statement", "AMRTSTMTRS": "a loan statement",
}

func openOFX(in *input) (decoder, string, error) {
	w, err := in.text()
	if err != nil {
		return nil, "", err
	}
	d := &ofxDecoder{tags: tagReader{w: w}}
	if shown := ofxThirds.FindSubmatch(w.rest()); shown != nil {
		d.mark = string(shown[1])
	}
	return d, "a bank's download", nil
}

// ofxThirds is an amount of three decimals that is no number of thousands.
var ofxThirds = regexp.MustCompile(`(?i)<(?:TRNAMT|BALAMT)>\s*[+-]?(?:0|\d{4,})([.,])\d{3}\s*[<\r\n]`)

func (d *ofxDecoder) next(rec *recon.Record) error {
	rec.Header = entryHeader
	for {
		t, err := d.tags.next()
		switch {
		case errors.Is(err, io.EOF):
			return d.finish()
		case err != nil:
			return err
		case !t.closes:
			err = d.take(&t)
		case slices.Contains(d.open, t.name):
			err = d.close(t.name)
			if t.name == "STMTTRN" || t.name == "STMTTRNP" {
				if err = cmp.Or(err, d.wrong); err == nil {
					err = d.movement()
				}
				d.moves = nil
				d.give(&d.entry, rec)
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// take moves on by one opening tag with the text behind it.
func (d *ofxDecoder) take(t *tag) error {
	switch isMovement := t.name == "STMTTRN" || t.name == "STMTTRNP"; {
	case ofxRefused[t.name] != "":
		return refuse(fmt.Sprintf("holds %s (%s on line %d), which cannot be read: export the movements of the cash "+
			"account alone, as OFX or CSV", ofxRefused[t.name], t.name, t.line))
	case t.name == "OFX" && len(d.open) > 0:
		return d.cut()
	case isMovement && d.moves != nil:
		return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has a movement on line %d that does not end "+
			"before the next one, on line %d: get the file again", d.entry.line, t.line))
	case len(d.open) > depthMax:
		return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("is nested too deeply on line %d", t.line))
	case !slices.Contains(ofxAggregates, t.name):
		return d.value(t)
	case t.empty:
		return nil
	case isMovement:
		if d.at == nil {
			d.start(t.line)
		}
		d.moves, d.wrong, d.entry, d.any = map[string]string{}, nil, entry{line: t.line}, true
	case t.name == "STMTRS" || t.name == "CCSTMTRS":
		if err := d.end(); err != nil {
			return err
		}
		d.start(t.line)
	case t.name == "STATUS":
		d.status = map[string]string{}
	}
	d.open = append(d.open, t.name)
	return nil
}

// start begins a statement.
func (d *ofxDecoder) start(line int) {
	d.at, d.any = d.begin(Statement{Line: line}), true
}

// close ends an aggregate, and those inside it that have no end of their own.
func (d *ofxDecoder) close(name string) error {
	for at := len(d.open) - 1; d.open[at] != name; at-- {
		d.open = d.open[:at]
	}
	d.open = d.open[:len(d.open)-1]
	if name == "STATUS" && strings.EqualFold(d.status["SEVERITY"], "ERROR") {
		return recon.Unprocessable(recon.CodeUnsupportedFormat, fmt.Sprintf("holds an error of the bank instead of a "+
			"statement (code %s %s): download it again", d.status["CODE"], quoteCut(d.status["MESSAGE"])))
	}
	return nil
}

// value keeps the text of an element that holds no others.
func (d *ofxDecoder) value(t *tag) error {
	if len(d.open) == 0 || t.text == "" {
		return nil
	}
	in := d.open[len(d.open)-1]
	if d.moves != nil {
		if in != "STMTTRN" && in != "STMTTRNP" {
			t.name = in + "." + t.name
		}
		return d.valueOfMovement(t)
	}
	if in == "STATUS" && len(d.status) < ColumnsMax {
		d.status[t.name] = t.text
	}
	if d.at == nil {
		return nil
	}
	switch in + "." + t.name {
	case "STMTRS.CURDEF", "CCSTMTRS.CURDEF":
		d.at.Currency = strings.ToUpper(t.text)
	case "BANKACCTFROM.ACCTID", "CCACCTFROM.ACCTID":
		d.at.Account = t.text
	case "BANKTRANLIST.DTSTART":
		d.at.From, _ = ofxDay(t.text)
	case "BANKTRANLIST.DTEND":
		d.at.To, _ = ofxDay(t.text)
	case "LEDGERBAL.DTASOF":
		if day, err := ofxDay(t.text); err == nil && !d.at.To.Set() {
			d.at.To = day
		}
	case "LEDGERBAL.BALAMT":
		_, money, err := d.amount(t.text, d.at.Currency)
		if d.at.Closing = (recon.NullMinor{Amount: money, Set: err == nil}); err != nil {
			d.at.fault("states a balance that cannot be read on line %d: %s", t.line, quoteCut(t.text))
		}
	}
	return nil
}

// ofxOnce are values that a movement has once: with two of them it is two movements, whose border is lost.
var ofxOnce = map[string]int{
	"TRNTYPE": entryCode, "DTPOSTED": entryDate, "TRNAMT": entryAmount, "FITID": entryID,
}

// valueOfMovement keeps a value of the movement at hand.
func (d *ofxDecoder) valueOfMovement(t *tag) error {
	_, twice := d.moves[t.name]
	column, once := ofxOnce[t.name]
	switch {
	case t.wrong != "":
		d.wrong = d.entry.wrong(entryDescription, t.text, recon.CodeInvalidEncoding, t.wrong)
	case twice && once && d.wrong == nil:
		d.wrong = d.entry.wrong(column, t.text, recon.CodeMalformed, fmt.Sprintf("this movement has a second <%s> on "+
			"line %d: the end of one movement and the beginning of the next are missing between them", t.name, t.line))
	case len(d.moves) == ColumnsMax:
		return recon.TooLarge(recon.CodeTooManyColumns, "has a movement of more than %d values on line %d", ColumnsMax,
			d.entry.line)
	}
	d.moves[t.name] = t.text
	return nil
}

// movement makes an entry of a STMTTRN or STMTTRNP.
func (d *ofxDecoder) movement() error {
	m, e := d.moves, &d.entry.fields
	if action := m["CORRECTACTION"]; action != "" || m["CORRECTFITID"] != "" {
		return recon.Unprocessable(recon.CodeUnsupportedFormat, fmt.Sprintf("corrects (CORRECTACTION %s) on line %d "+
			"the movement %s of an earlier file, which cannot be applied: download the whole period anew", action,
			d.entry.line, quoteCut(m["CORRECTFITID"])))
	}
	e[entryAccount], e[entryID], e[entryCode] = d.at.Account, m["FITID"], m["TRNTYPE"]
	if e[entryID] != "" {
		e[entryUnique] = strings.TrimSpace(e[entryAccount] + " " + e[entryID])
	}
	e[entryReference] = cmp.Or(unlessNone(m["CHECKNUM"]), unlessNone(m["REFNUM"]))
	e[entryParty] = cmp.Or(m["NAME"], m["PAYEE.NAME"], m["EXTDPAYEE.NAME"])
	e[entryDescription] = cmp.Or(m["MEMO"], e[entryParty])
	e[entryPartyAccount] = cmp.Or(m["BANKACCTTO.ACCTID"], m["CCACCTTO.ACCTID"])
	e[entryCurrency] = strings.ToUpper(cmp.Or(m["CURRENCY.CURSYM"], d.at.Currency))
	if original := m["ORIGCURRENCY.CURSYM"]; original != "" {
		e[entryExchangeRate] = m["ORIGCURRENCY.CURRATE"] //nolint:misspell // the standard's name
		e[entryNote] = fmt.Sprintf("converted from %s at %s", original, e[entryExchangeRate])
	}
	switch e[entryCode] {
	case "FEE", "SRVCHG":
		e[entryKind] = "FEE"
	case "INT":
		e[entryKind] = "INTEREST"
	}
	booked, value := m["DTPOSTED"], cmp.Or(m["DTAVAIL"], m["DTUSER"])
	if e[entryStatus] = recon.Booked; booked == "" && m["DTTRAN"] != "" {
		e[entryStatus], booked = recon.Pending, m["DTTRAN"]
	}
	day, err := ofxDay(booked)
	if err != nil {
		return d.entry.wrong(entryDate, booked, recon.CodeDateUnreadable, err.Error())
	}
	e[entryDate] = day.String()
	if strings.Trim(value, "0") != "" {
		if day, err = ofxDay(value); err != nil {
			return d.entry.wrong(entryValueDate, value, recon.CodeDateUnreadable, err.Error())
		}
		e[entryValueDate] = day.String()
	}
	amount := m["TRNAMT"]
	text, money, err := d.amount(amount, e[entryCurrency])
	if e[entryAmount] = text; err != nil {
		return d.entry.wrong(entryAmount, amount, recon.CodeAmountUnreadable, err.Error())
	}
	d.signs.count(e[entryCode], money, d.entry.line)
	if e[entryStatus] == recon.Booked && e[entryCurrency] == d.at.Currency {
		d.at.add(money)
	}
	return nil
}

// count notes whether a type of movement and its sign agree.
func (s *ofxSigns) count(code string, money recon.Minor, line int) {
	debit := slices.Contains([]string{"DEBIT", "CHECK", "DIRECTDEBIT", "FEE", "SRVCHG"}, code)
	credit := slices.Contains([]string{"CREDIT", "DEP", "DIRECTDEP", "DIV"}, code)
	if money < 0 {
		s.minus++
	}
	switch {
	case money < 0 && debit:
		s.debitMinus++
	case money < 0 && credit:
		s.creditMinus++
	case money > 0 && credit:
		s.creditPlus++
	case money > 0 && debit:
		if s.debitPlus++; s.line == 0 {
			s.line = line
		}
	}
}

// finish refuses a file that is cut, has no statement, or whose types and signs contradict each other throughout: the
// standard's own sign counts, but not where every debit is a plus and nothing proves it.
func (d *ofxDecoder) finish() error {
	s := d.signs
	switch {
	case len(d.open) > 0:
		return d.cut()
	case !d.any:
		return recon.Unprocessable(recon.CodeNoRows, "holds no statement of a bank account or a credit card")
	case s.debitPlus > 0 && s.debitMinus == 0 && (s.minus == 0 || s.creditMinus > 0 && s.creditPlus == 0):
		return recon.Unprocessable(recon.CodeMalformed, fmt.Sprintf("has debits without a minus (%d, the first on "+
			"line %d) and no debit with one, so its types and its signs contradict each other: export the account as CSV, "+
			"where the signs can be settled", s.debitPlus, s.line))
	}
	return cmp.Or(d.end(), io.EOF)
}

func (d *ofxDecoder) cut() error {
	return recon.Unprocessable(recon.CodeFileCut, fmt.Sprintf(
		"ends inside <%s>: the rest of it is missing; get the whole file", d.open[len(d.open)-1]))
}

var ofxDate = regexp.MustCompile(`^(\d{4})(\d\d)(\d\d)(?:\d{4}(?:\d\d)?)?(?:\.\d+)?\s*(?:\[[^\]]*\])?$`)

// ofxDay reads YYYYMMDD, with or without a time and its zone: the day is the one in that zone.
func ofxDay(text string) (recon.Day, error) {
	if text == "" {
		return recon.NoDay, errors.New("the date is missing")
	}
	part := ofxDate.FindStringSubmatch(text)
	if part != nil {
		if day, err := recon.ParseDay(strings.Join(part[1:], "-")); err == nil {
			return day, nil
		}
	}
	return recon.NoDay, fmt.Errorf("%s is not a date as YYYYMMDD", quoteCut(text))
}

var ofxThousands = regexp.MustCompile(`^[+-]?[1-9]\d{0,2}([.,])\d{3}$`)

// amount reads an amount. What may be thousands or has three decimals, which its currency does not, is neither unless
// the file shows which.
func (d *ofxDecoder) amount(text, currency string) (string, recon.Minor, error) {
	const decimals = 3
	digits := recon.CurrencyScale(currency)
	if m := ofxThousands.FindStringSubmatch(text); m != nil && digits < decimals && m[1] != d.mark {
		return text, 0, fmt.Errorf("%s may be a number of thousands, or have three decimals, which %s does not: "+
			"export the account with two decimals, or as CSV", quoteCut(text), cmp.Or(currency, "its currency"))
	}
	plain := ofxAmount(text)
	money, err := recon.ParseMinor(plain, digits)
	return plain, money, err //nolint:wrapcheck // the caller puts it in a sentence
}

var ofxGroups = regexp.MustCompile(`^[+-]?\d{1,3}(?:(?:,\d{3})+\.|(?:\.\d{3})+,)\d+$`)

// ofxAmount is an amount with a decimal point: the standard allows a comma. Where both occur the last one is it.
func ofxAmount(text string) string {
	if ofxGroups.MatchString(text) {
		at := strings.LastIndexAny(text, ".,")
		text = strings.NewReplacer(".", "", ",", "").Replace(text[:at]) + "." + text[at+1:]
	}
	return point(text)
}
