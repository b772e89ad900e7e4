package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"matcher/internal/recon"
)

// Words returns a code as words: AMOUNT_DIFFERS as "amount differs".
func Words(code any) string {
	return strings.ToLower(strings.ReplaceAll(fmt.Sprint(code), "_", " "))
}

// Grouped returns a number with commas between thousands: 1234567.80 as 1,234,567.80.
func Grouped[T int64 | string](number T) string {
	text := fmt.Sprint(number)
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, dotted := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dotted {
		whole += "." + fraction
	}
	return sign + whole
}

// Plural returns a number with its noun: 1 row, 1,234 rows.
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Grouped(n) + " " + noun + "s"
}

// part is a count with its name.
type part struct {
	word string
	n    int64
}

// joined names the counts that are not zero.
func joined(parts []part) string {
	var texts []string
	for _, p := range parts {
		if p.n != 0 {
			texts = append(texts, p.word+" "+Grouped(p.n))
		}
	}
	return strings.Join(texts, " · ")
}

// labelsShown is how many rows of a group are named on one line.
const labelsShown = 3

// someOf names the first few of a number of things.
func someOf(names []string, count int) string {
	shown := names[:min(len(names), labelsShown)]
	text := strings.Join(shown, " + ")
	if more := count - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return cmp.Or(text, "nothing")
}

// Fault returns what is wrong with a rejected row, after the field it is wrong with.
func Fault(e *recon.RowError) string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// WriteJSON writes one object on a line.
func WriteJSON(to io.Writer, value any) error {
	out := json.NewEncoder(to)
	out.SetEscapeHTML(false)
	return out.Encode(value)
}
