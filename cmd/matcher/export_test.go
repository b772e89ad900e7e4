//go:build integration

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/examples"
	"matcher/internal/recon"
	"matcher/internal/report"
	"matcher/internal/setup"
	"matcher/internal/testkit"
)

var exampleFolders = []string{"bank-ledger", "card-settlement", "marketplace", "receivables"}

// What the service exports is what the command line writes of the same files, but for the ids of groups; and the hash of
// the result is the same.
func TestExport_EqualsWhatMatchWrites(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	for _, folder := range exampleFolders {
		t.Run(folder, func(t *testing.T) {
			s, client := newShell(t, server, folder)
			loadExample(t, s, client, folder)
			local, remote := t.TempDir(), t.TempDir()
			want := summaryFrom(t, s.must("match", example(folder, "left.csv"), example(folder, "right.csv"),
				"--setup", example(folder, "recon.yaml"), "--out", local, "--json"))
			var run recon.Run
			require.NoError(t, json.Unmarshal([]byte(s.must("run", "--context", folder, "--json")), &run))
			require.Equal(t, want.ResultHash, run.ResultHash)
			s.must("export", "--context", folder, "--out", remote)
			require.Equal(t, groupLines(t, filepath.Join(local, "groups.csv")), groupLines(t, filepath.Join(remote, "groups.csv")))
			require.ElementsMatch(t, openLines(t, filepath.Join(local, "unmatched.csv")), openLines(t, filepath.Join(remote, "unmatched.csv")))
			require.Len(t, lines(t, filepath.Join(remote, "rejected.csv")), len(lines(t, filepath.Join(local, "rejected.csv"))))
			require.Len(t, lines(t, filepath.Join(remote, "transactions.csv")), 1+int(rowsOf(want)))
			s.must("export", "groups", "--run", run.ID, "--out", filepath.Join(remote, "run.csv"))
			require.Equal(t, lines(t, filepath.Join(remote, "groups.csv")), lines(t, filepath.Join(remote, "run.csv")))
		})
	}
}

// A bank tells of payments before they are booked: what the booked rows make of it is the same on the command line and in
// the service, to the hash, in whatever files and order the rows come.
func TestPendingAndBookedRowsGiveTheSameResultThroughTheService(t *testing.T) {
	t.Parallel()
	server := testkit.Server(t)
	const header = "id,date,reference,amount,currency,status\n"
	books := header + "L1,2026-03-02,A,10.50,EUR,\nL2,2026-03-01,B,7.00,EUR,\nL3,2026-03-03,C,20.00,EUR,\nL4,2026-03-04,D,4.00,EUR,\n"
	pending := "B1,2026-03-01,A,10.00,EUR,pending\nB3,2026-03-03,C,20.00,EUR,pending\nB4,2026-03-04,D,4.00,EUR,pending\n"
	booked := "=B2,2026-03-01,B,7.00,EUR,booked\nB1,2026-03-02,A,10.50,EUR,booked\nB3,2026-03-03,C,20.01,EUR,booked\n"
	hashes := map[string]bool{}
	for name, statements := range map[string][]string{
		"one-file":         {header + pending + booked},
		"booked-first":     {header + booked + pending},
		"two-files":        {header + pending, header + booked},
		"told-once-more":   {header + pending, header + booked, header + pending + booked},
		"booked-file-late": {header + booked, header + pending},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newShell(t, server, name)
			folder := t.TempDir()
			write := func(name, text string) string {
				path := filepath.Join(folder, name)
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
				return path
			}
			columns := "map: {externalId: id, date: date, reference: reference, amount: amount, currency: currency, bookingStatus: status}"
			setup := write("recon.yaml", "left:\n  source: books\n  "+columns+"\nright:\n  source: bank\n  "+columns+"\n"+
				"rules:\n  - {name: reference, type: TOLERANCE, keys: [{left: reference, right: reference}], amount: {mode: TOLERANCE, abs: \"0.05\"}}\n")
			s.must("apply", setup, "--context", name, "--yes")
			local, remote := filepath.Join(folder, "local"), filepath.Join(folder, "remote")
			match := []string{"match", "--left", write("books.csv", books), "--setup", setup, "--out", local, "--json"}
			s.must("import", "--context", name, "--source", "books", filepath.Join(folder, "books.csv"))
			for i, text := range statements {
				statement := write(fmt.Sprintf("bank-%d.csv", i), text)
				match = append(match, "--right", statement)
				s.must("import", "--context", name, "--source", "bank", statement)
			}
			want := summaryFrom(t, s.must(match...))
			require.EqualValues(t, 3, want.Groups.Confirmed)
			var run recon.Run
			require.NoError(t, json.Unmarshal([]byte(s.must("run", "--context", name, "--json")), &run))
			got := summaryFrom(t, string(run.Summary))
			require.Equal(t, []string{want.ResultHash, want.InputHash, want.RulesHash}, []string{run.ResultHash, got.InputHash, got.RulesHash})
			require.Equal(t, want.Bridge, got.Bridge)
			require.Equal(t, want.Reasons, got.Reasons, "the one that was never booked waits in both")
			require.Equal(t, []int64{want.Right.Rows, want.Right.Duplicates}, []int64{got.Right.Rows, got.Right.Duplicates})
			s.must("export", "groups", "unmatched", "--context", name, "--out", remote)
			require.Equal(t, groupLines(t, filepath.Join(local, "groups.csv")), groupLines(t, filepath.Join(remote, "groups.csv")))
			hashes[want.ResultHash] = true
		})
	}
	require.Len(t, hashes, 1, "the order of rows and files is no part of the result")
}

func rowsOf(s recon.Summary) int64 {
	return s.Left.Rows + s.Right.Rows - s.Left.Rejected - s.Right.Rejected - s.Left.Duplicates - s.Right.Duplicates
}

func summaryFrom(t *testing.T, text string) (s recon.Summary) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &s))
	return s
}

func lines(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return all
}

// groupLines calls groups by the order in which they come.
func groupLines(t *testing.T, path string) [][]string {
	t.Helper()
	all := lines(t, path)
	var seen []string
	for _, line := range all[1:] {
		if !slices.Contains(seen, line[0]) {
			seen = append(seen, line[0])
		}
		line[0] = strconv.Itoa(slices.Index(seen, line[0]))
	}
	return all
}

// openLines leaves out what is nearest to a row that may still arrive: the service tells that of one row when it is asked.
func openLines(t *testing.T, path string) [][]string {
	t.Helper()
	all := lines(t, path)
	for _, line := range all {
		if line[9] == recon.ReasonInTransit.String() {
			line[11], line[12], line[13] = "", "", ""
		}
	}
	return all
}

// loadExample makes the context of an example through the API, and loads its files with the command.
func loadExample(t *testing.T, s *shell, client *testkit.Client, folder string) {
	t.Helper()
	text, err := examples.FS.ReadFile(folder + "/recon.yaml")
	require.NoError(t, err)
	file, faults := setup.Decode(text)
	require.Empty(t, faults)
	var made recon.Context
	client.Must(http.MethodPost, "/v1/contexts", map[string]any{
		"name": folder, "settings": recon.ContextSettings{DuplicateDays: file.DuplicateDays},
	}, &made)
	for side, of := range map[recon.Side]setup.Side{recon.Left: file.Left, recon.Right: file.Right} {
		source := client.NewSource(made.ID, of.Source, side)
		client.Must(http.MethodPut, "/v1/sources/"+source+"/field-map", of.Map, nil)
		s.must("import", "--source", of.Source, "--context", folder, example(folder, strings.ToLower(string(side))+".csv"))
	}
	if len(file.Rates) > 0 {
		client.Must(http.MethodPost, "/v1/fx-rates", map[string]any{"rates": file.Rates}, nil)
	}
	for _, rule := range file.Rules {
		client.Must(http.MethodPost, "/v1/contexts/"+made.ID+"/rules", rule, nil)
	}
}

func TestExport_CellsRunNothingInASpreadsheet(t *testing.T) {
	t.Parallel()
	s, client := newShell(t, testkit.Server(t), "acme")
	id := client.NewContext("Bank")
	client.NewSource(id, "books", recon.Left)
	s.stdin = "id,date,amount,currency,description\n=1+1,2026-01-05,-10.00,EUR,\"@SUM(A1)\"\nb,2026-01-06,1.00,EUR,\"+49, \"\"x\"\"\"\n"
	s.must("import", "--source", "books", "--name", "books.csv", "-")
	require.Contains(t, s.must("export", "transactions", "--context", "Bank"), "'=1+1,1,'=1+1,-10.00,EUR,2026-01-05,,'@SUM(A1)")
	unmatched, err := csv.NewReader(strings.NewReader(s.must("export", "unmatched", "--context", "Bank"))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, report.OpenColumns, unmatched[0])
	require.Equal(t, []string{"LEFT", "'=1+1", "1", "'=1+1", "-10.00", "EUR", "2026-01-05", "'@SUM(A1)", "", "NOT_RUN", "1", "", "", ""}, unmatched[1])
	objects := json.NewDecoder(strings.NewReader(s.must("export", "unmatched", "--context", "Bank", "--format", "json")))
	var first struct{ ExternalID, Reason string }
	require.NoError(t, objects.Decode(&first))
	require.Equal(t, "=1+1", first.ExternalID, "JSON is for machines")
	s.fails(exitUsage, "go into a folder", "export", "--context", "Bank")
	s.fails(exitUsage, `no "grups" to export`, "export", "grups", "--context", "Bank")
	s.fails(exitUsage, "--run is for groups: for unmatched give --context alone", "export", "unmatched", "--run", id)
	s.fails(exitFailed, "its folder does not exist", "export", "groups", "--context", "Bank", "--out", filepath.Join(t.TempDir(), "no", "groups.csv"))
	_, err = objects.Token()
	require.NotErrorIs(t, err, io.EOF, "one line a row")
}
