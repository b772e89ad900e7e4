package httpapi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"

	"github.com/danielgtaylor/huma/v2"
)

// A property in another case is an unknown one: json.Unmarshal would take it, and a reader in front of us might not.
func init() { huma.ValidateStrictCasing = true } //nolint:gochecknoinits // the library's own switch is global

// ambiguity returns the pointer to a value of valid JSON that two readers may take differently, and why: a key that is
// there twice, of which one reader takes the first and another the last, or half of a surrogate pair, which becomes
// another text; "" when there is none.
func ambiguity(text []byte) (pointer, fault string) {
	if loneSurrogate(text) {
		return "", "holds half of a surrogate pair, which is no text"
	}
	if pointer, twice := duplicateKey(json.NewDecoder(bytes.NewReader(text)), ""); twice {
		return pointer, "is there twice"
	}
	return "", ""
}

func duplicateKey(dec *json.Decoder, at string) (pointer string, found bool) {
	token, _ := dec.Token()
	delim, isDelim := token.(json.Delim)
	if !isDelim {
		return "", false
	}
	seen := map[string]bool{}
	for n := 0; dec.More(); n++ {
		inner := at + "/" + strconv.Itoa(n)
		if delim == '{' {
			token, _ := dec.Token()
			key, _ := token.(string)
			inner = at + "/" + pointerEscapes.Replace(key)
			if seen[key] {
				return inner, true
			}
			seen[key] = true
		}
		if pointer, found := duplicateKey(dec, inner); found {
			return pointer, true
		}
	}
	_, _ = dec.Token() // the closing bracket
	return "", false
}

// loneSurrogate looks at the escapes of valid JSON: json.Unmarshal writes U+FFFD for half of a pair, without a word.
func loneSurrogate(text []byte) bool {
	const escape = 6 // bytes of one, as in \ud83d
	for at := 0; at < len(text); at++ {
		if text[at] != '\\' {
			continue
		}
		first, is := escaped(text[at:])
		switch {
		case !is:
			at++ // another escape, or an escaped backslash
		case !utf16.IsSurrogate(first):
			at += escape - 1
		default:
			second, _ := escaped(text[at+escape:])
			if utf16.DecodeRune(first, second) == '\uFFFD' {
				return true
			}
			at += 2*escape - 1
		}
	}
	return false
}

// escaped is the code unit of an escape by four hexadecimal digits at the beginning of text.
func escaped(text []byte) (unit rune, is bool) {
	const digits = 4
	if len(text) < 2+digits || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:2+digits]), 16, 16)
	return rune(n), err == nil
}
