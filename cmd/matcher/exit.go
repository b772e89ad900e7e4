package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matcher/internal/recon"
)

// Exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong use of the command line
	exitFound  = 3 // done, but something was found that the caller asked to fail on
)

// exitError carries an exit code other than 1.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

func foundError(format string, args ...any) error {
	return &exitError{code: exitFound, err: fmt.Errorf(format, args...)}
}

// oneArgument demands one argument, or refuses with a text that asks for it.
func oneArgument(missing string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError("%s", missing)
		}
		return nil
	}
}

// needs marks flags as required, which fails only for a flag that does not exist.
func needs(command *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = command.MarkFlagRequired(name)
	}
}

// failOn lists the findings that end a command with exit code 3.
type failOn []string

// check refuses a word that is not one of the known findings.
func (f failOn) check(known ...string) error {
	for _, what := range f {
		if !slices.Contains(known, what) {
			return usageError("--fail-on takes %s, not %q", strings.Join(known, ", "), what)
		}
	}
	return nil
}

// verdict returns an error that names each listed finding of which there is any.
func (f failOn) verdict(counts map[string]int64) error {
	var found []string
	for _, what := range f {
		if counts[what] > 0 {
			found = append(found, fmt.Sprintf("%s: %d", what, counts[what]))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return foundError("--fail-on found %s", strings.Join(found, ", "))
}

// findings counts what --fail-on may name of a run. Open rows in transit may still match.
func findings(s *recon.Summary) map[string]int64 {
	differences := int64(0)
	for _, d := range s.Difference {
		differences += d.Groups
	}
	return map[string]int64{
		"open":       s.Left.Unmatched + s.Right.Unmatched - s.Left.InTransit - s.Right.InTransit,
		"proposed":   s.Left.Proposed + s.Right.Proposed,
		"rejected":   s.Left.Rejected + s.Right.Rejected,
		"difference": differences,
	}
}

// exitCode returns the process's exit code for what run returned.
func exitCode(err error) int {
	if err == nil {
		return exitDone
	}
	var coded *exitError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailed
}
