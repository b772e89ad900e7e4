//go:build unit || !integration

package tidy

import (
	"go/ast"
	"strings"
	"testing"
)

const (
	maxFunctionLines = 70
	// A test's table is its content, so a test may be longer than a function that has to be understood at once.
	maxTestLines = 120
	maxFileLines = 500
)

// longFiles are one idea each that truly is longer; each entry argues.
var longFiles = map[string]string{"internal/httpapi/routes.go": "the whole API is on one page"}

// budgets keep small what tends to grow by a line a change: the wiring, and the linter's own rules.
var budgets = map[string]int{bootstrap: 2000, ".golangci.yml": 200, "Makefile": 160}

func TestBudgets(t *testing.T) { report(t, budgetFindings(repository(t), budgets)) }

func budgetFindings(files []*file, budgets map[string]int) (findings []string) {
	for place, budget := range budgets {
		lines := 0
		for _, f := range files {
			if f.in(place) && !f.isTest() {
				lines += strings.Count(f.text, "\n")
			}
		}
		if lines > budget {
			findings = append(findings, place+": "+itoa(lines)+" lines, over "+itoa(budget))
		}
	}
	return findings
}

func TestFunctionLength(t *testing.T) { report(t, functionLengthFindings(repository(t))) }
func TestFileLength(t *testing.T)     { report(t, fileLengthFindings(repository(t), longFiles)) }

func functionLengthFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		limit := maxFunctionLines
		if f.isTest() {
			limit = maxTestLines
		}
		for _, decl := range f.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if lines > limit {
				findings = append(findings, f.at(fn.Pos(), fn.Name.Name+" has "+itoa(lines)+" lines, over "+itoa(limit)))
			}
		}
	}
	return findings
}

// fileLengthFindings also names exceptions that are no longer needed, so the list cannot rot.
func fileLengthFindings(files []*file, allowed map[string]string) (findings []string) {
	for _, f := range goFiles(files) {
		lines := strings.Count(f.text, "\n")
		_, argued := allowed[f.path]
		if lines > maxFileLines && !argued {
			findings = append(findings, f.path+": "+itoa(lines)+" lines, over "+itoa(maxFileLines))
		}
		if lines <= maxFileLines && argued {
			findings = append(findings, f.path+": no longer needs its place in longFiles")
		}
	}
	return findings
}
