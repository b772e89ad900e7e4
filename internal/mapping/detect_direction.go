package mapping

import (
	"strings"

	"matcher/internal/recon"
)

// debitAndCredit takes the two columns, or the only one that there is.
func (d *detector) debitAndCredit(debits, credits []int) {
	for _, c := range []struct {
		field string
		found []int
	}{{recon.FieldDebit, debits}, {recon.FieldCredit, credits}} {
		if len(c.found) > 0 {
			d.use(c.field, c.found[0], "named like a "+c.field)
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
		case err != nil || strings.Trim(a.plain, "0.") == "":
		case a.negative:
			minus++
		default:
			plus++
		}
	}
	return plus, minus
}

// directionColumn takes a column of debit and credit marks, unless the amounts carry those signs already. Half of its
// words must be known, not all: passed over, it would turn every debit into a credit, while an unknown word
// costs one row.
func (d *detector) directionColumn(amount int) {
	if d.out.Has(recon.FieldDirection) {
		return
	}
	at := d.directionAt()
	if at < 0 {
		return
	}
	with, against, negative := d.agreement(amount, at)
	switch {
	case negative && with*100 >= (with+against)*95:
		d.note("column %s only repeats the signs of %s, so it is not applied again", d.header[at], d.header[amount])
	case negative && against*100 >= (with+against)*95:
		d.note("column %s calls the negative amounts of %s credits: the signs of the amounts are kept", d.header[at],
			d.header[amount])
	default:
		d.use(recon.FieldDirection, at, "its values say debit or credit")
		return
	}
	d.taken[at] = true
}

// directionAt is the column of debit and credit marks: named like one, or the only one that holds both and nothing
// else.
func (d *detector) directionAt() int {
	isMark := func(v string) bool { _, known := isDebit(v); return known }
	if named := d.candidates(recon.FieldDirection,
		func(values []string) bool { return share(values, 50, isMark) }); len(named) > 0 {
		return named[0]
	}
	found := -1
	for at := range d.header {
		if d.taken[at] || !bothMarks(d.values(at), len(d.sample)) {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = at
	}
	return found
}

// bothMarks reports whether all rows have debit and credit marks, and some of each.
func bothMarks(values []string, rows int) bool {
	marks := map[bool]int{}
	for _, v := range values {
		if debit, known := isDebit(v); known {
			marks[debit]++
		}
	}
	return len(marks) == 2 && marks[true]+marks[false] == rows
}

// agreement counts the rows whose sign agrees with their mark, negative being debit, and those where it does not.
func (d *detector) agreement(amount, mark int) (with, against int, negative bool) {
	for _, rec := range d.sample {
		debit, known := isDebit(column(rec, mark))
		plus, minus := signs([]string{column(rec, amount)})
		if !known || plus+minus == 0 {
			continue
		}
		negative = negative || minus > 0
		if debit == (minus > 0) {
			with++
		} else {
			against++
		}
	}
	return with, against, negative
}
