//go:build unit || !integration

package mapping

import (
	"errors"
	"flag"
	"fmt"
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

var updateReadings = flag.Bool("update", false, "write what came of the readings as what is wanted: look at it")

// read returns what one file comes to, a line each: its rows as "line amount currency day", those set aside and refused
// with their reasons, its questions. The other side is read first, and may show what the file leaves open.
func read(t *testing.T, name, text, other string, hints Hints) string {
	t.Helper()
	hints.Side = recon.Right
	r, err := Open(strings.NewReader(text), name, hints)
	if err != nil {
		return "REFUSED " + err.Error() + "\n"
	}
	left := []*Reader{}
	if other != "" {
		left = append(left, opened(t, other, Hints{Side: recon.Left}))
	}
	_, err = Settle(left, []*Reader{r})
	require.NoError(t, err)
	var out strings.Builder
	for _, q := range r.Detection.Questions {
		fmt.Fprintf(&out, "QUESTION %s: %s\n", q.ID, q.Text)
		for i, a := range q.Answers {
			fmt.Fprintf(&out, "  %d %s\n", i+1, a.Line)
		}
	}
	if r.Unsettled() != nil {
		return out.String()
	}
	total, byLine := sums{}, map[int]recon.Money{}
	err = r.Read(&Identities{}, func(row *Row) error {
		for _, gone := range row.Gone {
			fmt.Fprintf(&out, "%d takes the place of line %d\n", row.Record.Line, gone.Line)
			total.add(byLine[gone.Line].Currency, -byLine[gone.Line].Amount)
		}
		switch row.Verdict {
		case SetAside:
			fmt.Fprintf(&out, "%d ASIDE %s\n", row.Record.Line, row.Wrong[0].Reason)
		case Rejected:
			fmt.Fprintf(&out, "%d REJECTED %s: %s\n", row.Record.Line, row.Wrong[0].Field, row.Wrong[0].Reason)
		case Duplicate:
			fmt.Fprintf(&out, "%d DUPLICATE\n", row.Record.Line)
		default:
			tx := &row.Tx
			pending := ""
			if tx.BookingStatus == recon.Pending {
				pending = " pending"
			}
			fmt.Fprintf(&out, "%d %s %s %s%s\n", tx.Line, recon.Money{Amount: tx.Amount, Currency: tx.Currency}, tx.Currency, tx.Date, pending)
			total.add(tx.Currency, tx.Amount)
			byLine[tx.Line] = recon.Money{Amount: tx.Amount, Currency: tx.Currency}
		}
		return nil
	})
	var refused *recon.Error
	if errors.As(err, &refused) {
		return "REFUSED " + refused.Error() + "\n"
	}
	require.NoError(t, err)
	fmt.Fprintf(&out, "SUM %s\n", total)
	for _, note := range r.Detection.Notes {
		fmt.Fprintf(&out, "NOTE %s\n", note)
	}
	return out.String()
}

// TestReadings reads every file of testdata/readings: its comment is why, "file" is what is read, "other" the other side,
// "map" a map and "answers" answers, where they matter; "want" is what must come of it.
func TestReadings(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/readings/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			require.NotEmpty(t, strings.TrimSpace(string(archive.Comment)), "why?")
			part := func(name string) string {
				for _, f := range archive.Files {
					if stem, _, _ := strings.Cut(f.Name, "."); stem == name {
						return string(f.Data)
					}
				}
				return ""
			}
			at := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return strings.HasPrefix(f.Name, "file") })
			require.GreaterOrEqual(t, at, 0)
			hints := Hints{Answers: map[string]int{}}
			if text := part("map"); text != "" {
				fields, err := ParseFieldMap([]byte(text))
				require.NoError(t, err)
				hints.Map = &fields
			}
			for line := range strings.Lines(part("answers")) {
				var id string
				var n int
				_, err := fmt.Sscanf(line, "%s %d", &id, &n)
				require.NoError(t, err)
				hints.Answers[id] = n
			}
			file := archive.Files[at]
			if names := strings.Split(file.Name, "."); len(names) == 3 { // file.shift_jis.csv
				charset, err := htmlindex.Get(names[1])
				require.NoError(t, err)
				file.Data, err = charset.NewEncoder().Bytes(file.Data)
				require.NoError(t, err)
			}
			got := read(t, file.Name, string(file.Data), part("other"), hints)
			if *updateReadings {
				for i, f := range archive.Files {
					if f.Name == "want" {
						archive.Files[i].Data = []byte(got)
					}
				}
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o600))
			}
			require.Equal(t, part("want"), got)
		})
	}
}

// sharedCases are what the right file of a case comes to beside its left one: sums, a question, or a refusal.
var sharedCases = []struct{ file, other, want string }{
	{"01-revolut-state-fee/right.csv", "left.csv", "SUM 2858.70 EUR"}, // 2,922.80 booked and −64.10 pending
	{"02-balance-rows-as-movements/right.csv", "left.csv", "SUM 57983.03 BRL"},
	{"02-balance-rows-as-movements/right-itau.csv", "left-itau.csv", "SUM 1797.01 BRL"},
	{"05-stripe-api-minor-units/right.json", "left.csv", "SUM 1446 JPY and 102.71 USD"},
	{"06-dash-for-no-cents/right.csv", "left.csv", "SUM 5061.50 NOK"},
	{"06-dash-for-no-cents/right-ch.csv", "left.csv", "SUM 5061.50 NOK"},
	{"07-wallet-bill-gbk-directions/right-gbk.csv", "left.csv", "SUM -23.24 CNY"},
	{"07-wallet-bill-gbk-directions/right-utf8.csv", "left.csv", "SUM -23.24 CNY"},
	{"08-shift-jis-era-dates/right-sjis.csv", "left.csv", "SUM 1222223 JPY"},
	{"08-shift-jis-era-dates/right-utf8.csv", "left.csv", "SUM 1222223 JPY"},
	{"08-shift-jis-era-dates/right-western.csv", "left.csv", "SUM 1222223 JPY"},
	{"09-exchange-ledger-fee-and-assets/right.csv", "left.csv", "SUM 199.52 EUR"},
	{"11-one-amount-column-per-currency/right.csv", "left.csv", "SUM 1161.90 CAD and 860.00 USD"},
	{"11-one-amount-column-per-currency/right-cad-only.csv", "left.csv", "SUM 1161.90 CAD"},
	{"12-sections-pending-and-latin1/right.csv", "left.csv", "SUM 1001.74 EUR"},
	{"12-sections-pending-and-latin1/right-long.csv", "left.csv", "SUM 925.74 EUR"},
	{"14-summary-above-running-balance/right.csv", "left.csv", "SUM -1714.00 USD"},
	{"15-ids-through-a-spreadsheet/right.csv", "left.csv", "SUM 60.00 EUR"},
	{"15-ids-through-a-spreadsheet/right-sci.csv", "left-sci.csv", "digits are lost"},
	{"15-ids-through-a-spreadsheet/right-sci-twin.csv", "left-sci.csv", "SUM 90.00 EUR"},
	{"16-sheet-with-16384-columns/right.csv", "left.csv", "SUM 24.50 EUR"},
	{"16-sheet-with-16384-columns/right-sep-utf16.csv", "left.csv", "SUM 24.50 EUR"},
	{"17-double-minus-reversal/right.csv", "left.csv", "which one holds?"},
	{"20-marketplace-flat-file/right.txt", "left.csv", "SUM 96.60 EUR"},
	{"22-json-numbers-and-ids/right.ndjson", "left.csv", "REFUSED"},
	{"23-foreign-currency-column-taken-for-the-rows/right-n26.csv", "left.csv", "SUM 409.99 EUR"},
	{"24-white-space-behind-a-quote-and-double-cr/right-tab.csv", "left.csv", "SUM -1092.14 CNY"},
	{"24-white-space-behind-a-quote-and-double-cr/right-double-cr.csv", "left-cr.csv", "SUM -1037.49 EUR"},
	{"27-income-expense-words/right.csv", "left.csv", "SUM 30.00 EUR"},
	{"27-income-expense-words/right-db.csv", "left.csv", "SUM 30.00 EUR"},
	{"28-partial-map-turns-detection-off/right.csv", "left.csv", "SUM 30.00 EUR"},
	{"29-cash-book-money-in-money-out/left.csv", "right.csv", "SUM 30.00 EUR"},
	{"29-cash-book-money-in-money-out/left-debit-credit.csv", "right.csv", "QUESTION"}, // read here as a statement
}

// TestSharedCases reads the cases that are kept outside of the repository, where they are present.
func TestSharedCases(t *testing.T) {
	t.Parallel()
	folder := filepath.Join("..", "..", "..", "shared", "cases", "files")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("there are no shared cases here")
	}
	named := map[string]bool{"19-formats-not-yet-read": true}
	for _, c := range sharedCases {
		named[filepath.Dir(c.file)] = true
		t.Run(c.file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(folder, c.file))
			require.NoError(t, err)
			other, err := os.ReadFile(filepath.Join(folder, filepath.Dir(c.file), c.other))
			require.NoError(t, err)
			require.Contains(t, read(t, filepath.Base(c.file), string(text), string(other), Hints{}), c.want)
		})
	}
	kinds, err := os.ReadDir(folder)
	require.NoError(t, err)
	for _, kind := range kinds {
		require.True(t, named[kind.Name()], "no case of %s", kind.Name())
	}
	foreign, err := filepath.Glob(filepath.Join(folder, "19-formats-not-yet-read", "[a-z]*-*"))
	require.NoError(t, err)
	for _, path := range foreign {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		got := read(t, filepath.Base(path), string(text), "", Hints{})
		require.True(t, strings.Contains(got, "REFUSED") || strings.Contains(got, "SUM"), path)
	}
}
