//go:build unit || !integration

package format

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// knownNames is what a caller may know of names.
func knownNames(name string) bool {
	return slices.Contains(strings.Split("date,amount,description,reference,balance,booked,value,text,datum,betrag,text,zweck,"+
		"valuta,card,金额,日期,摘要,お預り金額,дата,сумма,описание,kwota,opis", ","), strings.ToLower(name))
}

// TestTheHeaderIsFoundByNamesAndTypes reads tables below what programs write above them.
func TestTheHeaderIsFoundByNamesAndTypes(t *testing.T) {
	const rows = "2026-01-02,Rent,-10.00,90.00\n2026-01-03,Salary,20.00,110.00\n"
	const header = "Date,Description,Amount,Balance\n"
	for name, above := range map[string]string{
		"nothing": "", "one line": "Statement of account\n",
		"notices, more than rows": strings.Repeat("Please read this\n", 30) + "\n", "a line of dashes": "----------\n",
		"dashes around a title":    "-----,,,\n----- Statement -----\n",
		"names and values":         "Account,Main account\nOwner,A. Person\nPeriod,January\n\n",
		"padded names and values":  "Account,Main account,,\nOwner,A. Person,,\n",
		"a summary":                "Description,,Total\nOpening balance,,\"100.00\"\nCredits,,20.00\nClosing balance,,110.00\n\n",
		"a summary as wide":        "Kind,Count,Total,Currency\nCredit,1,20.00,EUR\nDebit,1,-10.00,EUR\n\n",
		"a sentence with commas":   "Dear customer, thank you, goodbye\n",
		"a title of three columns": "Bank,Branch,Country\n",
	} {
		for _, names := range []func(string) bool{nil, knownNames} {
			o := tell(strings.NewReader(above+header+rows), "x.csv", Options{Names: names})
			require.NoError(t, o.err, name)
			require.Contains(t, o.lines, "columns: Date | Description | Amount | Balance", name)
			require.Equal(t, 2, o.rows, "%s: %v", name, o.lines)
			require.Zero(t, o.rejected, name)
		}
	}
}

func TestAHeaderNeedNotBeAsWideAsItsRows(t *testing.T) {
	for name, c := range map[string]struct{ file, columns, row string }{
		"a name is missing at the end": {
			"date,amount,text\n2026-01-02,1.00,a,x\n2026-01-03,2.00,b,y\n", "date | amount | text | column 4", `["2026-01-02" "1.00" "a" "x"]`,
		},
		"rows are counted without a name": {
			"date,amount,text\n1,2026-01-02,1.00,a\n2,2026-01-03,2.00,b\n", "column 1 | date | amount | text", `["1" "2026-01-02" "1.00" "a"]`,
		},
		"the last column is never filled": {
			"date,amount,text,note\n2026-01-02,1.00,a\n2026-01-03,2.00,b\n", "date | amount | text | note", `["2026-01-02" "1.00" "a" ""]`,
		},
		"nameless columns that nothing fills": {
			"date,amount,text,,,\n2026-01-02,1.00,a,,,\n", "date | amount | text", `["2026-01-02" "1.00" "a"]`,
		},
	} {
		o := tell(strings.NewReader(c.file), "x.csv", Options{})
		require.Zero(t, o.rejected, "%s: %v", name, o.lines)
		require.Contains(t, o.lines, "columns: "+c.columns, name)
		require.Equal(t, "2: "+c.row, o.lines[2], name)
	}
}

// TestAmountsPartedByTheirOwnCommaAreNotRead: the header looks too narrow, and the amounts would be cut.
func TestAmountsPartedByTheirOwnCommaAreNotRead(t *testing.T) {
	for _, file := range []string{
		"date,amount,text\n2026-01-02,12,50,a\n2026-01-03,-1,75,b\n", "date,text,amount\n2026-01-02,a,1,250.00\n2026-01-03,b,2,100.50\n",
	} {
		o := tell(strings.NewReader(file), "x.csv", Options{Names: knownNames})
		require.Zero(t, o.rows, o.lines)
		require.Equal(t, 2, o.rejected)
		require.Contains(t, o.lines[1], "must stand in quotes")
	}
}

func TestTheHeaderMayBeSaid(t *testing.T) {
	file := "Date,Amount\n2026-01-02,1.00\n\n7,8\nBooked,Card,Amount\n2026-02-02,Gold,2.00\n"
	for line, want := range map[int]string{
		1: "columns: Date | Amount", 5: "columns: Booked | Card | Amount",
		3: "refused: HEADER_NOT_FOUND: x.csv has nothing on line 3, so that line cannot be its header",
		9: "refused: HEADER_NOT_FOUND: x.csv has 7 lines, so line 9 cannot be its header",
	} {
		o := tell(strings.NewReader(file), "x.csv", Options{Header: line, Names: knownNames})
		require.Contains(t, o.lines, want, o.lines)
	}
	t.Run("far behind what detection looks at", func(t *testing.T) {
		var b strings.Builder
		b.WriteString("Date,Amount\n")
		for range 50_000 {
			b.WriteString("2026-01-02,1.00\n")
		}
		o := tell(strings.NewReader(b.String()+"\nBooked,Card,Amount\n2026-02-02,Gold,2.00\n"), "x.csv", Options{Header: 50_003})
		require.Equal(t, []string{"csv, delimiter comma, header on line 50003", "columns: Booked | Card | Amount", `50004: ["2026-02-02" "Gold" "2.00"]`}, o.lines)
	})
}

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
		require.Equal(t, want, couldBeHeader(strings.Split(text, "|"), len(strings.Split(text, "|"))), text)
	}
}

func TestColumnsGetNamesOfTheirOwn(t *testing.T) {
	o := tell(strings.NewReader("id,,amount,amount,amount (2),\n1,b,2.00,3.00,4.00,\n"), "x.csv", Options{})
	require.Contains(t, o.lines, "columns: id | column 2 | amount | amount (2) | amount (2) (2)")
}

func TestColumnsBeyondTheLimitAreNamed(t *testing.T) {
	wide := func(n, last int) string {
		names := make([]string, n)
		for i := range last {
			names[i] = fmt.Sprintf("c%d", i+1)
		}
		return strings.Join(names, ",") + "\n" + strings.Repeat("1,", last-1) + "2\n"
	}
	o := tell(strings.NewReader(wide(16_384, 4)+strings.Repeat(strings.Repeat(",", 16_383)+"\n", 3)), "x.csv", Options{})
	require.Equal(t, []string{"csv, delimiter comma", "columns: c1 | c2 | c3 | c4", `2: ["1" "1" "1" "2"]`}, o.lines)
	for _, quoted := range []string{"", `"`} {
		file := quoted + strings.ReplaceAll(wide(10_000, 10_000), ",", quoted+","+quoted)
		o = tell(strings.NewReader(strings.Replace(file, "\n", quoted+"\n"+quoted, 1)), "x.csv", Options{Delimiter: ','})
		require.ErrorContains(t, o.err, "has something in column 10000 on line 1", quoted)
	}
}

// The lines above a header are kept, whether the header was found or named.
func TestPreamble(t *testing.T) {
	t.Parallel()
	const text = "Kontoauszug;;\nAngaben in TEUR;;\n\nDatum;Text;Betrag\n05.01.2026;Miete;-12,5\n06.01.2026;Salg;3,5\n"
	for _, header := range []int{0, 4} {
		r, err := Open(strings.NewReader(text), "a.csv", Options{Header: header})
		require.NoError(t, err)
		require.Len(t, r.Preamble(), 2+header/4)
		require.Equal(t, 2, r.Preamble()[1].Line)
		require.Equal(t, "Angaben in TEUR", r.Preamble()[1].Fields[0])
	}
	r, err := Open(strings.NewReader(`[{"a":1}]`), "a.json", Options{})
	require.NoError(t, err)
	require.Empty(t, r.Preamble())
}
