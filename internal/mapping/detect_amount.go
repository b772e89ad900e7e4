package mapping

import (
	"slices"
	"strings"

	"matcher/internal/recon"
)

// looksAmount reports whether a text reads as an amount under one convention or the other, and is no long number.
func looksAmount(text string) bool {
	whole, reads := wholePart(text)
	return reads && len(whole) <= wholeDigitsMax
}

// isLong reports whether a text reads as an amount but for its length.
func isLong(text string) bool {
	whole, reads := wholePart(text)
	return reads && len(whole) > wholeDigitsMax
}

// wholeDigitsMax is where numbers are taken for something else, such as accounts, unless a map reads them as amounts.
const wholeDigitsMax = 15

// wholePart returns the digits before the decimals of an amount, under one convention or the other.
func wholePart(text string) (whole string, reads bool) {
	if len(text) > 100 {
		return "", false
	}
	a, err := readAmount(text, '.')
	if err != nil {
		a, err = readAmount(text, ',')
	}
	whole, _, _ = strings.Cut(a.plain, ".")
	return whole, err == nil
}

func areAmounts(values []string) bool { return share(values, 90, looksAmount) }

// mostlyAmounts is enough of a column that is named an amount: what cannot be read in it is the row's error, and a
// short file written by hand may well have a mistake in every third row.
func mostlyAmounts(values []string) bool { return share(values, 50, looksAmount) }

// mostlyLong columns would be columns of amounts, were their numbers not so long.
func mostlyLong(values []string) bool {
	return !mostlyAmounts(values) && share(values, 50, func(v string) bool { return looksAmount(v) || isLong(v) })
}

// amountColumns settles how the file writes its amounts: debit and credit, or one column perhaps with a direction.
func (d *detector) amountColumns() {
	d.take(recon.FieldOriginalCurrency, d.anyText, "named like the currency of the original amount")
	if !d.take(recon.FieldOriginalAmount, areAmounts, "named like the original amount") {
		delete(d.out.Fields, recon.FieldOriginalCurrency)
	}
	if d.out.Has(recon.FieldAmount) || d.out.Has(recon.FieldDebit) || d.out.Has(recon.FieldCredit) {
		d.namedAmounts()
		return
	}
	d.namedAmounts()
	mayBeEmpty := func(v []string) bool { return len(v) == 0 || mostlyAmounts(v) }
	debits, credits := d.exactly(recon.FieldDebit, mayBeEmpty), d.exactly(recon.FieldCredit, mayBeEmpty)
	amounts := d.candidates(recon.FieldAmount, mostlyAmounts)
	switch {
	case len(amounts) == 0 &&
		d.tooLarge(d.exactly(recon.FieldDebit, mostlyLong), d.exactly(recon.FieldCredit, mostlyLong)):
	case len(debits) > 0 && len(credits) > 0, len(debits)+len(credits) > 0 && len(amounts) == 0:
		d.debitAndCredit(debits, credits)
	case len(amounts) > 1 && d.eachCurrency(amounts):
	case len(amounts) > 0:
		d.oneAmount(amounts)
	default:
		d.otherAmount()
	}
}

// oneAmount takes the amount column, unless another one has as good a name and other values.
func (d *detector) oneAmount(found []int) {
	d.use(recon.FieldAmount, found[0], "named like an amount, and its values are amounts", Named)
	if len(found) < 2 || nameRank(d.words[found[0]], recon.FieldAmount) != nameRank(d.words[found[1]],
		recon.FieldAmount) {
		return
	}
	for _, rec := range d.sample {
		if a, b := column(rec, found[0]), column(rec, found[1]); a != b && a != "" && b != "" {
			d.fail(recon.FieldAmount, recon.CodeTwoColumns,
				"%q and %q may both be the amount, and they differ: name the one that counts",
				d.header[found[0]], d.header[found[1]])
			return
		}
	}
}

// exactly are columns that are named as a debit or credit and no more than that: "credit card" is neither.
func (d *detector) exactly(field string, fits func([]string) bool) []int {
	var out []int
	for _, at := range d.candidates(field, fits) {
		rest := slices.DeleteFunc(slices.Clone(d.words[at]), func(w string) bool {
			return slices.Contains([]string{"amount", "betrag", "montant", "valor", "importe", "bedrag", "total"}, w)
		})
		if slices.Contains(synonyms[field], strings.Join(rest, " ")) {
			out = append(out, at)
		}
	}
	return out
}

// tooLarge reports that a column is named as the amount and holds numbers that are no amounts for their length alone,
// the first of those that fit in no currency before others.
func (d *detector) tooLarge(columns ...[]int) bool {
	found := slices.Concat(columns...)
	if len(found) == 0 {
		return false
	}
	at, long, never := found[0], written{}, written{}
	for _, rec := range d.sample {
		value := column(rec, at)
		if !isLong(value) {
			continue
		}
		whole, _ := wholePart(value)
		if _, err := recon.ParseMinor(whole, 0); err != nil && never.line == 0 {
			never = written{value, rec.Line}
		}
		if long.line == 0 {
			long = written{value, rec.Line}
		}
	}
	if never.line > 0 {
		d.fail(recon.FieldAmount, recon.CodeAmountTooBig,
			"column %q holds amounts that are too large, the first of them %.60q on line %d: an amount has at "+
				"most 9,223,372,036,854,775,807 minor units",
			d.header[at], never.text, never.line)
		return true
	}
	d.fail(recon.FieldAmount, recon.CodeAmountTooBig,
		"column %q holds numbers of more than %d digits, the first of them %q on line %d: map it as the amount "+
			"if that is what they are",
		d.header[at], wholeDigitsMax, long.text, long.line)
	return true
}

// otherAmount looks further where no column is called an amount: the net, the gross, or the only column of decimals.
func (d *detector) otherAmount() {
	for _, field := range []string{recon.FieldNet, recon.FieldGross} {
		if named, ok := d.out.Fields[field]; ok {
			d.out.Fields[recon.FieldAmount] = named
			d.choose(recon.FieldAmount, named.Columns, "the "+field+" amount, because no column is called amount",
				Named)
			return
		}
	}
	var found []int
	for at := range d.header {
		values := d.values(at)
		decimals := share(values, 30, func(v string) bool { return strings.ContainsAny(v, ".,") })
		if !d.taken[at] && decimals && areAmounts(values) && !isStranger(" "+strings.Join(d.words[at], " ")+" ") {
			found = append(found, at)
		}
	}
	switch {
	case len(found) == 1:
		d.use(recon.FieldAmount, found[0], "the only column of amounts", Named)
		return
	case d.eachCurrency(d.currencyColumns()):
		return
	}
	if !d.tooLarge(d.candidates(recon.FieldAmount, mostlyLong)) {
		d.noneFits(recon.FieldAmount, "the amount", "amount", mostlyAmounts)
	}
}

// noneFits reports that a field was not found: which column is named like it and holds something else, or which there
// are.
func (d *detector) noneFits(field, what, noun string, fits func([]string) bool) {
	for _, at := range d.candidates(field, d.anyText) {
		for _, rec := range d.sample {
			if value := column(rec, at); value != "" && !fits([]string{value}) {
				d.fail(field, recon.CodeNotDetected,
					"column %q is named like %s, but %.40q on line %d is no %s that can be read", d.header[at], what,
					value, rec.Line, noun)
				return
			}
		}
	}
	d.fail(field, recon.CodeNotDetected, "no column is surely %s: the columns are %s", what,
		strings.Join(d.header[:min(len(d.header), columnsNamedMax)], ", "))
}

// namedAmounts takes gross, fee, tax and net where they add up; a file in which they do not holds other deductions.
func (d *detector) namedAmounts() {
	for _, field := range []string{recon.FieldGross, recon.FieldFee, recon.FieldTax, recon.FieldNet} {
		found := d.candidates(field, areAmounts)
		if len(found) == 0 || d.out.Has(field) {
			continue
		}
		d.use(field, found[0], "named like the "+field+" amount", Named)
		if field == recon.FieldFee || field == recon.FieldTax {
			d.negative(field, found[0])
		}
	}
}

// negative negates a field whose column writes most of its amounts as negative, and reports whether it does.
func (d *detector) negative(field string, at int) bool {
	plus, minus := signs(d.values(at))
	if minus <= plus {
		return false
	}
	mapped := d.out.Fields[field]
	mapped.Negate = true
	d.out.Fields[field] = mapped
	return true
}

// dropInconsistent forgets fee and tax where gross − fee − tax is not net on a tenth of the sample: rejecting those
// rows would be detection's mistake, not the file's.
func (d *detector) dropInconsistent() {
	if !d.out.Has(recon.FieldGross) || !d.out.Has(recon.FieldNet) {
		return
	}
	m, problems := Compile(d.out, d.header)
	if len(problems) > 0 {
		return
	}
	wrong := 0
	for _, rec := range d.sample {
		if _, errs := m.Map(rec); len(errs) == 1 && errs[0].Code == recon.CodeAmountsInconsistent {
			wrong++
		}
	}
	if wrong*10 < len(d.sample) {
		return
	}
	for _, field := range []string{recon.FieldFee, recon.FieldTax} {
		delete(d.out.Fields, field)
		d.report.Choices = slices.DeleteFunc(d.report.Choices, func(c Choice) bool { return c.Field == field })
	}
	d.report.Notes = append(d.report.Notes,
		"gross − fee − tax is not net in this file, so its fee and tax stay plain columns: map them yourself if "+
			"they are meant")
}

// currencyColumns are the columns of amounts that are named after a currency.
func (d *detector) currencyColumns() []int {
	var found []int
	for at, name := range d.header {
		if values := d.values(at); !d.taken[at] && codeInName(name) != "" && (len(values) == 0 || areAmounts(values)) {
			found = append(found, at)
		}
	}
	return found
}

// debitAndCredit takes the two columns, or the only one that there is.
func (d *detector) debitAndCredit(debits, credits []int) {
	for _, c := range []struct {
		field string
		found []int
	}{{recon.FieldDebit, debits}, {recon.FieldCredit, credits}} {
		if len(c.found) > 0 {
			d.use(c.field, c.found[0], "named like a "+c.field, Named)
			// the column gives the sign already; a few of the other sign are corrections
			if d.negative(c.field, c.found[0]) {
				d.note("column %s writes its %ss as negative amounts: the minus is not applied twice",
					d.header[c.found[0]], c.field)
			}
		}
	}
}

// signs counts positive and negative amounts.
func signs(values []string) (plus, minus int) {
	for _, v := range values {
		a, err := readAmount(v, '.')
		if err != nil {
			a, err = readAmount(v, ',')
		}
		switch {
		case err != nil || isZero(a.plain):
		case a.negative:
			minus++
		default:
			plus++
		}
	}
	return plus, minus
}

func isZero(plain string) bool { return strings.Trim(plain, "0.") == "" }
