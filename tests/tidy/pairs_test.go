//go:build unit || !integration

package tidy

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestEveryFileIsTested(t *testing.T) { report(t, pairFindings(repository(t))) }

// untested folders are test code themselves: every test that uses them exercises them.
var untested = []string{testkit, "tests"}

// nounFolders hold the same noun under the same file name: its SQL, its service and its endpoints.
var nounFolders = []string{"internal/postgres", "internal/httpapi", "internal/ingestion", "internal/matching"}

// pairFindings wants, for each file with a function, a test file of its name or of its noun (the
// name without its last words, or one of its words: match_output.go may be tested by match_test.go,
// detect_amount.go by amount_test.go) that uses something the file declares. It stands in the file's folder, or under
// tests/ where only the whole shows it. SQL and endpoints of a noun are exercised by that noun's test in any of
// nounFolders: the endpoint's test runs the SQL, the service's test runs both.
func pairFindings(files []*file) (findings []string) {
	tests := map[string][]*file{}
	for _, f := range goFiles(files) {
		if f.isTest() {
			tests[f.dir()] = append(tests[f.dir()], f)
			if f.in("tests") {
				tests["tests"] = append(tests["tests"], f)
			}
		}
	}
	for _, f := range goFiles(files) {
		if f.isTest() || f.in(untested...) {
			continue
		}
		names := declared(f)
		if len(names) == 0 {
			continue
		}
		if !exercised(f, names, tests[f.dir()]) && !exercised(f, names, tests["tests"]) && !exercisedAsNoun(f, tests) {
			findings = append(findings, f.path+": no "+f.stem()+"_test.go, or one of its noun, uses what it declares")
		}
	}
	return findings
}

// declared returns the functions and methods of a file.
func declared(f *file) map[string]bool {
	names := map[string]bool{}
	for _, decl := range f.syntax.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok {
			names[fn.Name.Name] = true
		}
	}
	if names["main"] && len(names) == 1 {
		return nil // a main that only exits; what it calls has its own test
	}
	return names
}

func exercised(f *file, names map[string]bool, tests []*file) bool {
	for _, test := range tests {
		if sameNoun(f.stem(), test.stem()) && (uses(test, names) || runsCommand(f, test)) {
			return true
		}
	}
	return false
}

func exercisedAsNoun(f *file, tests map[string][]*file) bool {
	if !slices.Contains(nounFolders[:2], f.dir()) {
		return false
	}
	for _, folder := range append(nounFolders, "tests") {
		for _, test := range tests[folder] {
			if sameNoun(f.stem(), test.stem()) {
				return true
			}
		}
	}
	return false
}

func sameNoun(file, test string) bool {
	return strings.HasPrefix(file+"_", test+"_") || strings.HasPrefix(test, file+"_") ||
		slices.Contains(strings.Split(file, "_"), test)
}

// runsCommand: a command is exercised by running it, in one process or as a binary.
func runsCommand(f, test *file) bool {
	return f.in("cmd") && (path.Dir(test.path) == f.dir() || test.in("tests"))
}

func uses(test *file, names map[string]bool) (found bool) {
	ast.Inspect(test.syntax, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && names[id.Name] {
			found = true
		}
		return !found
	})
	return found
}
