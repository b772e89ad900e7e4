//go:build unit || !integration

package tidy

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLineLength(t *testing.T) { report(t, lineLengthFindings(repository(t))) }

const maxColumns = 120

// lineLengthFindings holds shipped Go to a width that two editors show side by side. Rows of a literal table, raw
// strings (SQL) and lines with a struct tag are free: breaking them helps nobody who reads.
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
