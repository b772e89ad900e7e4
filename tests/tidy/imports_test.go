//go:build unit || !integration

package tidy

import (
	"cmp"
	"go/ast"
	"os"
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

// pure lists the packages of the lowest floor. They know no driver, log, clock or system.
var pure = []string{
	recon, "internal/setup", format, mapping, "internal/predicate", engine, engine + "/solver", "internal/period",
	"internal/report", "internal/period", audit,
}

// onlyIn lists who may know a library, by the folder of the importing file.
var onlyIn = []struct {
	library *regexp.Regexp
	folders []string
}{
	{regexp.MustCompile(`^(github\.com/jackc/|database/sql$|github\.com/lib/pq)`), []string{postgres, adapters, jobs, bootstrap, testkit, "internal/pgserver"}},
	{regexp.MustCompile(`^github\.com/riverqueue/`), []string{postgres, jobs, adapters, testkit}},
	{regexp.MustCompile(`^github\.com/golang-migrate/`), []string{adapters, bootstrap, testkit}},
	{regexp.MustCompile(`^github\.com/(redis|go-redis)/`), []string{adapters, httpapi, bootstrap, testkit}},
	{regexp.MustCompile(`^github\.com/alicebob/`), nil},
	{regexp.MustCompile(`^(text|html)/template$|^google\.golang\.org/grpc|/otlptracehttp$`), nil}, // 15 MB of the program
	{regexp.MustCompile(`^github\.com/rabbitmq/`), []string{"internal/shared/adapters/rabbitmq", "internal/ingestion/adapters/rabbitmq", "internal/matching/adapters/rabbitmq", testkit}},
	{regexp.MustCompile(`^github\.com/(minio|aws)/|^gocloud\.dev/`), []string{objectstore, "internal/inbox"}},
	{regexp.MustCompile(`^(golang\.org/x/crypto/ssh|github\.com/pkg/sftp)`), []string{"internal/inbox"}},
	{regexp.MustCompile(`^matcher/internal/bootstrap$`), []string{"cmd", testkit}},
	{regexp.MustCompile(`^matcher/internal/testkit`), []string{testkit}},
}

var drivers = regexp.MustCompile(`^(log|log/slog|database/sql|net|net/http|os|os/.*)$`)

// importFindings holds the table "Who may import whom" of ARCHITECTURE.md. Tests are free, except for the wiring: a unit
// test that needs bootstrap is an integration test.
func importFindings(files []*file) (findings []string) {
	allowed := importTable(architecture(files))
	for _, f := range goFiles(files) {
		if f.isTest() || f.in("tests", "examples", testkit) {
			continue
		}
		for _, spec := range f.syntax.Imports {
			if why := forbidden(allowed, f, importPath(spec)); why != "" {
				findings = append(findings, f.at(spec.Pos(), why))
			}
		}
	}
	return findings
}

// architecture returns the text of ARCHITECTURE.md; a rule's own example is held against the repository's.
func architecture(files []*file) string {
	if page := find(files, "ARCHITECTURE.md"); page != nil {
		return page.text
	}
	text, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		panic(err)
	}
	return string(text)
}

var (
	backticked = regexp.MustCompile("`([^`]+)`")
	ownFolder  = regexp.MustCompile(`^(cmd|migrations|examples)(/|$)`)
)

// importTable reads the table: the packages of the first cell may import those of the second. A name without a folder
// is one of internal. "everything" has no bounds.
func importTable(page string) map[string][]string {
	allowed := map[string][]string{}
	for _, row := range tableRows(section(page, "## Who may import whom")) {
		cells := strings.Split(row, "|")
		if len(cells) < 3 {
			continue
		}
		targets := packagesIn(cells[2])
		if strings.Contains(cells[2], "everything") {
			targets = []string{"everything"}
		}
		for _, name := range packagesIn(cells[1]) {
			allowed[name] = targets
		}
	}
	return allowed
}

func packagesIn(cell string) (names []string) {
	for _, match := range backticked.FindAllStringSubmatch(cell, -1) {
		name := match[1]
		if !ownFolder.MatchString(name) {
			name = "internal/" + name
		}
		names = append(names, name)
	}
	return names
}

func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, `"`) }

func forbidden(allowed map[string][]string, f *file, target string) string {
	own, isOwn := strings.CutPrefix(target, module+"/")
	if isOwn {
		targets, listed := allowed[f.dir()]
		switch {
		case !listed:
			return f.dir() + " has no row in ARCHITECTURE.md's table of imports"
		case !slices.Contains(targets, own) && !slices.Contains(targets, "everything"):
			return f.dir() + " may not import " + own + " (ARCHITECTURE.md)"
		}
	}
	if slices.Contains(pure, f.dir()) && drivers.MatchString(target) {
		return "a pure package knows no driver, log or system: " + target
	}
	for _, rule := range onlyIn {
		if rule.library.MatchString(target) && !f.in(rule.folders...) {
			return target + " is known only to " + cmp.Or(strings.Join(rule.folders, ", "), "tests")
		}
	}
	return ""
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
