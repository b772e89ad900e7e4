//go:build unit || !integration

package tidy

import (
	"go/ast"
	"go/token"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestCalls(t *testing.T)             { report(t, callFindings(repository(t))) }
func TestTenantIsNotAsked(t *testing.T)  { report(t, tenantFindings(repository(t))) }
func TestNoPlaceOfAMachine(t *testing.T) { report(t, placeFindings(repository(t))) }

// calls are refused outside the places where they belong. The linter holds them too; this holds
// them where somebody writes nolint.
var calls = []struct {
	call  *regexp.Regexp
	where func(f *file) bool
	why   string
}{
	{regexp.MustCompile(`^time\.(Now|Since|Until|Sleep|After|NewTimer|NewTicker)$`), func(f *file) bool { return slices.Contains(pure, f.dir()) && !f.isTest() }, "a pure package is given the time"},
	{regexp.MustCompile(`^time\.Sleep$`), func(f *file) bool { return f.isTest() && !imports(f, "testing/synctest") }, "wait for a signal, or use testing/synctest"},
	{regexp.MustCompile(`^os\.(Getenv|LookupEnv|ExpandEnv)$`), func(f *file) bool {
		return !f.isTest() && !f.in(bootstrap+"/config.go", testkit, "tests")
	}, "a setting is a field of bootstrap/config.go"},
	{regexp.MustCompile(`^fmt\.Print(|f|ln)$`), func(f *file) bool { return f.in("internal") && !f.isTest() }, "return it, log it, or write to the writer you were given"},
	{regexp.MustCompile(`^log\.`), func(f *file) bool { return !f.isTest() && imports(f, "log") }, "log/slog"},
}

func callFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			for _, rule := range calls {
				if name := selector(sel); rule.call.MatchString(name) && rule.where(f) {
					findings = append(findings, f.at(sel.Pos(), name+": "+rule.why))
				}
			}
			return true
		})
	}
	return findings
}

func imports(f *file, target string) bool {
	return slices.ContainsFunc(f.syntax.Imports, func(spec *ast.ImportSpec) bool { return importPath(spec) == target })
}

// selector is `pkg.Name` for a name of a package, `.Name` for anything longer.
func selector(sel *ast.SelectorExpr) string {
	if id, ok := sel.X.(*ast.Ident); ok {
		return id.Name + "." + sel.Sel.Name
	}
	return "." + sel.Sel.Name
}

var (
	tenantName    = regexp.MustCompile(`(?i)^(x-)?tenant([-_]?id)?$`)
	requestGetter = regexp.MustCompile(`^(Get|Values|PathValue|FormValue|PostFormValue|Cookie|Param|Query|Header|Member)$`)
	requestTags   = []string{"header", "query", "path", "cookie", "form"}
)

// tenantFindings: the tenant comes from the verified token, so no code asks a request for it by
// name: not by a getter, an index into headers, or the tag of an input struct.
func tenantFindings(files []*file) (findings []string) {
	for _, f := range goFiles(files) {
		if f.isTest() || f.in(testkit, "tests") || path.Base(f.dir()) == "rabbitmq" {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if asksForTenant(n) {
				findings = append(findings, f.at(n.Pos(), "the tenant comes from the token, never from a request"))
			}
			return true
		})
	}
	return findings
}

func asksForTenant(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		sel, ok := n.Fun.(*ast.SelectorExpr)
		return ok && requestGetter.MatchString(sel.Sel.Name) && slices.ContainsFunc(n.Args, namesTenant)
	case *ast.IndexExpr:
		sel, ok := n.X.(*ast.SelectorExpr)
		return ok && slices.Contains([]string{"Header", "Form", "PostForm", "Trailer"}, sel.Sel.Name) && namesTenant(n.Index)
	case *ast.Field:
		return n.Tag != nil && tagAsks(n.Tag.Value)
	}
	return false
}

func namesTenant(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return false
	}
	text, err := strconv.Unquote(lit.Value)
	return err == nil && tenantName.MatchString(text)
}

func tagAsks(quoted string) bool {
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(requestTags, func(key string) bool {
		name, _, _ := strings.Cut(reflect.StructTag(text).Get(key), ",")
		return tenantName.MatchString(name)
	})
}

// A path of whoever's machine built this is of no use to a reader. The pattern is put together so
// that it does not find itself. Homebrew's folder on Linux is one of many machines.
var machinePlace = regexp.MustCompile(`(?:^|[\s"'` + "`" + `=:(])/(?:wor` + `k|Users|hom` + `e/[a-z]+|tmp/tea` + `m|mnt/[a-z])/`)

func placeFindings(files []*file) (findings []string) {
	for _, f := range files {
		for i, line := range strings.Split(f.text, "\n") {
			if hit := machinePlace.FindString(line); hit != "" && !strings.Contains(hit, "/linuxbrew/") {
				findings = append(findings, f.path+":"+itoa(i+1)+": names a place of one machine")
			}
		}
	}
	return findings
}
