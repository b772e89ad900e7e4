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

func TestRulesPageScripts(t *testing.T) { runScripts(t, "testdata/rulebook") }

func TestSchemaPrintsEachSchema(t *testing.T) {
	t.Parallel()
	for _, what := range setup.Schemas {
		var schema map[string]any
		require.NoError(t, json.Unmarshal([]byte(output(t, "schema", what)), &schema))
		require.Equal(t, "A "+what+" of Matcher", schema["title"])
	}
	var document struct{ OpenAPI string }
	require.NoError(t, json.Unmarshal([]byte(output(t, "schema", "openapi")), &document))
	require.Equal(t, "3.1.0", document.OpenAPI)
}

// docsPage is a page of docs that is made from keys and from scripts which run.
type docsPage struct {
	file, head string
	parts      []string // keys, then a title and a sentence
	examples   string   // the folder of its scripts
	intro      string   // of the examples
	scripts    int
}

var pages = []docsPage{
	{"setup.md", setupHead, []string{
		"setup", "A setup\nOne file for `matcher match --setup`, `matcher test` and `matcher apply`. [rules.md](rules.md) has the keys of a rule.",
		"side", "A side\nWhat `left` and `right` hold.",
		"reading", "A reading, or map\nWhat `map` holds, and a file for `--left-map`, `--right-map` and `matcher inspect --map`. Every field is a column, a list of columns or an object.",
		"field", "A field of a reading\nThe keys of a field that is an object.",
		"skip", "Rows to skip\nThe keys of `skip`.",
	}, "testdata/setup", "## Examples\nA test runs each of them.", 3},
	{"rules.md", rulesHead, []string{
		"rule", "A rule\nEach key is open to each type.",
		"rule.keys", "keys\nAll must hold, and the search begins with them.",
		"rule.amount", "amount",
		"rule.currency", "currency",
		"rule.date", "date\nThe lag is right − left.",
		"rule.text", "text",
		"rule.group", "group",
		"rule.difference", "difference\nWhat a confirmed group is apart, and what its rows are booked to.", "rule.post", "post\nOnly of type POST, which works on one side (scope, RIGHT unless said) after all rules that match.", "rule.confirm", "confirm\nA group also needs a key that held, no contradiction, no equally good partner and no row that takes it back.",
	}, "testdata/rulebook", "## Ten recipes\nA test runs each of them.", 10},
}

// TestSetupPage holds docs/setup.md and docs/rules.md to the keys that they are made from and to scripts, which run.
func TestSetupPage(t *testing.T) {
	t.Parallel()
	for _, p := range pages {
		path, text := filepath.Join("../../docs", p.file), p.write(t)
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		}
		have, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(have), text, "go test ./cmd/matcher -run TestSetupPage -update")
	}
}

func (p docsPage) write(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString(p.head)
	for i := 0; i < len(p.parts); i += 2 {
		fmt.Fprintf(&text, "\n## %s\n\n| Key | It means | Example |\n|---|---|---|\n", p.parts[i+1])
		for _, k := range setup.Keys() {
			if k.Of == p.parts[i] {
				fmt.Fprintf(&text, "| `%s` | %s | `%s` |\n", k.Name, strings.ReplaceAll(k.Meaning, "|", `\|`), k.Example)
			}
		}
	}
	fmt.Fprintf(&text, "\n%s\n", p.intro)
	paths, err := filepath.Glob(p.examples + "/*.txtar")
	require.NoError(t, err)
	require.Len(t, paths, p.scripts)
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		require.NoError(t, err)
		writeExample(&text, archive)
	}
	return text.String()
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

const rulesHead = `# Rules

A rule is data: its type only chooses defaults, and every key is open to every type. Rules run by priority; what one has
taken, a later one does not touch. ` + "`matcher rules check`" + ` prints a setup's rules as they run, with every default, and ` + "`matcher schema\nrule`" + ` a JSON Schema for editors. A group that holds all of a rule is at least proposed; what it needs to be confirmed is
under [confirm](#confirm).

This page is made from ` + "`internal/setup/keys.txt`" + ` and ` + "`cmd/matcher/testdata/rulebook`" + `
(` + "`go test ./cmd/matcher -run TestSetupPage -update`" + `).
`
