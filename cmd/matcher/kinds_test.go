//go:build unit || !integration

package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestKinds runs a small reconciliation of each kind that was found to go wrong somewhere: what must be confirmed is,
// what must not is not, and the bridge ties. Files of a next month are matched with what this one leaves. `-update` writes what comes out; read it before it is kept.
func TestKinds(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/kinds/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			folder := t.TempDir()
			in := func(name string) string { return filepath.Join(folder, name) }
			args, out := []string{}, "out"
			want := &archive.Files[len(archive.Files)-1]
			for _, f := range archive.Files {
				require.NoError(t, os.WriteFile(in(f.Name), f.Data, 0o600))
				switch f.Name {
				case "recon.yaml":
					args = append(args, "--setup", in(f.Name))
				case "flags":
					args = append(args, strings.Fields(string(f.Data))...)
				}
			}
			match := func(left, right string, flags ...string) string {
				return output(t, slices.Concat([]string{"match", in(left), in(right), "--out", in(out)}, args, flags)...)
			}
			printed := match("left.csv", "right.csv")
			if _, err := os.Stat(in("next-left.csv")); err == nil {
				out = "next"
				printed = match("next-left.csv", "next-right.csv", "--carry", in("out"))
			}
			got := outcome(printed, records(t, in(out), "groups.csv"), records(t, in(out), "unmatched.csv"))
			if *update {
				want.Data = []byte(got)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o600))
			}
			require.Equal(t, string(want.Data), got)
		})
	}
}

func records(t *testing.T, folder, name string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(folder, name))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return rows[1:]
}

// shownLines are the lines of bridges, and of rows that an earlier or later one is tied to.
var shownLines = regexp.MustCompile(` ✓| ✗|^LATER|^RETURN|^Cheapest|^     (to book|timing)`)

// outcome is what a person would note of a run: its groups, its open rows and its bridges.
func outcome(printed string, groups, open [][]string) string {
	var out strings.Builder
	for n := 0; n < len(groups); {
		first, ids := groups[n], map[string][]string{}
		for ; n < len(groups) && groups[n][0] == first[0]; n++ {
			ids[groups[n][4]] = append(ids[groups[n][4]], groups[n][5])
		}
		fmt.Fprintf(&out, "%s %s = %s by %q", strings.ToLower(first[1]), strings.Join(ids["LEFT"], " + "),
			strings.Join(ids["RIGHT"], " + "), first[2])
		if first[11] != "0.00" {
			fmt.Fprintf(&out, ", difference %s", strings.TrimSpace(first[11]+" "+first[12]))
		}
		if first[13] != "" {
			fmt.Fprintf(&out, ", held by %s", first[13])
		}
		out.WriteString("\n")
	}
	for _, row := range open {
		fmt.Fprintf(&out, "open %s\n", strings.Join(row, " "))
	}
	for line := range strings.Lines(printed) {
		if shownLines.MatchString(line) {
			out.WriteString(line)
		}
	}
	return out.String()
}
