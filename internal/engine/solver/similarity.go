package solver

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// textRunesMax is how much of a text is compared: past it two remittance texts differ in their boilerplate.
const textRunesMax = 256

// Names of the algorithms.
const (
	JaroWinkler = "JARO_WINKLER"
	TokenSet    = "TOKEN_SET"
	Levenshtein = "LEVENSHTEIN"
)

// Full is the similarity of equal texts.
const Full = 10_000

// Similarity compares two texts in 1/10,000, by whole numbers only, rounded half up.
//
//   - JARO_WINKLER: Jaro = (m/|a| + m/|b| + (m−t)/m) / 3 with m runes that agree within half the longer text and t
//     half of those out of order; above 0.7 each of at most four equal first runes adds a tenth of what is missing
//     (Winkler 1990).
//   - LEVENSHTEIN: 1 − edits / runes of the longer text.
//   - TOKEN_SET: twice the runes of the words that both have, over the runes of all their words; order and repetition
//     of words do not count (Dice).
func Similarity(algorithm string, a, b []byte) int64 {
	a, b = firstRunes(a), firstRunes(b)
	if bytes.Equal(a, b) {
		return Full
	}
	switch {
	case algorithm == TokenSet:
		return tokenSetSimilarity(a, b)
	case IsASCII(a) && IsASCII(b): // nearly all texts, and no rune of them need be unpacked
		return similarityOf(algorithm, a, b)
	}
	return similarityOf(algorithm, []rune(string(a)), []rune(string(b)))
}

func similarityOf[T byte | rune](algorithm string, a, b []T) int64 {
	if algorithm == Levenshtein {
		return levenshteinSimilarity(a, b)
	}
	return jaroWinklerSimilarity(a, b)
}

// IsASCII reports whether every rune of a text is one byte.
func IsASCII(text []byte) bool {
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func firstRunes(text []byte) []byte {
	if len(text) <= textRunesMax {
		return text
	}
	n := 0
	for at := range string(text) {
		if n++; n > textRunesMax {
			return text[:at]
		}
	}
	return text
}

// part is numerator / denominator in 1/10,000, rounded half up.
func part(numerator, denominator int64) int64 {
	if denominator == 0 {
		return 0
	}
	return (2*Full*numerator + denominator) / (2 * denominator)
}

const (
	winklerPrefixMax = 4
	jaroTerms        = 3
)

func jaroWinklerSimilarity[T byte | rune](a, b []T) int64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	agree, disordered := jaroMatches(a, b)
	if agree == 0 {
		return 0
	}
	// Jaro as a fraction: (m/|a| + m/|b| + (2m − disordered)/2m) / 3 over 6·m·|a|·|b|.
	la, lb, m := int64(len(a)), int64(len(b)), int64(agree)
	numerator := 2*m*m*lb + 2*m*m*la + (2*m-int64(disordered))*la*lb
	denominator := 2 * jaroTerms * m * la * lb
	if 10*numerator <= 7*denominator {
		return part(numerator, denominator)
	}
	prefix := int64(0)
	for prefix < int64(min(len(a), len(b), winklerPrefixMax)) && a[prefix] == b[prefix] {
		prefix++
	}
	return part((10-prefix)*numerator+prefix*denominator, 10*denominator)
}

// jaroMatches counts the runes that agree within half the longer text, and those of them that are in another order.
func jaroMatches[T byte | rune](a, b []T) (agree, disordered int) {
	window := max(max(len(a), len(b))/2-1, 0)
	var roomA, roomB [textRunesMax]bool
	takenA, takenB := roomA[:len(a)], roomB[:len(b)]
	for i, r := range a {
		for j := max(i-window, 0); j < min(i+window+1, len(b)); j++ {
			if !takenB[j] && b[j] == r {
				takenA[i], takenB[j] = true, true
				agree++
				break
			}
		}
	}
	j := 0
	for i, taken := range takenA {
		if !taken {
			continue
		}
		for !takenB[j] {
			j++
		}
		if a[i] != b[j] {
			disordered++
		}
		j++
	}
	return agree, disordered
}

func levenshteinSimilarity[T byte | rune](a, b []T) int64 {
	longer := int64(max(len(a), len(b)))
	return part(longer-int64(edits(a, b)), longer)
}

// edits is Levenshtein's distance: the fewest runes to insert, delete or replace.
func edits[T byte | rune](a, b []T) int {
	if len(a) < len(b) {
		a, b = b, a
	}
	var room [textRunesMax + 1]int
	row := room[:len(b)+1]
	for j := range row {
		row[j] = j
	}
	for i, r := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range b {
			cost := diagonal
			if r != s {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

func tokenSetSimilarity(a, b []byte) int64 {
	words, others := wordSet(a), wordSet(b)
	shared, all := 0, 0
	for _, w := range words {
		n := utf8.RuneCountInString(w)
		all += n
		if _, found := slices.BinarySearch(others, w); found {
			shared += 2 * n
		}
	}
	for _, w := range others {
		all += utf8.RuneCountInString(w)
	}
	return part(int64(shared), int64(all))
}

// wordSet is the distinct words of a text, sorted.
func wordSet(text []byte) []string {
	words := strings.Fields(string(text))
	slices.Sort(words)
	return slices.Compact(words)
}

// Swapped reports whether two texts differ in two characters that changed places.
func Swapped(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	var at []int
	for i := range a {
		if a[i] != b[i] {
			at = append(at, i)
		}
	}
	return len(at) == 2 && a[at[0]] == b[at[1]] && a[at[1]] == b[at[0]]
}
