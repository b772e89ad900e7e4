//go:build unit || !integration

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"matcher/internal/setup"
)

func TestSetupPageScripts(t *testing.T) { runScripts(t, "testdata/setup") }

func TestSchemaPrintsEachSchema(t *testing.T) {
	t.Parallel()
	for _, what := range setup.Schemas {
		var schema map[string]any
		require.NoError(t, json.Unmarshal([]byte(output(t, "schema", what)), &schema))
		require.Equal(t, "A "+what+" of Matcher", schema["title"])
	}
}

const setupPage = "../../docs/setup.md"

// TestSetupPage holds docs/setup.md to the keys that it is made from and to the scripts of testdata/setup, which run.
func TestSetupPage(t *testing.T) {
	t.Parallel()
	page := writeSetupPage(t)
	if *update {
		require.NoError(t, os.WriteFile(setupPage, []byte(page), 0o600))
	}
	have, err := os.ReadFile(setupPage)
	require.NoError(t, err)
	require.Equal(t, string(have), page, "go test ./cmd/matcher -run TestSetupPage -update")
}

func writeSetupPage(t *testing.T) string {
	t.Helper()
	var page strings.Builder
	page.WriteString(setupHead)
	titles := map[string]string{
		"setup":   "## A setup\nOne file for `matcher match --setup`, `matcher test` and `matcher apply`. A rule's own keys are in `matcher schema rule`.\n",
		"side":    "## A side\nWhat `left` and `right` hold.\n",
		"reading": "## A reading, or map\nWhat `map` holds, and a file for `--left-map`, `--right-map` and `matcher inspect --map`. Every field is a column, a list of columns or an object.\n",
		"field":   "## A field of a reading\nThe keys of a field that is an object.\n",
		"skip":    "## Rows to skip\nThe keys of `skip`.\n",
	}
	of := ""
	for _, k := range setup.Keys() {
		if k.Of != of {
			of = k.Of
			fmt.Fprintf(&page, "\n%s\n| Key | It means | Example |\n|---|---|---|\n", titles[of])
		}
		fmt.Fprintf(&page, "| `%s` | %s | `%s` |\n", k.Name, strings.ReplaceAll(k.Meaning, "|", `\|`), k.Example)
	}
	page.WriteString("\n## Examples\nA test runs each of them.\n")
	paths, err := filepath.Glob("testdata/setup/*.txtar")
	require.NoError(t, err)
	require.Len(t, paths, 3)
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		writeExample(&page, archive)
	}
	return page.String()
}

var shown = regexp.MustCompile(`^(?:stdout|stderr) '(.*)'$`)

// writeExample writes a script: its files, then its comments as sentences, and its commands with what they print.
func writeExample(page *strings.Builder, archive *txtar.Archive) {
	title, script, _ := strings.Cut(string(archive.Comment), "\n")
	fmt.Fprintf(page, "\n### %s\n", strings.TrimPrefix(title, "# "))
	for _, f := range archive.Files {
		fmt.Fprintf(page, "`%s`\n```\n%s```\n", f.Name, f.Data)
	}
	fenced := false
	fence := func(on bool) {
		if on != fenced {
			page.WriteString(map[bool]string{true: "```console\n", false: "```\n"}[on])
		}
		fenced = on
	}
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		command, isCommand := strings.CutPrefix(strings.TrimPrefix(line, "! "), "exec ")
		output := shown.FindStringSubmatch(line)
		switch {
		case isCommand:
			fence(true)
			fmt.Fprintf(page, "$ %s\n", command)
		case output != nil:
			fmt.Fprintf(page, "%s\n", strings.NewReplacer(`\`, "", "''", "'").Replace(output[1]))
		case strings.HasPrefix(line, "# "):
			fence(false)
			fmt.Fprintf(page, "%s\n", strings.TrimPrefix(line, "# "))
		}
	}
	fence(false)
}

const setupHead = `# Setups and readings

A reading says how a file is read, a setup how two sides are reconciled. Both are YAML or JSON, and nothing of them is
needed to begin: ` + "`matcher inspect FILE`" + ` shows what is found, and what is open is asked. ` + "`--save`" + ` writes it down, with a
line to keep for each answer. What a reading names holds, and the rest is found. ` + "`matcher schema setup|reading|rule`" + `
prints a JSON Schema by which editors complete and check these files.

This page is made from ` + "`internal/setup/keys.txt`" + ` and ` + "`cmd/matcher/testdata/setup`" + `
(` + "`go test ./cmd/matcher -run TestSetupPage -update`" + `).
`
