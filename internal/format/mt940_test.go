//go:build unit || !integration

package format

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDescriptionsAreReadByTheirDialect(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]string{ // reference, description, counterparty
		"A plain text":                               {"R", "A plain text", ""},
		"?20EREF+E1?21SVWZ+Thanks?32NAME":            {"E1", "Thanks", "NAME"},
		"177>20EREF+NOTPROVIDED SVWZ+x":              {"R", "x", ""},
		"051?00CASH WITHDRAWAL":                      {"R", "CASH WITHDRAWAL", ""},
		"/EREF/E2//NAME/B.V.//REMI/USTD//Invoice 7/": {"E2", "Invoice 7", "B.V."},
		"/no tag/ at all":                            {"R", "/no tag/ at all", ""},
		"SVWZ+only purpose":                          {"R", "only purpose", ""},
	} {
		d := &mt940Decoder{}
		d.entry.fields[entryReference] = "R"
		d.describe(text)
		e := d.entry.fields
		require.Equal(t, want, [3]string{e[entryReference], e[entryDescription], e[entryParty]}, text)
	}
}

func TestTextsOfMovements(t *testing.T) {
	t.Parallel()
	require.Equal(t, "abcdef gh", joinWide([]string{"abc", "def", " gh"}, 3))
	require.Equal(t, []string{"1.5", "1", ".5"}, []string{point("1,5"), point("1,"), point(",5")})
	require.Equal(t, []string{"", "", "INV-1"}, []string{unlessNone(" NONREF "), unlessNone("not provided"), unlessNone("INV-1")})
	require.Equal(t, "ab cd", joinWide([]string{"ab", "cd"}, 3))
}
