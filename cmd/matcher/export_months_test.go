//go:build integration

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/testkit"
)

const monthsSetup = `
left: {source: claims, map: {externalId: id, date: date, reference: ref, amount: amount, currency: currency, rows: CLAIMS}}
right: {source: bank, map: {externalId: id, date: date, reference: ref, amount: amount, currency: currency, rows: MOVEMENTS}}
rules:
  - name: collected
    type: DATE_LAG
    date: {maxDays: 40, direction: LEFT_FIRST}
`

// Two months that are carried on by the command, with what came back opened again, give what two runs of the service do.
func TestExport_AReturnNextMonthIsWhatTheCommandOpensAgain(t *testing.T) {
	t.Parallel()
	s, _ := newShell(t, testkit.Server(t), "months")
	const header = "id,date,ref,amount,currency\n"
	setup := file(t, "recon.yaml", monthsSetup)
	files := map[string]string{
		"march/claims": file(t, "claims.csv", header+"F1,2026-03-02,D-61,47.50,EUR\nF2,2026-03-02,D-62,33.20,EUR\nF3,2026-03-20,D-63,9.00,EUR\n"),
		"march/bank":   file(t, "bank.csv", header+"B1,2026-03-05,D-61,47.50,EUR\nB2,2026-03-05,D-62,33.20,EUR\n"),
		"april/claims": file(t, "claims.csv", header+"F4,2026-04-01,D-64,12.00,EUR\n"),
		"april/bank":   file(t, "bank.csv", header+"B3,2026-04-07,D-62,-33.20,EUR\nB4,2026-04-08,D-63,9.00,EUR\n"),
	}
	s.must("apply", setup, "--context", "months", "--yes")
	march, april := t.TempDir(), t.TempDir()
	match := func(month, out string, flags ...string) recon.Summary {
		args := []string{"match", "--left", files[month+"/claims"], "--right", files[month+"/bank"], "--setup", setup, "--out", out, "--json"}
		return summaryFrom(t, s.must(append(args, flags...)...))
	}
	run := func(month string) (run recon.Run) {
		s.must("import", "--context", "months", "--source", "claims", files[month+"/claims"])
		s.must("import", "--context", "months", "--source", "bank", files[month+"/bank"])
		require.NoError(t, json.Unmarshal([]byte(s.must("run", "--context", "months", "--json")), &run))
		return run
	}
	require.Equal(t, match("march", march).ResultHash, run("march").ResultHash)
	want, got := match("april", april, "--carry", march, "--reopen", "F2=B2"), run("april")
	require.Equal(t, want.ResultHash, got.ResultHash)
	require.Equal(t, want.Reasons, summaryFrom(t, string(got.Summary)).Reasons)
}

// How far the files of a side reach is stated by the setup, or by a statement of the bank; rows that the other side cannot
// show yet are not covered, in the service as in the command.
func TestExport_CoverageIsThatOfTheCommand(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	const header = "id,date,ref,amount,currency\n"
	claims := header + "F1,2026-03-02,D-61,47.50,EUR\nF2,2026-03-20,D-62,33.20,EUR\nF3,2026-04-28,D-63,9.00,EUR\n"
	for name, test := range map[string]struct{ setup, bank, as string }{
		"last-row": {monthsSetup, header + "B1,2026-03-05,D-61,47.50,EUR\n", "bank.csv"},
		"stated": {
			strings.Replace(monthsSetup, "source: bank,", "source: bank, coveredThrough: 2026-04-30,", 1),
			header + "B1,2026-03-05,D-61,47.50,EUR\n", "bank.csv",
		},
		"statement": {
			strings.Replace(monthsSetup, "{source: bank, map: {externalId: id, date: date, reference: ref, amount: amount, currency: currency, rows: MOVEMENTS}}",
				"{source: bank, map: {rows: MOVEMENTS}}", 1),
			":20:S1\n:25:DE1/1\n:28C:1/1\n:60F:C260301EUR0,00\n:61:2603050305C47,50NTRFD-61\n:86:D-61\n:62F:C260430EUR47,50\n-\n", "bank.sta",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newShell(t, server, name)
			setup, left := file(t, "recon.yaml", test.setup), file(t, "claims.csv", claims)
			right := filepath.Join(t.TempDir(), test.as)
			require.NoError(t, os.WriteFile(right, []byte(test.bank), 0o600))
			s.must("apply", setup, "--context", name, "--yes")
			require.Contains(t, s.must("apply", setup, "--context", name, "--yes"), "no changes")
			s.must("import", "--context", name, "--source", "claims", left)
			s.must("import", "--context", name, "--source", "bank", right)
			want := summaryFrom(t, s.must("match", "--left", left, "--right", right, "--setup", setup, "--json"))
			var run recon.Run
			require.NoError(t, json.Unmarshal([]byte(s.must("run", "--context", name, "--json")), &run))
			got := summaryFrom(t, string(run.Summary))
			require.Equal(t, want.Covered, got.Covered)
			require.Equal(t, want.Reasons, got.Reasons)
			require.Equal(t, want.ResultHash, run.ResultHash)
			if name == "stated" { // taken back, it covers no more than the rows do
				unstated := file(t, "recon.yaml", monthsSetup)
				s.must("apply", unstated, "--context", name, "--yes")
				require.NoError(t, json.Unmarshal([]byte(s.must("run", "--context", name, "--json")), &run))
				require.Equal(t, "2026-03-05", summaryFrom(t, string(run.Summary)).Covered.Right.String())
			}
		})
	}
}
