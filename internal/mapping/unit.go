package mapping

import (
	"regexp"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// unitDigits is by how many decimals a unit is larger than that of the currency.
var unitDigits = map[string]int{recon.UnitThousands: 3, recon.UnitMillions: 6}

// decimals is how many decimals of an amount as written make one minor unit of a currency that has so many.
func (m *Mapper) decimals(currency int) int {
	if m.unit == recon.UnitMinor {
		return 0
	}
	return currency + unitDigits[m.unit]
}

// unitSigns are units that the name of a column holds as signs: T€, k$, EUR k, €'000, (000s), x1000; €m, $mn.
var unitSigns = []struct {
	unit string
	sign *regexp.Regexp
}{
	{recon.UnitThousands, regexp.MustCompile(
		`\b[TtKk] ?[€$£¥]|[€$£¥] ?[Kk]\b|['’]000\b|\b000s?\b|\b[A-Z]{3} ?[Kk]\b|\b[x×*] ?1[.,']?000\b|\bin 1[.,']000\b`)},
	{recon.UnitMillions, regexp.MustCompile(`[€$£¥] ?([Mm]|mn|mio)\b|\bm[€$£¥]`)},
}

// unitOf is the unit that the name of a column of amounts holds, "" where it holds none.
func unitOf(name string) string {
	for _, s := range unitSigns {
		if s.sign.MatchString(name) {
			return s.unit
		}
	}
	for _, word := range nameWords(name) {
		for _, unit := range []string{recon.UnitThousands, recon.UnitMillions, recon.UnitMinor, tenThousands} {
			if slices.Contains(synonyms[unit], word) {
				return unit
			}
		}
	}
	for _, word := range strings.FieldsFunc(name, isNameMark) {
		if codeOfThousands(word) != "" {
			return recon.UnitThousands
		}
	}
	return ""
}

// codeOfThousands is the currency of a word as TEUR or kCHF, "" where it is none.
func codeOfThousands(word string) string {
	if len(word) != 4 || !strings.ContainsRune("TKk", rune(word[0])) {
		return ""
	}
	if code := word[1:]; code == strings.ToUpper(code) && isCode(code) {
		return code
	}
	return ""
}

// tenThousands is a unit that is known by name, and that no map has.
const tenThousands = "ten thousands"

// unitInName reads amounts in the unit that the names of their columns hold.
func (d *detector) unitInName() {
	if d.given.Unit != "" {
		return
	}
	found := map[string]string{} // columns
	for _, field := range []string{recon.FieldAmount, recon.FieldDebit, recon.FieldCredit} {
		for _, name := range d.out.Fields[field].Names() {
			found[unitOf(name)] = name
		}
	}
	if unit := unitAbove(d.preamble); unit != nil && len(found) == 1 && found[""] != "" {
		d.unitAbove(unit)
		return
	}
	for unit, name := range found {
		switch {
		case unit == "", unit == recon.UnitMinor && d.broken():
		case unit == tenThousands:
			d.fail(recon.FieldAmount, recon.CodeAmountUnreadable, "%q counts in ten thousands: write the amounts in "+
				"full, or in thousands, and export again", name)
		case len(found) > 1:
			d.fail(recon.FieldAmount, recon.CodeTwoColumns, "%q is in %s and another column of amounts is not: leave "+
				"one of them out by a map that names the amount", name, unit)
			return
		default:
			d.out.Unit = unit
			d.report.Choices = append(d.report.Choices, Choice{
				Field: "unit", Value: unit, Why: "from the name of column " + name, Evidence: Named,
			})
			d.note("the amounts are in %s, by the name of column %s: unit: %s in a map reads them as they are written",
				unit, name, recon.UnitMajor)
		}
	}
}

// broken reports whether an amount has decimals, so that it counts no minor units.
func (d *detector) broken() bool {
	for _, at := range d.moneyColumns() {
		for _, text := range d.values(at) {
			a, err := readAmount(text, '.')
			if _, fraction, _ := strings.Cut(a.plain, "."); err != nil || fraction != "" {
				return true
			}
		}
	}
	return false
}
