package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"matcher/internal/recon"
)

// wayWordsMax is how many words a column that gives the sign may hold.
const wayWordsMax = 12

// openSign is a column of words that may give unsigned amounts their sign, until the other side proves which.
type openSign struct {
	at    int
	words []string // commonest first
}

// signs settles which way the money of each row goes: by the map, by the running balance, by the words of a column or
// the name of two; what only the other side can show stays open.
func (d *detector) signs(m *Mapper) {
	if d.given.Has(recon.FieldDirection) {
		d.balanceColumn(m, m.direction.columns)
		return
	}
	single := m.amount != nil && m.amount.each == nil && len(m.amount.plus) == 0
	var ways []int
	if single && d.given.Signs == "" {
		ways = d.wayColumns(m)
	}
	proof, words := d.balanceColumn(m, ways)
	switch {
	case proof != nil:
		d.applyProof(m, proof, words)
	case single && len(ways) > 0:
		d.directionBy(m, ways)
	case !single:
		d.viewOf(m)
	}
	if single && proof == nil {
		d.liability(m)
		d.feeBeside(m)
		d.netBeside(m)
	}
}

// wayColumns are the columns whose words may give the amounts a sign, the likeliest first: those named like one, then
// those of known words, then those of two words.
func (d *detector) wayColumns(m *Mapper) []int {
	plus, minus := signs(d.texts(m.amount))
	unsigned := plus == 0 || minus == 0
	var named, known, two []int
	rows := 0
	for _, rec := range d.sample {
		if reason, _ := m.aside.reason(rec); reason == "" {
			rows++
		}
	}
	for at := range d.header {
		kind := firstColumn(d.out.Fields[recon.FieldKind]) == d.header[at] && !d.given.Has(recon.FieldKind)
		if d.taken[at] && !kind || d.manyWords(at, wayWordsMax) {
			continue
		}
		words, times := d.wordsIn(at)
		byName := nameRank(d.words[at], recon.FieldDirection) >= 0 // whose values may be codes such as 1 and 2
		if len(words) == 0 || slices.ContainsFunc(words, looksAmount) && directionOf(words[0]) == "" && !byName {
			continue
		}
		filled, ways := 0, map[string]bool{}
		for _, word := range words {
			if filled += times[word]; directionOf(word) != "" {
				ways[directionOf(word)] = true
			}
		}
		switch {
		case byName && (len(ways) > 0 || unsigned && filled >= rows && len(words) > 1):
			named = append(named, at)
		case len(ways) > 1 && filled >= rows && (unsigned || len(ways) == len(words)):
			known = append(known, at)
		case unsigned && len(words) == 2 && filled >= rows && rows > 2 && !slices.ContainsFunc(words, isPlainName):
			two = append(two, at)
		}
	}
	slices.SortStableFunc(two, func(a, b int) int { return d.longestWord(a) - d.longestWord(b) }) // the rest are texts
	return slices.Concat(named, known, two)
}

func (d *detector) longestWord(at int) (longest int) {
	words, _ := d.wordsIn(at)
	for _, word := range words {
		longest = max(longest, len(word))
	}
	return longest
}

// isPlainName reports whether a word is surely something else than a direction: a number, a status, a currency, a text
// of several words.
func isPlainName(word string) bool {
	_, currency := recon.CurrencyDigits(currencyCode(word))
	return len(word) > 30 || statusOf(word) != "" || currency || strings.ContainsAny(word, "0123456789@#") ||
		strings.Count(word, " ") > 1
}

// directionBy takes the column of words that gives unsigned amounts their sign, or leaves it open.
func (d *detector) directionBy(m *Mapper, ways []int) {
	at := ways[0]
	amount := d.header[at]
	if len(m.amount.columns) == 1 {
		amount = d.header[m.amount.columns[0]]
	}
	with, against := d.agreement(m, at)
	_, minus := signs(d.texts(m.amount))
	negative := minus > 0
	switch {
	case negative && with*100 >= (with+against)*95 && with > 0:
		d.taken[at] = true
		d.passOver(at, "it only repeats the signs of "+amount)
		d.note("column %s only repeats the signs of %s, so it is not applied again", d.header[at], amount)
		return
	case negative && against*100 >= (with+against)*95 && against > 0:
		d.taken[at] = true
		d.passOver(at, "it calls the negative amounts of "+amount+" credits")
		d.note("column %s calls the negative amounts of %s credits: the signs of the amounts are kept", d.header[at],
			amount)
		return
	}
	words, rows := d.wordsIn(at)
	var unknown []string
	for _, word := range words {
		if directionOf(word) == "" {
			unknown = append(unknown, word)
		}
	}
	knownRows := len(d.sample)
	for _, word := range unknown {
		knownRows -= rows[word]
	}
	switch {
	case len(unknown) == 0:
		d.use(recon.FieldDirection, at, "its values say money in or out", Named)
	case negative:
		return // amounts have signs of their own
	default:
		d.report.open = &openSign{at, words}
	}
}

// askSign asks which words mean money out, with the rows and sums of each.
func (d *detector) askSign(m *Mapper) {
	open := d.report.open
	if open == nil {
		return
	}
	name := d.header[open.at]
	var in, out []string
	for i, word := range open.words {
		switch directionOf(word) {
		case recon.DirectionIn:
			in = append(in, word)
		case recon.DirectionOut:
			out = append(out, word)
		case "":
			if i == 0 && len(open.words) > 1 {
				in = append(in, word)
			} else {
				out = append(out, word)
			}
		}
	}
	line := func(in, out []string) string {
		text := fmt.Sprintf("direction: {column: %q", name)
		if len(in) > 0 {
			text += ", in: " + quoteYAML(in...)
		}
		if len(out) > 0 {
			text += ", out: " + quoteYAML(out...)
		}
		return text + "}"
	}
	var answers [][2]string
	if len(out) > 0 {
		answers = append(answers, [2]string{listed(out) + " money out", line(in, out)})
	}
	if len(in) > 0 {
		answers = append(answers, [2]string{listed(in) + " money out", line(out, in)})
	}
	answers = append(answers, [2]string{"none: the amounts are as they are", line(open.words, nil)})
	d.ask("direction", fmt.Sprintf("no amount has a sign, and column %q holds %s: which of them is money out?", name,
		d.wordSums(m, open.at, open.words)), answers...)
}

// wordSums writes words of a column with their rows and sums, for people.
func (d *detector) wordSums(m *Mapper, at int, words []string) string {
	_, rows := d.wordsIn(at)
	parts := make([]string, len(words))
	for i, word := range words {
		parts[i] = fmt.Sprintf("%q (%s, %s)", word, rowsText(rows[word]), d.sumWhere(m, at, word))
	}
	return strings.Join(parts, " and ")
}

func listed(words []string) string {
	if len(words) == 1 {
		return fmt.Sprintf("%q is", words[0])
	}
	list := quoteYAML(words...)
	return list[1:len(list)-1] + " are"
}

func rowsText(n int) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// sumWhere adds up the amounts of the sample's rows that have a word in a column, for people.
func (d *detector) sumWhere(m *Mapper, at int, word string) string {
	total := sums{}
	for _, rec := range d.sample {
		if column(rec, at) != word {
			continue
		}
		tx, wrong := m.Map(rec)
		if len(wrong) > 0 {
			continue
		}
		total.add(tx.Currency, tx.Amount)
	}
	return total.String()
}

// agreement counts the rows whose sign agrees with their word, negative being money out, and those where it does not.
func (d *detector) agreement(m *Mapper, mark int) (with, against int) {
	for _, rec := range d.sample {
		way := directionOf(column(rec, mark))
		plus, minus := signs([]string{m.amount.text(rec)})
		if way == "" || way == recon.DirectionNeutral || plus+minus == 0 {
			continue
		}
		if (way == recon.DirectionOut) == (minus > 0) {
			with++
		} else {
			against++
		}
	}
	return with, against
}

// accounting are the words of two columns that mean the two sides of an account: which of them is money to us depends
// on whose account it is. All other pairs name the way.
var accounting = terms["accounting"]

// viewOf decides what columns named debit and credit mean, where nothing proves it: in books a debit of cash is money
// to us, on a statement a credit is.
func (d *detector) viewOf(m *Mapper) {
	if d.given.Negate || m.amount != nil {
		return
	}
	byName := false
	for _, field := range []string{recon.FieldDebit, recon.FieldCredit} {
		for _, name := range d.out.Fields[field].Columns {
			byName = byName || slices.ContainsFunc(nameWords(name),
				func(w string) bool { return slices.Contains(accounting, w) })
		}
	}
	view := d.given.View
	if view == "" && byName && d.side == recon.Left && !d.given.Has(recon.FieldDebit) &&
		!d.given.Has(recon.FieldCredit) {
		view = recon.ViewBooks
	}
	d.out.View = ""
	if byName || view != "" {
		d.report.Choices = append(d.report.Choices, Choice{
			Field: "view", Value: cmp.Or(view, recon.ViewStatement), Evidence: Named,
			Why: "debit and credit mean one thing in books and the other on a statement",
		})
	}
	if view == recon.ViewBooks {
		d.out.Negate = true
		why := "in books a debit of cash is money to us; on a statement a credit is"
		d.report.Choices = append(d.report.Choices, Choice{Field: "negate", Value: "true", Why: why, Evidence: Named})
		d.report.convention = d.given.View == ""
	}
	d.report.convention = d.report.convention || byName && d.given.View == ""
}

// applyProof reads the signs as the running balance shows them.
func (d *detector) applyProof(m *Mapper, p *balanceProof, words int) {
	why := p.String()
	d.report.Proof = why
	d.report.signProved = true
	if p.fee != 0 {
		d.withFee(m, p.fee, why)
	}
	switch {
	case m.amount == nil:
		d.applyPair(m, p, why)
	case words < 0 && p.signs[""] < 0:
		d.out.Negate = !d.out.Negate
		d.report.Choices = append(d.report.Choices, Choice{
			Field: "negate", Value: strconv.FormatBool(d.out.Negate), Why: why, Evidence: Proved,
		})
	case words >= 0:
		d.applyWords(p, words, why)
	}
}

// applyWords reads the words of a column as the running balance shows them. A word of which no row moved it, such as
// that of the first row, has its usual meaning or none.
func (d *detector) applyWords(p *balanceProof, at int, why string) {
	values, asWritten := map[string]string{}, true
	all, _ := d.wordsIn(at)
	for _, word := range all {
		sign, shown := p.signs[word]
		way := map[int]string{1: recon.DirectionIn, -1: recon.DirectionOut, 0: recon.DirectionNeutral}[sign]
		if !shown {
			way = directionOf(word)
		}
		if way == "" {
			d.report.open, d.report.signProved = &openSign{at, all}, false
			return
		}
		values[word] = way
		asWritten = asWritten && way == recon.DirectionIn
	}
	if asWritten {
		return
	}
	d.use(recon.FieldDirection, at, why, Proved)
	field := d.out.Fields[recon.FieldDirection]
	field.Values = values
	d.out.Fields[recon.FieldDirection] = field
}

// applyPair turns two columns round where the balance grows by what is called a debit.
func (d *detector) applyPair(m *Mapper, p *balanceProof, why string) {
	turned, straight := 0, 0
	for _, part := range []struct {
		s     *source
		word  string
		usual int
	}{{m.debit, recon.FieldDebit, -1}, {m.credit, recon.FieldCredit, 1}} {
		sign, seen := p.signs[part.word]
		if !seen || part.s == nil {
			continue
		}
		if part.s.negate {
			sign = -sign
		}
		if sign == part.usual {
			straight++
		} else {
			turned++
		}
	}
	if turned > 0 && straight > 0 {
		d.report.signProved = false
		d.viewOf(m)
		return
	}
	d.out.View = ""
	d.out.Negate = turned > 0
	if turned > 0 {
		d.report.Choices = append(d.report.Choices, Choice{Field: "negate", Value: "true", Why: why, Evidence: Proved})
	}
}

// balanceColumn finds the running balance of the file and what it proves, by the words of which column (-1: none).
func (d *detector) balanceColumn(m *Mapper, ways []int) (proof *balanceProof, words int) {
	disagrees := ""
	fee := d.feeColumn(m)
	candidates := append([]int{-1}, ways...)
	if plus, minus := signs(d.texts(m.amount)); plus == 0 || minus == 0 { // of one sign, so the words give it
		candidates = append(slices.Clone(ways), -1)
	}
	for _, at := range d.balanceColumns() {
		balance := &source{
			name: recon.FieldBalance, columns: []int{at}, decimal: decimalByte(d.out.Decimal),
			blank: isBlank,
		}
		for _, words := range candidates {
			p := proveBalance(d.movements(m, balance, words, fee))
			if p.proves() && (words >= 0 || len(ways) == 0 || p.signs[""] != 0) {
				d.use(recon.FieldBalance, at, p.String(), Proved)
				if len(p.misses) > 0 {
					d.note(notFollowing, d.header[at], lines(p.misses, len(p.misses)))
				}
				return p, words
			}
			if p != nil && len(ways) == 0 && p.signs[""] < 0 && p.ties*2 > p.moves && d.mayAskSign() {
				d.report.openCard = fmt.Sprintf("column %q falls where amounts are above zero", d.header[at])
			}
			if p != nil && p.moves >= balanceTransitionsMin && disagrees == "" {
				disagrees = fmt.Sprintf("column %s is named like a balance and does not follow from the amounts: "+
					"it ties on "+
					"%d of %d rows", d.header[at], p.ties, p.moves)
			}
		}
	}
	if disagrees != "" {
		d.note("%s", disagrees)
	}
	return nil, -1
}

const notFollowing = "column %s does not follow from the amounts on %s"

// balanceColumns are the columns of amounts that are named like a balance.
func (d *detector) balanceColumns() []int {
	if given := d.given.Fields[recon.FieldBalance]; len(given.Columns) == 1 {
		return []int{columnAt(d.header, given.Columns[0])}
	}
	var found []int
	for at := range d.header {
		if !d.taken[at] && d.namedBalance(at) && mostlyAmounts(d.values(at)) {
			found = append(found, at)
		}
	}
	return found
}

func (d *detector) namedBalance(at int) bool {
	if nameRank(d.words[at], recon.FieldBalance) >= 0 {
		return true
	}
	name := strings.Join(d.words[at], " ")
	return slices.ContainsFunc(synonyms[recon.FieldBalance], func(s string) bool { return strings.Contains(name, s) })
}

const linesShown = 3

// lines names the first lines of so many.
func lines(first []int, of int) string {
	parts := make([]string, 0, linesShown)
	for _, line := range first[:min(len(first), linesShown)] {
		parts = append(parts, strconv.Itoa(line))
	}
	text := "line " + strings.Join(parts, ", ")
	if of > linesShown {
		text += fmt.Sprintf(" and %d more", of-linesShown)
	}
	return text
}
