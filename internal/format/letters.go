package format

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tongue is what text of some languages looks like in one charset: the letters beyond ASCII that they write, in lower
// case, or of charsets of two bytes a letter the ranges of bytes in which the usual ones are.
type tongue struct {
	charset string
	letters string
	common  func(first, second byte) bool // nil: letters decide
}

// guesses is asked in this order: of several charsets that suit a text as well, the first one counts.
var guesses = []string{
	"windows-1252", "iso-8859-15", "windows-1250", "windows-1254", "windows-1257", "windows-1255", "windows-1253",
	"windows-1251", "shift-jis", "euc-kr", "gb18030", "big5", "euc-jp",
	"cp850", "cp852", "cp866",
}

// sameTongues are charsets that hold the letters of another one in other places.
var sameTongues = map[string]string{
	"iso-8859-15": "windows-1252", "cp850": "windows-1252", "cp852": "windows-1250", "cp866": "windows-1251",
}

// alphabets are charsets whose letters are among themselves.
var alphabets = []string{"windows-1251", "windows-1253", "windows-1255"}

// dosLead is by how much the letters of a charset of DOS must be likelier: nearly every byte is a letter there.
const dosLead = 0.25

var tongues = []tongue{
	{charset: "windows-1252", letters: "äöüß"},
	{charset: "windows-1252", letters: "àâçéèêëîïôùûüœæ"},
	{charset: "windows-1252", letters: "áéíóúñüºª"},
	{charset: "windows-1252", letters: "áâãàçéêíóôõúüºª"},
	{charset: "windows-1252", letters: "àèéìíîòóùú"},
	{charset: "windows-1252", letters: "åäöæøé"},
	{charset: "windows-1252", letters: "ëïéèöüçáó"},
	{charset: "windows-1252", letters: "áéíóúýþæöð"},
	{charset: "windows-1250", letters: "ąćęłńóśźż"},
	{charset: "windows-1250", letters: "áčďéěíňóřšťúůýžäôľĺŕ"},
	{charset: "windows-1250", letters: "áéíóöőúüű"},
	{charset: "windows-1250", letters: "čćđšž"},
	{charset: "windows-1250", letters: "ăâîşţ"},
	{charset: "windows-1251", letters: "абвгдеёжзийклмнопрстуфхцчшщъыьэюя№"},
	{charset: "windows-1251", letters: "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя№"},
	{charset: "windows-1251", letters: "абвгдђежзијклљмнњопрстћуфхцчџш"},
	{charset: "windows-1253", letters: "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ"},
	{charset: "windows-1254", letters: "çğıİöşüâî"},
	{charset: "windows-1255", letters: "אבגדהוזחטיכלמנסעפצקרשתךםןףץ₪"},
	{charset: "windows-1257", letters: "ąčęėįšųūž"},
	{charset: "windows-1257", letters: "āčēģīķļņšūž"},
	{charset: "windows-1257", letters: "äõöüšž"},
	{charset: "shift-jis", common: func(a, b byte) bool {
		return a == 0x81 || a == 0x82 && b >= 0x4F && b <= 0xF1 || a == 0x83 && b <= 0x96 || a >= 0x88 && a <= 0x97 ||
			b == 0 && a >= 0xA6 && a <= 0xDF
	}},
	{charset: "euc-kr", common: func(a, b byte) bool { return isSymbol(a) || a >= 0xB0 && a <= 0xC8 && b >= 0xA1 }},
	{charset: "gb18030", common: func(a, b byte) bool { return isSymbol(a) || a >= 0xB0 && a <= 0xD7 && b >= 0xA1 }},
	{charset: "big5", common: func(a, _ byte) bool { return a >= 0xA1 && a <= 0xC6 }},
	{charset: "euc-jp", common: func(a, _ byte) bool { return isSymbol(a) || a == 0xA4 || a == 0xA5 || a >= 0xB0 && a <= 0xCF }},
}

// isSymbol reports whether a byte begins a mark or a letter of full width in charsets of East Asia.
func isSymbol(first byte) bool { return first == 0xA1 || first == 0xA3 }

// signs may come with any language, though not inside its words.
const signs = "€£§°‘“”„«» ©®™½¼¾±µ•‰¹²³¡¿×\u00ad\u202f"

// joiners are signs that are inside words too.
const joiners = "’–—…´·"

const guessedAt = 0.5 // the share of plausible letters below which a charset is not taken

// likeliest returns the charset under which a text that is no UTF-8 is best read: names that are known count for more
// than letters. Windows-1252 is taken where nothing speaks for another one.
func likeliest(head []byte, whole bool, known func(string) bool) string {
	if cut := bytes.LastIndexAny(head, "\r\n"); !whole && cut > 0 {
		head = head[:cut]
	}
	head = head[:min(len(head), 16<<10)]
	best, most := "windows-1252", guessedAt
	for _, charset := range guesses {
		text, err := charsets[charset].NewDecoder().Bytes(head)
		if err != nil {
			continue
		}
		names, lead := namesIn(string(text), known), 0.0
		if strings.HasPrefix(charset, "cp") {
			lead = dosLead
		}
		for _, t := range tongues {
			if t.charset != cmp.Or(sameTongues[charset], charset) {
				continue
			}
			if score := t.share(head, string(text)) + names - lead; score > most {
				best, most = charset, score
			}
		}
	}
	return best
}

// namesIn is what known names that are not ASCII speak for the charset that a text was decoded with.
func namesIn(text string, known func(string) bool) float64 {
	found := 0.0
	if known == nil {
		return 0
	}
	for line := range strings.Lines(text[:min(len(text), 8<<10)]) {
		for name := range strings.FieldsFuncSeq(line, isMark) {
			name = strings.TrimSpace(name)
			beyond := strings.IndexFunc(name, func(r rune) bool { return r > unicode.MaxASCII })
			if beyond >= 0 && len(name) <= NameBytesMax && known(name) && found < 2 {
				found += 0.5
			}
		}
	}
	return found
}

// isMark reports whether a rune parts names.
func isMark(r rune) bool { return strings.ContainsRune(",;\t|\"\r\n", r) }

// share is how much of the text beyond ASCII its languages would write so, from 0 to 1.
func (t *tongue) share(head []byte, text string) float64 {
	var all, good int
	damaged := strings.Count(text, "\uFFFD")
	if t.common != nil {
		all, good = t.commonBytes(head)
	} else {
		all, good = t.plausible([]rune(text))
	}
	if all == 0 || damaged*50 > all {
		return 0
	}
	return float64(good-damaged) / float64(all)
}

// commonBytes counts the letters of two bytes, and the usual ones of them. Bytes A1 to DF are letters of their own in
// Shift-JIS; they count for half, because in any other charset they are half of one. A letter whose second byte is a
// Latin one, right behind another Latin one, is rather an accent inside a word.
func (t *tongue) commonBytes(head []byte) (all, good int) {
	latin := false
	for i := 0; i < len(head); i++ {
		a, behind := head[i], latin
		latin = isLatin(a)
		switch {
		case a < utf8.RuneSelf:
		case t.charset == "shift-jis" && a >= 0xA1 && a <= 0xDF:
			all++
			if t.common(a, 0) {
				good++
			}
		case i+1 < len(head):
			i++
			all += 2
			if t.common(a, head[i]) && !(behind && isLatin(head[i])) {
				good += 2
			}
		}
	}
	return all, good
}

func isLatin(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// plausible counts the letters and signs beyond ASCII and those that a language would have there: letters of an
// alphabet of their own among themselves, accents among plain letters, signs outside words.
func (t *tongue) plausible(text []rune) (all, good int) {
	alphabet := slices.Contains(alphabets, t.charset)
	for i, r := range text {
		if r <= unicode.MaxASCII || r == unicode.ReplacementChar {
			continue
		}
		all++
		before, after := around(text, i)
		plain, strange := 0, 0
		for _, n := range []rune{before, after} {
			switch {
			case n <= unicode.MaxASCII && unicode.IsLetter(n):
				plain++
			case n > unicode.MaxASCII && unicode.IsLetter(n):
				strange++
			}
		}
		switch {
		case strings.ContainsRune(t.letters, unicode.ToLower(r)) && unicode.IsLetter(r):
			if alphabet && plain == 0 && !(unicode.IsUpper(r) && unicode.IsLower(before)) || !alphabet && strange < 2 {
				good++
			}
		case strings.ContainsRune(t.letters, r), strings.ContainsRune(joiners, r),
			strings.ContainsRune(signs, r) && plain+strange < 2 && (!alphabet || plain == 0):
			good++
		}
	}
	return all, good
}

func around(text []rune, i int) (before, after rune) {
	if i > 0 {
		before = text[i-1]
	}
	if i+1 < len(text) {
		after = text[i+1]
	}
	return before, after
}
