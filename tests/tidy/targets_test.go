//go:build unit || !integration

package tidy

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// promised are the targets that the documentation and the pipeline count on.
const promised = `test test-unit test-int test-chaos test-e2e lint sec check-tests check-test-tags
	up down run demo bench fuzz cover generate migrate-up migrate-down help`

var (
	targetLine = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*?## \S`)
	makeWord   = regexp.MustCompile("(?m)(?:^|`|\\$ )make ([a-z][a-z0-9-]*)")
)

func TestMakeTargets(t *testing.T) {
	files := repository(t)
	makefile := find(files, "Makefile")
	require.NotNil(t, makefile)
	targets := targetsOf(makefile.text)
	for target := range strings.FieldsSeq(promised) {
		if !targets[target] {
			t.Errorf("Makefile: no target %s with a line of help", target)
		}
	}
	report(t, makeFindings(files, targets))
}

func targetsOf(makefile string) map[string]bool {
	targets := map[string]bool{}
	for _, m := range targetLine.FindAllStringSubmatch(makefile, -1) {
		targets[m[1]] = true
	}
	return targets
}

// makeFindings: a command that a document shows exists.
func makeFindings(files []*file, targets map[string]bool) (findings []string) {
	for _, f := range files {
		if !strings.HasSuffix(f.path, ".md") {
			continue
		}
		for _, m := range makeWord.FindAllStringSubmatch(f.text, -1) {
			if !targets[m[1]] {
				findings = append(findings, f.path+": shows `make "+m[1]+"`, which does not exist")
			}
		}
	}
	return findings
}
