//go:build unit || !integration

package mapping

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"matcher/internal/recon"
)

// statement is a random file of an account, and what it holds.
type statement struct {
	text     []byte
	books    string // the other side, where references are shared
	truth    []moved
	proof    bool // a balance or shared references are there
	describe string
	hopeless bool // nothing shows that its plus is money out, or that its one word means it
}

// moved is a movement of money as it truly was.
type moved struct {
	amount   recon.Minor
	currency string
	day      recon.Day
	pending  bool
}

// layouts are the ways in which a statement gives its amounts their sign.
var layouts = []string{"signed", "turned", "pair", "way words", "new words"}

type names struct{ date, text, reference, amount, out, in, balance, currency, status, way string }

var languages = []names{
	{"Date", "Description", "Reference", "Amount", "Money out", "Money in", "Balance", "Currency", "Status", "Direction"},
	{"Buchungstag", "Verwendungszweck", "Referenz", "Betrag", "Ausgaben", "Einnahmen", "Saldo", "Währung", "Buchungsstatus", "S/H"},
	{"Date opération", "Libellé", "Référence opération", "Montant", "Dépenses", "Recettes", "Solde", "Devise", "Statut", "Sens"},
	{"Fecha", "Concepto", "Referencia", "Importe", "Cargos", "Abonos", "Saldo", "Divisa", "Estado", "Tipo"},
	{"Data", "Descrição", "Referência", "Valor", "Saídas", "Entradas", "Saldo", "Moeda", "Situação", "Natureza"},
	{"Boekdatum", "Omschrijving", "Kenmerk", "Bedrag", "Af", "Bij", "Saldo", "Munt", "Status", "Af Bij"},
	{"Data operacji", "Opis operacji", "Numer referencyjny", "Kwota", "Obciążenia", "Uznania", "Saldo", "Waluta", "Status", "Kierunek"},
	{"Dato", "Tekst", "Referanse", "Beløp", "Ut", "Inn", "Saldo", "Valuta", "Status", "Sign"},
	{"日付", "摘要", "参照番号", "金額", "出金金額", "入金金額", "残高", "通貨", "状態", "入払区分"},
	{"交易日期", "交易摘要", "流水号", "交易金额", "支出金额", "收入金额", "余额", "币种", "交易状态", "收/支"},
}

var knownWays = [][2]string{{"out", "in"}, {"Expense", "Income"}, {"Db", "Cr"}, {"Soll", "Haben"}, {"Dare", "Avere"}, {"支出", "收入"}, {"Af", "Bij"}}

// line is a row of a statement.
type line struct {
	moved
	reference, text, status string
	balance                 recon.Minor
	void                    bool
}

// draw makes a random statement.
func draw(r *rand.Rand) statement {
	pick := func(n int) bool { return r.IntN(n) == 0 }
	l := languages[r.IntN(len(languages))]
	layout := layouts[r.IntN(len(layouts))]
	hasBalance, hasBooks, labels := pick(2), pick(2), pick(3)
	newestFirst, statuses, twoCurrencies := pick(3), pick(4), pick(5)
	comma := pick(2)
	ways := knownWays[r.IntN(len(knownWays))]
	if layout == "new words" {
		ways = [2]string{word(r), word(r)}
	}
	n := 3 + r.IntN(18)
	var s statement
	balances := map[string]recon.Minor{"EUR": recon.Minor(r.IntN(1_000_000)), "USD": recon.Minor(r.IntN(1_000_000))}
	opening := balances["EUR"]
	var rows []line
	for i := range n {
		row := line{reference: fmt.Sprintf("TX%05d", 100*i+r.IntN(90)), text: "entry " + word(r), status: "booked"}
		row.amount = recon.Minor(1 + r.IntN(500_000))
		if pick(2) {
			row.amount = -row.amount
		}
		row.currency = "EUR"
		if twoCurrencies && pick(3) {
			row.currency = "USD"
		}
		row.day = recon.DayOf(time.Date(2026, 3, 1+i+r.IntN(2), 0, 0, 0, 0, time.UTC))
		if statuses && pick(6) {
			row.status, row.pending = "pending", true
		}
		if statuses && pick(8) {
			row.status, row.pending, row.void = "declined", false, true
		}
		if !row.pending && !row.void {
			balances[row.currency] += row.amount
		}
		row.balance = balances[row.currency]
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b line) int { return int(a.day) - int(b.day) })
	balances = map[string]recon.Minor{"EUR": opening, "USD": 77_000}
	for i := range rows {
		if !rows[i].pending && !rows[i].void {
			balances[rows[i].currency] += rows[i].amount
		}
		rows[i].balance = balances[rows[i].currency]
	}
	closing := balances["EUR"]
	if newestFirst {
		slices.Reverse(rows)
	}
	return write(r, &s, page{
		names: l, layout: layout, hasBalance: hasBalance, hasBooks: hasBooks, labels: labels, newestFirst: newestFirst,
		statuses: statuses, twoCurrencies: twoCurrencies, comma: comma, ways: ways, rows: rows, opening: opening, closing: closing,
	})
}

// page is how a statement is written.
type page struct {
	names
	layout                                                                    string
	hasBalance, hasBooks, labels, newestFirst, statuses, twoCurrencies, comma bool
	ways                                                                      [2]string
	rows                                                                      []line
	opening, closing                                                          recon.Minor
}

// write writes a statement in its charset, and the books where they share its references.
func write(r *rand.Rand, s *statement, p page) statement {
	money := func(m recon.Minor) string {
		text := m.Decimal(2)
		if p.comma {
			text = strings.Replace(text, ".", ",", 1)
		}
		return text
	}
	header := []string{p.date, p.text, p.reference, p.currency}
	switch p.layout {
	case "pair":
		header = append(header, p.out, p.in)
	case "signed", "turned":
		header = append(header, p.amount)
	case "way words":
		header = append(header, p.amount, p.way)
	default:
		header = append(header, p.amount, "Bewegung")
	}
	if p.hasBalance {
		header = append(header, p.balance)
	}
	if p.statuses {
		header = append(header, p.status)
	}
	order := r.Perm(len(header))
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	if p.comma {
		w.Comma = ';'
	}
	put := func(cells map[string]string) {
		row := make([]string, len(header))
		for i, at := range order {
			row[i] = cells[header[at]]
		}
		_ = w.Write(row)
	}
	titles := map[string]string{}
	for _, name := range header {
		titles[name] = name
	}
	put(titles)
	labelled := p.labels && !p.twoCurrencies && !p.statuses && (p.layout == "signed" || p.layout == "turned")
	label := func(text string, amount recon.Minor) {
		if p.layout == "turned" {
			amount = -amount
		}
		put(map[string]string{p.date: p.rows[0].day.String(), p.text: text, p.currency: "EUR", p.amount: money(amount)})
	}
	first, last := "Opening balance", "Closing balance"
	firstSum, lastSum := p.opening, p.closing
	if p.newestFirst {
		first, last, firstSum, lastSum = last, first, lastSum, firstSum
	}
	if labelled {
		label(first, firstSum)
	}
	books := "reference,date,amount,currency\n"
	for _, row := range p.rows {
		cells := map[string]string{p.date: row.day.String(), p.text: row.text, p.reference: row.reference, p.currency: row.currency, p.status: row.status}
		size := max(row.amount, -row.amount)
		switch {
		case p.layout == "pair" && row.amount < 0:
			cells[p.out] = money(size)
		case p.layout == "pair":
			cells[p.in] = money(size)
		case p.layout == "signed":
			cells[p.amount] = money(row.amount)
		case p.layout == "turned":
			cells[p.amount] = money(-row.amount)
		default:
			way := header[5]
			cells[p.amount] = money(size)
			if cells[way] = p.ways[1]; row.amount < 0 {
				cells[way] = p.ways[0]
			}
		}
		if p.hasBalance && !row.pending && !row.void {
			cells[p.balance] = money(row.balance)
		}
		put(cells)
		if !row.void {
			s.truth = append(s.truth, row.moved)
			books += fmt.Sprintf("%s,%s,%s,%s\n", row.reference, row.day, row.amount.Decimal(2), row.currency)
		}
	}
	if labelled {
		label(last, lastSum)
	}
	w.Flush()
	if p.hasBooks {
		s.books = books
	}
	oneWord := !slices.ContainsFunc(s.truth, func(m moved) bool { return (m.amount < 0) != (s.truth[0].amount < 0) })
	s.proof = p.hasBalance || p.hasBooks
	s.hopeless = p.layout == "turned" && !s.proof || p.layout == "new words" && oneWord && !s.proof ||
		len(s.truth) < 3 && (p.layout == "turned" || p.layout == "new words")
	s.text = out.Bytes()
	charset := "utf-8"
	for name, e := range map[string]encoding.Encoding{"windows-1252": charmap.Windows1252, "utf-16": unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)} {
		if encoded, err := e.NewEncoder().Bytes(s.text); err == nil && r.IntN(4) == 0 {
			s.text, charset = encoded, name
			break
		}
	}
	s.describe = fmt.Sprintf("%s, balance %v, references %v, labels %v, newest first %v, statuses %v, two currencies %v, %s", p.layout, p.hasBalance,
		p.hasBooks, labelled, p.newestFirst, p.statuses, p.twoCurrencies, charset)
	return *s
}

func word(r *rand.Rand) string {
	text := make([]byte, 4+r.IntN(5))
	for i := range text {
		text[i] = "bcdfghklmnprstvz"[r.IntN(16)]
		if i%2 == 1 {
			text[i] = "aeiou"[r.IntN(5)]
		}
	}
	return strings.ToUpper(string(text[:1])) + string(text[1:])
}

// verdict reads a statement: "right", "asked" or "wrong".
func (s *statement) verdict() (kind, why string) {
	r, err := Open(bytes.NewReader(s.text), "statement.csv", Hints{Side: recon.Right})
	if err != nil {
		return "asked", err.Error()
	}
	var left []*Reader
	if s.books != "" {
		books, err := Open(strings.NewReader(s.books), "books.csv", Hints{Side: recon.Left})
		if err != nil {
			return "asked", err.Error()
		}
		left = append(left, books)
	}
	if _, err = Settle(left, []*Reader{r}); err == nil {
		err = r.Unsettled()
	}
	if err != nil {
		return "asked", err.Error()
	}
	var got []moved
	err = r.Read(&Identities{}, func(row *Row) error {
		if row.Verdict == Fresh {
			got = append(got, moved{row.Tx.Amount, row.Tx.Currency, row.Tx.Date, row.Tx.BookingStatus == recon.Pending})
		}
		return nil
	})
	switch {
	case err != nil:
		return "asked", err.Error()
	case !slices.Equal(got, s.truth):
		return "wrong", fmt.Sprintf("%s: %v, not %v", r.ReadAs(), got, s.truth)
	}
	return "right", ""
}

// TestStatements draws statements with words and columns of many kinds: each comes out right to the cent or as a question,
// never silently wrong. A file of which nothing shows that its signs are turned is what it appears to be.
func TestStatements(t *testing.T) {
	t.Parallel()
	statements := 1_500
	if os.Getenv("MATCHER_NIGHTLY") != "" {
		statements = 10_000
	}
	counts := map[string]int{}
	reasons := map[string]int{}
	for seed := range uint64(statements) {
		s := draw(rand.New(rand.NewPCG(seed, 20261130)))
		if s.hopeless {
			continue
		}
		kind, why := s.verdict()
		if counts[fmt.Sprintf("%s, proof %v", kind, s.proof)]++; kind == "wrong" {
			t.Errorf("seed %d: %s: %s\n%s", seed, s.describe, why, s.text)
			if t.Failed() && counts["wrong, proof true"]+counts["wrong, proof false"] > 5 {
				break
			}
		}
		if kind == "asked" && s.proof {
			reasons[strings.SplitN(s.describe, ",", 2)[0]+": "+why[:min(len(why), 120)]]++
		}
	}
	right, asked := counts["right, proof true"], counts["asked, proof true"]
	t.Logf("%v; with a balance or shared references %d %% right without a question", counts, right*100/max(right+asked, 1))
	for reason, n := range reasons {
		if n > 10 {
			t.Logf("%d × %s", n, reason)
		}
	}
	require.GreaterOrEqual(t, right*100, 90*(right+asked))
}
