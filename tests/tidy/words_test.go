//go:build unit || !integration

package tidy

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWords(t *testing.T)      { report(t, wordFindings(repository(t))) }
func TestLineLength(t *testing.T) { report(t, lineLengthFindings(repository(t))) }

// refusedWords make a comment a riddle: persons for processes, verbs of speech for code, and archaisms. Each has a
// standard word: reports, returns, holds, is, another, a caller.
var refusedWords = regexp.MustCompile(`(?i)\b(somebody|nobody|whoever|whom|beside|stands|lies|tells|told|says|said)\b`)

// wordFindings reads the comments of Go and SQL.
func wordFindings(files []*file) (findings []string) {
	for _, f := range files {
		switch {
		case f.isGo() && !f.isTest():
			for _, group := range f.syntax.Comments {
				for _, comment := range group.List {
					if word := refusedWords.FindString(comment.Text); word != "" {
						findings = append(findings, f.at(comment.Pos(), "write plainly, without "+word))
					}
				}
			}
		case strings.HasSuffix(f.path, ".sql"):
			for i, line := range strings.Split(f.text, "\n") {
				_, comment, _ := strings.Cut(line, "--")
				if word := refusedWords.FindString(comment); word != "" {
					findings = append(findings, f.path+":"+itoa(i+1)+": write plainly, without "+word)
				}
			}
		}
	}
	return findings
}

const maxColumns = 120

// lineLengthFindings holds shipped Go to a width that two editors show side by side. Rows of a literal table, raw
// strings (SQL) and lines with a struct tag are free: breaking them helps no reader.
func lineLengthFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		if f.isTest() || f.in("tests", "examples", testkit) {
			continue
		}
		free := map[int]bool{}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && lit.Value[0] == '`' {
				for line := f.fset.Position(lit.Pos()).Line; line <= f.fset.Position(lit.End()).Line; line++ {
					free[line] = true
				}
			}
			return true
		})
		for i, line := range strings.Split(f.text, "\n") {
			width := utf8.RuneCountInString(line) + 3*strings.Count(line, "\t") // a tab is four columns
			text := strings.TrimSpace(line)
			if width > maxColumns && !free[i+1] && !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, `"`) {
				findings = append(findings, f.path+":"+itoa(i+1)+": "+itoa(width)+" columns, over "+itoa(maxColumns))
			}
		}
	}
	return findings
}
