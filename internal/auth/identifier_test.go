//go:build unit || !integration

package auth

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var canonicalUUID = regexp.MustCompile(`\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\z`)

func FuzzIsUUID(f *testing.F) {
	for _, seed := range append(hostileTenantIDs(), tenantA, tenantB, defaultTenant) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if IsUUID(s) != canonicalUUID.MatchString(s) {
			t.Fatalf("IsUUID(%q) = %v", s, IsUUID(s))
		}
	})
}

func TestIsUUID_OneChangedByte(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		id := []byte(rapid.StringMatching(canonicalUUID.String()[2:len(canonicalUUID.String())-2]).Draw(t, "id"))
		require.True(t, IsUUID(string(id)))
		id[rapid.IntRange(0, len(id)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		require.Equal(t, canonicalUUID.Match(id), IsUUID(string(id)))
	})
}

func TestQuoteIdentifier(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		tenantA:                   `"` + tenantA + `"`,
		`a"b`:                     `"a""b"`,
		`"; DROP SCHEMA public--`: `"""; DROP SCHEMA public--"`,
		"a\x00\"b":                `"a""b"`,
		"":                        `""`,
	} {
		require.Equal(t, want, QuoteIdentifier(in))
	}
}

func FuzzQuoteIdentifier(f *testing.F) {
	f.Add(`a"b`)
	f.Add("\"\x00\"")
	f.Fuzz(func(t *testing.T, s string) {
		quoted := QuoteIdentifier(s)
		inner := strings.ReplaceAll(quoted[1:len(quoted)-1], `""`, "")
		if quoted[0] != '"' || quoted[len(quoted)-1] != '"' || strings.ContainsAny(inner, "\"\x00") {
			t.Fatalf("%q can leave its quotes: %q", s, quoted)
		}
	})
}
