//go:build unit || !integration

package tidy

import (
	"go/ast"
	"regexp"
	"testing"
)

func TestOutboundCallsAreListed(t *testing.T) { report(t, outboundFindings(repository(t))) }

// outbound lists who calls another machine over HTTP. Each is a line of docs/compliance/m2m-credentials.md: a call to a
// sibling service would need credentials of its own, so a new caller belongs there first. The command's own client calls
// Matcher itself.
var outbound = []string{
	adapters + "/remote_configuration.go", auth + "/jwks.go", "cmd/matcher/client.go", "cmd/matcher/health.go",
}

var httpCall = regexp.MustCompile(`^http\.(NewRequest|NewRequestWithContext|Get|Head|Post|PostForm|DefaultClient)$`)

func outboundFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		if f.isTest() || f.in(testkit, "tests") || f.in(outbound...) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && httpCall.MatchString(selector(sel)) {
				findings = append(findings, f.at(sel.Pos(), selector(sel)+": list the call in docs/compliance/m2m-credentials.md first"))
			}
			return true
		})
	}
	return findings
}
