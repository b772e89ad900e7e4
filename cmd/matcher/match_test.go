//go:build unit || !integration

package main

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/examples"
	"matcher/internal/recon"
)

func TestMatchScripts(t *testing.T) { runScripts(t, "testdata/match") }

// scenarios are the folders of examples/.
var scenarios = []string{"bank-ledger", "card-settlement", "marketplace", "receivables"}

func TestExamplesComeOutAsExpected(t *testing.T) {
	t.Parallel()
	for _, s := range scenarios {
		t.Run(s, func(t *testing.T) {
			t.Parallel()
			folder, out := filepath.Join("../../examples", s), t.TempDir()
			summary := matchJSON(t, filepath.Join(folder, "left.csv"), filepath.Join(folder, "right.csv"),
				"--setup", filepath.Join(folder, "recon.yaml"), "--out", out)
			text, err := json.MarshalIndent(summary, "", "  ")
			require.NoError(t, err)
			golden := filepath.Join(folder, "expected.json")
			if *update {
				require.NoError(t, os.WriteFile(golden, append(text, '\n'), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.JSONEq(t, string(want), string(text))
			holdsTruth(t, folder, out)
		})
	}
}

// TestReadmeShowsWhatMatchPrints runs the first command of README.md on a copy of its example.
func TestReadmeShowsWhatMatchPrints(t *testing.T) {
	const path, command, end = "../../README.md", "$ ../../bin/matcher match ", "```"
	readme, err := filepath.Abs(path)
	require.NoError(t, err)
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), command)
	require.True(t, found)
	line, rest, _ := strings.Cut(rest, "\n")
	shown, after, _ := strings.Cut(rest, end)
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS("../../examples/bank-ledger")))
	t.Chdir(folder)
	printed := output(t, append([]string{"match"}, strings.Fields(line)...)...)
	if *update {
		text = []byte(before + command + line + "\n" + printed + end + after)
		require.NoError(t, os.WriteFile(readme, text, 0o644))
		return
	}
	require.Equal(t, shown, printed, "go test ./cmd/matcher -run TestReadme -update")
}

// holdsTruth compares confirmed groups with those that are true.
func holdsTruth(t *testing.T, folder, out string) {
	t.Helper()
	truth, err := os.Open(filepath.Join(folder, "truth.csv"))
	require.NoError(t, err)
	defer truth.Close()
	groups, err := os.Open(filepath.Join(out, "groups.csv"))
	require.NoError(t, err)
	defer groups.Close()
	score, err := examples.Judge(truth, groups)
	require.NoError(t, err)
	require.Empty(t, score.Wrong, "confirmed, and not true")
	require.GreaterOrEqual(t, score.Recall(), 0.99, "of the true groups that a rule may decide; not confirmed: %v", score.Missed)
}

func TestRowOrderAndCoresChangeNothing(t *testing.T) {
	for _, s := range scenarios {
		folder := filepath.Join("../../examples", s)
		want := matchJSON(t, filepath.Join(folder, "left.csv"), filepath.Join(folder, "right.csv"), "--setup", filepath.Join(folder, "recon.yaml"))
		for seed := range uint64(3) {
			left := shuffled(t, filepath.Join(folder, "left.csv"), seed)
			right := shuffled(t, filepath.Join(folder, "right.csv"), seed+100)
			before := runtime.GOMAXPROCS(1 + int(seed)%2)
			got := matchJSON(t, left, right, "--setup", filepath.Join(folder, "recon.yaml"))
			runtime.GOMAXPROCS(before)
			require.Equal(t, want, got, "%s, seed %d", s, seed)
		}
	}
}

// shuffled is a copy of a file with its rows in another order.
func shuffled(t *testing.T, path string, seed uint64) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(lines)-1, func(i, j int) { lines[i+1], lines[j+1] = lines[j+1], lines[i+1] })
	to := filepath.Join(t.TempDir(), filepath.Base(path))
	require.NoError(t, os.WriteFile(to, []byte(strings.Join(lines, "")), 0o600))
	return to
}

func matchJSON(t *testing.T, args ...string) recon.Summary {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), append([]string{"match", "--json"}, args...), nil, strings.NewReader(""), &out, &bytes.Buffer{}))
	var summary recon.Summary
	require.NoError(t, json.Unmarshal(out.Bytes(), &summary))
	return summary
}
