//go:build unit || !integration

// Package tidy holds the house rules that need the repository as a whole, as ordinary tests.
// A rule is a function from files to findings, so that rules_test.go can show each of them a
// file that breaks it.
package tidy

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "matcher"

// file is one text file of the repository; the Go part is filled for .go files only.
type file struct {
	path string // from the root, with slashes
	text string

	fset   *token.FileSet
	syntax *ast.File
}

func (f *file) dir() string { return path.Dir(f.path) }
func (f *file) stem() string {
	return strings.TrimSuffix(strings.TrimSuffix(path.Base(f.path), ".go"), "_test")
}
func (f *file) isGo() bool   { return f.syntax != nil }
func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

// in says whether the file lies in one of the folders, or is one of the files.
func (f *file) in(places ...string) bool {
	return slices.ContainsFunc(places, func(place string) bool {
		return f.path == place || strings.HasPrefix(f.path, place+"/")
	})
}

// at formats a finding so that an editor can jump to it.
func (f *file) at(pos token.Pos, says string) string {
	return f.path + ":" + itoa(f.fset.Position(pos).Line) + ": " + says
}

// parse makes a file of a text, as the loader does and as the rules' own tests do.
func parse(name, text string) (*file, error) {
	f := &file{path: name, text: text}
	if !strings.HasSuffix(name, ".go") {
		return f, nil
	}
	f.fset = token.NewFileSet()
	syntax, err := parser.ParseFile(f.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	f.syntax = syntax
	return f, err
}

// skipped folders hold nothing that is written by hand here.
var skipped = []string{".git", "bin", "data", "coverage", "dist", "out", "node_modules"}

// maxFileBytes keeps sample data out: no hand-written file comes near it.
const maxFileBytes = 1 << 20

var load = sync.OnceValues(func() ([]*file, error) {
	top, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	var files []*file
	err = filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return skipFolder(entry, err)
		}
		if entry.Name() == ".git" {
			return nil // a worktree's .git is a file
		}
		f, isText, err := read(top, name, entry)
		if isText && err == nil {
			files = append(files, f)
		}
		return err
	})
	return files, err
})

func skipFolder(entry fs.DirEntry, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed while we walk: an editor's or another test's temporary file
	}
	if err == nil && slices.Contains(skipped, entry.Name()) {
		return fs.SkipDir
	}
	return err
}

// read says false for what is not text, or gone.
func read(top, name string, entry fs.DirEntry) (f *file, isText bool, err error) {
	info, err := entry.Info()
	if entry.Name() == ".git" || errors.Is(err, fs.ErrNotExist) || (err == nil && (!info.Mode().IsRegular() || info.Size() > maxFileBytes)) {
		return nil, false, nil
	}
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || strings.Contains(string(content), "\x00") {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	rel, err := filepath.Rel(top, name)
	if err != nil {
		return nil, false, err
	}
	f, err = parse(filepath.ToSlash(rel), string(content))
	return f, true, err
}

// repository returns every text file; a file that does not parse fails the test.
func repository(t *testing.T) []*file {
	t.Helper()
	files, err := load()
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func goFiles(files []*file) []*file {
	return slices.DeleteFunc(slices.Clone(files), func(f *file) bool { return !f.isGo() })
}

// find returns the file of that path, or nil.
func find(files []*file, name string) *file {
	i := slices.IndexFunc(files, func(f *file) bool { return f.path == name })
	if i < 0 {
		return nil
	}
	return files[i]
}

// report fails with one finding a line.
func report(t *testing.T, findings []string) {
	t.Helper()
	slices.Sort(findings)
	for _, finding := range slices.Compact(findings) {
		t.Error(finding)
	}
}
