//go:build unit || !integration

package mapping

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/tools/txtar"

	"matcher/internal/recon"
)

// exportFile is the file of testdata/exports that a known export is shown by, in its charset, and what must come of it.
func exportFile(t *testing.T, name string) (file, text, want string) {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata/exports", name+".txtar"))
	require.NoError(t, err)
	require.Len(t, archive.Files, 2)
	body := archive.Files[0].Data
	_, charset, _ := strings.Cut(strings.TrimSpace(string(archive.Comment)), "charset: ")
	if charset == "utf-8 with BOM" {
		body = append([]byte("\ufeff"), body...)
	} else {
		encoding, err := htmlindex.Get(charset)
		require.NoError(t, err)
		body, err = encoding.NewEncoder().Bytes(body)
		require.NoError(t, err)
	}
	return archive.Files[0].Name, string(body), string(archive.Files[1].Data)
}

// outcome is what came of a file: rows, sums by currency and status, and days.
func outcome(t *testing.T, r *Reader) string {
	t.Helper()
	rows, aside := 0, 0
	totals, counts := map[string]sums{}, map[string]int{}
	first, last := recon.Day(0), recon.Day(0)
	var out bytes.Buffer
	err := r.Read(&Identities{}, func(row *Row) error {
		tx := &row.Tx
		switch rows++; row.Verdict {
		case SetAside:
			aside++
			return nil
		case Fresh:
		default:
			fmt.Fprintf(&out, "line %d is %d: %v\n", row.Record.Line, row.Verdict, row.Wrong)
			return nil
		}
		key := tx.Currency + " " + tx.BookingStatus
		if counts[key]++; totals[key] == nil {
			totals[key] = sums{}
		}
		totals[key].add(tx.Currency, tx.Amount)
		if last = max(last, tx.Date); !first.Set() || tx.Date < first {
			first = tx.Date
		}
		return nil
	})
	require.NoError(t, err)
	fmt.Fprintf(&out, "rows %d, set aside %d\n", rows, aside)
	for _, key := range slices.Sorted(maps.Keys(totals)) {
		sum, _, _ := strings.Cut(totals[key].String(), " ")
		fmt.Fprintf(&out, "%s %s in %d rows\n", strings.Replace(key, recon.NoCurrency+" ", "- ", 1), sum, counts[key])
	}
	fmt.Fprintf(&out, "days %s to %s\n", first, last)
	return out.String()
}

// TestExports reads a file of the shape of each known export: it is known by its columns, leaves nothing open, and comes
// out as its facts say.
func TestExports(t *testing.T) {
	t.Parallel()
	require.GreaterOrEqual(t, len(Exports()), 60)
	for i := range Exports() {
		e := &Exports()[i]
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			name, text, want := exportFile(t, e.Name)
			r, err := Open(strings.NewReader(text), name, Hints{Side: recon.Right})
			require.NoError(t, err)
			require.Equal(t, e.Name, r.Detection.Export, "%q %q", r.Header(), r.Detection.Notes)
			_, err = Settle(nil, []*Reader{r})
			require.NoError(t, err)
			require.NoError(t, r.Unsettled())
			require.Equal(t, want, outcome(t, r), r.ReadAs())
			for _, note := range r.Detection.Notes {
				t.Log(note)
			}
		})
	}
}

// TestExportsDoNotOverlap holds every signature to one export: a header of its columns, one with columns appended and one
// of those that suffice are known as it, and as no other.
func TestExportsDoNotOverlap(t *testing.T) {
	t.Parallel()
	is := func(header []string) string {
		e, _ := recognise(header)
		if e == nil {
			return ""
		}
		return e.Name
	}
	for i := range Exports() {
		e := &Exports()[i]
		require.Len(t, columnSet(e.Header), len(e.Header), "%s: a name stands there twice", e.Name)
		require.Equal(t, e.Name, is(e.Header))
		upper := make([]string, len(e.Header))
		for at, name := range e.Header {
			upper[at] = " " + strings.ToUpper(name)
		}
		slices.Reverse(upper)
		require.Equal(t, e.Name, is(append([]string{""}, upper...)), "in another case and order")
		if len(e.Header) >= appendedMin {
			require.Equal(t, e.Name, is(append(slices.Clone(e.Header), "Something newer")))
		} else {
			require.Empty(t, is(append(slices.Clone(e.Header), "Something newer")))
		}
		if len(e.Needs) > 0 {
			require.Equal(t, e.Name, is(e.Needs))
			require.Empty(t, e.lacks(append(slices.Clone(e.Needs), e.Header...)))
		}
		for _, field := range []string{
			recon.FieldAmount, recon.FieldDirection, recon.FieldBookingStatus, recon.FieldCurrency, recon.FieldFee,
		} {
			for _, column := range e.Map.Fields[field].Names() {
				require.True(t, len(e.Needs) == 0 || slices.Contains(e.Needs, column),
					"%s: a file without %q would be read otherwise", e.Name, column)
			}
		}
	}
	require.Empty(t, is([]string{"Date", "Description", "Amount", "Balance"}))
	require.Empty(t, is(nil))
}

// readAsExport reads a file with nothing else known, and returns its reader with what came of it.
func readAsExport(t *testing.T, text, as string) (*Reader, string) {
	t.Helper()
	r, err := Open(strings.NewReader(text), "file.csv", Hints{Side: recon.Right, As: as})
	require.NoError(t, err)
	_, err = Settle(nil, []*Reader{r})
	require.NoError(t, err)
	if err := r.Unsettled(); err != nil {
		return r, err.Error()
	}
	return r, outcome(t, r)
}

func TestExportThatItsRowsContradict(t *testing.T) {
	t.Parallel()
	header := "Transaction Date,Transaction Type,Sort Code,Account Number,Transaction Description,Debit Amount,Credit Amount,Balance\n"
	for name, c := range map[string]struct{ text, note, want string }{
		"rows": { // the decimals of another country
			header + "13/04/2026,DEB,'1,2,a shop,\"1.250,00\",,\"8.000,00\"\n14/04/2026,DEB,'1,2,a shop,\"10,50\",,\"7.989,50\"\n",
			`but line 2: "1.250,00"`, "- BOOKED -1260.50 in 2 rows",
		},
		"signs": { // the balance grows by debits
			header + "13/04/2026,DEB,'1,2,a,10.00,,110.00\n14/04/2026,DEB,'1,2,b,20.00,,130.00\n" +
				"15/04/2026,DEB,'1,2,c,,5.00,125.00\n16/04/2026,DEB,'1,2,d,7.00,,132.00\n17/04/2026,DEB,'1,2,e,,2.00,130.00\n",
			"but the running balance shows the opposite signs", "- BOOKED 30.00 in 5 rows",
		},
		"balance": {
			header + "13/04/2026,DEB,'1,2,a,10.00,,100.00\n14/04/2026,DEB,'1,2,b,20.00,,190.00\n" +
				"15/04/2026,DEB,'1,2,c,,5.00,17.00\n16/04/2026,DEB,'1,2,d,7.00,,1.00\n17/04/2026,DEB,'1,2,e,,2.00,55.00\n",
			"but the running balance does not follow from its amounts", "- BOOKED -30.00 in 5 rows",
		},
	} {
		r, got := readAsExport(t, c.text, "")
		require.Empty(t, r.Detection.Export, name)
		require.Contains(t, strings.Join(r.Detection.Notes, "\n"), "the columns are those of the known export lloyds, "+c.note)
		require.Contains(t, got, c.want, name)
	}
	r, _ := readAsExport(t, "Bank Account,Date,Narrative,Debit Amount,Credit Amount,Balance,Categories,Serial\n"+
		"1,13/04/2026,a,5.00,,10.00,,\n2,13/04/2026,b,,7.00,99.00,,\n", "")
	require.Contains(t, r.Detection.Notes, "column Bank Account holds 2 accounts, and the rows of all are read: "+
		`account: {column: "Bank Account", is: …} in a map reads one`)
	r, got := readAsExport(t, header+"13/04/2026,DEB,'1,2,a shop,12.50,,80.00\n", "")
	require.Equal(t, "lloyds", r.Detection.Export)
	require.Contains(t, got, "GBP BOOKED -12.50 in 1 rows")
	require.Contains(t, r.ReadAs(), "known export: lloyds ")
}

func TestExportStatedOrTurnedOff(t *testing.T) {
	t.Parallel()
	_, text, want := exportFile(t, "swisscard")
	r, got := readAsExport(t, text, NoExport)
	require.Empty(t, r.Detection.Export)
	require.NotEqual(t, want, got)

	renamed := strings.Replace(text, "Kategorie", "Sparte", 1)
	r, _ = readAsExport(t, renamed, "")
	require.Empty(t, r.Detection.Export)
	require.Contains(t, strings.Join(r.Detection.Notes, "\n"),
		`nearly those of the known export swisscard, but "Kategorie" is missing`)
	r, got = readAsExport(t, renamed, "swisscard")
	require.Equal(t, "swisscard", r.Detection.Export)
	require.Equal(t, want, got)

	stated := recon.FieldMap{Fields: map[string]recon.MapField{recon.FieldCurrency: {Constant: "EUR"}}}
	r, err := Open(strings.NewReader(text), "file.csv", Hints{Side: recon.Right, As: "swisscard", Map: &stated})
	require.NoError(t, err)
	require.True(t, r.FieldMap().Negate)
	require.Equal(t, "EUR", r.FieldMap().Fields[recon.FieldCurrency].Constant)

	_, err = Open(strings.NewReader(text), "file.csv", Hints{As: "swiscard"})
	require.ErrorContains(t, err, `did you mean "swisscard"?`)
	_, err = Open(strings.NewReader("a,b\n1,2026-04-01\n"), "file.csv", Hints{As: "swisscard"})
	require.ErrorContains(t, err, `there is no column "Betrag"`)
}

const exportsPage = "../../docs/exports.md"

// TestExportsPage holds docs/exports.md to the known exports.
func TestExportsPage(t *testing.T) {
	t.Parallel()
	page := writeExportsPage()
	if *updateReadings {
		require.NoError(t, os.WriteFile(exportsPage, []byte(page), 0o600))
	}
	have, err := os.ReadFile(exportsPage)
	require.NoError(t, err)
	require.Equal(t, string(have), page, "go test ./internal/mapping -run TestExportsPage -update")
}

func writeExportsPage() string {
	var page strings.Builder
	fmt.Fprintf(&page, exportsHead, len(Exports()))
	for _, kind := range []struct{ name, title string }{
		{"psp", "Processors"},
		{"marketplace", "Marketplaces"},
		{"wallet", "Wallets"},
		{"bank", "Banks"},
		{"card", "Cards"},
		{"ledger", "Ledgers"},
	} {
		fmt.Fprintf(&page, "\n## %s\n| Name | Written by | Columns | Stated | May match by |\n|---|---|---|---|---|\n", kind.title)
		for _, e := range Exports() {
			if e.Kind != kind.name {
				continue
			}
			const shown = 6
			columns := strings.Join(e.Header[:min(shown, len(e.Header))], " · ")
			if more := len(e.Header) - shown; more > 0 {
				columns += fmt.Sprintf(" · and %d more", more)
			}
			if len(e.Needs) > 0 {
				columns += fmt.Sprintf(" (%d of them suffice)", len(e.Needs))
			}
			var stated []string
			for _, name := range recon.MappedFields {
				if e.Map.Has(name) {
					stated = append(stated, name)
				}
			}
			fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", e.Name, e.Owner, strings.ReplaceAll(columns, "|", `\|`),
				strings.Join(stated, " "), strings.Join(e.Match, " · "))
		}
	}
	return page.String()
}

const exportsHead = `# Known exports

%d files that banks, processors, marketplaces and ledgers write are known by the names of their columns and need no map.
What is a fact of such a file is stated: which amount moved and its sign, its currency, the words for booked, pending and
void. What depends on the country, the account or the period is found in the file, as in any other.

A file is known where it has exactly these columns, in any order and case; where it has others behind at least six of them,
which are newer; or where it has those that suffice, since people choose the columns. A file that nearly fits, or whose rows
contradict the facts (they cannot be read, or the running balance does not follow), is read by what is in it, with a note.

` + "`matcher exports`" + ` lists them (` + "`--json`" + ` with their readings); ` + "`--as NAME`" + ` of ` + "`matcher inspect`" + `, and ` + "`--left-as`" + ` and ` + "`--right-as`" + `
of ` + "`matcher match`" + `, state one, and ` + "`none`" + ` turns them off. A map of yours beats them. The service knows them too: the first
file of a source without a map is read so, the next ones as the first.

Each is a file of ` + "`internal/mapping/exports`" + ` with a file of its shape in ` + "`testdata/exports`" + `, from which this page is made
(` + "`go test ./internal/mapping -run TestExportsPage -update`" + `).
`

// TestExportKeepsOriginalAmounts finds what an export does not state, such as the amount in the shop's currency.
func TestExportKeepsOriginalAmounts(t *testing.T) {
	t.Parallel()
	r := opened(t, "Datum,Empfänger,Kontonummer,Transaktionstyp,Verwendungszweck,Kategorie,Betrag (EUR),"+
		"Betrag (Fremdwährung),Fremdwährung,Wechselkurs\n2026-04-13,a shop,,Karte,,,-18.40,-20.00,USD,1.087\n", Hints{})
	require.Equal(t, "n26-old-de", r.Detection.Export)
	tx, wrong := r.Map(r.Sample()[0])
	require.Empty(t, wrong)
	require.Equal(t, "EUR", tx.Currency)
	require.Equal(t, &recon.Money{Amount: -2000, Currency: "USD"}, tx.Original)
}

// TestACurrencyColumnBeatsTheOneOfTheExport reads a known export of one currency whose file has a column of its own.
func TestACurrencyColumnBeatsTheOneOfTheExport(t *testing.T) {
	t.Parallel()
	const header = "Transaction Date,Post Date,Description,Category,Type,Amount,Memo"
	const row = "\n03/01/2026,03/02/2026,Shop,Food,Sale,-5.00,\n03/14/2026,03/15/2026,Shop,Food,Sale,-6.00,\n"
	file := func(name, first, second string) string {
		return header + "," + name + strings.NewReplacer(",-5.00,", ",-5.00,,"+first, ",-6.00,", ",-6.00,,"+second).Replace(row)
	}
	for name, c := range map[string]struct {
		text  string
		hints Hints
		want  string
	}{
		"no column":                  {header + row, Hints{}, "-11.00 USD"},
		"the user's currency":        {header + row, Hints{Currency: "CAD"}, "-11.00 CAD"},
		"a column":                   {file("Currency", "GBP", "GBP"), Hints{}, "-11.00 GBP"},
		"a column beside the user's": {file("Currency", "GBP", ""), Hints{Currency: "GBP"}, "-11.00 GBP"},
		"a column of two":            {file("Currency", "GBP", "USD"), Hints{}, "-5.00 GBP and -6.00 USD"},
		"one of something else":      {file("Original Currency", "EUR", "GBP"), Hints{}, "-11.00 USD"},
		"a column that is no code":   {file("Note", "a", "b"), Hints{}, "-11.00 USD"},
	} {
		require.Contains(t, read(t, "rows.csv", c.text, "", c.hints), c.want, name)
	}
	r := opened(t, header+row, Hints{})
	require.Contains(t, r.Detection.Choices, Choice{
		Field: recon.FieldCurrency, Value: "USD", Columns: nil,
		Why: "a fact of the known export chase-card", Evidence: Stated,
	})
}
