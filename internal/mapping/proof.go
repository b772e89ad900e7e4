package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"matcher/internal/recon"
)

// oppositeMax is how many rows may move the running balance against their own sign: more are a way of writing.
const oppositeMax = 2

// proof follows the running balance and the sums of a file, row by row, in its order. What the sample showed must hold
// for the rows after it.
type proof struct {
	column string
	order  balanceWay
	proves bool // the sample shows that the balance follows from the amounts

	accounts map[accountKey]*account
	key      accountKey // of latest
	latest   *account
	gaps     int // rows that could not be read: what follows one does not follow from what came before it

	dated                 []entry // where only the dates show the order
	moves, ties, opposite int
	alike                 int   // rows that have the id of a row above, and count
	alikeLines            []int // the first of them
	missed, turned        []int // the first lines of rows that do not tie, and of those that tie the other way round
}

// balanceWay is an order of the rows of a file, and whether the balance falls where amounts are above zero.
type balanceWay struct{ newestFirst, byDate, turned bool }

type accountKey struct{ currency, account string }

// account is how far one account and currency of a file has come.
type account struct {
	last, passed recon.NullMinor // the balance of the last movement, and of a row since that is none
	named        bool            // the row since names a balance or a total
	amount       recon.Minor     // of the last movement
	line         int
	gaps         int
	moved, since recon.Total // of all movements, and of those since the last total
}

// standing is what the balance of a file is after a row.
type standing struct {
	key     accountKey
	balance recon.NullMinor
}

// entry is a movement with the balance after it.
type entry struct {
	standing
	amount recon.Minor
	line   int
	at     time.Time
	again  bool // the row was there before
}

// newProof looks in the sample for the order of rows and the sign under which the balance follows from the amounts.
func newProof(m *Mapper, header []string, sample []recon.Record) *proof {
	p := &proof{}
	if m.balance == nil || len(m.balance.columns) != 1 {
		return p
	}
	p.column = header[m.balance.columns[0]]
	var rows []Row
	for _, rec := range sample {
		row := Row{Record: rec}
		m.mapRow(&row)
		rows = append(rows, row)
	}
	best := p
	for _, byDate := range []bool{false, true} { // last, since its rows are kept until the end
		for _, newestFirst := range []bool{false, true} {
			for _, turned := range []bool{false, true} {
				tried := &proof{column: p.column, order: balanceWay{newestFirst, byDate, turned}, proves: true}
				for i := range rows {
					tried.follow(&rows[i])
				}
				tried.end()
				if best == p || tried.ties > best.ties {
					best = tried
				}
			}
		}
	}
	if best.moves >= balanceTransitionsMin && distinctEntries(rows) {
		p.order, p.proves = best.order, best.holds()
		p.moves, p.ties, p.missed = best.moves, best.ties, best.missed
	}
	if p.proves {
		p.moves, p.ties, p.missed = 0, 0, nil
	}
	return p
}

func distinctEntries(rows []Row) bool {
	moves := make([]movement, len(rows))
	for i := range rows {
		moves[i] = movement{amount: rows[i].Tx.Amount, moved: len(rows[i].Wrong) == 0}
	}
	return distinctAmounts(moves)
}

func (p *proof) holds() bool { return p.ties*100 >= p.moves*balancePercentMin }

// of returns the account of a row.
func (p *proof) of(key accountKey) *account {
	if p.latest != nil && p.key == key {
		return p.latest
	}
	found := p.accounts[key]
	if found == nil {
		if p.accounts == nil {
			p.accounts = map[accountKey]*account{}
		}
		key = accountKey{strings.Clone(key.currency), strings.Clone(key.account)}
		found = &account{gaps: p.gaps}
		p.accounts[key] = found
	}
	p.key, p.latest = key, found
	return found
}

// settle decides what a row after the sample is whose text names a balance or a total, and which has all that a
// movement has: the balance or the sums show it.
func (p *proof) settle(row *Row) {
	if row.label.kind == "" || row.Verdict == SetAside || len(row.Wrong) > 0 && !row.label.open {
		return
	}
	a, amount := p.of(row.standing.key), row.Tx.Amount
	follows := p.proves && !p.order.newestFirst && !p.order.byDate && a.last.Set && a.gaps == p.gaps &&
		row.standing.balance.Set && amount != 0
	why := ""
	switch change := row.standing.balance.Amount - a.last.Amount; {
	case follows && change == 0:
		why = "the running balance goes on without it"
	case follows && change == p.signed(amount):
		row.Wrong, row.Verdict = nil, Fresh
	case amount != 0 && (isSum(a.moved, amount) || isSum(a.since, amount)):
		why = "it is what the rows above add up to"
	}
	if why != "" {
		row.Verdict, row.Tx = SetAside, recon.Transaction{}
		row.Wrong = []recon.RowError{recon.NewRowError(row.Record.Line, row.Record.Row, "", "", recon.CodeSetAside,
			strconv.Quote(row.label.text)+" names a "+row.label.kind+", and "+why)}
	}
}

// counts reports whether the running balance shows that a row moved it, so that it is none of the rows above once more.
func (p *proof) counts(row *Row) bool {
	if !p.proves || p.order.byDate || len(row.Wrong) > 0 || row.Tx.Amount == 0 || !row.standing.balance.Set {
		return false
	}
	a := p.of(row.standing.key)
	if !a.last.Set || a.gaps != p.gaps {
		return false
	}
	if p.order.newestFirst {
		return a.last.Amount-row.standing.balance.Amount == p.signed(a.amount)
	}
	return row.standing.balance.Amount-a.last.Amount == p.signed(row.Tx.Amount)
}

func isSum(t recon.Total, amount recon.Minor) bool {
	sum, err := t.Minor()
	return err == nil && sum == amount
}

func (p *proof) signed(amount recon.Minor) recon.Minor {
	if p.order.turned {
		return -amount
	}
	return amount
}

// follow takes the next row of the file.
func (p *proof) follow(row *Row) {
	if row.Verdict == Rejected {
		p.gaps++
		return
	}
	if row.alike {
		p.alike, p.alikeLines = p.alike+1, keepLine(p.alikeLines, row.Tx.Line)
	}
	a := p.of(row.standing.key)
	switch {
	case row.Verdict == SetAside:
		if row.label.kind != "" {
			a.since = recon.Total{}
		}
		if row.standing.balance.Set {
			a.passed, a.named = row.standing.balance, row.label.kind != ""
		}
	case row.Tx.BookingStatus == recon.Pending:
	default:
		if row.Verdict != Duplicate {
			a.moved.Add(row.Tx.Amount)
			a.since.Add(row.Tx.Amount)
		}
		if !p.proves || !row.standing.balance.Set {
			return
		}
		s := entry{row.standing, row.Tx.Amount, row.Tx.Line, row.Tx.Time, row.Verdict == Duplicate}
		switch {
		case p.order.byDate:
			if s.key = p.key; s.at.IsZero() {
				s.at = row.Tx.Date.Time()
			}
			p.dated = append(p.dated, s)
		default:
			p.tie(a, &s)
		}
	}
}

// tie counts whether a balance follows from the one before it: where the last row comes first, the amount is that of
// the row above. The first movement of an account follows from the balance that a row above it names.
func (p *proof) tie(a *account, s *entry) {
	backwards := p.order.newestFirst && !p.order.byDate
	if !a.last.Set && a.named && !backwards && !p.order.byDate {
		a.last = a.passed
	}
	before, after, amount, line := a.last.Amount, s.balance.Amount, s.amount, s.line
	if backwards {
		before, after, amount, line = s.balance.Amount, a.last.Amount, a.amount, a.line
	}
	if a.last.Set && a.gaps == p.gaps && !s.again {
		p.count(after-before, p.signed(amount), line, a.passed.Set && p.passes(a, s) == p.signed(amount))
	}
	a.last, a.passed, a.amount, a.line, a.gaps = s.balance, recon.NullMinor{}, s.amount, s.line, p.gaps
	a.named = false
}

// count takes one change of the balance, and the one that the amount on a line wants; it ties as well where it follows
// from a row between.
func (p *proof) count(change, want recon.Minor, line int, between bool) {
	p.moves++
	switch {
	case change == want, between:
		p.ties++
	case change == -want:
		p.opposite++
		p.turned = keepLine(p.turned, line)
		fallthrough
	default:
		p.missed = keepLine(p.missed, line)
	}
}

// opened ties the oldest movements of a file whose last row comes first to the balances that the rows below them name.
func (p *proof) opened() {
	if !p.order.newestFirst || p.order.byDate {
		return
	}
	for _, a := range p.accounts {
		if a.last.Set && a.named && a.gaps == p.gaps {
			p.count(a.last.Amount-a.passed.Amount, p.signed(a.amount), a.line, false)
		}
	}
	slices.Sort(p.missed)
}

// passes is the change of the balance since a row between that is no movement and has a balance of its own.
func (p *proof) passes(a *account, s *entry) recon.Minor {
	if p.order.newestFirst && !p.order.byDate {
		return a.last.Amount - a.passed.Amount
	}
	return s.balance.Amount - a.passed.Amount
}

func keepLine(kept []int, line int) []int {
	if len(kept) < linesShown {
		kept = append(kept, line)
	}
	return kept
}

// end takes what only the end of the file shows: the rows whose order their dates give, and the first balance.
func (p *proof) end() {
	p.opened()
	if p.order.newestFirst {
		slices.Reverse(p.dated)
	}
	slices.SortStableFunc(p.dated, func(a, b entry) int { return a.at.Compare(b.at) })
	for i := range p.dated {
		p.tie(p.of(p.dated[i].key), &p.dated[i])
	}
}

// verdict returns why a file is refused whose balance contradicts how the sample shows that it is read.
func (p *proof) verdict() error {
	p.end()
	switch {
	case !p.proves && p.moves > 0:
		return recon.Unprocessable(recon.CodeBalanceContradicts, fmt.Sprintf("column %s is mapped as the running "+
			"balance and follows from the amounts on only %d of %d rows (not on %s): nothing of the file is read. "+
			"Correct how amount and direction are mapped, or leave balance out of the map", p.column, p.ties, p.moves,
			lines(p.missed, p.moves-p.ties)))
	case p.opposite > oppositeMax:
		return recon.Unprocessable(recon.CodeBalanceContradicts, fmt.Sprintf("column %s moves the other way than the "+
			"amounts of %s (%s): nothing of the file is read. Map the column that gives its amounts their sign as "+
			"direction, with in and out, or correct the file", p.column, rowsText(p.opposite),
			lines(p.turned, p.opposite)))
	case !p.holds():
		return recon.Unprocessable(recon.CodeBalanceContradicts, fmt.Sprintf("column %s follows from the amounts of "+
			"the first %d rows, and on %d of all %d not (%s): nothing of the file is read. Export it again, whole "+
			"and in one order; if the column is no running balance, map every column with detect: off and leave it "+
			"out", p.column, SampleRows, p.moves-p.ties, p.moves, lines(p.missed, p.moves-p.ties)))
	}
	return nil
}

// String is what the balance shows of the whole file.
func (p *proof) String() string {
	text := fmt.Sprintf("the running balance ties on %d of %d rows", p.ties, p.moves)
	if p.ties < p.moves {
		text += ", not on " + lines(p.missed, p.moves-p.ties)
	}
	return text
}
