// Command bench measures Matcher against its bars and prints one table: what was measured, the bar, whether it holds, the figure. A figure
// below its bar is printed as it is. It never fails for being slow, only for being wrong.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// measurement is one file of this folder.
type measurement struct {
	name string
	run  func(*report) error
}

var measurements = []measurement{
	{"engine", measureEngine},
	{"accuracy", measureAccuracy},
	{"cli", measureCLI},
	{"formats", measureFormats},
	{"service", measureService},
	{"neighbours", measureNeighbours},
}

// report is the table as it grows.
type report struct {
	out  io.Writer
	rows int // of the large engine runs
}

// line prints a measurement and whether it holds its bar. A missed bar is printed and fails nothing.
func (r *report) line(what, bar string, holds bool, figure string) {
	verdict := "pass"
	if !holds {
		verdict = "MISSED"
	}
	r.print(what, bar, verdict, figure)
}

func (r *report) print(what, bar, verdict, figure string) {
	fmt.Fprintf(r.out, "%-62s %-24s %-7s %s\n", what, bar, verdict, figure)
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 3 && args[0] == floodCommand {
		return runFlood(args[1], args[2], out)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", "", "measure only these, by comma: "+names())
	rows := flags.Int("rows", 1_000_000, "rows a side of the large engine runs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	r := &report{out: out, rows: *rows}
	r.print("WORK", "BAR", "VERDICT", "FIGURE")
	var failed error
	for _, m := range measurements {
		if *only == "" || strings.Contains(","+*only+",", ","+m.name+",") {
			if err := m.run(r); err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", m.name, err))
			}
		}
	}
	return failed
}

func names() string {
	list := make([]string, len(measurements))
	for i, m := range measurements {
		list[i] = m.name
	}
	return strings.Join(list, ", ")
}
