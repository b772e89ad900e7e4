//go:build unit || !integration

package tidy

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestOutboundCallsAreListed(t *testing.T) { report(t, outboundFindings(repository(t))) }
func TestCompliancePages(t *testing.T)        { report(t, compliancePageFindings(repository(t))) }

const (
	m2mPage        = "docs/compliance/m2m-credentials.md"
	middlewarePage = "docs/compliance/multi-tenant-middleware.md"
)

var httpCall = regexp.MustCompile(`^http\.(NewRequest|NewRequestWithContext|Get|Head|Post|PostForm|DefaultClient)$`)

// ownCalls are commands that call Matcher itself.
var ownCalls = []string{"cmd/matcher/client.go", "cmd/matcher/health.go"}

// dialled are the libraries that open connections, each with the first cell of its row in the table of outbound calls.
var dialled = []struct {
	library *regexp.Regexp
	row     string
	by      string // the folder of the caller, where the row is one caller's
}{
	{regexp.MustCompile(`^github\.com/jackc/pgx`), "PostgreSQL", ""},
	{regexp.MustCompile(`^github\.com/redis/go-redis`), "Redis", ""},
	{regexp.MustCompile(`^github\.com/rabbitmq/`), "RabbitMQ", ""},
	{regexp.MustCompile(`^go\.opentelemetry\.io/.*(otlp|autoexport)`), "an OpenTelemetry collector", ""},
	{regexp.MustCompile(`^(gocloud\.dev/blob|github\.com/minio/)`), "an object store", "internal/objectstore"},
	{regexp.MustCompile(`^github\.com/minio/`), "a bucket of a source", "internal/inbox"},
	{regexp.MustCompile(`^(golang\.org/x/crypto/ssh|github\.com/pkg/sftp)`), "an SFTP server of a source", "internal/inbox"},
}

// outboundFindings holds the table of outbound calls in both directions: a call over HTTP or a library that dials has a
// row, and a row has its caller. A call to a sibling service would need credentials of its own, so it is listed first.
func outboundFindings(files []*file) (findings []string) {
	table := "" // a rule's own example has no page; then every call is a finding
	if page := find(files, m2mPage); page != nil {
		table = section(page.text, "## Every call that leaves Matcher")
	}
	called := map[string]bool{}
	for _, f := range goFiles(files) {
		if f.isTest() || f.in(testkit, "tests") || f.in(ownCalls...) {
			continue
		}
		for _, spec := range f.syntax.Imports {
			for _, d := range dialled {
				if d.library.MatchString(importPath(spec)) && (d.by == "" || f.in(d.by)) {
					called[d.row] = true
				}
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || !httpCall.MatchString(selector(sel)) {
				return true
			}
			called["`"+f.path+"`"] = true
			if !strings.Contains(table, "`"+f.path+"`") {
				findings = append(findings, f.at(sel.Pos(), selector(sel)+": list the call in "+m2mPage+" first"))
			}
			return true
		})
	}
	if table == "" {
		return findings
	}
	for _, d := range dialled {
		if listed := strings.Contains(table, "\n| "+d.row); listed != called[d.row] {
			findings = append(findings, m2mPage+": the row of "+d.row+" and the code disagree")
		}
	}
	for _, name := range namedFile.FindAllString(table, -1) {
		if !called[name] && strings.HasSuffix(name, ".go`") {
			findings = append(findings, m2mPage+": "+name+" calls nothing over HTTP")
		}
	}
	return findings
}

// section returns the text under a heading up to the next one.
func section(text, heading string) string {
	_, rest, _ := strings.Cut(text, heading+"\n")
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// exemptMetrics are the six of the standard's gate for machine-to-machine credentials.
var exemptMetrics = []string{
	"m2m_credential_l1_cache_hits", "m2m_credential_l2_cache_hits", "m2m_credential_cache_misses",
	"m2m_credential_fetch_errors", "m2m_credential_fetch_duration_seconds", "m2m_credential_invalidations",
}

// compliancePageFindings holds what an auditor reads first on the two pages, and that each requirement names its test.
func compliancePageFindings(files []*file) (findings []string) {
	for name, status := range map[string]string{
		m2mPage:        "Status: EXEMPT (No Target Services)\n",
		middlewarePage: "Status: COMPLIANT (Functional Equivalence)\n",
	} {
		page := find(files, name)
		if page == nil || !strings.HasPrefix(page.text, status) {
			findings = append(findings, name+": the first line is "+strings.TrimSpace(status))
		}
	}
	if page := find(files, m2mPage); page != nil {
		if !strings.Contains(page.text, `"Skip this gate for services without targetServices"`) {
			findings = append(findings, m2mPage+": the standard's words are missing")
		}
		for _, metric := range exemptMetrics {
			if !strings.Contains(page.text, "\n| `"+metric+"` | N/A |\n") {
				findings = append(findings, m2mPage+": "+metric+" is marked N/A")
			}
		}
	}
	if page := find(files, middlewarePage); page != nil {
		rows := tableRows(section(page.text, "## Requirement by requirement"))
		if len(rows) < 5 {
			findings = append(findings, middlewarePage+": the table of requirements is missing")
		}
		for _, row := range rows {
			if !namedTest.MatchString(row) {
				findings = append(findings, middlewarePage+": a requirement without a test: "+row[:min(60, len(row))])
			}
		}
	}
	if f := find(files, auth+"/middleware.go"); f != nil && !strings.Contains(f.text, middlewarePage) {
		findings = append(findings, f.path+": a comment refers to "+middlewarePage)
	}
	return findings
}

// tableRows returns the lines of a Markdown table behind its heading.
func tableRows(text string) []string {
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return !strings.HasPrefix(l, "|") })
	return lines[min(2, len(lines)):]
}
