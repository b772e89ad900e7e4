//go:build unit || !integration

package tidy

import (
	"go/ast"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestDocumentsNameWhatExists(t *testing.T) { report(t, documentFindings(repository(t))) }

var (
	namedTest = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Za-z0-9_]+)`")
	namedFile = regexp.MustCompile("`((?:internal|cmd|tests|migrations|scripts|examples|docs)/[A-Za-z0-9_./-]+)`")
	tableRow  = regexp.MustCompile(`^\| *\d+ *\|`)
)

const standardRows = 27

// documentFindings: a document that names a test or a file is evidence only as long as they are there. The table of the
// standard has all its rows, each with a test.
func documentFindings(files []*file) (findings []string) {
	tests, paths := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		for place := f.path; place != "."; place = path.Dir(place) {
			paths[place] = true
		}
		if !f.isGo() || !f.isTest() {
			continue
		}
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok {
				tests[fn.Name.Name] = true
			}
		}
	}
	for _, f := range files {
		if path.Ext(f.path) == ".md" {
			findings = append(findings, namedFindings(f, tests, paths)...)
		}
	}
	return findings
}

func namedFindings(f *file, tests, paths map[string]bool) (findings []string) {
	for _, name := range namedTest.FindAllStringSubmatch(f.text, -1) {
		if !tests[name[1]] {
			findings = append(findings, f.path+": no test is called "+name[1])
		}
	}
	for _, name := range namedFile.FindAllStringSubmatch(f.text, -1) {
		if !paths[strings.TrimSuffix(name[1], "/")] {
			findings = append(findings, f.path+": there is no "+name[1])
		}
	}
	if f.path == "docs/compliance/standard.md" {
		findings = append(findings, rowFindings(f)...)
	}
	return findings
}

func rowFindings(f *file) (findings []string) {
	rows := 0
	for line := range strings.SplitSeq(f.text, "\n") {
		if !tableRow.MatchString(line) {
			continue
		}
		rows++
		if !namedTest.MatchString(line) {
			findings = append(findings, f.path+": a row without a test: "+line[:min(60, len(line))])
		}
	}
	if rows != standardRows {
		findings = append(findings, f.path+": the standard has 27 rows")
	}
	return findings
}
