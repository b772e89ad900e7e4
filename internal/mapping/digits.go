package mapping

import (
	"cmp"
	"math"
	"regexp"
	"strings"

	"matcher/internal/recon"
)

// Ids that went through a spreadsheet as numbers: it writes long ones with an exponent, or keeps 15 digits and writes
// zeros for the rest. Rows of such an id look alike and are not the same.

const digitsKept = 15

// exponent is how spreadsheets write long numbers; "12345E67" may be an id as it is.
var exponent = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE]\+[0-9]{2,3}$|^[0-9][.,][0-9]+[eE][0-9]{2,3}$`)

// losesDigits reports whether a text is surely a number whose digits a spreadsheet has lost. Of ids that end in one or
// two zeros only their column shows it.
func losesDigits(text string) bool {
	if len(text) <= 4 || len(text) >= 24 || text[0] > '9' {
		return false
	}
	return zerosBehind(text) > 2 || strings.ContainsAny(text, "eE") && exponent.MatchString(text)
}

// zerosBehind is how many digits a number has behind those that spreadsheets keep, where all of them are zeros.
func zerosBehind(text string) int {
	behind := len(text) - digitsKept
	if behind < 1 || strings.Trim(text[digitsKept:], "0") != "" || strings.Trim(text, "0") == "" ||
		strings.Trim(text, "0123456789") != "" {
		return 0
	}
	return behind
}

// lostDigits passes over columns of ids whose digits are lost, and notes those of which some rows have lost theirs.
func (d *detector) lostDigits() {
	for at, name := range d.header {
		named, stated := false, false
		for _, field := range []string{recon.FieldExternalID, recon.FieldReference} {
			stated = stated || isBare(d.given.Fields[field], name)
			named = named || nameRank(d.words[at], field) >= 0
		}
		if !named && !stated {
			continue
		}
		values := d.values(at)
		lost, first, lossy := lostOf(values)
		switch {
		case lost == 0:
		case lossy:
			d.taken[at] = true
			if stated {
				d.forget(name)
			}
			d.passOver(at, "its ids have an exponent, or zeros behind 15 digits: the rest is lost")
			d.note("the ids of column %s are written with an exponent or with zeros behind 15 digits (%s): their "+
				"digits are lost, and no row is known by them; format the column as text and export again", name, first)
		default:
			d.note("%d of %d ids of column %s are written as %s: their digits are lost, and these rows are known by "+
				"no id there; format the column as text and export again", lost, len(values), name, first)
		}
	}
}

// forget takes a column out of the id and the reference.
func (d *detector) forget(name string) {
	for _, field := range []string{recon.FieldExternalID, recon.FieldReference} {
		if isBare(d.out.Fields[field], name) {
			delete(d.out.Fields, field)
		}
	}
}

// isBare reports whether a field is one column as it is.
func isBare(f recon.MapField, name string) bool {
	return len(f.Columns) == 1 && f.Columns[0] == name && len(f.Transforms) == 0
}

// lostOf counts the ids that have lost their digits, with the first of them, and reports whether their column has: half
// of them by their form, or far more with zeros at the end than come by chance.
func lostOf(values []string) (lost int, first string, lossy bool) {
	zeros, chance := 0, 0.0
	for _, text := range values {
		behind := zerosBehind(text)
		if behind > 0 {
			zeros++
		}
		if len(text) > digitsKept && strings.Trim(text, "0123456789") == "" {
			chance += math.Pow10(digitsKept - len(text))
		}
		if losesDigits(text) {
			lost++
		}
		if losesDigits(text) || behind > 0 {
			first = cmp.Or(first, text)
		}
	}
	lossy = lost*2 >= len(values) && lost > 0 || zeros > 1 && float64(zeros) > 3*chance
	if lossy {
		lost = max(lost, zeros)
	}
	return lost, first, lossy
}
