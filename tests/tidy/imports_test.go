//go:build unit || !integration

package tidy

import (
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestImports(t *testing.T)       { report(t, importFindings(repository(t))) }
func TestImportAliases(t *testing.T) { report(t, aliasFindings(repository(t))) }
func TestPackageNames(t *testing.T)  { report(t, packageNameFindings(repository(t))) }

const (
	recon       = "internal/recon"
	format      = "internal/format"
	mapping     = "internal/mapping"
	engine      = "internal/engine"
	reports     = "internal/report"
	audit       = "internal/audit"
	postgres    = "internal/postgres"
	adapters    = "internal/shared/infrastructure/tenant/adapters"
	jobs        = "internal/jobs"
	bootstrap   = "internal/bootstrap"
	testkit     = "internal/testkit"
	httpapi     = "internal/httpapi"
	auth        = "internal/auth"
	objectstore = "internal/objectstore"
)

var (
	pure     = []string{recon, format, mapping, engine, reports, audit}
	services = []string{"internal/ingestion", "internal/matching", "internal/exception"}
)

// onlyIn lists who may know a library, by the folder of the importing file.
var onlyIn = []struct {
	library *regexp.Regexp
	folders []string
}{
	{regexp.MustCompile(`^(github\.com/jackc/|database/sql$|github\.com/lib/pq)`), []string{postgres, adapters, jobs, bootstrap, testkit, "internal/pgserver"}},
	{regexp.MustCompile(`^github\.com/riverqueue/`), []string{postgres, jobs, bootstrap, testkit}},
	{regexp.MustCompile(`^github\.com/golang-migrate/`), []string{adapters, bootstrap, testkit}},
	{regexp.MustCompile(`^github\.com/(redis|go-redis)/`), []string{adapters, httpapi, bootstrap, testkit}},
	{regexp.MustCompile(`^github\.com/alicebob/`), []string{bootstrap, testkit}},
	{regexp.MustCompile(`^github\.com/rabbitmq/`), []string{"internal/shared/adapters/rabbitmq", "internal/ingestion/adapters/rabbitmq", "internal/matching/adapters/rabbitmq", testkit}},
	{regexp.MustCompile(`^gocloud\.dev/`), []string{objectstore, testkit}},
	{regexp.MustCompile(`^matcher/internal/bootstrap$`), []string{"cmd", testkit}},
	{regexp.MustCompile(`^matcher/internal/testkit`), []string{testkit}},
}

// notIn lists what a folder may not import at all, or nothing but.
var drivers = regexp.MustCompile(`^(log|log/slog|database/sql|net|net/http|os|os/.*)$`)

// importFindings holds "Who may import whom" of ARCHITECTURE.md. Tests are free, but for the
// wiring: a unit test that needs bootstrap is an integration test.
func importFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		if f.isTest() || f.in("tests") {
			continue
		}
		for _, spec := range f.syntax.Imports {
			if why := forbidden(f, importPath(spec)); why != "" {
				findings = append(findings, f.at(spec.Pos(), why))
			}
		}
	}
	return findings
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, `"`) }

func forbidden(f *file, target string) string {
	own, isOwn := strings.CutPrefix(target, module+"/")
	switch {
	case f.dir() == recon && isOwn:
		return "recon imports nothing of ours, not " + own
	case f.dir() == reports && own == engine:
		return ""
	case slices.Contains(pure, f.dir()) && isOwn && own != recon:
		return "a pure package imports recon only, not " + own
	case slices.Contains(pure, f.dir()) && drivers.MatchString(target):
		return "a pure package knows no driver, log or system: " + target
	case f.dir() == "internal/ingestion" && own == engine:
		return "services meet in a Tx method or an event, not by importing " + own
	case isOwn && crossesServices(f.dir(), own):
		return "services meet in a Tx method or an event, not by importing " + own
	case (f.in(adapters) || f.in(auth)) && own == postgres:
		return "postgres imports the tenant adapters, never the reverse"
	case (f.in(postgres) || f.in(jobs)) && slices.ContainsFunc(services, func(s string) bool { return within(own, s) }):
		return "nothing below a service imports one: " + own
	}
	for _, rule := range onlyIn {
		if rule.library.MatchString(target) && !f.in(rule.folders...) {
			return target + " is known only to " + strings.Join(rule.folders, ", ")
		}
	}
	return ""
}

func crossesServices(from, to string) bool {
	return slices.ContainsFunc(services, func(a string) bool {
		return within(from, a) && slices.ContainsFunc(services, func(b string) bool { return a != b && within(to, b) })
	})
}

func within(name, folder string) bool { return name == folder || strings.HasPrefix(name, folder+"/") }

// aliasFindings: our own packages never need an alias but for the folders whose name mission
// fixes; a library gets one only where two of a name meet in a file, or its path hides its name.
func aliasFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		for _, spec := range f.syntax.Imports {
			if spec.Name == nil || spec.Name.Name == "_" {
				continue
			}
			if why := needlessAlias(f, spec); why != "" {
				findings = append(findings, f.at(spec.Pos(), why))
			}
		}
	}
	return findings
}

func needlessAlias(f *file, spec *ast.ImportSpec) string {
	target := importPath(spec)
	name := libraryName(target)
	switch {
	case spec.Name.Name == ".":
		return "no dot imports"
	case strings.HasPrefix(target, module+"/"):
		if name == "adapters" || name == "rabbitmq" {
			return ""
		}
		return "no alias for our own " + target
	case versioned.MatchString(target) || strings.ContainsAny(name, "-."):
		return ""
	case slices.ContainsFunc(f.syntax.Imports, func(other *ast.ImportSpec) bool {
		return other != spec && libraryName(importPath(other)) == name
	}):
		return ""
	}
	return "no alias where none is needed: " + target
}

var versioned = regexp.MustCompile(`/v[0-9][0-9.]*$`)

func libraryName(target string) string { return path.Base(versioned.ReplaceAllString(target, "")) }

// fixedNames stand in several folders because the mission says so.
var fixedNames = []string{"main", "adapters", "rabbitmq"}

var catchAll = regexp.MustCompile(`^(util|utils|common|helper|helpers|types|dto|entities|misc|shared|value_?objects?)$`)

func packageNameFindings(files []*file) (findings []string) {
	folder := map[string]string{}
	for _, f := range goFiles(files) {
		name := strings.TrimSuffix(f.syntax.Name.Name, "_test")
		if slices.Contains(fixedNames, name) {
			continue
		}
		if catchAll.MatchString(name) {
			findings = append(findings, f.at(f.syntax.Name.Pos(), "a package is named for its one idea, not "+name))
		}
		if first, seen := folder[name]; seen && first != f.dir() {
			findings = append(findings, f.path+": package "+name+" is also in "+first)
			continue
		}
		folder[name] = f.dir()
	}
	return findings
}
