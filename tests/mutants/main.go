// Command mutants breaks the code on purpose, one break for each row of docs/compliance/standard.md, and demands that a
// test which the row names turns red. A row whose break lives has a test without teeth.
//
// Each break is applied to a copy of the tree, so that a run that is stopped leaves nothing behind. ROW=n runs one row.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// rows is how many the standard has.
const rows = 27

// Limits of one test run on a busy machine. A test that waits for what a break took away is red when its own time is up;
// the whole run has its compilation too.
const (
	ownTimeout  = 4 * time.Minute
	testTimeout = 10 * time.Minute
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Getenv("ROW"), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// run applies the breaks of one row, or of all where row is empty, and reports how many were caught.
func run(ctx context.Context, row string, out io.Writer) error {
	only := 0
	if row != "" {
		n, err := strconv.Atoi(row)
		if err != nil || n < 1 || n > rows {
			return fmt.Errorf("ROW=%s: give a row from 1 to %d", row, rows)
		}
		only = n
	}
	tree, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tree)
	if err := copyTree(ctx, tree); err != nil {
		return fmt.Errorf("copying the tree: %w", err)
	}
	caught, tried := 0, 0
	for _, m := range mutants {
		if only != 0 && m.row != only {
			continue
		}
		tried++
		started := time.Now()
		verdict := m.try(ctx, tree)
		if verdict == nil {
			caught++
		}
		fmt.Fprintf(out, "row %2d  %s  %4.0f s  %s\n", m.row, outcome(verdict), time.Since(started).Seconds(), m.why)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%d of %d\n", caught, tried)
	if caught < tried {
		return errors.New("a break was not caught by the test that its row names")
	}
	return nil
}

func outcome(err error) string {
	if err == nil {
		return "caught"
	}
	return "LIVES: " + err.Error() + " "
}

// copyTree copies what git tracks, and what it would track, into the folder.
func copyTree(ctx context.Context, to string) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not yet committed
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, content, info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

// apply returns the file's content with the break in it. The old text occurs exactly once.
func (m *mutant) apply(content string) (string, error) {
	if n := strings.Count(content, m.old); n != 1 {
		return "", fmt.Errorf("row %d: the text to break occurs %d times in %s", m.row, n, m.file)
	}
	return strings.Replace(content, m.old, m.broken, 1) + m.extra, nil
}

var (
	failed   = regexp.MustCompile(`(?m)^--- FAIL: (Test\w+)`)
	panicked = regexp.MustCompile(`(?m)^panic: `)
)

// try applies the break, runs the test and returns nil where the test caught it.
func (m *mutant) try(ctx context.Context, tree string) error {
	target := filepath.Join(tree, m.file)
	whole, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	broken, err := m.apply(string(whole))
	if err != nil {
		return err
	}
	if err := os.WriteFile(target, []byte(broken), 0o600); err != nil {
		return err
	}
	defer os.WriteFile(target, whole, 0o600)
	args := []string{"test", "-count", "1", "-timeout", ownTimeout.String(), "-run", "^" + m.test + "$"}
	if m.tags != "" {
		args = append(args, "-tags", m.tags)
	}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append(args, m.pkg)...)
	cmd.Dir = tree
	output, err := cmd.CombinedOutput()
	switch {
	case err == nil && bytes.Contains(output, []byte("no tests to run")):
		return fmt.Errorf("%s has no %s", m.pkg, m.test)
	case err == nil:
		return fmt.Errorf("%s passes", m.test)
	case bytes.Contains(output, []byte("[build failed]")), bytes.Contains(output, []byte("[setup failed]")):
		return fmt.Errorf("it does not build: %s", firstLines(output))
	case failed.Match(output), panicked.Match(output):
		return nil
	}
	return fmt.Errorf("%s did not run: %s", m.test, firstLines(output))
}

// firstLines returns the beginning of an output, enough to see what went wrong.
func firstLines(output []byte) string {
	const most = 400
	return string(output[:min(len(output), most)])
}
