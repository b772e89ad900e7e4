package mapping

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// months are the names of months in the languages of the header words, folded, by their first letters: each differs
// from the others in the letters given. The longest that fits decides.
var months = func() (names [12][]string) {
	for i := range names {
		names[i] = terms["month "+strconv.Itoa(i+1)]
	}
	return names
}()

// weekdays are the names of days in the same languages, folded, by their first letters. They only stand before a date.
var weekdays = terms["weekday"]

// eras are the letters of the Japanese calendar, with the year before their first.
var eras = map[string]int{"R": 2018, "H": 1988, "S": 1925, "令和": 2018, "平成": 1988, "昭和": 1925}

// plainDate writes a date without its weekday, with western years and with "-" where a script has words for year, month
// and day.
func plainDate(text string) string {
	if text == "" || text[0] >= '0' && text[0] <= '9' && !strings.Contains(text, "年") {
		return text
	}
	for era, before := range eras {
		if rest, ok := strings.CutPrefix(text, era); ok {
			rest = strings.Replace(rest, "元", "1", 1)
			if year, size, ok := digitsAt(rest, 1, 2); ok && size < len(rest) {
				text = strconv.Itoa(before+year) + rest[size:]
				if text[4] == '.' || text[4] == '/' || text[4] == '-' {
					return strings.NewReplacer(".", "-", "/", "-").Replace(text)
				}
			}
		}
	}
	if strings.Contains(text, "年") {
		return strings.TrimSpace(strings.NewReplacer("年", "-", "月", "-", "日", " ").Replace(text))
	}
	if first, rest, ok := strings.Cut(text, " "); ok && isWeekday(first) {
		_, _, isMonth := monthAt(first)
		written := strings.IndexFunc(rest, unicode.IsLetter)
		parted := strings.FieldsFunc(strings.SplitN(rest, " ", 2)[0],
			func(r rune) bool { return strings.ContainsRune("./-", r) })
		if written >= 0 {
			_, _, named := monthAt(rest[written:])
			isMonth = isMonth && !named
		}
		if !isMonth || len(parted) == 3 {
			return strings.TrimSpace(rest)
		}
	}
	return text
}

func isWeekday(text string) bool {
	day := foldWord(strings.TrimRight(text, ".,"))
	return len(day) >= 2 && slices.ContainsFunc(weekdays, func(w string) bool {
		return day == w || len(w) == 3 && strings.HasPrefix(day, w)
	})
}
