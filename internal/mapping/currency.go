package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// foreign are words of the name of a column that holds the currency of something else than the amount on the account.
var foreign = terms["foreign currency"]

// currencyColumn takes the column of the amount's currency: the one named after the amount, or the only one that is not
// named after something else. A code in the amount's own name beats any column.
func (d *detector) currencyColumn() {
	d.findCurrency()
	d.mixedSigns()
}

func (d *detector) findCurrency() { //nolint:gocognit // one rule after the other
	if d.out.Has(recon.FieldCurrency) || len(d.out.Fields[recon.FieldAmount].Each) > 0 {
		if at := columnAt(d.header, firstColumn(d.out.Fields[recon.FieldCurrency])); at >= 0 {
			d.unknownAssets(at)
		}
		d.fillCurrency()
		return
	}
	amount := cmp.Or(firstColumn(d.out.Fields[recon.FieldAmount]), firstColumn(d.out.Fields[recon.FieldCredit]),
		firstColumn(d.out.Fields[recon.FieldDebit]))
	type candidate struct{ at, score int }
	var found []candidate
	for at := range d.header {
		values := d.values(at)
		codes := share(values, 90, isCode)
		rank := nameRank(d.words[at], recon.FieldCurrency)
		if d.taken[at] || len(values) == 0 || !codes && (rank < 0 || !share(values, 50, looksCode)) && !d.named(at,
			assetNames) {
			continue
		}
		score := 2 * d.affinity(at, amount)
		if d.foreignName(at, amount) {
			score -= 5
		}
		if codes {
			score += 2
		}
		if rank >= 0 && rank < len(synonyms[recon.FieldCurrency]) {
			score += 2
		}
		found = append(found, candidate{at, score})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	d.currencyInName()
	if d.out.Has(recon.FieldCurrency) {
		for _, c := range found {
			if values := d.values(c.at); c.score > 0 && slices.ContainsFunc(values,
				func(v string) bool { return currencyCode(v) != d.out.Fields[recon.FieldCurrency].Constant }) {
				d.passOver(c.at, "the name of "+amount+" gives the currency")
			}
		}
		return
	}
	if len(found) == 0 {
		d.fromAbove(amount)
		return
	}
	best := found[0]
	if best.score < 0 && d.amountsAre(amount) != "" {
		return // the cells name their currency, and this column is another one's
	}
	if best.score < 0 {
		if !d.same(best.at) {
			d.askCurrency(best.at, amount)
			return
		}
	}
	d.use(recon.FieldCurrency, best.at, "its values are currency codes", Named)
	d.unknownAssets(best.at)
	d.fillCurrency()
	if len(d.problem) == 0 && !d.same(best.at) {
		d.askSettled(best.at, amount)
	}
}

// askSettled asks which amount moved, where the chosen one is in several currencies and another one, of its own
// currency, in one.
func (d *detector) askSettled(currency int, amount string) {
	for at, name := range d.header {
		net := firstColumn(d.out.Fields[recon.FieldNet]) == name
		if !net && (d.taken[at] || nameRank(d.words[at], recon.FieldAmount) < 0 || !areAmounts(d.values(at))) {
			continue
		}
		for other := range d.header {
			if d.taken[other] || !share(d.values(other), 90, isCode) || !d.same(other) || d.affinity(other, name) == 0 {
				continue
			}
			line := func(amount, currency string) string {
				return fmt.Sprintf("{amount: %q, currency: %q}", amount, currency)
			}
			words, _ := d.wordsIn(currency)
			d.ask("amount",
				fmt.Sprintf("%q is in several currencies (%s) and %q is all in %s: which of them moved on this "+
					"account?",
					amount, strings.Join(words[:min(len(words), 5)], ", "), name, d.values(other)[0]),
				[2]string{"the first", line(amount, d.header[currency])}, [2]string{"the second", line(name,
					d.header[other])})
			return
		}
	}
}

// askCurrency asks whether a column named after another amount is the currency of this one.
func (d *detector) askCurrency(at int, amount string) {
	words, rows := d.wordsIn(at)
	parts := make([]string, len(words[:min(len(words), 5)]))
	for i := range parts {
		parts[i] = fmt.Sprintf("%s on %s", words[i], rowsText(rows[words[i]]))
	}
	answers := [][2]string{{"yes", fmt.Sprintf("currency: %q", d.header[at])}}
	for _, word := range words[:len(parts)] {
		if isCode(word) {
			answers = append(answers, [2]string{
				"no: all are in " + currencyCode(word),
				fmt.Sprintf("currency: {constant: %s}", currencyCode(word)),
			})
		}
	}
	d.ask("currency", fmt.Sprintf("column %q holds %s: is it the currency of %q?", d.header[at], strings.Join(parts,
		", "),
		amount), answers...)
}

func (d *detector) same(at int) bool { return distinct(d.values(at)) == 1 }

var assetNames = []string{"asset", "coin", "token", "commodity", "symbol"}

func (d *detector) named(at int, names []string) bool {
	return slices.ContainsFunc(d.words[at], func(w string) bool { return slices.Contains(names, w) }) &&
		share(d.values(at), 90, looksCode)
}

// unknownAssets sets the rows of a currency column aside that are in no currency of ISO 4217, where it holds several.
func (d *detector) unknownAssets(at int) {
	words, rows := d.wordsIn(at)
	var unknown []string
	n := 0
	for _, word := range words {
		if !isCode(word) && looksCode(word) {
			unknown = append(unknown, word)
			n += rows[word]
		}
	}
	if len(unknown) == 0 || !d.named(at, assetNames) {
		return
	}
	field := d.out.Fields[recon.FieldCurrency]
	field.Unknown = recon.UnknownAside
	d.out.Fields[recon.FieldCurrency] = field
	d.note("%s of column %s (%s) are in no currency of ISO 4217 and are set aside", rowsText(n), d.header[at],
		strings.Join(unknown[:min(len(unknown), 5)], ", "))
}

// fillCurrency fills the empty cells of the currency column where the file has one currency.
func (d *detector) fillCurrency() {
	field := d.out.Fields[recon.FieldCurrency]
	at := columnAt(d.header, firstColumn(field))
	if len(field.Columns) != 1 || at < 0 || field.Default != "" {
		return
	}
	values := d.values(at)
	if empty := len(d.sample) - len(values); empty > 0 && distinct(values) == 1 {
		field.Default = currencyCode(values[0])
		d.out.Fields[recon.FieldCurrency] = field
		d.report.filled = field.Default
		d.note("%s without a currency are read in %s, the only one of column %s", rowsText(empty), field.Default,
			d.header[at])
	}
}

// affinity is how many words of its name a column shares with the amount's.
func (d *detector) affinity(at int, amount string) int {
	n := 0
	words := nameWords(amount)
	for _, word := range d.words[at] {
		if slices.Contains(words, word) && !slices.Contains([]string{"amount", "betrag", "value", "currency"}, word) {
			n++
		}
	}
	if n == 0 && sharesStart(d.header[at], amount) {
		n++
	}
	return n
}

// sharesStart reports whether two names of a script without spaces begin alike, as 记账金额 and 记账币种 do.
func sharesStart(a, b string) bool {
	x, y := []rune(a), []rune(b)
	return len(x) > 2 && len(y) > 2 && x[0] > 0x2E80 && x[0] == y[0] && x[1] == y[1]
}

// foreignName reports whether a column is named after another amount than this one.
func (d *detector) foreignName(at int, amount string) bool {
	words := nameWords(amount)
	if nameRank(d.words[at], recon.FieldOriginalCurrency) >= 0 {
		return true
	}
	return slices.ContainsFunc(d.words[at], func(w string) bool {
		return slices.Contains(foreign, w) && !slices.Contains(words, w)
	})
}

// amountsAre is the currency that the cells of the amount column name, "" where they name none.
func (d *detector) amountsAre(amount string) string {
	at := columnAt(d.header, amount)
	if at < 0 {
		return ""
	}
	for _, value := range d.values(at) {
		if a, err := readAmount(value, '.'); err == nil && a.currency != "" {
			return a.currency
		}
	}
	return ""
}

// currencyInName reads "Amount (EUR)" and "CAD$".
func (d *detector) currencyInName() {
	for _, field := range []string{recon.FieldAmount, recon.FieldCredit, recon.FieldDebit} {
		for _, name := range d.out.Fields[field].Columns {
			if code := codeInName(name); code != "" {
				d.out.Fields[recon.FieldCurrency] = recon.MapField{Constant: code}
				d.report.Choices = append(d.report.Choices, Choice{
					Field: recon.FieldCurrency, Value: code, Why: "from the name of column " + name, Evidence: Named,
				})
				return
			}
		}
	}
}

func isNameMark(r rune) bool { return strings.ContainsRune(" _-()[]/.（）", r) }

// codeInName is the currency that the name of a column of amounts holds, "" where it holds none.
func codeInName(name string) string {
	for _, word := range strings.FieldsFunc(name, isNameMark) {
		if code := codeOfThousands(word); code != "" {
			return code
		}
		code := currencyOfWord(word)
		if stem := strings.TrimRight(word, "$€£¥"); !isCode(code) && stem != "" {
			code = currencyOfWord(stem)
		}
		if _, known := recon.CurrencyDigits(code); known &&
			(word == strings.ToUpper(word) || code != strings.ToUpper(word)) || known &&
			strings.HasSuffix(strings.ToLower(name), "_"+strings.ToLower(code)) {
			return code
		}
	}
	return ""
}

func isCode(text string) bool {
	_, known := recon.CurrencyDigits(currencyCode(text))
	return known
}

// looksCode reports whether a text could be the code of a currency or of another asset.
func looksCode(text string) bool {
	return len(text) >= 2 && len(text) <= 12 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-'
	}) && strings.ContainsFunc(text, func(r rune) bool { return r >= 'A' && r <= 'Z' })
}

// eachCurrency takes several columns of amounts that are named after one currency each, of which a row fills one.
func (d *detector) eachCurrency(amounts []int) bool {
	each := map[string]string{}
	for _, at := range amounts {
		code := codeInName(d.header[at])
		if code == "" || slices.Contains(slices.Collect(maps.Values(each)), code) {
			return false
		}
		each[d.header[at]] = code
	}
	if len(each) < 2 {
		return false
	}
	for _, rec := range d.sample {
		filled := 0
		for _, at := range amounts {
			if text := column(rec, at); text != "" && !isBlank(text) {
				filled++
			}
		}
		if filled > 1 {
			return false
		}
	}
	for _, at := range amounts {
		d.taken[at] = true
	}
	d.out.Fields[recon.FieldAmount] = recon.MapField{Each: each}
	names := slices.Sorted(maps.Keys(each))
	d.choose(recon.FieldAmount, names, "each is named after a currency, and a row fills one of them", Named)
	d.note("%s each hold the amounts of one currency", strings.Join(names, " and "))
	return true
}

// sums adds amounts up by currency.
type sums map[string]*recon.Total

func (s sums) add(currency string, amount recon.Minor) {
	if s[currency] == nil {
		s[currency] = &recon.Total{}
	}
	s[currency].Add(amount)
}

// String writes the sums for people: "100.00 EUR and 5.00 USD".
func (s sums) String() string {
	parts := make([]string, 0, len(s))
	for _, currency := range slices.Sorted(maps.Keys(s)) {
		amount, err := s[currency].Minor()
		if err != nil {
			parts = append(parts, "more than 64 bits of "+currency)
			continue
		}
		text := recon.Money{Amount: amount, Currency: currency}.String()
		if currency != recon.NoCurrency {
			text += " " + currency
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "no sum"
	}
	return strings.Join(parts, " and ")
}

// ShareCurrency lends files without any sign of a currency the one that the whole other side is in.
func ShareCurrency(left, right []*Reader) {
	lend := func(to []*Reader, currency string) {
		for _, r := range to {
			switch {
			case r.fields.Has(recon.FieldCurrency) || len(r.fields.Fields[recon.FieldAmount].Each) > 0 ||
				r.currency() != recon.NoCurrency:
			case currency == "":
				r.lent = " currency=none (" + recon.NoCurrency + ")"
			default:
				r.setField(recon.FieldCurrency, recon.MapField{Constant: currency})
				r.lent = " currency=" + currency + " (as the other side)"
			}
		}
	}
	lend(left, SideCurrency(right))
	lend(right, SideCurrency(left))
}

// SideCurrency is the one currency that all samples of a side are in, "" when there are several or none.
func SideCurrency(side []*Reader) string {
	single := ""
	for _, r := range side {
		currency := r.currency()
		if currency == "" || currency == recon.NoCurrency || single != "" && single != currency {
			return ""
		}
		single = currency
	}
	return single
}

// currency is the one currency of the file's sample; NoCurrency where it names none, "" where it names several.
func (r *Reader) currency() string {
	single := ""
	for _, record := range r.sample {
		tx, wrong := r.mapper.Map(record)
		if len(wrong) > 0 {
			continue
		}
		if single != "" && single != tx.Currency {
			return ""
		}
		single = tx.Currency
	}
	return single
}
