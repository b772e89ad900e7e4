package solver

import (
	"strings"
	"unicode"
)

// A word is a run of letters or one of digits.
const (
	// WordsMax is how many words of a text are looked at.
	WordsMax  = 128
	WordBreak = 0x1f // between the words of a value
	// WordBreakText is WordBreak as text.
	WordBreakText = "\x1f"
	WordPart      = 0x1e // before a word that is no value by itself
)

// Words returns the normalised words of a text with a WordBreak between them, and a WordPart before each that is no
// value by itself.
func Words(text string, steps []string) []byte {
	var out []byte
	n := 0
	for from, to := range eachWord(text) {
		word := Normalise([]byte(text[from:to]), steps)
		if len(word) == 0 {
			continue
		}
		if n++; n > WordsMax {
			break
		}
		if len(out) > 0 {
			out = append(out, WordBreak)
		}
		if isPart(text, from, to) {
			out = append(out, WordPart)
		}
		out = append(out, word...)
	}
	return out
}

// isPart reports whether the number text[from:to] is a part of what is written around it: a year of a date or of a
// longer number, or the digits before the decimals of an amount.
func isPart(text string, from, to int) bool {
	digitAt := func(at int) bool { return at >= 0 && at < len(text) && '0' <= text[at] && text[at] <= '9' }
	joins := func(at int, by string) bool { return at >= 0 && at < len(text) && strings.IndexByte(by, text[at]) >= 0 }
	if !digitAt(from) {
		return false
	}
	after := joins(to, "./-_") && digitAt(to+1)
	isYear := to-from == 4 && (text[from:from+2] == "19" || text[from:from+2] == "20")
	isAmount := joins(to, ".,") && digitAt(to+1) && (!digitAt(to+2) || !digitAt(to+3))
	return isAmount || isYear && (after || joins(from-1, "./-_") && digitAt(from-2))
}

// eachWord gives the ends of each run of letters, and of each run of digits.
func eachWord(text string) func(yield func(from, to int) bool) {
	return func(yield func(from, to int) bool) {
		start, digits := -1, false
		for at, r := range text {
			digit := unicode.IsDigit(r)
			inside := digit || unicode.IsLetter(r) || unicode.Is(unicode.Mn, r)
			if start >= 0 && (!inside || digit != digits) {
				if !yield(start, at) {
					return
				}
				start = -1
			}
			if inside && start < 0 {
				start, digits = at, digit
			}
		}
		if start >= 0 {
			yield(start, len(text))
		}
	}
}
