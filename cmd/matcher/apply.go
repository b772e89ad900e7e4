package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"matcher/internal/recon"
	"matcher/internal/report"
	"matcher/internal/setup"
)

const applyHelp = `Bring a context of the service in line with a setup file: its sources and field maps, rules, calendars, fee schedules and
rates, duplicateDays, returnDays and maxWriteOff. What is missing is created, what differs is changed, rules that the file does not have
are removed; the rules change in one commit. First the plan is printed, and a back-test of the rules: what they would have
matched differently so far. Then it asks, or needs --yes where there is no terminal. Applied again it finds no changes;
interrupted, it goes on where it stopped. Where the context asks for four eyes, rules, settings and calendars wait as changes that
another configurator approves, and the command exits with 1.

Sources, calendars, fee schedules and rates that the file does not name stay as they are: other contexts may use them.` + remoteHelp

const applyExample = `  matcher apply recon.yaml --context "Bank account" --dry-run
  matcher apply recon.yaml --context "Bank account" --yes
  matcher apply recon.yaml --context "Bank account" --dry-run --fail-on change    # in CI: was it changed by hand?`

// applyCommand is one call of `matcher apply`.
type applyCommand struct {
	remote
	context    string
	yes, dry   bool
	noBackTest bool
	failOn     failOn
}

func newApplyCommand(o outside) *cobra.Command {
	c := &applyCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "apply SETUP", Short: "Bring a context of the service in line with a setup file", Long: applyHelp,
		Example: applyExample,
		Args:    oneArgument("which setup? matcher apply SETUP, a file as matcher match --save writes it"),
		RunE:    func(command *cobra.Command, args []string) error { return c.apply(command.Context(), args[0]) },
	}
	f := command.Flags()
	f.StringVar(&c.context, "context", "",
		"`CONTEXT` to bring in line, made where there is none (default: the name of the file, or of its folder)")
	f.BoolVar(&c.yes, "yes", false, "write without asking")
	f.BoolVar(&c.dry, "dry-run", false, "print the plan and write nothing")
	f.BoolVar(&c.noBackTest, "no-back-test", false, "do not back-test the rules")
	f.StringSliceVar((*[]string)(&c.failOn), "fail-on", nil, "with --dry-run: exit with 3 when there is any `change`")
	f.BoolVar(&c.json, "json", false, "print one JSON object: the plan, the back-test and whether it was applied")
	command.MarkFlagsMutuallyExclusive("yes", "dry-run")
	return command
}

// applied is what --json prints.
type applied struct {
	Context  string         `json:"context"`
	Changes  []change       `json:"changes"`
	Notes    []string       `json:"notes"`
	BackTest *backTestShown `json:"backTest,omitempty"`
	Applied  bool           `json:"applied"` // what was to be done is done
}

func (c *applyCommand) apply(ctx context.Context, path string) error {
	setup, err := c.read(path)
	if err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	defer c.progress.close()
	p, err := c.plan(ctx, &setup, path)
	if err != nil {
		return err
	}
	out := applied{Context: p.context.Name, Changes: p.changes, Notes: p.notes}
	c.printPlan(p, path)
	if len(p.changes) == 0 {
		out.Applied = true
		return c.show(out)
	}
	if out.BackTest, err = c.backTest(ctx, p); err != nil {
		return err
	}
	if c.dry {
		return errors.Join(c.show(out), c.failOn.verdict(map[string]int64{"change": int64(len(p.changes))}))
	}
	if err := c.agreed(p); err != nil {
		return errors.Join(c.show(out), err)
	}
	if err := c.write(ctx, p); err != nil {
		return errors.Join(c.show(out), err)
	}
	out.Applied = true
	if !c.json {
		fmt.Fprintf(c.stdout, "done: context %q matches %s\n", p.context.Name, path)
	}
	return c.show(out)
}

// read returns the setup, or why the service could not run it.
func (c *applyCommand) read(path string) (file setup.Setup, err error) {
	if err := c.failOn.check("change"); err != nil {
		return file, err
	}
	if len(c.failOn) > 0 && !c.dry {
		return file, usageError("--fail-on change is for --dry-run")
	}
	data, err := readWhole(path)
	if err != nil {
		return file, err
	}
	file, faults := decodeSetup(path, data)
	if file.MaxWriteOff.Default != "" && len(faults) == 0 {
		message := fmt.Sprintf("a context takes it by currency: write {EUR: %q}", file.MaxWriteOff.Default)
		faults = []recon.FieldError{{Pointer: "/maxWriteOff", Message: message}}
	}
	faults = append(faults, file.CheckSources()...)
	if len(faults) > 0 {
		return file, recon.Unprocessable(recon.CodeSetupInvalid, path+" cannot be applied", faults...)
	}
	if c.context == "" {
		c.context = contextName(path)
	}
	return file, nil
}

// contextName returns the default name of a setup's context: the file's, or the folder's where the file has a common
// name.
func contextName(path string) string {
	name := sourceName(path)
	if !slices.Contains([]string{"recon", "setup", "matcher"}, name) {
		return name
	}
	if full, err := filepath.Abs(path); err == nil && len(filepath.Dir(full)) > 1 {
		return filepath.Base(filepath.Dir(full))
	}
	return name
}

func (c *applyCommand) show(out applied) error {
	if !c.json {
		return nil
	}
	if out.Changes == nil {
		out.Changes = []change{}
	}
	if out.Notes == nil {
		out.Notes = []string{}
	}
	return c.printJSON(out)
}

// agreed asks at the terminal; without one, --yes has to be given.
func (c *applyCommand) agreed(p *applyPlan) error {
	if c.yes {
		return nil
	}
	in, isFile := c.stdin.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return usageError("nothing is written: there is no terminal to ask at; give --yes to apply the plan, or " +
			"--dry-run to see it only")
	}
	fmt.Fprintf(c.stderr, "Apply %s to context %q? [y/N] ", report.Plural(int64(len(p.changes)), "change"),
		p.context.Name)
	return confirmed(c.stdin)
}

// confirmed reads one line and returns nil for a yes.
func confirmed(from io.Reader) error {
	answer, _ := bufio.NewReader(from).ReadString('\n') // an end is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing is written")
}

// write runs the plan step by step. Each step is whole or not done, and the next apply plans from what is there, so an
// interruption loses nothing. A step that waits for a second person keeps none of the others from being done.
func (c *applyCommand) write(ctx context.Context, p *applyPlan) (waiting error) {
	for i, step := range p.steps {
		c.progress.show(func() string { return "writing " + step.name })
		err := step.do(ctx)
		var refused *refusal
		switch {
		case err == nil:
			continue
		case errors.As(err, new(waitingError)):
			waiting = errors.Join(waiting, fmt.Errorf("the %s: %w", step.name, err))
			continue
		case errors.As(err, &refused) && refused.Code == recon.CodeStaleVersion:
			err = fmt.Errorf("the %s changed meanwhile: apply again to see the new plan", step.name)
		case errors.As(err, &refused) && refused.Code == recon.CodeBackTestRequired:
			err = fmt.Errorf("the context takes rules with a back-test only: apply without --no-back-test (%w)", err)
		}
		if i > 0 {
			return fmt.Errorf("%w; %d of %d steps are done, and the next apply goes on from there", err, i,
				len(p.steps))
		}
		return fmt.Errorf("%w; nothing was written", err)
	}
	return waiting
}
