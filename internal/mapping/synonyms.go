package mapping

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"matcher/internal/recon"
)

// synonyms are the names by which files call a canonical field, the surest first.
var synonyms = parseSynonyms(synonymsText)

// exactNames are the synonyms of each field without spaces, with their ranks.
var exactNames = func() map[string]map[string]int {
	exact := map[string]map[string]int{}
	for field, names := range synonyms {
		exact[field] = map[string]int{}
		for rank, name := range slices.Backward(names) {
			exact[field][strings.ReplaceAll(name, " ", "")] = rank
		}
	}
	return exact
}()

//go:embed synonyms.txt
var synonymsText string

// terms are the lists of words of terms.txt.
var terms = parseSynonyms(termsText)

//go:embed terms.txt
var termsText string

func parseSynonyms(text string) map[string][]string {
	names := map[string][]string{}
	for line := range strings.Lines(text) {
		if field, list, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(field, "#") {
			names[field] = append(names[field], strings.Split(list, ", ")...)
		}
	}
	return names
}

// fillers are words that do not show which field a name of three words or more means.
var fillers = terms["filler"]

// strangers are words that make a name mean something else, whatever it holds besides.
var strangers = terms["stranger"]

// costs are words that make an amount one of what a payment costs, and not the payment.
var costs = terms["cost"]

// nameWords cuts a column name into folded words: "Betrag (€)" is betrag, "endToEndId" and "END_TO_END_ID" are alike.
func nameWords(name string) []string {
	var b strings.Builder
	var before rune
	for _, r := range foldLetters(name) {
		switch {
		case unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsDigit(before)):
			b.WriteByte(' ')
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
		before = r
	}
	words := strings.Fields(b.String())
	count := len(words)
	return slices.DeleteFunc(words, func(w string) bool {
		_, code := recon.CurrencyDigits(currencyOfWord(w)) // as in "amount_eur"
		code = code && !slices.Contains(codesAsWords, w)
		return slices.Contains(fillers, w) && count > 2 || (code || w == "utc" || w == "gmt") && count > 1
	})
}

// codesAsWords are codes of currencies that are words too.
var codesAsWords = []string{"all", "top", "try", "mop"}

// currencyOfWord is the code that a word of a column name means: "EUR", "€" and "euros" alike.
func currencyOfWord(word string) string {
	if folded := strings.ToLower(word); folded == "euro" || folded == "euros" {
		return "EUR"
	}
	return currencyCode(word)
}

// nameRank returns how well a column's name fits a field: 0 is best, -1 not at all. A name that holds a synonym among
// other words ranks behind all that are one.
func nameRank(words []string, field string) int {
	name := strings.Join(words, " ")
	names := synonyms[field]
	if rank, known := exactNames[field][strings.ReplaceAll(name, " ", "")]; known {
		return rank
	}
	padded := " " + name + " "
	if isStranger(padded) {
		return -1
	}
	if field == recon.FieldAmount && slices.ContainsFunc(words, func(w string) bool {
		return slices.Contains(costs, w)
	}) {
		return -1
	}
	for rank, synonym := range names {
		if len(synonym) > 2 && strings.Contains(padded, " "+synonym+" ") {
			return len(names) + rank
		}
	}
	return -1
}

// isStranger reports whether words, parted and surrounded by spaces, mean something that no field is.
func isStranger(padded string) bool {
	return slices.ContainsFunc(strangers, func(s string) bool { return strings.Contains(padded, " "+s+" ") })
}

// isFieldName reports whether a column name is one by which files call a field.
func isFieldName(name string) bool {
	squashed := strings.Join(nameWords(name), "")
	for _, names := range exactNames {
		if _, known := names[squashed]; known {
			return true
		}
	}
	return false
}
