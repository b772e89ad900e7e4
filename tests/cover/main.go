// Command cover reads coverage profiles, prints what each package of ours reaches, and fails when
// one stays under the gate. `go tool cover` adds blocks of the same code up again for every test
// binary that ran it; here a statement counts once, and is covered if any of them reached it.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cover:", err)
		os.Exit(1)
	}
}

// errUnder is the gate's own failure: the table above it names the package.
var errUnder = errors.New("coverage is under the gate")

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("cover", flag.ContinueOnError)
	least := flags.Float64("min", 85, "the least percentage of each package")
	only := flags.String("only", "", "the last path elements of the packages to judge, by comma; all when empty")
	what := flags.String("what", "tests", "whose coverage this is, for the title")
	if err := flags.Parse(args); err != nil {
		return err
	}
	blocks := profile{}
	for _, name := range flags.Args() {
		if err := blocks.readFile(name); err != nil {
			return fmt.Errorf("reading %s: %w", name, err)
		}
	}
	fmt.Fprintf(out, "Coverage by %s\n", *what)
	return judge(out, blocks.packages(), *only, *least)
}

// profile is every block of the code, and whether a test reached it.
type profile map[string]block

type block struct {
	statements int
	reached    bool
}

func (p profile) readFile(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	return p.read(file)
}

// read takes lines like `matcher/internal/recon/day.go:12.30,14.2 1 5`: place, statements, count.
func (p profile) read(r io.Reader) error {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 2 && fields[0] == "mode:" {
			continue
		}
		if len(fields) != 3 {
			return fmt.Errorf("not a line of a coverage profile: %q", lines.Text())
		}
		statements, err := strconv.Atoi(fields[1])
		if err != nil {
			return fmt.Errorf("statements of %q: %w", lines.Text(), err)
		}
		p[fields[0]] = block{statements: statements, reached: p[fields[0]].reached || fields[2] != "0"}
	}
	return lines.Err()
}

type total struct{ statements, reached int }

func (t total) percent() float64 { return 100 * float64(t.reached) / float64(max(t.statements, 1)) }

func (p profile) packages() map[string]total {
	packages := map[string]total{}
	for place, b := range p {
		file, _, _ := strings.Cut(place, ":")
		t := packages[path.Dir(file)]
		t.statements += b.statements
		if b.reached {
			t.reached += b.statements
		}
		packages[path.Dir(file)] = t
	}
	return packages
}

// exempt is test code: what it does not reach is not a gap of the product.
var exempt = []string{"matcher/internal/testkit"}

func judge(out io.Writer, packages map[string]total, only string, least float64) (err error) {
	judged := 0
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		if slices.Contains(exempt, name) || (only != "" && !slices.Contains(strings.Split(only, ","), path.Base(name))) {
			continue
		}
		judged++
		verdict := ""
		if percent := packages[name].percent(); percent < least {
			verdict, err = fmt.Sprintf("under %.0f %%", least), errUnder
		}
		fmt.Fprintf(out, "%6.1f %%  %s  %s\n", packages[name].percent(), strings.TrimPrefix(name, "matcher/"), verdict)
	}
	if judged == 0 {
		return errors.New("no package in the profiles to judge")
	}
	return err
}
