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
	total := sums{}
	err = r.Read(&Identities{}, func(row *Row) error {
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
			got := read(t, archive.Files[at].Name, string(archive.Files[at].Data), part("other"), hints)
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
