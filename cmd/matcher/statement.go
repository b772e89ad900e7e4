package main

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"matcher/internal/recon"
	"matcher/internal/report"
)

const statementHelp = `Print the reconciliation statement of a context of the service: for each currency the left balance, every reconciling
item and the right balance. It ties to the cent, or the command fails.` + remoteHelp

const statementExample = `  matcher statement --context "Bank account"
  matcher statement --context "Bank account" --as-of 2026-01-31 --json
  matcher statement --context "Bank account" --fail-on unexplained`

const ageingHelp = `Print how old the open money of a context of the service is: for each currency and side the sums by age, in days since
the booking date.` + remoteHelp

const ageingExample = `  matcher ageing --context "Bank account"
  matcher ageing --context "Bank account" --as-of 2026-01-31 --json`

// reportCommand is one call of `matcher statement` or `matcher ageing`.
type reportCommand struct {
	remote
	context, asOf string
	failOn        failOn
}

func newStatementCommand(o outside) *cobra.Command {
	c := &reportCommand{remote: remote{outside: o}}
	command := c.command("statement", "Print the reconciliation statement of a context", c.statement)
	command.Long, command.Example = statementHelp, statementExample
	command.Flags().StringSliceVar((*[]string)(&c.failOn), "fail-on", nil,
		"exit with 3 when there is any `unexplained` item")
	return command
}

func newAgeingCommand(o outside) *cobra.Command {
	c := &reportCommand{remote: remote{outside: o}}
	command := c.command("ageing", "Print how old the open money of a context is", c.ageing)
	command.Long, command.Example = ageingHelp, ageingExample
	return command
}

func (c *reportCommand) command(name, short string, run func(context.Context) error) *cobra.Command {
	command := &cobra.Command{
		Use: name + " --context CONTEXT", Short: short, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return run(command.Context()) },
	}
	command.Flags().StringVar(&c.context, "context", "", "`CONTEXT` of the report: its name or id")
	command.Flags().StringVar(&c.asOf, "as-of", "",
		"last `DAY` that counts, YYYY-MM-DD (default: the latest in the data)")
	command.Flags().BoolVar(&c.json, "json", false, "print one JSON object")
	return command
}

// read reads a report of the context into to.
func (c *reportCommand) read(ctx context.Context, path string, to any) error {
	if _, err := recon.ParseDay(c.asOf); c.asOf != "" && err != nil {
		return usageError("--as-of: %q is no day: write it as 2026-01-31", c.asOf)
	}
	if err := c.open(); err != nil {
		return err
	}
	of, err := c.remote.context(ctx, c.context)
	if err != nil {
		return err
	}
	path = "/v1/contexts/" + of.ID + path
	if c.asOf != "" {
		path += "?" + url.Values{"asOf": {c.asOf}}.Encode()
	}
	return c.get(ctx, path, to)
}

func (c *reportCommand) statement(ctx context.Context) error {
	if err := c.failOn.check("unexplained"); err != nil {
		return err
	}
	var s recon.Statement
	if err := c.read(ctx, "/statement", &s); err != nil {
		return err
	}
	bridges, err := s.Bridges()
	if err != nil {
		return err
	}
	if c.json {
		err = c.printJSON(s)
	} else {
		err = report.WriteStatement(c.stdout, &s, bridges)
	}
	if err != nil {
		return err
	}
	unexplained := int64(0)
	for i := range bridges {
		for j := range bridges[i].Items {
			if bridges[i].Items[j].Kind() == recon.KindUnexplained {
				unexplained++
			}
		}
	}
	return c.failOn.verdict(map[string]int64{"unexplained": unexplained})
}

func (c *reportCommand) ageing(ctx context.Context) error {
	var a recon.Ageing
	if err := c.read(ctx, "/reports/ageing", &a); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(a)
	}
	return report.WriteAgeing(c.stdout, &a)
}
