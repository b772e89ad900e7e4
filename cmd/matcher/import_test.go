//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

func TestImport(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t, testkit.ImportBytes(4096)), "acme")
	folder := t.TempDir()
	var rows strings.Builder
	rows.WriteString("id,date,amount,currency\na,2026-01-05,10.00,EUR\n")
	for i := range 30 {
		fmt.Fprintf(&rows, "b%d,2026-01-05,ten,EUR\n", i)
	}
	source := client.NewSource(client.NewContext("Bank"), "bank", recon.Right)
	client.Must(http.MethodPut, "/v1/sources/"+source+"/field-map", map[string]string{
		"externalId": "id", "date": "date", "amount": "amount", "currency": "currency",
	}, nil)
	client.Must(http.MethodPatch, "/v1/sources/"+source, `{"maxRejected":30}`, nil)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "1.csv"), []byte(rows.String()), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "2.csv"), []byte("id,date,amount,currency\nz,2026-01-06,-2.50,EUR\n"), 0o600))

	out, err := s.run("import", "--source", "bank", folder, "--fail-on", "rejected")
	require.Equal(t, exitFound, exitCode(err), "%v", err)
	require.Contains(t, out, "RIGHT  1.csv → bank  31 rows: 1 new · 30 rejected · sum 10.00 EUR")
	require.Contains(t, out, `REJECT 1.csv line 3: amount: "ten" is not an amount`)
	require.Equal(t, 20, strings.Count(out, "REJECT "))
	require.Contains(t, out, "… and 10 more rejected rows; matcher export rejected")
	require.Contains(t, out, "2.csv → bank  1 row: 1 new")

	var done importsDone
	require.NoError(t, json.Unmarshal([]byte(s.must("import", "--source", "bank", "--rejects", "1", "--json", filepath.Join(folder, "1.csv"))), &done))
	require.Len(t, done.Imports, 1)
	require.Len(t, done.Imports[0].Rejects, 1)
	require.EqualValues(t, 29, done.Imports[0].More)
	require.EqualValues(t, 1, done.Imports[0].RowsDuplicate)

	t.Run("what cannot be loaded is said before anything is", func(t *testing.T) {
		s.fails(exitUsage, "which file?", "import", "--source", "bank")
		s.fails(exitUsage, "which source?", "import", "x.csv")
		s.fails(exitFailed, "nope.csv does not exist", "import", "--source", "bank", filepath.Join(folder, "2.csv"), "nope.csv")
		large := file(t, "large.csv", strings.Repeat("x", 5000))
		s.fails(exitFailed, "has 5,000 bytes, and the service takes at most 4,096", "import", "--source", "bank", large)
		s.fails(exitFailed, "words.csv is not loaded: 422 ", "import", "--source", "bank", file(t, "words.csv", "just words\n"))
	})
	t.Run("a question is printed with its answers, and answered", func(t *testing.T) {
		client.NewSource(client.NewContext("Cards"), "cards", recon.Right)
		text := "id,date,amount,way,currency\n"
		for i := range 20 {
			text += fmt.Sprintf("c%d,2026-01-05,%d.00,%s,EUR\n", i, i+1, []string{"Zig", "Zag"}[i%2])
		}
		asking := file(t, "cards.csv", text)
		_, err := s.run("import", "--source", "cards", asking)
		require.ErrorContains(t, err, "cards.csv is not loaded: 422 READING_QUESTION")
		require.ErrorContains(t, err, "1. ")
		args := []string{"import", "--source", "cards", asking}
		for _, id := range regexp.MustCompile(`; /(\S+) `).FindAllStringSubmatch(err.Error(), -1) {
			args = append(args, "--answer", id[1]+"=1")
		}
		require.Contains(t, s.must(args...), "20 new")
	})
	t.Run("rows set aside are counted and exported apart", func(t *testing.T) {
		source := client.NewSource(client.NewContext("Sums"), "sums", recon.Right)
		client.Must(http.MethodPut, "/v1/sources/"+source+"/field-map", map[string]any{
			"externalId": "id", "date": "date", "amount": "amount", "currency": "currency", "balances": []string{"carried over"},
		}, nil)
		text := "id,date,amount,currency,text\na,2026-01-05,10.00,EUR,x\n,2026-01-06,10.00,EUR,carried over\n"
		require.Contains(t, s.must("import", "--source", "sums", file(t, "sums.csv", text)), "2 rows: 1 new · 1 set aside · sum 10.00 EUR")
		require.Contains(t, s.must("export", "set_aside", "--context", "Sums"), "sums.csv,3,")
		require.NotContains(t, s.must("export", "rejected", "--context", "Sums"), "sums.csv")
	})
	t.Run("a file that fails leaves those before it in", func(t *testing.T) {
		_, err := s.run("import", "--source", "bank", filepath.Join(folder, "2.csv"), file(t, "words.csv", "just words\n"))
		require.ErrorContains(t, err, "1 file loaded before it")
	})
}
