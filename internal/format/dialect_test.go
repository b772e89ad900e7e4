//go:build unit || !integration

package format

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCouldBeHeader(t *testing.T) {
	for text, want := range map[string]bool{
		"id|date|amount":                true,
		"Amount 1|Amount 2":             true,
		"2nd reference|name":            true,
		"Betrag (€)|#|Text":             true,
		"Konto||||":                     false,
		"INV-1|2026-01-02|10.00":        false,
		"1|name":                        false,
		"03-Feb-2026|Rent":              false,
		"12.00 EUR|Rent":                false,
		"(5,00 EUR)|Rent":               false,
		strings.Repeat("x", 900) + "|y": false,
		"|":                             false,
	} {
		require.Equal(t, want, couldBeHeader(strings.Split(text, "|")), text)
	}
}

func TestColumnsGetNamesOfTheirOwn(t *testing.T) {
	o := tell(strings.NewReader("id,,amount,amount,amount (2),\n1,b,2.00,3.00,4.00,\n"), "x.csv", Options{})
	require.Contains(t, o.lines, "columns: id | column 2 | amount | amount (2) | amount (2) (2)")
}

func TestRowsMayEndWithADelimiter(t *testing.T) {
	for _, file := range []string{"id,amount\n1,2.00,\n2,3.00,\n", "id,amount,\n1,2.00\n2,3.00\n", "id,amount,\n1,2.00,\n"} {
		o := tell(strings.NewReader(file), "x.csv", Options{})
		require.NoError(t, o.err)
		require.Zero(t, o.rejected, o.lines)
		require.Equal(t, `2: ["1" "2.00"]`, o.lines[2])
	}
}

func TestOneColumnIsATableToo(t *testing.T) {
	o := tell(strings.NewReader("amount\n12.00\n13.00\n"), "x.csv", Options{})
	require.Equal(t, 2, o.rows, o.lines)
}
