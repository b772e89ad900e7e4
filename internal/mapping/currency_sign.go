package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"matcher/internal/recon"
)

// mixedSigns asks for the currency of amounts whose sign is that of several, or which have none, where other amounts of
// the file have another sign.
func (d *detector) mixedSigns() {
	field, mapped := d.out.Fields[recon.FieldCurrency]
	if mapped && !field.NoOrigin() || d.currency != "" || len(d.out.Fields[recon.FieldAmount].Each) > 0 {
		return
	}
	codes, shared, bare := d.signsNext(field.Values)
	if len(codes)+len(shared) < 2 && (bare == 0 || len(codes) == 0) {
		return
	}
	named := slices.Sorted(maps.Keys(codes))
	for _, sign := range slices.Sorted(maps.Keys(shared)) {
		fits := slices.DeleteFunc(slices.Clone(named), func(code string) bool { return !couldBe(sign, code) })
		d.askSignOf(sign, shared[sign], append(fits, strings.Fields(sharedSymbols[sign])...))
	}
	switch {
	case bare == 0 || field.Default != "":
	case len(codes) == 1 && len(shared) == 0:
		field.Default = named[0]
		d.out.Fields[recon.FieldCurrency] = field
		d.report.filled = named[0]
		d.note("the amounts of %s name no currency and are read in %s, the only one of the others", rowsText(bare),
			named[0])
	default:
		for _, sign := range slices.Sorted(maps.Keys(shared)) {
			named = append(named, strings.Fields(sharedSymbols[sign])...)
		}
		var answers [][2]string
		for _, code := range firstDistinct(named) {
			answers = append(answers, [2]string{code, fmt.Sprintf("currency: {default: %s}", code)})
		}
		d.ask("currency", fmt.Sprintf("the amounts of %s have no sign of a currency, and others have: which is theirs?",
			rowsText(bare)), answers...)
	}
}

// signsNext counts the rows by the currency of their amounts, by a sign of several currencies, and those without.
func (d *detector) signsNext(meaning map[string]string) (codes, shared map[string]int, bare int) {
	codes, shared = map[string]int{}, map[string]int{}
	upper := map[string]string{}
	for sign, code := range meaning {
		upper[strings.ToUpper(sign)] = code
	}
	for _, rec := range d.sample {
		for _, at := range d.amountsAt() {
			a, err := readAmount(column(rec, at), '.')
			if err != nil {
				a, err = readAmount(column(rec, at), ',')
			}
			switch code := cmp.Or(a.currency, upper[a.shared]); {
			case err != nil || isZero(a.plain):
				continue
			case code != "":
				codes[code]++
			case a.shared != "":
				shared[a.shared]++
			default:
				bare++
			}
		}
	}
	return codes, shared, bare
}

func (d *detector) askSignOf(sign string, rows int, codes []string) {
	var answers [][2]string
	for _, code := range firstDistinct(codes) {
		answers = append(answers, [2]string{code, fmt.Sprintf("currency: {values: {%q: %s}}", sign, code)})
	}
	d.ask("currency."+sign, fmt.Sprintf("the amounts of %s have the sign %q, which several currencies have, and "+
		"others have another one: which is it?", rowsText(rows), sign), answers...)
}

const currenciesAsked = 6

// firstDistinct are the first of some currencies, each once.
func firstDistinct(codes []string) (first []string) {
	for _, code := range codes {
		if !slices.Contains(first, code) && len(first) < currenciesAsked {
			first = append(first, code)
		}
	}
	return first
}
