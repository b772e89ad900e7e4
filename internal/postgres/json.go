package postgres

import (
	"strings"
	"unicode/utf8"

	"matcher/internal/recon"
)

// appendAttributes writes a row's metadata as one JSON object, in the order given.
func appendAttributes(to []byte, attributes []recon.Attribute) []byte {
	to = append(to, '{')
	for i := range attributes {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendJSONText(to, attributes[i].Name)
		to = append(to, ':')
		to = appendJSONText(to, attributes[i].Value)
	}
	return append(to, '}')
}

// appendJSONText writes a JSON string. Plain runs are copied whole, which is nearly all there ever is.
func appendJSONText(to []byte, text string) []byte {
	const hexDigits = "0123456789abcdef"
	to = append(to, '"')
	start := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, text[start:i]...)
		if c < ' ' {
			to = append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		} else {
			to = append(to, '\\', c)
		}
		start = i + 1
	}
	return append(append(to, text[start:]...), '"')
}

// Storable reports whether PostgreSQL can hold a text: valid UTF-8 without NUL.
func Storable(text string) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}

// decimalText places the decimal point of a currency in a whole number of minor units of any size.
func decimalText(minor, currency string) string {
	digits, known := recon.CurrencyDigits(currency)
	if !known {
		digits = 2
	}
	sign := ""
	if strings.HasPrefix(minor, "-") {
		sign, minor = "-", minor[1:]
	}
	if digits == 0 {
		return sign + minor
	}
	if short := digits + 1 - len(minor); short > 0 {
		minor = strings.Repeat("0", short) + minor
	}
	return sign + minor[:len(minor)-digits] + "." + minor[len(minor)-digits:]
}
