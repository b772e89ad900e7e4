// Command matcher reconciles files, serves the API and keeps its tenants.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	_ "time/tzdata" // a container may have no time zones

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills the process
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "matcher:", err)
	}
	os.Exit(exitCode(err))
}

// run is the whole program; its arguments are all that it knows of the outside.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) error {
	root := &cobra.Command{
		Use:   "matcher",
		Short: "Reconcile two sides of the same money",
		Long: "Matcher reconciles two sides of the same money: two files at once with `matcher match`, or many " +
			"tenants'\n" +
			"streams as a service with `matcher serve`. `matcher demo` shows both sides of it within a minute.",
		SilenceUsage: true, SilenceErrors: true,
	}
	for _, command := range commands {
		root.AddCommand(command(outside{env, stdin, stdout, stderr}))
	}
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError("%w", err) })
	err := root.ExecuteContext(ctx)
	if err != nil && misuse.MatchString(err.Error()) {
		return usageError("%w", err)
	}
	return err
}

// outside is what a command knows of the system that it runs on.
type outside struct {
	env            []string
	stdin          io.Reader
	stdout, stderr io.Writer
}

// commands make the commands of the program.
var commands = []func(outside) *cobra.Command{
	newMatchCommand, newInspectCommand, newExportsCommand, newRecipesCommand, newSchemaCommand, newRulesCommand,
	newTestCommand, newImportCommand, newVoidCommand, newRunCommand, newReviewCommand, newConfirmCommand,
	newRejectCommand, newHandMatchCommand, newUnmatchCommand, newAdjustCommand, newExceptionsCommand,
	newStatementCommand, newAgeingCommand, newExportCommand, newApplyCommand, newServeCommand, newDemoCommand,
	newTenantCommand, newTokenCommand, newMigrateCommand, newHealthCommand, newVersionCommand,
}

// misuse matches cobra's own errors about a command line; they have no type.
var misuse = regexp.MustCompile(`^(unknown command|required flag|accepts \d+ arg|(if any|at least one of the) flags in the group)`)
