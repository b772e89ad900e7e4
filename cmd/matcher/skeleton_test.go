//go:build unit || !integration

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// keepLine is the command `keep FILE REGEXP` of scripts: it takes "# " from the first comment that holds the expression.
func keepLine(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	kept := regexp.MustCompile(`(?m)^( *)# (`+args[1]+`)`).ReplaceAllString(string(text), "$1$2")
	if kept == string(text) {
		kept = regexp.MustCompile(`(?m)^( *)# (.*`+args[1]+`)`).ReplaceAllString(string(text), "$1$2")
	}
	if kept == string(text) {
		ts.Fatalf("no comment of %s has %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(kept), 0o600))
}

// TestASkeletonStatesNothingThatIsOpen saves what is found of every reading of package mapping: read by that map, the
// file asks the same again, and each kept line answers its question.
func TestASkeletonStatesNothingThatIsOpen(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../internal/mapping/testdata/readings/*.txtar")
	require.NoError(t, err)
	asked := 0
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		folder := t.TempDir()
		file, saved := "", filepath.Join(folder, "map.yaml")
		args := []string{"--save", saved}
		for _, f := range archive.Files {
			place := filepath.Join(folder, f.Name)
			require.NoError(t, os.WriteFile(place, f.Data, 0o600))
			switch stem, _, _ := strings.Cut(f.Name, "."); stem {
			case "file":
				file = place
			case "map":
				args = append(args, "--map", place)
			}
		}
		first, _ := inspect(t, append(args, file)...)
		text, err := os.ReadFile(saved)
		require.NoError(t, err, path)
		if len(first.Questions) == 0 && first.Refused == "" {
			require.NotContains(t, string(text), "# Keep", path)
			again, code := inspect(t, "--map", saved, file)
			require.Equal(t, exitDone, code, "%s: %s", path, again.Refused)
			require.Equal(t, first.Sums, again.Sums, "%s: read by its own map", path)
			continue
		}
		if len(first.Questions) == 0 {
			continue
		}
		asked++
		require.NoError(t, os.WriteFile(saved, append(text, "charset: utf-8\n"...), 0o600))
		again, code := inspect(t, "--map", saved, file)
		require.Equal(t, exitFailed, code, path)
		require.Equal(t, questionIDs(first), questionIDs(again), path)
		for n := range first.Questions[0].Answers {
			answered := regexp.MustCompile(`(?m)^# (.*   # `+string(rune('1'+n))+`\. )`).ReplaceAllString(string(text), "$1")
			require.NoError(t, os.WriteFile(saved, []byte(answered), 0o600))
			again, _ := inspect(t, "--map", saved, file)
			require.Empty(t, again.Refused, "%s, answer %d:\n%s", path, n+1, answered)
			for _, id := range questionIDs(first) {
				require.NotContains(t, questionIDs(again), id, "%s, answer %d:\n%s", path, n+1, answered)
			}
		}
	}
	require.GreaterOrEqual(t, asked, 5)
}

func questionIDs(s *inspection) []string {
	ids := make([]string, len(s.Questions))
	for i := range s.Questions {
		ids[i] = s.Questions[i].ID
	}
	return ids
}
