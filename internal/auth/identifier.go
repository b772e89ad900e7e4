package auth

import "strings"

// uuidLength is 32 hex digits and 4 hyphens: well below the 63 bytes at which PostgreSQL cuts an identifier, so two
// tenants can never end in one schema by truncation.
const uuidLength = 36

// IsUUID reports whether s is a UUID in its one canonical form: 8-4-4-4-12 hex digits, lower case, ASCII, nothing
// around it. Upper case is refused because two spellings of one tenant would be two schemas, two Redis prefixes and
// two object folders. Version and variant bits are not looked at: any 128 bits name a tenant.
func IsUUID(s string) bool {
	if len(s) != uuidLength {
		return false
	}
	for i := range len(s) {
		if !uuidByteAt(i, s[i]) {
			return false
		}
	}
	return true
}

func uuidByteAt(i int, b byte) bool {
	switch i {
	case 8, 13, 18, 23:
		return b == '-'
	default:
		return '0' <= b && b <= '9' || 'a' <= b && b <= 'f'
	}
}

// QuoteIdentifier quotes a PostgreSQL identifier. NUL is dropped: PostgreSQL has no such character in a name, and in
// the wire protocol it would end the statement early.
func QuoteIdentifier(s string) string {
	s = strings.ReplaceAll(s, "\x00", "")
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
