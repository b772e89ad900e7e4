//go:build unit || !integration

package tidy

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// The four kinds of test file. A unit file runs under `go test ./...` and under `-tags unit`, and
// stays out of `-tags integration`, which runs the integration tests alone.
const (
	unitTag        = "//go:build unit || !integration"
	integrationTag = "//go:build integration"
	chaosTag       = "//go:build chaos"
	e2eTag         = "//go:build e2e"
)

var tags = []string{unitTag, integrationTag, chaosTag, e2eTag}

// tagOf says which kind the tests of a folder are.
var tagOf = map[string]string{"tests/integration": integrationTag, "tests/chaos": chaosTag, "tests/e2e": e2eTag, "tests/tidy": unitTag}

func TestTestTags(t *testing.T) { report(t, tagFindings(repository(t))) }

func tagFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		if !f.isTest() {
			continue
		}
		first, _, _ := strings.Cut(f.text, "\n")
		if !slices.Contains(tags, first) {
			findings = append(findings, f.path+":1: opens with none of "+strings.Join(tags, ", "))
			continue
		}
		for folder, tag := range tagOf {
			if f.in(folder) && first != tag {
				findings = append(findings, f.path+":1: a test in "+folder+" opens with "+tag)
			}
		}
		if first != unitTag && fuzzes(f) {
			findings = append(findings, f.path+": `make fuzz` runs fuzz targets without a tag, so they are unit tests")
		}
		if first == unitTag && startsServers(f) {
			findings = append(findings, f.path+": a unit test starts no server, so it does not import testkit")
		}
	}
	return findings
}

func fuzzes(f *file) bool {
	return slices.ContainsFunc(f.syntax.Decls, func(decl ast.Decl) bool {
		fn, ok := decl.(*ast.FuncDecl)
		return ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Fuzz")
	})
}

func startsServers(f *file) bool {
	for _, spec := range f.syntax.Imports {
		if within(importPath(spec), module+"/"+testkit) && !f.in(testkit) {
			return true
		}
	}
	return false
}
