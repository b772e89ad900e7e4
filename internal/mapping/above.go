package mapping

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"matcher/internal/recon"
)

// What the lines above the header of a table show of its amounts: their unit and their currency.

// aboveUnit is a unit that a line above the header holds.
type aboveUnit struct {
	unit, text string
	line       int
}

// unitAbove is the unit that the lines above a header hold, nil where they hold none.
func unitAbove(preamble []recon.Record) *aboveUnit {
	for _, rec := range preamble {
		text := strings.Join(strings.Fields(strings.Join(rec.Fields, " ")), " ")
		if unit := unitOf(longNumbers.ReplaceAllStringFunc(text, onlyThousand)); unit != "" {
			return &aboveUnit{unit, text, rec.Line}
		}
	}
	return nil
}

// longNumbers are amounts and numbers of accounts: the zeros in them are no unit.
var longNumbers = regexp.MustCompile(`\d[\d.,'’ ]*\d`)

var numberMarks = strings.NewReplacer(".", "", ",", "", "'", "", "’", "", " ", "")

// onlyThousand leaves of a number what may be a unit.
func onlyThousand(number string) string {
	if digits := numberMarks.Replace(number); digits == "1000" || digits == "000" {
		return number
	}
	return ""
}

// unitAbove leaves open whether amounts are in the unit of a line above them.
func (d *detector) unitAbove(above *aboveUnit) {
	switch {
	case above.unit == recon.UnitMinor && d.broken():
	case above.unit == tenThousands:
		d.fail(recon.FieldAmount, recon.CodeAmountUnreadable, "line %d (%.60q) counts in ten thousands: write the "+
			"amounts in full, or in thousands, and export again; unit: %s in a map reads them as they are written",
			above.line, above.text, recon.UnitMajor)
	default:
		d.report.openUnit = above
	}
}

// askUnitAbove asks whether amounts are in the unit of a line above them.
func (d *detector) askUnitAbove() {
	open := d.report.openUnit
	if open == nil || slices.ContainsFunc(d.report.Questions, func(q Question) bool { return q.ID == "unit" }) {
		return
	}
	d.ask("unit", fmt.Sprintf("line %d above the table is %.60q: are the amounts in %s?", open.line, open.text,
		unitNames[open.unit]),
		[2]string{"yes", "unit: " + open.unit},
		[2]string{"no: they are as they are written", "unit: " + recon.UnitMajor})
}

// unitNames are the units for people.
var unitNames = map[string]string{
	recon.UnitMinor: "minor units (cents)", recon.UnitThousands: "thousands", recon.UnitMillions: "millions",
}

// fromAbove takes the currency that the lines above the table name, where the cells name none.
func (d *detector) fromAbove(amount string) {
	code, line := currencyAbove(d.preamble)
	if code == "" || d.amountsAre(amount) != "" {
		return
	}
	d.out.Fields[recon.FieldCurrency] = recon.MapField{Constant: code}
	d.report.Choices = append(d.report.Choices, Choice{
		Field: recon.FieldCurrency, Value: code, Evidence: Named,
		Why: fmt.Sprintf("from line %d above the table", line),
	})
	d.note("the amounts are in %s, by line %d above the table: currency: {constant: …} in a map reads another one",
		code, line)
}

// currencyAbove is the one currency that the lines above a header name, and the first line that does; "" where they
// name none or several.
func currencyAbove(preamble []recon.Record) (code string, line int) {
	for _, rec := range preamble {
		for _, named := range currenciesIn(rec.Fields) {
			if code != "" && named != code {
				return "", 0
			}
			if code == "" {
				code, line = named, rec.Line
			}
		}
	}
	return code, line
}

// currenciesIn are the currencies that a line of text names: next to a number, behind a word such as "in", or in a line
// that is about the currency.
func currenciesIn(fields []string) (codes []string) {
	about := false
	for _, field := range fields {
		for _, decimal := range []byte{'.', ','} {
			if a, err := readAmount(field, decimal); err == nil && a.currency != "" {
				codes = append(codes, a.currency)
			}
		}
		about = about || nameRank(nameWords(strings.TrimRight(field, " :")), recon.FieldCurrency) >= 0
	}
	before := ""
	for _, word := range strings.FieldsFunc(strings.Join(fields, " "), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("()[]/:,;=\"'’", r)
	}) {
		introduced := about || slices.Contains(beforeUnits, strings.ToLower(before)) || endsInDigit(before)
		code := cmp.Or(codeOfThousands(word), codeOfText(word))
		if code != "" && (introduced || len([]rune(word)) > 3) {
			codes = append(codes, code)
		}
		about = about || nameRank(nameWords(word), recon.FieldCurrency) >= 0
		before = word
	}
	return codes
}

// beforeUnits are the words that stand between "amounts" and their unit.
var beforeUnits = []string{"in", "en", "em", "i", "w", "v", "в", "d"}

// codeOfText is the currency that a word of a text names: a code in capitals that is no word too, or a name.
func codeOfText(word string) string {
	code := currencyOfWord(word)
	if !isCode(code) || len(word) == 3 && word != code || slices.Contains(codesAsWords, strings.ToLower(word)) {
		return ""
	}
	return code
}

func endsInDigit(word string) bool {
	return word != "" && word[len(word)-1]-'0' < 10
}
