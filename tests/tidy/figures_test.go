//go:build unit || !integration

package tidy

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/scanner"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

// The house's budget. A figure that falls may take its limit down with it; one that has to rise argues in
// docs/decisions.md.
const (
	maxCodeLines        = 77_000
	maxPackages         = 32
	maxSingleCallersPer = 16 // functions with one caller, per 1,000 code lines
	maxWideFunctions    = 7  // functions with five parameters or more
	maxSentinels        = 15
	maxPackageLines     = 8_000
	maxCommandMethods   = 25 // on one type of cmd/matcher
)

// packageLines are the packages that hold more than others, each with a reason in docs/decisions.md.
var packageLines = map[string]int{"internal/postgres": 10_500}

// packageFigures are what is counted of one folder.
type packageFigures struct {
	files, lines, functions, single, wide, sentinels int

	methods map[string]int // by receiver type
}

// TestFigures prints the size of the house and holds its budget. `go test ./tests/tidy -run Figures -v` shows the table.
func TestFigures(t *testing.T) {
	figures := measure(repository(t))
	total := packageFigures{}
	t.Logf("%-52s %5s %7s %6s %7s %5s %9s", "package", "files", "lines", "funcs", "1 call", "wide", "sentinels")
	for _, dir := range slices.SortedFunc(maps.Keys(figures), func(a, b string) int {
		return cmp.Or(-cmp.Compare(figures[a].lines, figures[b].lines), cmp.Compare(a, b))
	}) {
		p := figures[dir]
		t.Logf("%-52s %s", dir, p)
		total.add(p)
		atMost(t, dir+": code lines", p.lines, cmp.Or(packageLines[dir], maxPackageLines))
		if strings.HasPrefix(dir, "cmd/") {
			for name, n := range p.methods {
				atMost(t, dir+": methods on "+name, n, maxCommandMethods)
			}
		}
	}
	t.Logf("%-52s %s", fmt.Sprintf("%d packages", len(figures)), &total)
	atMost(t, "code lines", total.lines, maxCodeLines)
	atMost(t, "packages", len(figures), maxPackages)
	atMost(t, "functions with one caller a kLOC", total.single*1000/max(total.lines, 1), maxSingleCallersPer)
	atMost(t, "functions with five parameters or more", total.wide, maxWideFunctions)
	atMost(t, "error sentinels", total.sentinels, maxSentinels)
}

func atMost(t *testing.T, what string, got, limit int) {
	t.Helper()
	if got > limit {
		t.Errorf("%s: %d, over %d", what, got, limit)
	}
}

func (p *packageFigures) String() string {
	return fmt.Sprintf("%5d %7d %6d %7d %5d %9d", p.files, p.lines, p.functions, p.single, p.wide, p.sentinels)
}

func (p *packageFigures) add(q *packageFigures) {
	p.files, p.lines, p.functions = p.files+q.files, p.lines+q.lines, p.functions+q.functions
	p.single, p.wide, p.sentinels = p.single+q.single, p.wide+q.wide, p.sentinels+q.sentinels
}

// measure counts the shipped packages: no tests, generated code, examples, test tools or generated client.
func measure(files []*file) map[string]*packageFigures {
	figures, declared := map[string]*packageFigures{}, map[string][]string{}
	uses, calls := map[string]map[string]int{}, map[string]map[string]int{}
	for _, f := range goFiles(files) {
		if f.isTest() || ast.IsGenerated(f.syntax) || f.in("examples", testkit, "tests", "tools", "client") {
			continue
		}
		dir := f.dir()
		if figures[dir] == nil {
			figures[dir] = &packageFigures{methods: map[string]int{}}
			uses[dir], calls[dir] = map[string]int{}, map[string]int{}
		}
		p := figures[dir]
		p.files++
		p.lines += codeLines(f.text)
		for _, decl := range f.syntax.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				p.function(decl)
				uses[dir][decl.Name.Name]--
				if !decl.Name.IsExported() {
					declared[dir] = append(declared[dir], decl.Name.Name)
				}
			case *ast.GenDecl:
				p.sentinels += sentinels(decl)
			}
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				uses[dir][n.Name]++
			case *ast.CallExpr:
				calls[dir][called(n)]++
			}
			return true
		})
	}
	for dir, names := range declared {
		for _, name := range names {
			if uses[dir][name] == 1 && calls[dir][name] == 1 {
				figures[dir].single++
			}
		}
	}
	return figures
}

// called is the name of the function or method that a call names. A function in a table of values has no caller.
func called(call *ast.CallExpr) string {
	fun := call.Fun
	if index, ok := fun.(*ast.IndexExpr); ok {
		fun = index.X
	}
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		return fun.Sel.Name
	}
	return ""
}

func (p *packageFigures) function(fn *ast.FuncDecl) {
	p.functions++
	if fn.Type.Params.NumFields() >= 5 {
		p.wide++
	}
	if fn.Recv == nil {
		return
	}
	receiver := fn.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if id, ok := receiver.(*ast.Ident); ok {
		p.methods[id.Name]++
	}
}

// sentinels counts package variables that hold an error: errors.New or fmt.Errorf.
func sentinels(decl *ast.GenDecl) (n int) {
	if decl.Tok != token.VAR {
		return 0
	}
	for _, spec := range decl.Specs {
		for _, value := range spec.(*ast.ValueSpec).Values {
			call, ok := value.(*ast.CallExpr)
			if !ok {
				continue
			}
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains([]string{"errors.New", "fmt.Errorf"}, selector(sel)) {
				n++
			}
		}
	}
	return n
}

// codeLines counts the lines on which something other than a comment is written.
func codeLines(text string) (n int) {
	fset := token.NewFileSet()
	source := fset.AddFile("", fset.Base(), len(text))
	var s scanner.Scanner
	s.Init(source, []byte(text), nil, 0)
	last := 0
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return n
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue
		}
		first := source.Line(pos)
		end := first + strings.Count(literal, "\n")
		n += end - max(first, last+1) + 1
		last = max(last, end)
	}
}

func TestFiguresCountWhatIsThere(t *testing.T) {
	f, err := parse("internal/x/x.go", "// Package x.\npackage x\n\nimport \"errors\"\n\nvar errX = errors.New(`a\n\nb`)\n\n"+
		"func (t *T) f(a, b int, c, d, e string) { g(); h(); h() }\n\nfunc g() {}\nfunc h() {} // twice\n")
	if err != nil {
		t.Fatal(err)
	}
	got := *measure([]*file{f})["internal/x"]
	if got.lines != 8 || got.functions != 3 || got.single != 1 || got.wide != 1 || got.sentinels != 1 || got.methods["T"] != 1 {
		t.Errorf("measured %+v", got)
	}
}
