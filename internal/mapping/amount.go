package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"matcher/internal/recon"
)

// digitsSyntax replaces the decimals of a currency that is not known: enough that only the notation is checked.
const digitsSyntax = 18

// amount is a bank's notation taken apart: a plain decimal without sign, the sign, and the currency next to it.
type amount struct {
	plain    string
	negative bool
	currency string
	shared   string // a symbol of several currencies, as "$"
}

// plainNumber reports whether text is what most files hold: digits, at most one point and a minus before them.
func plainNumber(text string) bool {
	text = strings.TrimPrefix(text, "-")
	point := false
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
		case c == '.' && !point:
			point = true
		default:
			return false
		}
	}
	return text != "" && text[0] != '.'
}

// readAmount reads one amount as banks write them: 1,234.56 1.234,56 1 234,56 1'234.56 1,23,456.78 (12.00) 12.00-
// +12 −12 12.00 CR, with a currency's code or symbol on either side. decimal is '.' or ','; with 0 a text that can be
// read two ways ("1.234") is refused. Exponents are refused. The error names the way out.
func readAmount(text string, decimal byte) (amount, error) {
	if plainNumber(text) && (decimal == '.' || decimal == 0 && !oneGroup(text, '.')) {
		return amount{plain: strings.TrimPrefix(text, "-"), negative: text[0] == '-'}, nil
	}
	p := amountParts{text: text, rest: withCents(strings.TrimSpace(text))}
	if err := p.peel(); err != nil {
		return amount{}, err
	}
	if p.rest == "" || !strings.ContainsAny(p.rest, "0123456789") {
		return amount{}, fmt.Errorf("%q is not an amount", text)
	}
	if strings.ContainsAny(p.rest, "eE") {
		return amount{}, fmt.Errorf("%q is written with an exponent: format the column as a plain number", text)
	}
	plain, err := plainDecimal(p.rest, decimal)
	if err != nil {
		return amount{}, fmt.Errorf("%q %w", text, err)
	}
	return amount{plain: plain, negative: p.minus > 0, currency: p.currency, shared: p.shared}, nil
}

// dashes are what files write in the place of the cents: "12,-", "1'250.–", "4.000,--".
const dashes = "-−–—"

// withCents writes zeros where an amount has a dash for "no cents".
func withCents(text string) string {
	at := strings.LastIndexAny(text, ".,")
	if at < 1 || text[at-1] < '0' || text[at-1] > '9' {
		return text
	}
	dash, _ := utf8.DecodeRuneInString(text[at+1:])
	rest := strings.TrimLeft(text[at+1:], string(dash)) // another one behind it is a sign
	if rest == text[at+1:] || !strings.ContainsRune(dashes, dash) || strings.ContainsFunc(rest, unicode.IsDigit) {
		return text
	}
	return text[:at+1] + "00" + rest
}

// amountParts is an amount being peeled from both ends down to its digits.
type amountParts struct {
	text, rest  string
	minus, plus int
	currency    string
	shared      string
}

func (p *amountParts) peel() error {
	if strings.HasPrefix(p.rest, "(") && strings.HasSuffix(p.rest, ")") {
		p.rest = strings.TrimSpace(p.rest[1 : len(p.rest)-1])
		p.minus++
	}
	for {
		before := p.rest
		p.signs()
		if err := p.words(); err != nil {
			return err
		}
		if strings.HasPrefix(p.rest, "(") && strings.HasSuffix(p.rest, ")") { // € (12.00)
			p.rest = p.rest[1 : len(p.rest)-1]
			p.minus++
		}
		if p.rest = strings.TrimFunc(p.rest, unicode.IsSpace); p.rest == before {
			break
		}
	}
	if p.minus+p.plus > 1 {
		return fmt.Errorf("%q has two signs: which one holds?", p.text)
	}
	return nil
}

func (p *amountParts) signs() {
	for _, mark := range []struct {
		text  string
		count *int
	}{{"-", &p.minus}, {"−", &p.minus}, {"–", &p.minus}, {"+", &p.plus}} {
		if cut, ok := strings.CutPrefix(p.rest, mark.text); ok {
			p.rest = cut
			*mark.count++
			return
		}
		if cut, ok := strings.CutSuffix(p.rest, mark.text); ok {
			p.rest = cut
			*mark.count++
			return
		}
	}
}

// words takes a word off the front and off the back: a currency, or the mark of a debit or credit.
func (p *amountParts) words() error {
	front := p.rest[:wordEnd(p.rest)]
	p.rest = p.rest[len(front):]
	back := p.rest[wordStart(p.rest):]
	p.rest = p.rest[:len(p.rest)-len(back)]
	for _, word := range []string{front, back} {
		if word == "" {
			continue
		}
		if err := p.word(strings.TrimRight(word, ".")); err != nil {
			return err
		}
	}
	return nil
}

func (p *amountParts) word(word string) error {
	switch way := directionOf(word); {
	case currencySymbol(word):
		code := currencyCode(word)
		if p.currency != "" && code != "" && code != p.currency {
			return fmt.Errorf("%q names two currencies", p.text)
		}
		if code == "" {
			p.shared = strings.ToUpper(word)
		} else {
			p.currency = code
		}
	case way == recon.DirectionOut:
		p.minus++
	case way == recon.DirectionIn:
		p.plus++
	default:
		return fmt.Errorf("%q is not an amount: %q is no currency that we know", p.text, word)
	}
	return nil
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.Is(unicode.Sc, r) }

// wordEnd is the length of the word at the front, with the dot of an abbreviation ("Rs.").
func wordEnd(text string) int {
	for i, r := range text {
		if !inWord(r) && !(r == '.' && i > 0 && i+1 < len(text)) {
			return i
		}
	}
	return len(text)
}

func wordStart(text string) int {
	end := len(strings.TrimRight(text, "."))
	for end > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:end])
		if !inWord(r) {
			break
		}
		end -= size
	}
	if !strings.ContainsFunc(text[end:], inWord) {
		return len(text)
	}
	return end
}

// plainDecimal turns digits with separators into digits with at most one point.
func plainDecimal(text string, decimal byte) (string, error) {
	if decimal == 0 {
		found, err := decimalOf(text)
		if err != nil {
			return "", err
		}
		decimal = found
	}
	whole, fraction, _ := strings.Cut(text, string(rune(decimal)))
	if strings.ContainsFunc(fraction, func(r rune) bool { return r < '0' || r > '9' }) {
		return "", fmt.Errorf("cannot be read with %q before the decimals%s", string(rune(decimal)),
			decimalHint(text, decimal))
	}
	joined, err := joinGroups(whole)
	if err != nil || fraction == "" {
		return joined, err
	}
	return joined + "." + fraction, nil
}

func decimalHint(text string, decimal byte) string {
	if other, err := decimalOf(text); err == nil && other != decimal {
		return fmt.Sprintf(": if this file writes decimals with %q, set decimal", string(rune(other)))
	}
	return ""
}

// decimalOf finds the decimal separator of a text that can be read one way only.
func decimalOf(text string) (byte, error) {
	points, commas := strings.Count(text, "."), strings.Count(text, ",")
	switch {
	case points > 0 && commas > 0:
		if strings.LastIndexByte(text, '.') > strings.LastIndexByte(text, ',') {
			return '.', nil
		}
		return ',', nil
	case commas > 1 || points == 0 && commas == 0:
		return '.', nil
	case points > 1:
		return ',', nil
	case oneGroup(text, '.') || oneGroup(text, ','):
		return 0, fmt.Errorf(`may be a thousand or three decimals: set decimal to "." or ","`)
	case points == 1:
		return '.', nil
	}
	return ',', nil
}

// oneGroup reports whether the one separator of a text could part thousands as well as decimals: one to three digits
// that do not begin with 0, then three digits.
func oneGroup(text string, separator byte) bool {
	whole, fraction, found := strings.Cut(strings.TrimPrefix(text, "-"), string(rune(separator)))
	return found && len(fraction) == 3 && len(whole) >= 1 && len(whole) <= 3 && whole[0] != '0'
}

// joinGroups takes thousands separators out, if they are where thousands are (1,234,567 or 12,34,567).
func joinGroups(whole string) (string, error) {
	at := strings.IndexFunc(whole, func(r rune) bool { return r < '0' || r > '9' })
	if at < 0 {
		return whole, nil
	}
	separator, size := utf8.DecodeRuneInString(whole[at:])
	if !strings.ContainsRune(".,'’`  \u00a0\u202f\u2009\u2007", separator) {
		return "", fmt.Errorf("is not an amount")
	}
	groups := strings.Split(whole, whole[at:at+size])
	for _, g := range groups {
		if g == "" || strings.ContainsFunc(g, func(r rune) bool { return r < '0' || r > '9' }) {
			return "", fmt.Errorf("is not an amount")
		}
	}
	last := len(groups) - 1
	middle := groups[1:last]
	if len(groups[last]) != 3 || len(groups[0]) > 3 || groups[0][0] == '0' || !allOfSize(middle, 3) &&
		!(allOfSize(middle, 2) && len(groups[0]) <= 2) {
		return "", fmt.Errorf("has %q where no thousands are%s", string(separator), groupHint(separator))
	}
	return strings.Join(groups, ""), nil
}

func groupHint(separator rune) string {
	if separator == '.' || separator == ',' {
		return fmt.Sprintf(": if this file writes decimals with %q, set decimal", string(separator))
	}
	return ""
}

func allOfSize(groups []string, size int) bool {
	return !slices.ContainsFunc(groups, func(g string) bool { return len(g) != size })
}

// currencySymbols are the signs that mean one currency; "" marks those of sharedSymbols.
var currencySymbols = map[string]string{
	"€": "EUR", "£": "GBP", "R$": "BRL", "US$": "USD", "A$": "AUD", "C$": "CAD", "CA$": "CAD", "AU$": "AUD",
	"NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "MX$": "MXN", "₹": "INR", "₩": "KRW", "₺": "TRY", "₽": "RUB", "₪": "ILS",
	"฿": "THB", "₫": "VND", "₦": "NGN", "₱": "PHP", "₴": "UAH", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "$": "", "¥": "",
	"KR": "", "FR": "", "RS": "", "R": "", "元": "CNY", "円": "JPY", "원": "KRW", "人民币": "CNY", "RMB": "CNY",
	"日本円": "JPY", "美元": "USD", "欧元": "EUR", "港币": "HKD", "EUROS": "EUR", "PLZ": "PLN",
}

// sharedSymbols are the signs that several currencies have: they name none, and rule out all others.
var sharedSymbols = map[string]string{
	"$": `USD CAD AUD NZD HKD SGD TWD MXN ARS CLP COP UYU BRL BMD BSD BBD BND BZD DOP FJD GYD JMD KYD LRD NAD NIO SBD SRD TTD
XCD ZWL ZWG BOB PHP TOP WST MOP CVE CUP CUC USN`,
	"¥":  "JPY CNY",
	"KR": "SEK NOK DKK ISK CZK",
	"FR": "CHF CHE CHW XAF XOF XPF BIF CDF DJF GNF KMF RWF",
	"RS": "INR PKR LKR NPR MUR SCR MVR",
	"R":  "ZAR BRL RUB",
}

// couldBe reports whether an amount with this symbol of several currencies may be in a currency.
func couldBe(symbol, currency string) bool {
	return symbol == "" || currency == "" || currency == recon.NoCurrency ||
		strings.Contains(sharedSymbols[symbol], currency)
}

func currencySymbol(word string) bool {
	word = strings.ToUpper(word)
	if _, symbol := currencySymbols[word]; symbol {
		return true
	}
	_, known := recon.CurrencyDigits(word)
	return known
}

// currencyCode is the ISO code for what a file writes: the code in any case, or a symbol that means one currency.
func currencyCode(text string) string {
	if len(text) == 3 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[2] >= 'A' && text[1] <= 'Z' &&
		text[2] <= 'Z' {
		return text
	}
	upper := strings.ToUpper(text)
	if code, symbol := currencySymbols[upper]; symbol {
		return code
	}
	if len(upper) == 4 && upper[0] == 'Z' { // an exchange's own code of a currency of the state
		if _, known := recon.CurrencyDigits(upper[1:]); known {
			return upper[1:]
		}
	}
	return upper
}
