package engine

import (
	"bytes"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"matcher/internal/engine/solver"
)

// values are the normalised, distinct, non-empty values of a text: what extract finds, or what split parts, or the
// whole of it. They are appended to `to`.
func (s *keySpec) values(text string, to [][]byte) [][]byte {
	if text == "" {
		return to
	}
	if !s.multi() {
		if value := s.value(text, nil); len(value) > 0 {
			to = append(to, value)
		}
		return to
	}
	parts := s.parts(text)
	seen := make(map[string]bool, len(parts))
	for _, part := range parts {
		value := s.value(part, nil)
		if len(value) == 0 || seen[string(value)] {
			continue
		}
		seen[string(value)] = true
		if to = append(to, value); len(to) == keyValuesMax {
			break
		}
	}
	return to
}

// value is one text as it is stored and compared. It may take the place of room.
func (s *keySpec) value(text string, room []byte) []byte {
	if s.words {
		return s.splitWords(text)
	}
	return normalise(append(room, text...), s.normalise)
}

func (s *keySpec) parts(text string) []string {
	parts := []string{text}
	if s.split != "" {
		parts = strings.Split(text, s.split)
	}
	if s.extract == nil {
		return parts
	}
	var found []string
	for _, part := range parts {
		for _, match := range s.extract.FindAllStringSubmatch(part, keyValuesMax) {
			if len(match) > 1 {
				found = append(found, match[1])
			} else {
				found = append(found, match[0])
			}
		}
	}
	return found
}

// normalise applies the steps in their order, in place where it can. A text in ASCII, which nearly every reference is,
// takes no detour.
func normalise(out []byte, steps []string) []byte {
	ascii := solver.IsASCII(out)
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
		case wordsStep:
			out = bytes.Join(bytes.FieldsFunc(out, func(r rune) bool {
				return !unicode.IsLetter(r) &&
					!unicode.IsDigit(r)
			}), []byte{' '})
		}
	}
	return out
}

// wordsStep parts words by one space and drops what else is between them. No rule can name it: texts go through it.
const wordsStep = "words"

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
