package format

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// camtBalance is a balance of a statement.
type camtBalance struct {
	line       int // 0: there is none
	code, part string
	money      camtMoney
	sign       string
	day        recon.Day
}

func (b *camtBalance) keep(path string, m camtMoney) {
	switch path {
	case "Tp/CdOrPrtry/Cd":
		b.code = m.text
	case "Tp/SubTp/Cd":
		b.part = m.text
	case "Amt":
		b.money = m
	case "CdtDbtInd":
		b.sign = m.text
	case "Dt/Dt", "Dt/DtTm":
		b.day = camtDay(m.text)
	}
}

// camtDay is the day of a date or a time, as it is written there; NoDay where it cannot be read.
func camtDay(text string) recon.Day {
	day, err := recon.ParseDay(text[:min(len(text), len("YYYY-MM-DD"))])
	if err != nil {
		return recon.NoDay
	}
	return day
}

// camtName is what makes a statement the same as another one.
type camtName struct{ account, id, number, page, created string }

// camtStatement is what a statement states of itself. All of it comes before the first entry.
type camtStatement struct {
	line                     int
	name                     camtName
	legal, currency, copied  string
	from, to                 recon.Day
	opening, before, closing camtBalance
	turns                    [2]camtBalance // the first and the last balance of a page (ITBD)
	entered                  bool
	skipped                  bool // a copy of what the file has already
	stated, all, booked      [3]camtSum
	informed                 int
	more                     bool // it is not the last page (LastPgInd)
}

// camtPage is how a statement hangs together with those around it.
type camtPage struct {
	name   camtName
	begins bool // with the balance of a page
	ends   bool // with one, or it is marked as not the last page
	more   bool // it is marked so
}

// camtSum is a count and a sum: of all entries, of credits, of debits.
type camtSum struct {
	n, money string
	count    int
	sum      recon.Minor
}

func (s *camtStatement) keep(path, text string) {
	switch path {
	case "Id":
		s.name.id = text
	case "ElctrncSeqNb":
		s.name.number = text
	case "LglSeqNb":
		s.legal = text
	case "StmtPgntn/PgNb", "RptPgntn/PgNb", "NtfctnPgntn/PgNb":
		s.name.page = text
	case "StmtPgntn/LastPgInd":
		s.more = text == "false" || text == "0"
	case "CreDtTm":
		s.name.created = text
	case "FrToDt/FrDtTm", "FrToDt/FrDt":
		s.from = camtDay(text)
	case "FrToDt/ToDtTm", "FrToDt/ToDt":
		s.to = camtDay(text)
	case "CpyDplctInd":
		s.copied = text
	case "Acct/Id/IBAN", "Acct/Id/Othr/Id":
		s.name.account = strings.ReplaceAll(text, " ", "")
	case "Acct/Ccy":
		s.currency = text
	case "TxsSummry/TtlNtries/NbOfNtries":
		s.stated[0].n = text
	case "TxsSummry/TtlNtries/Sum":
		s.stated[0].money = text
	case "TxsSummry/TtlCdtNtries/NbOfNtries":
		s.stated[1].n = text
	case "TxsSummry/TtlCdtNtries/Sum":
		s.stated[1].money = text
	case "TxsSummry/TtlDbtNtries/NbOfNtries":
		s.stated[2].n = text
	case "TxsSummry/TtlDbtNtries/Sum":
		s.stated[2].money = text
	}
}

// take keeps a balance that counts: available, forward and informative ones do not.
func (s *camtStatement) take(b camtBalance) {
	const intermediate = "INTM"
	switch code := b.code; {
	case code == "ITBD", b.part == intermediate && (code == "OPBD" || code == "CLBD"):
		if s.turns[0].line == 0 {
			s.turns[0] = b
		}
		s.turns[1] = b
	case code == "OPBD" && s.opening.line == 0:
		s.opening = b
	case code == "PRCD" && s.before.line == 0:
		s.before = b
	case code == "CLBD":
		s.closing = b
	}
}

// count adds an entry up for the comparison with the summary.
func (s *camtStatement) count(money recon.Minor, booked bool) {
	side := 1
	if money < 0 {
		side, money = 2, -money
	}
	for _, i := range []int{0, side} {
		s.all[i].count++
		s.all[i].sum += money
		if booked {
			s.booked[i].count++
			s.booked[i].sum += money
		}
	}
}

// page takes the balances of the statement, wherever they are in it, and returns how it is a page of one.
func (d *camtDecoder) page() camtPage {
	s, p := &d.s, camtPage{name: d.s.name, more: d.s.more}
	opening, closing, first, last := cmp.Or(s.opening, s.before), s.closing, s.turns[0], s.turns[1]
	if p.begins = opening.line == 0 && first.line > 0 && (first != last || closing.line > 0); p.begins {
		opening = first
	}
	if closing.line == 0 && opening.line > 0 && (!p.begins || first != last) {
		closing, p.ends = last, last.line > 0
	}
	p.ends = p.ends || s.more
	d.at.Currency = cmp.Or(d.at.Currency, opening.money.currency, closing.money.currency)
	if d.at.Opening = d.money(opening); d.at.Opening.Set && !d.at.From.Set() {
		d.at.From = opening.day
	}
	if d.at.Closing = d.money(closing); d.at.Closing.Set && closing.day.Set() {
		d.at.To = closing.day
	}
	return p
}

// money reads a balance of the statement. One that cannot be read, or is in another currency, is a fault.
func (d *camtDecoder) money(b camtBalance) recon.NullMinor {
	if b.line == 0 {
		return recon.NullMinor{}
	}
	n, err := b.money.minor(b.sign)
	if err == nil && b.money.currency != d.at.Currency {
		err = fmt.Errorf("it is in %s, the account in %s", quoteCut(b.money.currency), d.at.Currency)
	}
	if err != nil {
		d.at.fault("has a balance (%s) on line %d that does not count: %v", b.code, b.line, err)
		return recon.NullMinor{}
	}
	return recon.NullMinor{Amount: n, Set: true}
}

// join makes a page that goes on with the one before it a part of the same statement. Others begin one.
func (d *camtDecoder) join(p *camtPage) {
	number, _ := strconv.Atoi(p.name.page)
	if before := len(d.done) - 2; d.before.ends {
		s := &d.done[before]
		same := s.Account == d.at.Account && s.Currency == d.at.Currency
		if same && (p.begins || d.before.more && d.before.name.number == p.name.number) {
			if last, err := strconv.Atoi(d.before.name.page); err == nil && number > 0 && number != last+1 {
				s.fault("goes on with page %d on line %d behind page %d", number, d.at.Line, last)
			}
			s.append(d.at)
			d.done, d.at = d.done[:before+1], s
			return
		}
		d.at = s
		d.broken()
		d.at = &d.done[before+1]
	}
	if p.begins || number > 1 && d.books {
		d.at.Unproved = unprovedBefore
	}
}

// broken marks the statement at hand, whose next page is not there.
func (d *camtDecoder) broken() {
	if d.before.ends {
		d.at.Unproved = unprovedBehind
	}
}

// append adds the next page of a statement. Some banks give the balances of the whole statement on each page.
func (s *Statement) append(page *Statement) {
	digits := recon.CurrencyScale(s.Currency)
	whole := page.Opening == s.Opening && (page.Closing == s.Closing || !s.Closing.Set)
	if page.Opening.Set && page.Opening != s.Closing && !whole {
		s.fault("goes on with %s on line %d, but the page before ends with %s", page.Opening.Amount.Decimal(digits),
			page.Line, s.Closing.Amount.Decimal(digits))
	}
	moved, err := s.Moved.Add(page.Moved)
	if err != nil {
		s.fault("its movements add up to more than 64 bits")
	}
	s.Moved, s.Entries, s.reversed = moved, s.Entries+page.Entries, s.reversed+page.reversed
	s.To, s.Closing = max(s.To, page.To), page.Closing
	for _, fault := range page.Faults {
		s.fault("%s", fault)
	}
	for _, note := range page.Notes {
		s.note("%s", note)
	}
	s.hold(page.rows, page.digest)
}
