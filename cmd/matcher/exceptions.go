package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"matcher/internal/recon"
	"matcher/internal/report"
)

const exceptionsHelp = `List open rows, the reason of each and its nearest candidate. An exception ends when its row is matched, when a person
resolves it, or when it is taken out of reconciliation by ignore. show explains one row, rule by rule; the other
commands work on exceptions by their ids, by the external ids of their rows in a context, or all that a filter leaves
with their count.` + remoteHelp

const exceptionsExample = `  matcher exceptions --context "Bank account" --class BREAK --sort -amount
  matcher exceptions --side LEFT --reason AMOUNT_DIFFERS --json
  matcher exceptions show GL-26233 --context "Bank account"
  matcher exceptions assign GL-26233 --context "Bank account" --to treasury
  matcher exceptions resolve GL-26233 --context "Bank account" --as BOOKED --account 6850 --note "bank charge"
  matcher exceptions ignore 0b5f… --reason "bank's own test payment"`

// exceptionsCommand is one call of `matcher exceptions`.
type exceptionsCommand struct {
	remote
	exceptionFilter
	limit  int
	failOn failOn
	why    string
	sort   string
}

// exceptionFilter is what exceptions are narrowed by, in a list and in a change of many.
type exceptionFilter struct {
	contextName, status, class, reason, side, severity, assignee, text, dueBy string
}

func (e *exceptionFilter) flags(f *pflag.FlagSet) {
	f.StringVar(&e.status, "status", "open", "open, resolved or all; or in_progress, waiting or reopened alone")
	f.StringVar(&e.class, "class", "", "only of this class: TIMING, MISSING, BREAK, AMBIGUOUS or DATA")
	f.StringVar(&e.reason, "reason", "", "only of this reason: NO_CANDIDATE, AMOUNT_DIFFERS, DATE_OUTSIDE, …")
	f.StringVar(&e.side, "side", "", "only of this side: LEFT or RIGHT")
	f.StringVar(&e.severity, "severity", "", "only of this severity: LOW, MEDIUM, HIGH or CRITICAL")
	f.StringVar(&e.assignee, "assignee", "", "only of this person or queue: `WHO`")
	f.StringVar(&e.text, "text", "", "only with this `TEXT` in reference, description, external id or metadata")
	f.StringVar(&e.dueBy, "due-by", "", "only what is due on this `DAY` or before")
}

func newExceptionsCommand(o outside) *cobra.Command {
	c := &exceptionsCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "exceptions", Short: "List the open rows of the service and why they are open", Long: exceptionsHelp,
		Example: exceptionsExample,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return c.list(command.Context(), command.Flags().Changed("limit"))
		},
	}
	f := command.Flags()
	c.flags(f)
	f.StringVar(&c.sort, "sort", "", "of a context: amount, age, due or severity; -amount begins with the most")
	f.IntVar(&c.limit, "limit", 100, "how many at most; 0 is all, as is --json without a limit")
	f.StringSliceVar((*[]string)(&c.failOn), "fail-on", nil, "exit with 3 when there is `any`")
	command.PersistentFlags().StringVar(&c.contextName, "context", "", "only of this `CONTEXT`: its name or id")
	command.PersistentFlags().BoolVar(&c.json, "json", false, "print one JSON object a line")
	show := &cobra.Command{
		Use: "show EXCEPTION", Short: "Explain why a row is open, rule by rule", Args: cobra.ExactArgs(1),
		Example: "  matcher exceptions show 0b5f2c1e-…",
		RunE:    func(command *cobra.Command, args []string) error { return c.show(command.Context(), args[0]) },
	}
	ignore := &cobra.Command{
		Use: "ignore EXCEPTION --reason WHY", Short: "Take an open row out of reconciliation", Args: cobra.ExactArgs(1),
		Example: `  matcher exceptions ignore 0b5f2c1e-… --reason "bank's own test payment"`,
		RunE: func(command *cobra.Command, args []string) error {
			return c.move(command.Context(), args[0], "ignore", map[string]string{"reason": c.why})
		},
	}
	ignore.Flags().StringVar(&c.why, "reason", "", "why the row is no longer expected to match")
	needs(ignore, "reason")
	restore := &cobra.Command{
		Use: "restore EXCEPTION", Short: "Take an ignored row back in", Args: cobra.ExactArgs(1),
		Example: "  matcher exceptions restore 0b5f2c1e-…",
		RunE: func(command *cobra.Command, args []string) error {
			return c.move(command.Context(), args[0], "restore", nil)
		},
	}
	command.AddCommand(show, ignore, restore)
	command.AddCommand(c.changes()...)
	return command
}

func (c *exceptionsCommand) list(ctx context.Context, limited bool) error {
	query, err := c.listed()
	if err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	contexts := map[string]string{}
	if c.contextName != "" {
		of, err := c.context(ctx, c.contextName)
		if err != nil {
			return err
		}
		query.Set("contextId", of.ID)
	} else if err := each(ctx, c.client, "/v1/contexts", func(of recon.Context) error {
		contexts[of.ID] = of.Name
		return nil
	}); err != nil {
		return err
	}
	if c.json && !limited {
		c.limit = 0
	}
	table, n, more := report.NewExceptions(c.stdout, contexts), int64(0), false
	path := "/v1/exceptions"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	err = each(ctx, c.client, path, func(e recon.Exception) error {
		if c.limit > 0 && n == int64(c.limit) {
			more = true
			return errEnough
		}
		n++
		if c.json {
			return c.printJSON(e)
		}
		return table.Add(&e)
	})
	if err == nil {
		err = table.Close()
	}
	switch {
	case err != nil:
		return err
	case n == 0 && !c.json:
		fmt.Fprintln(c.stdout, "no exceptions match these filters")
	case more && !c.json:
		fmt.Fprintln(c.stdout, "… and more: --limit 0 lists all, matcher export unmatched writes them into a file")
	}
	return c.failOn.verdict(map[string]int64{"any": n})
}

// query is the filter as the API reads it, without the context.
func (e *exceptionFilter) query() (url.Values, error) {
	query := url.Values{}
	for _, f := range []struct {
		flag, name, value string
		known             []string
	}{
		{"--status", "status", e.status, []string{"OPEN", "RESOLVED", "ALL", "IN_PROGRESS", "WAITING", "REOPENED"}},
		{"--class", "class", e.class, []string{"TIMING", "MISSING", "BREAK", "AMBIGUOUS", "DATA"}},
		{"--side", "side", e.side, []string{"LEFT", "RIGHT"}},
		{"--severity", "severity", e.severity, recon.Severities[1:]},
		{"--reason", "reason", e.reason, nil},
	} {
		value := code(f.value)
		switch {
		case f.known != nil && value != "" && !slices.Contains(f.known, value):
			return nil, usageError("%s takes %s, not %q", f.flag, strings.Join(f.known, ", "), f.value)
		case f.name == "status" && value == "OPEN":
			query.Set(f.name, recon.ExceptionUnresolved)
		case value != "" && value != "ALL":
			query.Set(f.name, value)
		}
	}
	if _, err := recon.ParseDay(e.dueBy); e.dueBy != "" && err != nil {
		return nil, usageError("--due-by: %q is no day: write it as 2026-01-31", e.dueBy)
	}
	for name, value := range map[string]string{"assignee": e.assignee, "text": e.text, "dueBy": e.dueBy} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query, nil
}

// listed is the query of a list.
func (c *exceptionsCommand) listed() (url.Values, error) {
	query, err := c.query()
	switch {
	case err != nil:
		return nil, err
	case c.limit < 0:
		return nil, usageError("--limit is 0 for all, or a number of exceptions")
	case c.sort != "" && c.contextName == "":
		return nil, usageError("--sort orders the exceptions of one context: give --context")
	case c.sort != "":
		query.Set("sort", strings.ToLower(c.sort))
	}
	return query, c.failOn.check("any")
}

// exceptionShown is an exception with the explanation of its row.
type exceptionShown struct {
	recon.Exception
	Explanation recon.Explanation `json:"explanation"`
}

func (c *exceptionsCommand) find(ctx context.Context, given string) (e recon.Exception, err error) {
	if err := c.open(); err != nil {
		return e, err
	}
	contextID, err := c.contextID(ctx, c.contextName)
	if err != nil {
		return e, err
	}
	return c.exception(ctx, given, contextID)
}

func (c *exceptionsCommand) show(ctx context.Context, id string) error {
	e, err := c.find(ctx, id)
	if err != nil {
		return err
	}
	shown := exceptionShown{Exception: e}
	if err := c.get(ctx, "/v1/transactions/"+e.TransactionID+"/explanation", &shown.Explanation); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(shown)
	}
	report.WriteException(c.stdout, &shown.Exception, &shown.Explanation)
	return nil
}

// move takes the row of an exception out of reconciliation, or back in.
func (c *exceptionsCommand) move(ctx context.Context, id, verb string, body any) error {
	e, err := c.find(ctx, id)
	if err != nil {
		return err
	}
	var row recon.StoredTransaction
	if err := c.post(ctx, "/v1/transactions/"+e.TransactionID+"/"+verb, body, &row); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(row)
	}
	next := ""
	if row.State == recon.StateOpen {
		next = "; the next run finds why"
	}
	fmt.Fprintf(c.stdout, "%s %s %s is %s%s\n", report.ExceptionName(&e), report.Grouped(row.Amount), row.Currency,
		report.Words(row.State), next)
	return nil
}
