package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"matcher/internal/report"
	"matcher/internal/setup"
)

const testHelp = `Run the cases of a setup: small examples with what must come of them, for a person to read and for CI to hold.

A case is part of the setup, with the maps and rules that it tests:

  cases:
    - name: a payment in two parts
      left: [{entry: L1, issued: 2026-04-01, invoice: INV-1, amount: 100.00}]
      right:
        - {payment: R1, received: 2026-04-03, reference: INV-1, amount: 60.00}
        - {payment: R2, received: 2026-04-09, reference: INV-1, amount: 40.00}
      expect:
        groups: [{left: L1, right: [R1, R2], rule: paid in parts}]
        open: []
        totals: {right: {matched: 2}}

Rows are written by the columns of their files, or as the name of a file in the folder of the setup. groups and
open are complete where they are given; status (CONFIRMED unless written), rule, difference, reason, heldBy and class are
compared where they are written. A rejected row is a fault unless the totals expect it. asOf sets the day of one case.

The exit code is 0 when every case holds, 3 when one does not, 1 when one cannot run.`

// testOptions are the flags of test.
type testOptions struct {
	only string
	json bool
}

func newTestCommand(o outside) *cobra.Command {
	var opt testOptions
	command := &cobra.Command{
		Use: "test SETUP", Short: "Run a setup's own cases", Long: testHelp,
		Example: "  matcher test examples/receivables/recon.yaml\n  matcher test recon.yaml --only parts\n  matcher " +
			"test recon.yaml --json",
		Args: oneArgument("one setup is expected: matcher test recon.yaml"),
		RunE: func(cmd *cobra.Command, args []string) error { return testSetup(cmd.Context(), o.stdout, args[0], opt) },
	}
	command.Flags().StringVar(&opt.only, "only", "", "run the cases whose names hold this `TEXT`")
	command.Flags().BoolVar(&opt.json, "json", false, "print one JSON object instead of text")
	return command
}

// testResult is what --json prints.
type testResult struct {
	Setup  string       `json:"setup"`
	Passed int          `json:"passed"`
	Failed int          `json:"failed"`
	Cases  []caseResult `json:"cases"`
}

// caseResult is what came of one case. Error is why it could not run at all.
type caseResult struct {
	Name   string             `json:"name"`
	Passed bool               `json:"passed"`
	Faults []report.CaseFault `json:"faults"`
	Error  string             `json:"error,omitempty"`
}

func testSetup(ctx context.Context, stdout io.Writer, path string, opt testOptions) error {
	file, err := readSetupFile(path)
	if err != nil {
		return err
	}
	var cases []setup.Case
	var names []string
	for _, c := range file.Cases {
		names = append(names, strconv.Quote(c.Name))
		if strings.Contains(c.Name, opt.only) {
			cases = append(cases, c)
		}
	}
	switch {
	case len(names) == 0:
		return fmt.Errorf("%s has no cases: write some into it, as `matcher test --help` shows", path)
	case len(cases) == 0:
		return usageError("--only %q: %s has no case of that name; there are %s", opt.only, path,
			strings.Join(names, ", "))
	}
	result := testResult{Setup: path, Cases: make([]caseResult, 0, len(cases))}
	broken := 0
	for i := range cases {
		r := runCase(ctx, file, &cases[i], path)
		if ctx.Err() != nil {
			return errStopped
		}
		switch result.Cases = append(result.Cases, r); {
		case r.Passed:
			result.Passed++
		case r.Error != "":
			broken++
			result.Failed++
		default:
			result.Failed++
		}
	}
	if err := result.print(stdout, opt.json); err != nil {
		return err
	}
	switch {
	case broken > 0:
		return fmt.Errorf("%d of %d cases of %s cannot run", broken, len(cases), path)
	case result.Failed > 0:
		return foundError("%d of %d cases of %s came out otherwise", result.Failed, len(cases), path)
	}
	return nil
}

func (r *testResult) print(to io.Writer, asJSON bool) error {
	if asJSON {
		return report.WriteJSON(to, r)
	}
	for i := range r.Cases {
		r.Cases[i].print(to)
	}
	_, err := fmt.Fprintf(to, "%d of %d cases hold\n", r.Passed, r.Passed+r.Failed)
	return err
}

// print writes what was expected behind −, and what was found behind +.
func (r *caseResult) print(to io.Writer) {
	word := "ok  "
	if !r.Passed {
		word = "FAIL"
	}
	fmt.Fprintf(to, "%s  %s\n", word, r.Name)
	if r.Error != "" {
		fmt.Fprintf(to, "      cannot run: %s\n", strings.ReplaceAll(r.Error, "\n", "\n      "))
	}
	for _, f := range r.Faults {
		what := strings.ToLower(f.What)
		for _, half := range []struct{ sign, text string }{{"−", f.Expected}, {"+", f.Found}} {
			if half.text != "" {
				fmt.Fprintf(to, "    %s %-8s %s\n", half.sign, what, half.text)
			}
		}
	}
}
