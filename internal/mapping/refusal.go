package mapping

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"matcher/internal/recon"
)

// How many refused rows a file may have by default: the rest is then still the file.
const (
	refusedPercentMax = 1
	systematicMin     = 3 // refused dates, amounts or currencies of one shape are a way of writing, not mistakes
)

// refusals counts the refused rows of a file, by cause.
type refusals struct {
	rows, refused, aside int64
	causes               map[string]*cause
	shapes               map[string]int
}

// cause is one reason for which rows are refused.
type cause struct {
	rows       int64
	first      recon.RowError
	systematic bool
}

func (r *refusals) count(row *Row) {
	r.rows++
	if row.Verdict == SetAside {
		r.aside++
	}
	if row.Verdict != Rejected || row.Wrong[0].Code == recon.CodePendingMatched {
		return
	}
	r.refused++
	if r.causes == nil {
		r.causes, r.shapes = map[string]*cause{}, map[string]int{}
	}
	for i := range row.Wrong {
		e := &row.Wrong[i]
		key := e.Field + " " + e.Code
		c := r.causes[key]
		if c == nil {
			c = &cause{first: *e}
			r.causes[key] = c
		}
		c.rows++
		switch e.Field {
		case recon.FieldDate, recon.FieldAmount, recon.FieldDebit, recon.FieldCredit, recon.FieldCurrency:
			shape := key + " " + shapeOf(e.Value)
			r.shapes[shape]++
			c.systematic = c.systematic || r.shapes[shape] >= systematicMin
		}
	}
}

// skipsAll is the error for a file of which a map leaves out every row.
func skipsAll(rows int64) error {
	return recon.Unprocessable(recon.CodeNoRows, fmt.Sprintf("skip leaves nothing of the file: all of its rows (%d) "+
		"are set aside. Correct first, last or where of skip in the map; matcher inspect without the map shows the rows",
		rows))
}

// shapeOf writes 9 for each run of digits and a for each run of letters: how a value is written.
func shapeOf(text string) string {
	var shape strings.Builder
	var last rune
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			r = '9'
		case unicode.IsLetter(r):
			r = 'a'
		}
		if r != last {
			shape.WriteRune(r)
		}
		last = r
	}
	return shape.String()
}

// verdict returns why a file with so many refused rows is refused whole, nil where it is not. most is what the caller
// tolerates, nil for what this package does: one in a hundred and at least one row, none where a running balance or a
// total shows that the file is whole without them, and no way of writing dates, amounts or currencies.
func (r *refusals) verdict(most *int64, checked bool) error {
	if r.refused == 0 {
		return nil
	}
	limit := max(1, r.rows*refusedPercentMax/100)
	systematic := false
	for _, c := range r.causes {
		systematic = systematic || c.systematic
	}
	switch {
	case most != nil:
		limit, systematic = *most, false
	case checked:
		limit = 0
	}
	if r.refused <= limit && !systematic && r.refused < r.rows {
		return nil
	}
	causes := slices.SortedFunc(maps.Values(r.causes), func(a, b *cause) int {
		return cmp.Or(cmp.Compare(b.rows, a.rows), cmp.Compare(a.first.Line, b.first.Line))
	})
	var text strings.Builder
	fmt.Fprintf(&text, "%d of %s cannot be read", r.refused, rowsText(int(r.rows)))
	switch {
	case r.refused == r.rows:
	case systematic:
		text.WriteString(", and rows that are all wrong in the same way are never left out: nothing of the file " +
			"is read")
	default:
		fmt.Fprintf(&text, ", and at most %d may be left out: nothing of the file is read", limit)
	}
	for i, c := range causes[:min(len(causes), causesShown)] {
		lead := "; most because of"
		if i > 0 {
			lead = "; then"
		}
		field := c.first.Field
		if field != "" {
			field += ": "
		}
		fmt.Fprintf(&text, "%s %s%s (%s, the first on line %d)", lead, field, c.first.Reason, rowsText(int(c.rows)),
			c.first.Line)
	}
	return recon.Unprocessable(recon.CodeTooManyRefused, text.String())
}

const causesShown = 3
