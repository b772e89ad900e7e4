//go:build unit || !integration

package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const giro = "Konto 1;Januar\n\nDatum;Text;Betrag;Zweck\n2026-01-02;Miete;-10,00;a\n2026-01-03;Lohn;20,00;b\n"

// TestALaterTableIsNotReadByTheFirstHeader: its rows are refused with the line and the title of their own.
func TestALaterTableIsNotReadByTheFirstHeader(t *testing.T) {
	for name, below := range map[string]string{
		"wider":                                "\nKarte 2;Januar\nAlt;5,00\n\nDatum;Valuta;Text;Betrag;Zweck\n2026-01-04;2026-01-04;Hotel;-75,00;c\n2026-01-05;2026-01-05;Bar;-5,00;d\n",
		"in another order":                     "\nKarte 2\nDatum;Betrag;Text;Zweck\n2026-01-04;-75,00;Hotel;c\n2026-01-05;-5,00;Bar;d\n",
		"with the same columns":                "\nKarte 2\nDatum;Text;Betrag;Zweck\n2026-01-04;Hotel;-75,00;c\n2026-01-05;Bar;-5,00;d\n",
		"of names in no list":                  "\nKarte 2\nPäivä;Selite;Summa;Viite\n2026-01-04;Hotel;-75,00;c\n2026-01-05;Bar;-5,00;d\n",
		"below a footer without a blank line":  "Summe;10,00\nKarte 2\nDatum;Betrag;Text;Zweck\n2026-01-04;-75,00;Hotel;c\n2026-01-05;-5,00;Bar;d\n",
		"with rows that its header is not for": "\nKarte 2\nDatum;Betrag;Text;Valuta;Zweck\n2026-01-04;-75,00;Hotel;x;c\n2026-01-04;-75,00;Hotel;c\n2026-01-05;-5,00;Bar;y;d\n",
	} {
		o := tell(strings.NewReader(giro+below), "x.csv", Options{Names: knownNames})
		require.NoError(t, o.err, name)
		require.Equal(t, 2, o.rows, "%s: %v", name, o.lines)
		header := strings.Count(giro+below[:max(strings.Index(below, "Datum"), strings.Index(below, "Päivä"))], "\n") + 1
		reason := fmt.Sprintf("OTHER_TABLE: this row belongs to the table whose header is on line %d (\"Karte 2\"), not to the one on "+
			"line 3: split the file, or read that table with header: %d", header, header)
		require.Equal(t, 3, strings.Count(strings.Join(o.lines, "\n"), reason), "%s: %v", name, o.lines)

		o = tell(strings.NewReader(giro+below), "x.csv", Options{Names: knownNames, Header: header})
		require.Contains(t, strings.Join(o.lines, "\n"), "-75,00", name)
		require.Equal(t, 2, o.rows, "%s: %v", name, o.lines)
	}
}

// TestTheLongerTableIsRead, and the rows of the one above it are not lost in silence.
func TestTheLongerTableIsRead(t *testing.T) {
	file := "Karte 2\nDatum;Betrag;Valuta\n2026-01-04;-75,00;2026-01-05\n\n" + giro + "2026-01-05;Strom;-3,00;c\n"
	o := tell(strings.NewReader(file), "x.csv", Options{Names: knownNames})
	require.Equal(t, 3, o.rows, o.lines)
	require.Contains(t, o.lines, "line 3, row 1: OTHER_TABLE: this row belongs to the table whose header is on line 2, "+
		"not to the one on line 7: split the file, or read that table with header: 2")
}

func TestAHeaderAtAPageBreakIsNoTable(t *testing.T) {
	for _, header := range []string{"Datum;Text;Betrag;Zweck\n", "Datum ; Text;Betrag;Zweck;;\n"} {
		o := tell(strings.NewReader(giro+header+"2026-01-04;Hotel;-75,00;c\n"), "x.csv", Options{Names: knownNames})
		require.Equal(t, 3, o.rows, o.lines)
		require.Contains(t, o.lines, "line 6, row 3: MALFORMED: this row repeats the header")
	}
}

// TestRowsOfWordsAreRows: no table begins where text happens to stand.
func TestRowsOfWordsAreRows(t *testing.T) {
	for _, row := range []string{"vorgemerkt;Text;;Zweck", "offen;Miete;--;c", "Summe;;;", "Datum;Hotel;keiner;c"} {
		o := tell(strings.NewReader(giro+row+"\n2026-01-04;Hotel;-75,00;c\n"), "x.csv", Options{Names: knownNames})
		require.Equal(t, 4, o.rows, o.lines)
		require.Zero(t, o.rejected, o.lines)
	}
}

func TestLinesBetweenKeepTheirText(t *testing.T) {
	r, err := Open(strings.NewReader(giro+"Neuer Stand;12,50 EUR;\n"), "x.csv", Options{Names: knownNames})
	require.NoError(t, err)
	for range 2 {
		_, err = r.Next()
		require.NoError(t, err)
	}
	_, err = r.Next()
	require.Equal(t, "Neuer Stand;12,50 EUR", refused(t, err).Value)
}
