package mapping

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// months are the names of months in the languages of the header words, folded, by their first letters: each differs
// from the others in the letters given. The longest that fits decides.
var months = [...][]string{
	{"jan", "ene", "gen", "sty", "led", "oca", "ian", "янв", "tammi"},
	{"feb", "fev", "lut", "uno", "sub", "фев", "helmi"},
	{"mar", "maerz", "mrz", "mrt", "maa", "bre", "мар"},
	{"apr", "avr", "abr", "kwi", "dub", "nis", "апр", "huhti"},
	{"may", "mai", "mei", "maj", "kve", "маи", "мая", "touko"},
	{"jun", "juin", "cze", "cer", "haz", "iun", "июн", "kesa"},
	{"jul", "juil", "lip", "cervenec", "tem", "iul", "июл", "heina"},
	{"aug", "aou", "ago", "sie", "srp", "agu", "авг", "elo"},
	{"sep", "set", "wrz", "zar", "eyl", "сен", "syys"},
	{"oct", "okt", "out", "paz", "rij", "eki", "окт", "loka"},
	{"nov", "lis", "kas", "noi", "ноя", "marras"},
	{"dec", "dez", "dic", "gru", "pro", "ara", "des", "дек", "joulu"},
}

// weekdays are the names of days in the same languages, folded, by their first letters. They only stand before a date.
var weekdays = strings.Fields("mon tue wed thu fri sat sun mo di mi do fr sa so mon die mit don fre sam son lun " +
	"mar mer jeu ven sam dim " +
	"lun mie jue vie sab dom seg ter qua qui sex sab dom gio maa din woe don vri zat zon pon wto sro czw pia sob nie")

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
