//go:build unit || !integration

package tidy

import (
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	codesFile = recon + "/codes.go"
	codesPage = "docs/errors.md"
)

var updateErrors = flag.Bool("update", false, "write docs/errors.md anew from internal/recon/codes.go")

func TestCodes(t *testing.T) { report(t, codeFindings(repository(t))) }

// TestErrorsPage holds docs/errors.md to the constants that it is made from.
func TestErrorsPage(t *testing.T) {
	files := repository(t)
	page := errorsPage(files)
	if *updateErrors {
		require.NoError(t, os.WriteFile("../../"+codesPage, []byte(page), 0o600))
		return
	}
	stored := find(files, codesPage)
	require.NotNil(t, stored)
	require.Equal(t, page, stored.text, "run: go test ./tests/tidy -run TestErrorsPage -update")
}

func TestCodeFindings(t *testing.T) {
	const constant = "package recon\n\n// Codes of x.\nconst (\n"
	table := constant + "// CodeBad (400): It is bad. Mend it.\nCodeBad = \"BAD_ONE\"\n)\n"
	table = strings.ReplaceAll(table, "CodeBad", "CodeBadOne")
	for wants, texts := range map[string][2]string{
		"":                        {table, "package x\n\nvar err = recon.Invalid(recon.CodeBadOne, \"x\")\n"},
		"is not the name of":      {strings.ReplaceAll(table, "CodeBadOne", "CodeGood"), "package x\n\nvar c = recon.CodeGood\n"},
		"needs a comment":         {strings.Replace(table, " Mend it.", "", 1), "package x\n\nvar c = recon.CodeBadOne\n"},
		"is used nowhere":         {table, "package x\n"},
		"use its constant":        {table, "package x\n\nvar is = recon.CodeBadOne == \"BAD_ONE\"\n"},
		"make it a constant":      {table, "package x\n\nvar e = []any{recon.FieldError{Code: \"OTHER_ONE\"}, recon.CodeBadOne}\n"},
		"\"OTHER_\" is a code":    {table, "package x\n\nvar e = []any{recon.FieldError{\"/a\", \"OTHER_\" + s, \"x\"}, recon.CodeBadOne}\n"},
		"\"THIRD\" is a code":     {table, "package x\n\nfunc f(a, code string) { f(recon.CodeBadOne, \"THIRD\") }\n"},
		"comes with 409":          {table, "package x\n\nvar err = recon.Conflict(recon.CodeBadOne, \"x\")\n"},
		"means what CodeBadOne m": {table + strings.ReplaceAll(table, "BadOne", "BadTwo")[len("package recon\n"):], "package x\n\nvar c = recon.CodeBadOne\n"},
	} {
		var files []*file
		for name, text := range map[string]string{
			codesFile: texts[0], "internal/x/x.go": texts[1],
			recon + "/error.go": "package recon\n\nfunc Conflict(code string) {}\n",
		} {
			f, err := parse(name, text)
			require.NoError(t, err)
			files = append(files, f)
		}
		findings := strings.Join(codeFindings(files), "\n")
		if wants == "" {
			require.Empty(t, findings)
		}
		require.Contains(t, findings, wants)
	}
}

// code is one constant of codes.go with what its comment has.
type code struct {
	name, text, statuses, meaning, wayOut string

	at token.Pos
}

type codeGroup struct {
	title string
	codes []code
}

var (
	codeComment = regexp.MustCompile(`^(Code\w+)(?: \(([\d, ]+)\))?: ([A-Z].*?[.]) ([A-Z].*[.])$`)
	codeLiteral = regexp.MustCompile(`^([A-Z]+_[A-Z_]+|[A-Z]{4,})$`)
)

// codesOf reads the blocks of codes.go.
func codesOf(f *file) (groups []codeGroup) {
	for _, decl := range f.syntax.Decls {
		block, ok := decl.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		title := strings.TrimSuffix(strings.TrimPrefix(oneLine(block.Doc), "Codes of "), ".")
		group := codeGroup{title: strings.ToUpper(title[:1]) + title[1:]}
		for _, spec := range block.Specs {
			spec := spec.(*ast.ValueSpec)
			c := code{name: spec.Names[0].Name, text: literal(spec.Values[0]), at: spec.Pos()}
			if m := codeComment.FindStringSubmatch(oneLine(spec.Doc)); m != nil && m[1] == c.name {
				c.statuses, c.meaning, c.wayOut = m[2], m[3], m[4]
			}
			group.codes = append(group.codes, c)
		}
		groups = append(groups, group)
	}
	return groups
}

func oneLine(doc *ast.CommentGroup) string { return strings.Join(strings.Fields(doc.Text()), " ") }

// literal returns a string literal's text, "" for anything else.
func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

// codeFindings: every code is one constant of codes.go that has a name like its text, a meaning of its own, a way out
// and a user. No code is written as text anywhere else, and none comes with a status that its comment does not have.
func codeFindings(files []*file) (findings []string) {
	table := find(files, codesFile)
	if table == nil {
		return []string{codesFile + ": there is none"}
	}
	byName, texts, meanings := map[string]code{}, map[string]bool{}, map[string]string{}
	for _, group := range codesOf(table) {
		for _, c := range group.codes {
			if !strings.EqualFold(c.name, "Code"+strings.ReplaceAll(c.text, "_", "")) {
				findings = append(findings, table.at(c.at, c.name+" is not the name of "+c.text))
			}
			switch same := meanings[c.meaning]; {
			case c.meaning == "":
				findings = append(findings, table.at(c.at, c.name+" needs a comment: // "+c.name+" (status): Meaning. Way out."))
			case same != "":
				findings = append(findings, table.at(c.at, c.name+" means what "+same+" means"))
			}
			if texts[c.text] {
				findings = append(findings, table.at(c.at, c.text+" is there twice"))
			}
			byName[c.name], texts[c.text], meanings[c.meaning] = c, true, c.name
		}
	}
	used := map[string]bool{}
	takes := codeParameters(files)
	for _, f := range files {
		if shipped(f) && f.path != codesFile {
			findings = append(findings, (&codeUse{f, byName, texts, used, takes}).findings()...)
		}
	}
	for name, c := range byName {
		if !used[name] {
			findings = append(findings, table.at(c.at, name+" is used nowhere: delete it"))
		}
	}
	return findings
}

// shipped leaves out the server's own package, which knows no code: its reasons are for the commands that start it.
func shipped(f *file) bool {
	return f.isGo() && !f.isTest() && f.in("internal", "cmd") && !f.in(testkit, "internal/pgserver")
}

// codeParameters returns, by folder and function, at which places a parameter called code is.
func codeParameters(files []*file) map[string]map[string][]int {
	takes := map[string]map[string][]int{}
	note := func(dir, name string, params *ast.FieldList) {
		at := 0
		for _, field := range params.List {
			for _, param := range field.Names {
				if param.Name == "code" {
					if takes[dir] == nil {
						takes[dir] = map[string][]int{}
					}
					takes[dir][name] = append(takes[dir][name], at)
				}
				at++
			}
		}
	}
	for _, f := range files {
		if !shipped(f) {
			continue
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				note(f.dir(), n.Name.Name, n.Type.Params)
			case *ast.AssignStmt:
				if fn, ok := n.Rhs[0].(*ast.FuncLit); ok {
					if name, ok := n.Lhs[0].(*ast.Ident); ok {
						note(f.dir(), name.Name, fn.Type.Params)
					}
				}
			}
			return true
		})
	}
	return takes
}

// codeUse reads one file's uses of codes.
type codeUse struct {
	*file
	byName map[string]code
	texts  map[string]bool
	used   map[string]bool
	takes  map[string]map[string][]int
}

func (u *codeUse) findings() (findings []string) {
	refuse := func(e ast.Expr) {
		ast.Inspect(e, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && codeLiteral.MatchString(strings.TrimSuffix(literal(lit), "_")) {
				findings = append(findings, u.at(lit.Pos(), lit.Value+" is a code: make it a constant of "+codesFile))
			}
			_, call := n.(*ast.CallExpr)
			return !call
		})
	}
	ast.Inspect(u.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if _, known := u.byName[n.Name]; known {
				u.used[n.Name] = true
			}
		case *ast.BasicLit:
			// Words such as DUPLICATE are texts of other lists too; those of two words are codes and nothing else.
			if text := literal(n); u.texts[text] && strings.Contains(text, "_") && u.path != recon+"/error.go" {
				findings = append(findings, u.at(n.Pos(), n.Value+" is a code: use its constant of "+codesFile))
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
				refuse(n.Value)
			}
		case *ast.CompositeLit:
			if fieldError(n) && len(n.Elts) == 3 {
				if _, keyed := n.Elts[1].(*ast.KeyValueExpr); !keyed {
					refuse(n.Elts[1])
				}
			}
		case *ast.CallExpr:
			for _, at := range u.takes[u.calledIn(n)][called(n)] {
				if at < len(n.Args) {
					refuse(n.Args[at])
				}
			}
			findings = append(findings, u.statusFindings(n)...)
		}
		return true
	})
	return findings
}

// calledIn returns the folder that has the function of a call: recon's for its constructors, else the file's own.
func (u *codeUse) calledIn(call *ast.CallExpr) string {
	if sel, ok := call.Fun.(*ast.SelectorExpr); ok && strings.HasPrefix(selector(sel), "recon.") {
		return recon
	}
	return u.dir()
}

func fieldError(lit *ast.CompositeLit) bool {
	switch of := lit.Type.(type) {
	case *ast.Ident:
		return of.Name == "FieldError"
	case *ast.SelectorExpr:
		return of.Sel.Name == "FieldError"
	}
	return false
}

// constructorStatus is the status of what the constructors of recon.Error make.
var constructorStatus = map[string]string{
	"Invalid": "400", "Unauthorized": "401", "Forbidden": "403", "Conflict": "409", "TooLarge": "413",
	"Unprocessable": "422", "Unavailable": "503",
}

func (u *codeUse) statusFindings(call *ast.CallExpr) []string {
	status := constructorStatus[called(call)]
	if status == "" || u.calledIn(call) != recon || len(call.Args) == 0 {
		return nil
	}
	name := ""
	switch arg := call.Args[0].(type) {
	case *ast.Ident:
		name = arg.Name
	case *ast.SelectorExpr:
		name = arg.Sel.Name
	}
	if c, known := u.byName[name]; known && !slices.Contains(strings.Split(c.statuses, ", "), status) {
		return []string{u.at(call.Pos(), name+" comes with "+status+": add it to its comment")}
	}
	return nil
}

const errorsHead = "# Errors\n" +
	"\n" +
	"Every code that Matcher answers with, what it means and the way out. Act on the code; the message is for people and\n" +
	"names the thing at hand. The API answers with `application/problem+json`: `code`, `detail`, and in `errors` one entry\n" +
	"a bad value with its `pointer` (or `parameter`), its own code and message. A code without a status comes only in such\n" +
	"an entry, with a refused row, a run or a replay. The commands print the same messages; exit codes are in\n" +
	"[cli.md](cli.md).\n" +
	"\n" +
	"This page is made from `internal/recon/codes.go` (`go test ./tests/tidy -run TestErrorsPage -update`).\n"

func errorsPage(files []*file) string {
	var page strings.Builder
	page.WriteString(errorsHead)
	for _, group := range codesOf(find(files, codesFile)) {
		fmt.Fprintf(&page, "\n## %s\n| Code | Status | It means | The way out |\n|---|---|---|---|\n", group.title)
		for _, c := range group.codes {
			fmt.Fprintf(&page, "| `%s` | %s | %s | %s |\n", c.text, c.statuses, c.meaning, c.wayOut)
		}
	}
	page.WriteString("\n## Why a row is open\nNot errors: what a run found out about each row that it could not match.\n\n" +
		"| Reason | It means |\n|---|---|\n")
	for _, reason := range reasonsOf(find(files, recon+"/outcome.go")) {
		fmt.Fprintf(&page, "| `%s` | %s |\n", reason.text, reason.meaning)
	}
	return page.String()
}

// reasonsOf reads the constants of Reason, their comments and their texts.
func reasonsOf(f *file) (reasons []code) {
	comments := map[string]string{}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if strings.HasPrefix(spec.Names[0].Name, "Reason") {
			comments[spec.Names[0].Name] = oneLine(spec.Comment)
		}
		if spec.Names[0].Name != "Reasons" {
			return true
		}
		for _, element := range spec.Values[0].(*ast.CompositeLit).Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				name := pair.Key.(*ast.Ident).Name
				reasons = append(reasons, code{name: name, text: literal(pair.Value), meaning: comments[name]})
			}
		}
		return true
	})
	return reasons
}
