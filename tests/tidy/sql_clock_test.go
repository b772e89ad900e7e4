//go:build unit || !integration

package tidy

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestSQLTakesTimesAsParameters(t *testing.T) { report(t, clockFindings(repository(t))) }

// clockFindings finds now() where a sharded PostgreSQL cannot evaluate it: there a time is a parameter, from Tx.Now.
func clockFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		if f.isTest() || f.in(testkit, "tests") {
			continue
		}
		eachText(f.syntax, func(pos token.Pos, text string) {
			for _, place := range clockPlaces(text) {
				findings = append(findings, f.at(pos, "now() inside "+place+": pass the time as a parameter"))
			}
		})
	}
	return findings
}

// eachText visits string literals; a concatenation is one text, in which X is what is no literal.
func eachText(n ast.Node, visit func(pos token.Pos, text string)) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BinaryExpr:
			if n.Op == token.ADD {
				visit(n.Pos(), joined(n))
				return false
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				visit(n.Pos(), joined(n))
			}
		}
		return true
	})
}

func joined(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return joined(e.X) + joined(e.Y)
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	}
	return " X "
}

var (
	sqlToken = regexp.MustCompile(`(?i)\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\s*\(\s*\)|\bcurrent_timestamp\b|\w+|[();]`)
	sqlClock = regexp.MustCompile(`(?i)_timestamp|^now\s*\(`)
)

// clockPlaces returns what surrounds each now() of a statement that may not have it: CASE, COALESCE, ON CONFLICT SET or
// INSERT … SELECT.
func clockPlaces(sql string) (places []string) {
	type level struct {
		coalesce, insert, selects, conflict bool
		cases                               int
	}
	levels, before := []level{{}}, ""
	for _, token := range sqlToken.FindAllString(statements(sql), -1) {
		word, here := strings.ToUpper(token), &levels[len(levels)-1]
		switch {
		case word == "(":
			levels = append(levels, level{coalesce: before == "COALESCE"})
		case word == ")" && len(levels) > 1:
			levels = levels[:len(levels)-1]
		case word == ";":
			*here = level{}
		case word == "CASE":
			here.cases++
		case word == "END":
			here.cases--
		case word == "INTO" && before == "INSERT":
			here.insert = true
		case word == "SELECT" && here.insert:
			here.selects = true
		case word == "SET" && here.insert:
			here.conflict = true
		case sqlClock.MatchString(token):
			for _, l := range slices.Backward(levels) {
				switch {
				case l.cases > 0:
					places = append(places, "CASE")
				case l.coalesce:
					places = append(places, "COALESCE")
				case l.conflict:
					places = append(places, "ON CONFLICT SET")
				case l.selects:
					places = append(places, "INSERT … SELECT")
				default:
					continue
				}
				break
			}
		}
		before = word
	}
	return places
}
