package solver

import (
	"bytes"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Normalise applies the steps in their order, in place where it can. A text in ASCII, which nearly every reference is,
// takes no detour.
func Normalise(out []byte, steps []string) []byte {
	ascii := IsASCII(out)
	for _, step := range steps {
		switch step {
		case "trim":
			out = bytes.TrimSpace(out)
		case "upper":
			out = upper(out, ascii)
		case "alnum":
			out = keep(out, ascii, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
		case "digits":
			out = keep(out, ascii, func(r rune) bool { return '0' <= r && r <= '9' })
		case "stripZeros":
			out = bytes.TrimLeft(out, "0")
		case "foldAccents":
			out = foldAccents(out, ascii)
		case Spaced:
			out = bytes.Join(bytes.FieldsFunc(out, func(r rune) bool {
				return !unicode.IsLetter(r) &&
					!unicode.IsDigit(r)
			}), []byte{' '})
		}
	}
	return out
}

// Spaced is the step that parts words by one space and drops what else is between them. No rule can name it: texts go
// through it.
const Spaced = "words"

func upper(text []byte, ascii bool) []byte {
	if !ascii {
		return bytes.ToUpper(text)
	}
	for i, b := range text {
		if 'a' <= b && b <= 'z' {
			text[i] = b - 'a' + 'A'
		}
	}
	return text
}

func keep(text []byte, ascii bool, wanted func(rune) bool) []byte {
	if !ascii {
		return bytes.Map(func(r rune) rune {
			if wanted(r) {
				return r
			}
			return -1
		}, text)
	}
	out := text[:0]
	for _, b := range text {
		if wanted(rune(b)) {
			out = append(out, b)
		}
	}
	return out
}

// foldAccents drops marks after decomposition: é becomes e, ﬁ becomes fi. Letters that do not decompose stay.
func foldAccents(text []byte, ascii bool) []byte {
	if ascii {
		return text
	}
	return bytes.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.Bytes(text))
}
