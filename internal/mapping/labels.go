package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"matcher/internal/recon"
)

// labelled is a row of the sample whose text names a balance or a total and which has all that a movement has.
type labelled struct {
	index      int // in the sample
	line       int
	text, kind string
	amount     recon.Minor
	currency   string
}

// labelRows finds rows that look like movements and name a balance or a total. Those that add up with the rows around
// them are set aside; a balance that does not is a question, since both readings are possible.
func (d *detector) labelRows(m *Mapper) {
	var found []labelled
	sums := make([]recon.Total, len(d.sample)+1) // of the movements before each row
	for i, rec := range d.sample {
		sums[i+1] = sums[i]
		if reason, _ := m.aside.reason(rec); reason != "" {
			continue
		}
		tx, wrong := m.Map(rec)
		if len(wrong) > 0 {
			continue
		}
		if text, kind := m.aside.label(rec); kind != "" && !slices.Contains(m.aside.isMoney, foldWord(text)) {
			found = append(found, labelled{i, rec.Line, text, kind, tx.Amount, tx.Currency})
			continue
		}
		sums[i+1].Add(tx.Amount)
	}
	if len(found) == 0 {
		return
	}
	proved := proveLabels(found, sums)
	asked := map[string]bool{}
	for i, l := range found {
		switch folded := foldWord(l.text); {
		case slices.Contains(d.out.Balances, l.text) || asked[folded]:
		case proved[i]:
			d.out.Balances = append(d.out.Balances, l.text)
			d.report.Choices = append(d.report.Choices, Choice{
				Field: "balances", Value: l.text, Evidence: Proved,
				Why: fmt.Sprintf("the %s on line %d is what the rows around it add up to", l.kind, l.line),
			})
		case l.kind == labelBalance:
			asked[folded] = true
			var rows []labelled
			for _, other := range found {
				if foldWord(other.text) == folded {
					rows = append(rows, other)
				}
			}
			d.askLabel(l.text, rows)
		}
	}
}

// totalledMin is how many rows a total at the end of a file is of, where it is the only one: small sums come by chance.
const totalledMin = 3

// noteSums notes amounts that are what the rows above them add up to, where no text names a total and no running
// balance shows that they moved. A sum of one row is one where it has a text of a sum of several.
func (d *detector) noteSums(m *Mapper) {
	if d.out.Has(recon.FieldBalance) {
		return
	}
	var found []int // lines
	var records []recon.Record
	var money []recon.Transaction
	for _, rec := range d.sample {
		if tx, wrong := m.Map(rec); len(wrong) == 0 {
			records, money = append(records, rec), append(money, tx)
		}
	}
	rest, most := 0, 0
	names := map[string]bool{}
	for range 2 {
		var since recon.Total
		rows, currency := 0, ""
		found = nil
		for i, rec := range records {
			tx := &money[i]
			if tx.Currency != currency {
				since, rows, currency = recon.Total{}, 0, tx.Currency
			}
			named := func(at int) bool { return names[column(rec, at)] }
			if sum, err := since.Minor(); err == nil && sum == tx.Amount && sum != 0 &&
				(rows > 1 || rows == 1 && slices.ContainsFunc(m.aside.texts, named)) {
				found, most = append(found, rec.Line), max(most, rows)
				since, rows = recon.Total{}, 0
				for _, at := range m.aside.texts {
					names[column(rec, at)] = column(rec, at) != ""
				}
				continue
			}
			since.Add(tx.Amount)
			rows++
		}
		rest = rows
	}
	d.noteSumAbove(money)
	if rest == 0 && (len(found) > 1 || most >= totalledMin) {
		d.note("the amount on %s is what the rows above add up to, and it counts: if it is a total, name its text "+
			"under balances", lines(found, len(found)))
	}
}

// noteSumAbove notes a first row whose amount is that of all rows below it: a payout above its lines.
func (d *detector) noteSumAbove(money []recon.Transaction) {
	if len(money) <= totalledMin {
		return
	}
	first := &money[0]
	var below recon.Total
	for i := range money[1:] {
		if money[i+1].Currency != first.Currency {
			return
		}
		below.Add(money[i+1].Amount)
	}
	if sum, err := below.Minor(); err == nil && sum == first.Amount && sum != 0 {
		d.note("the amount on line %d is what all rows below add up to, and it counts: if it is a total, name its "+
			"text under balances, or leave it out by skip: {first: 1}", first.Line)
	}
}

func (d *detector) askLabel(text string, rows []labelled) {
	total := sums{}
	for _, l := range rows {
		total.add(l.currency, l.amount)
	}
	d.ask("balances."+foldWord(text),
		fmt.Sprintf("%s (%s, the first on line %d) named %q: balances, or money that moved?",
			rowsText(len(rows)), total, rows[0].line, text),
		[2]string{"balances: they are set aside", "balances: " + quoteYAML(text)},
		[2]string{"money that moved", "money: " + quoteYAML(text)})
}

// proveLabels reports which rows are what the movements around them add up to: a balance the one before it and the
// movements since, a total the movements since the one before it or since the beginning.
func proveLabels(found []labelled, sums []recon.Total) []bool {
	proved := make([]bool, len(found))
	between := func(from, to int) recon.Minor {
		sum := sums[to]
		sum.Subtract(sums[from])
		amount, err := sum.Minor()
		if err != nil {
			return 0
		}
		return amount
	}
	for i, l := range found {
		for j := range i {
			before := found[j]
			moved := between(before.index, l.index)
			if moved != 0 && before.amount+moved == l.amount {
				proved[i], proved[j] = true, true
			}
			if moved != 0 && l.amount == moved {
				proved[i] = true
			}
		}
		if moved := between(0, l.index); moved != 0 && moved == l.amount {
			proved[i] = true
		}
		if after := between(l.index, len(sums)-1); after != 0 && after == l.amount && l.kind == labelTotal {
			proved[i] = true // a total above the rows it is of
		}
	}
	return proved
}

// brokenLabel returns why a row that could not be read as a row of the table is no mistake and no money: it belongs to
// another table, names a balance, or is a line of text between tables.
func brokenLabel(wrong *recon.RowError) string {
	switch wrong.Code {
	case recon.CodeOtherTable:
		return wrong.Reason
	case recon.CodeMalformed:
	default:
		return ""
	}
	values := 0
	for part := range strings.FieldsFuncSeq(wrong.Value, func(r rune) bool {
		return strings.ContainsRune(",;\t|", r)
	}) {
		if kind := labelOf(strings.TrimSpace(part)); kind != "" {
			return fmt.Sprintf("%q names a %s, not a movement of money", strings.TrimSpace(part), kind)
		}
		if part = strings.TrimSpace(part); looksAmount(part) || areDates([]string{part}) {
			values++
		}
	}
	if values == 0 && strings.ContainsFunc(wrong.Value, unicode.IsLetter) {
		return fmt.Sprintf("%.60q is a line of text, with neither a date nor an amount", wrong.Value)
	}
	return ""
}
