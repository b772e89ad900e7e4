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
)

const applyHelp = `Bring a context of the service in line with a setup file: its sources and field maps, rules, calendars, fee schedules and
rates, duplicateDays and maxWriteOff. What is missing is created, what differs is changed, rules that the file does not have
are removed; the rules change in one commit. First the plan is printed, and a back-test of the rules: what they would have
matched otherwise in what was matched so far. Then it asks, or wants --yes where nobody can answer. Applied again it finds
nothing to do; interrupted, it goes on where it stopped.

Sources, calendars, fee schedules and rates that the file does not name stay as they are: other contexts may use them.` + remoteHelp

const applyExample = `  matcher apply recon.yaml --context "Bank account" --dry-run
  matcher apply recon.yaml --context "Bank account" --yes
  matcher apply recon.yaml --context "Bank account" --dry-run --fail-on change    # in CI: has somebody changed it by hand?`

// applyCommand is one call of `matcher apply`.
type applyCommand struct {
	remote
	stdin      io.Reader
	context    string
	yes, dry   bool
	noBackTest bool
	failOn     []string
}

func newApplyCommand(env []string, stdin io.Reader, stdout, stderr io.Writer) *cobra.Command {
	c := &applyCommand{remote: remote{env: env, stdout: stdout, stderr: stderr}, stdin: stdin}
	command := &cobra.Command{
		Use: "apply SETUP", Short: "Bring a context of the service in line with a setup file", Long: applyHelp, Example: applyExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("which setup? matcher apply SETUP, a file as matcher match --save writes it")
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error { return c.apply(command.Context(), args[0]) },
	}
	f := command.Flags()
	f.StringVar(&c.context, "context", "", "`CONTEXT` to bring in line, made where there is none (default: what the file, or its folder, is called)")
	f.BoolVar(&c.yes, "yes", false, "write without asking")
	f.BoolVar(&c.dry, "dry-run", false, "print the plan and write nothing")
	f.BoolVar(&c.noBackTest, "no-back-test", false, "do not try the rules on what was matched so far")
	f.StringSliceVar(&c.failOn, "fail-on", nil, "with --dry-run: exit with 3 when there is any `change`")
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
		return errors.Join(c.show(out), c.verdict(p))
	}
	if err := c.agreed(p); err != nil {
		return errors.Join(c.show(out), err)
	}
	if err := c.write(ctx, p); err != nil {
		return errors.Join(c.show(out), err)
	}
	out.Applied = true
	if !c.json {
		fmt.Fprintf(c.stdout, "done: context %q is as %s says\n", p.context.Name, path)
	}
	return c.show(out)
}

// read is the setup, refused here where it could not run there.
func (c *applyCommand) read(path string) (setup recon.Setup, err error) {
	for _, what := range c.failOn {
		if what != "change" {
			return setup, usageError("--fail-on takes change, not %q", what)
		}
	}
	if len(c.failOn) > 0 && !c.dry {
		return setup, usageError("--fail-on change is for --dry-run")
	}
	data, err := readWhole(path)
	if err != nil {
		return setup, err
	}
	setup, faults := recon.DecodeSetup(data)
	if setup.MaxWriteOff.Default != "" && len(faults) == 0 {
		faults = []recon.FieldError{{Pointer: "/maxWriteOff", Message: fmt.Sprintf("a context takes it by currency: write {EUR: %q}", setup.MaxWriteOff.Default)}}
	}
	if setup.Left.Source != "" && setup.Left.Source == setup.Right.Source {
		faults = append(faults, recon.FieldError{Pointer: "/right/source", Message: "is the source of the left side too: each side has its own"})
	}
	if len(faults) > 0 {
		return setup, recon.Unprocessable("SETUP_INVALID", path+" cannot be applied", faults...)
	}
	if c.context == "" {
		c.context = contextName(path)
	}
	return setup, nil
}

// contextName is what a setup's context is called where nobody says so: as the file, or as its folder where the file is
// called as most are.
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

func (c *applyCommand) verdict(p *applyPlan) error {
	if len(c.failOn) > 0 {
		return foundError("--fail-on found %s", report.Plural(int64(len(p.changes)), "change"))
	}
	return nil
}

// agreed asks whoever sits at the terminal; where nobody does, --yes has to say it.
func (c *applyCommand) agreed(p *applyPlan) error {
	if c.yes {
		return nil
	}
	in, isFile := c.stdin.(*os.File)
	if !isFile || !term.IsTerminal(int(in.Fd())) {
		return usageError("nothing is written: nobody can be asked here, so say --yes to apply the plan, or --dry-run to see it only")
	}
	fmt.Fprintf(c.stderr, "Apply %s to context %q? [y/N] ", report.Plural(int64(len(p.changes)), "change"), p.context.Name)
	return confirmed(c.stdin)
}

var errDeclined = errors.New("nothing is written")

// confirmed reads one line; only a yes is one.
func confirmed(from io.Reader) error {
	answer, _ := bufio.NewReader(from).ReadString('\n') // an end is a no
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errDeclined
}

// write does the plan step by step. Each step is whole or not done, and the plan is made anew from what is there, so
// whatever stops it, the next apply goes on.
func (c *applyCommand) write(ctx context.Context, p *applyPlan) error {
	for i, step := range p.steps {
		c.progress.say(func() string { return "writing " + step.name })
		err := step.do(ctx)
		var refused *refusal
		switch {
		case err == nil:
			continue
		case errors.As(err, &refused) && refused.Code == "STALE_VERSION":
			err = fmt.Errorf("somebody changed the %s meanwhile: apply again to see the plan as it is now", step.name)
		case errors.As(err, &refused) && refused.Code == "BACK_TEST_REQUIRED":
			err = fmt.Errorf("the context takes rules with a back-test only: apply without --no-back-test (%w)", err)
		}
		if i > 0 {
			return fmt.Errorf("%w; %d of %d steps are done, and the next apply goes on from there", err, i, len(p.steps))
		}
		return fmt.Errorf("%w; nothing was written", err)
	}
	return nil
}
