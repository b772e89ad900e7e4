package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"matcher/internal/recon"
)

// How much a running balance must show before it proves anything.
const (
	balanceTransitionsMin = 3
	balancePercentMin     = 95
	balanceDigitsMax      = 10 // decimals that are compared
)

// movement is a row of the sample as a running balance sees it. Amounts are as written, all with the same number of
// decimals.
type movement struct {
	line        int
	amount, fee recon.Minor
	moved       bool // it has an amount
	balance     recon.NullMinor
	account     string // rows of one account and currency have one balance
	at          time.Time
	word        string // which may mean in or out; "debit" and "credit" where those are columns
}

// balanceProof is what a running balance shows.
type balanceProof struct {
	signs       map[string]int // by word: 1, −1, or 0 for rows that move nothing
	fee         int            // 1: the fee is taken off on top of the amount; −1: it is written as negative and added
	ties, moves int            // of so many transitions
	misses      []int          // lines whose balance does not follow from the one before
	byDate      bool           // rows are not in the order of their balances
}

// proves reports whether enough transitions tie.
func (p *balanceProof) proves() bool {
	return p != nil && p.moves >= balanceTransitionsMin && p.ties*100 >= p.moves*balancePercentMin
}

func (p *balanceProof) String() string {
	text := fmt.Sprintf("the running balance ties on %d of %d rows", p.ties, p.moves)
	if len(p.misses) > 0 {
		text += fmt.Sprintf(", not on line %d", p.misses[0])
	}
	return text
}

// proveBalance finds the order of rows and the sign of each word under which the running balance ties. It proves
// nothing where two orders tie and give different signs, unless dates decide between them.
func proveBalance(rows []movement) *balanceProof {
	var best *balanceProof
	ambiguous := false
	for _, order := range balanceOrders(rows) {
		for _, fee := range []int{0, 1, -1} {
			p := tieBalance(order.rows, fee)
			p.byDate = order.byDate
			switch {
			case best == nil || p.ties*best.moves > best.ties*p.moves:
				best, ambiguous = p, false
			case p.ties*best.moves == best.ties*p.moves && !maps.Equal(p.signs, best.signs):
				ambiguous = true
			}
		}
	}
	if ambiguous || !distinctAmounts(rows) {
		return nil
	}
	return best
}

type balanceOrder struct {
	rows   []movement
	byDate bool
}

// balanceOrders are the orders in which rows may have been booked: as in the file, the last first, or by date. Where
// the dates of a file rise or fall, only that order is possible.
func balanceOrders(rows []movement) []balanceOrder {
	reversed := slices.Clone(rows)
	slices.Reverse(reversed)
	early := func(a, b movement) int { return a.at.Compare(b.at) }
	rises, falls := slices.IsSortedFunc(rows, early), slices.IsSortedFunc(reversed, early)
	switch {
	case rises && !falls:
		return []balanceOrder{{rows: rows}}
	case falls && !rises:
		return []balanceOrder{{rows: reversed}}
	case rises:
		return []balanceOrder{{rows: rows}, {rows: reversed}}
	}
	byDate, byDateReversed := slices.Clone(rows), slices.Clone(reversed)
	slices.SortStableFunc(byDate, early)
	slices.SortStableFunc(byDateReversed, early)
	return []balanceOrder{{rows: rows}, {rows: reversed}, {byDate, true}, {byDateReversed, true}}
}

// tieBalance counts the transitions of one order that tie when each word has its commonest sign.
func tieBalance(rows []movement, fee int) *balanceProof {
	p := &balanceProof{signs: map[string]int{}, fee: fee}
	before := map[string]recon.Minor{}
	votes := map[string]*[4][]int{} // lines, by sign + 1; the last are those of no sign
	var first []*movement           // of each account: what came before the file is not known
	for i := range rows {
		m := &rows[i]
		last, known := before[m.account]
		if !m.balance.Set {
			continue
		}
		before[m.account] = m.balance.Amount
		if !known && m.moved {
			first = append(first, m)
		}
		if !m.moved || !known {
			continue
		}
		if votes[m.word] == nil {
			votes[m.word] = &[4][]int{}
		}
		sign := m.signOf(m.balance.Amount-last, fee)
		votes[m.word][sign+1] = append(votes[m.word][sign+1], m.line)
	}
	for word, lines := range votes {
		sign := 1
		for _, s := range []int{-1, 0} {
			if len(lines[s+1]) > len(lines[sign+1]) {
				sign = s
			}
		}
		p.signs[word] = sign
		for s, missed := range lines {
			if p.moves += len(missed); s == sign+1 {
				p.ties += len(missed)
			} else {
				p.misses = append(p.misses, missed...)
			}
		}
	}
	for _, m := range first { // it may be nothing, which then agrees with what the other rows show
		if sign, shown := p.signs[m.word]; shown && sign != 0 && m.signOf(m.balance.Amount, fee) == sign {
			p.moves++
			p.ties++
		}
	}
	slices.Sort(p.misses)
	return p
}

// noSign is the vote of a row whose balance does not follow from the one before.
const noSign = 2

func (m *movement) signOf(change recon.Minor, fee int) int {
	cost := m.fee * recon.Minor(fee)
	switch change {
	case m.amount - cost:
		return 1
	case -m.amount - cost:
		return -1
	case 0:
		return 0
	}
	return noSign
}

// distinctAmounts reports whether rows have two amounts at least: equal ones tie both ways round.
func distinctAmounts(rows []movement) bool {
	first := recon.NullMinor{}
	for i := range rows {
		switch size := max(rows[i].amount, -rows[i].amount); {
		case !rows[i].moved || size == 0:
		case !first.Set:
			first = recon.NullMinor{Amount: size, Set: true}
		case first.Amount != size:
			return true
		}
	}
	return false
}

// movements reads the sample as a running balance sees it: with the amounts of the map, the words of a column (-1: no
// words) and a fee column (-1: none).
func (d *detector) movements(m *Mapper, balance *source, words, fee int) []movement {
	sources := []*source{m.amount, m.debit, m.credit, balance}
	digits := d.decimals(m, sources, fee)
	var rows []movement
	for _, rec := range d.sample {
		if d.voided(m, rec) {
			continue
		}
		row := movement{line: rec.Line, account: m.currency.word(rec) + "|" + m.account.text(rec)}
		day, instant, err := readDay(m.date, rec)
		if row.at = instant; err == nil && instant.IsZero() {
			row.at = day.Time()
		}
		read := func(s *source, text string) (recon.Minor, bool) {
			a, err := readAmount(text, s.decimal)
			if err != nil {
				return 0, false
			}
			minor, err := recon.ParseMinor(a.plain, digits)
			if a.negative {
				minor = -minor
			}
			return minor, err == nil
		}
		for _, part := range []struct {
			s    *source
			word string
		}{{m.amount, ""}, {m.debit, recon.FieldDebit}, {m.credit, recon.FieldCredit}} {
			text := part.s.text(rec)
			if text == "" {
				continue
			}
			if amount, ok := read(part.s, text); ok && (amount != 0 || part.word == "") {
				row.amount, row.word, row.moved = amount, part.word, true
			}
		}
		if words >= 0 {
			row.word = column(rec, words)
		}
		if fee >= 0 {
			row.fee, _ = read(m.amount, column(rec, fee))
		}
		if text := balance.text(rec); text != "" {
			row.balance.Amount, row.balance.Set = read(balance, text)
		}
		if reason, _ := m.aside.reason(rec); reason != "" {
			row.moved = false // a carry or a total, whose balance is still one
		}
		rows = append(rows, row)
	}
	return rows
}

// readDay reads the booking date of a row.
func readDay(s *source, rec recon.Record) (recon.Day, time.Time, error) {
	return s.dates.parse(s.text(rec))
}

// decimals is the most decimals that amounts and balances of the sample have.
func (d *detector) decimals(m *Mapper, sources []*source, fee int) int {
	most := 0
	count := func(text string, decimal byte) {
		if a, err := readAmount(text, decimal); err == nil {
			_, fraction, _ := strings.Cut(a.plain, ".")
			most = max(most, len(strings.TrimRight(fraction, "0")))
		}
	}
	for _, rec := range d.sample {
		for _, s := range sources {
			if s != nil {
				count(s.text(rec), s.decimal)
			}
		}
		if fee >= 0 && m.amount != nil {
			count(column(rec, fee), m.amount.decimal)
		}
	}
	return min(most, balanceDigitsMax)
}

// voided reports whether a row is no movement by its own words, or one that no balance counts yet.
func (d *detector) voided(m *Mapper, rec recon.Record) bool {
	status := statusOf(m.status.word(rec))
	return status == recon.Void || status == recon.Pending
}

// manyWords reports whether a column of the sample has more distinct texts than so many.
func (d *detector) manyWords(at, most int) bool {
	seen := map[string]bool{"": true}
	return slices.ContainsFunc(d.sample, func(rec recon.Record) bool {
		seen[column(rec, at)] = true
		return len(seen) > most+1
	})
}

// wordsIn are the distinct texts of a column in the sample with the number of rows of each, commonest first.
func (d *detector) wordsIn(at int) (words []string, rows map[string]int) {
	rows = map[string]int{}
	for _, rec := range d.sample {
		if text := column(rec, at); text != "" {
			rows[text]++
		}
	}
	words = slices.SortedFunc(maps.Keys(rows), func(a, b string) int {
		return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b))
	})
	return words, rows
}
