package format

import (
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
	reversed                 recon.Minor
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
