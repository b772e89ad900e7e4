package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// cardWords are words of column names that only the statement of a card, or of another account that is owed on, has.
var cardWords = terms["card"]

// acquirer are words that make the name of a column one of a shop's own statement, which pays for card sales.
var acquirer = terms["acquirer"]

var maskedNumber = regexp.MustCompile(`[*xX•·]{3,}[ -]?[0-9]{3,5}$`)

// liability leaves the sign of a card's statement open where nothing proves it: its plus may be spending.
func (d *detector) liability(m *Mapper) {
	if !d.mayAskSign() || d.report.openCard != "" || d.out.Has(recon.FieldDirection) || d.report.open != nil ||
		d.out.Has(recon.FieldNet) || d.out.Has(recon.FieldGross) {
		return
	}
	sign := ""
	for at, words := range d.words {
		has := func(list []string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(list, w) })
		}
		name := strings.Join(words, " ")
		if has(cardWords) && !has(acquirer) || name == "merchant" || name == "merchant name" ||
			name == "merchant category" {
			sign = fmt.Sprintf("it has a column %q", d.header[at])
			break
		}
		if !d.taken[at] && share(d.values(at), 80, maskedNumber.MatchString) {
			sign = fmt.Sprintf("column %q holds masked card numbers", d.header[at])
			break
		}
	}
	if sign == "" {
		sign = d.paidBack(m)
	}
	if sign == "" {
		return
	}
	d.report.openCard = sign
}

// mayAskSign reports whether neither a map nor the caller states which way the amounts go.
func (d *detector) mayAskSign() bool {
	return !d.given.Has(recon.FieldAmount) && !d.given.Negate && d.given.Signs == "" && !d.signStated
}

// paidWords are what the rows that lower a debt are called.
var paidWords = terms["paid back"]

// paidBack returns what shows that minus lowers a debt: most rows below zero are called payments or refunds, and hardly
// any above it.
func (d *detector) paidBack(m *Mapper) string {
	for at := range d.header {
		if d.taken[at] && firstColumn(d.out.Fields[recon.FieldDescription]) != d.header[at] {
			continue
		}
		var rows, paid [2]int
		for _, rec := range d.sample {
			plus, minus := signs([]string{m.amount.text(rec)})
			if plus+minus == 0 {
				continue
			}
			rows[minus]++
			text := foldWord(column(rec, at))
			if slices.ContainsFunc(paidWords, func(w string) bool { return strings.Contains(text, w) }) {
				paid[minus]++
			}
		}
		if paid[1]*2 >= rows[1] && paid[1] > 0 && rows[0] > 0 && paid[0]*10 <= rows[0] {
			return fmt.Sprintf("column %q calls %s below zero payments or refunds", d.header[at], rowsText(paid[1]))
		}
	}
	return ""
}

// askCard asks which way the amounts of a card's statement go.
func (d *detector) askCard(m *Mapper) {
	if d.report.openCard == "" {
		return
	}
	plus, minus := sums{}, sums{}
	rows := map[bool]int{}
	for _, rec := range d.sample {
		tx, wrong := m.Map(rec)
		if len(wrong) > 0 || tx.Amount == 0 {
			continue
		}
		total := plus
		if rows[tx.Amount < 0]++; tx.Amount < 0 {
			total = minus
		}
		total.add(tx.Currency, tx.Amount)
	}
	d.ask("sign",
		fmt.Sprintf("this may be the statement of a card or a debt (%s): %s (%s) above zero and %s (%s) below, "+
			"and nothing "+
			"proves whether plus is money in or spending", d.report.openCard, rowsText(rows[false]),
			plus,
			rowsText(rows[true]), minus),
		[2]string{"plus is money in", "signs: asWritten"},
		[2]string{"plus is spending", "negate: true"})
}

// cardBy settles the sign of a card's statement by rows that share a reference with the other side. Amounts may differ
// by a fee; to turn the file round they must be the same, or of both signs.
func (r *Reader) cardBy(index map[string]*Known) {
	same, opposite, exact, minus := 0, 0, 0, 0
	for _, p := range r.pairs(index) {
		if p.tx.Amount < 0 {
			minus++
		}
		if p.tx.Amount.Abs() == p.other.Amount.Abs() {
			exact++
		}
		if (p.tx.Amount < 0) == (p.other.Amount < 0) {
			same++
		} else {
			opposite++
		}
	}
	all := same + opposite
	if all < wordPairsMin || same*opposite > 0 || opposite > exact && (minus == 0 || minus == all) {
		return
	}
	r.Detection.openCard = ""
	if opposite > 0 {
		r.fields.Negate = !r.fields.Negate
		_ = r.compile()
		r.Detection.choose("negate", nil,
			fmt.Sprintf("%d rows share a reference with the other side and have the opposite "+
				"sign there", opposite), Proved)
	}
}
