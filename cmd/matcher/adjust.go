package main

import (
	"context"
	"fmt"
	"net/http"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/report"
)

const adjustHelp = `Adjust the difference of a group of the service, all of it or a part, by a reason; the adjustment is owed to the
books. list shows the adjustments of a context, post marks one as booked, reverse takes one back. An adjustment is named
by its id or its number, a group by its id or the external id of one of its rows.` + remoteHelp

const adjustExample = `  matcher adjust GL-26222 --context "Bank account" --difference FEE
  matcher adjust 0b5f2c1e-… --difference ROUNDING --amount -0.02 --note "cents"
  matcher adjust list --context "Bank account" --status unposted
  matcher adjust post ADJ-7F3K2 --context "Bank account" --reference "JE 4711"
  matcher adjust reverse ADJ-7F3K2 --context "Bank account"`

// adjustCommand is one call of `matcher adjust`.
type adjustCommand struct {
	remote
	context, difference, amount, note string
	status, reference                 string
}

func newAdjustCommand(o outside) *cobra.Command {
	c := &adjustCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "adjust GROUP --difference REASON", Short: "Adjust the difference of a group of the service",
		Long: adjustHelp, Example: adjustExample,
		Args: oneArgument("which group? matcher adjust GROUP --difference REASON"),
		RunE: func(command *cobra.Command, args []string) error { return c.adjust(command.Context(), args[0]) },
	}
	command.PersistentFlags().StringVar(&c.context, "context", "", "`CONTEXT` of the group: its name or id")
	command.PersistentFlags().BoolVar(&c.json, "json", false, "print one JSON object an adjustment")
	f := command.Flags()
	f.StringVar(&c.difference, "difference", "", differenceUsage)
	f.StringVar(&c.amount, "amount", "",
		"`DECIMAL` of the sign of the group's difference (default: all that is left of it)")
	f.StringVar(&c.note, "note", "", "why")
	needs(command, "difference")
	list := &cobra.Command{
		Use: "list --context CONTEXT", Short: "List the adjustments of a context", Args: cobra.NoArgs,
		Example: `  matcher adjust list --context "Bank account" --status unposted`,
		RunE:    func(command *cobra.Command, _ []string) error { return c.list(command.Context()) },
	}
	list.Flags().StringVar(&c.status, "status", "", "only unposted, posted or reversed ones")
	post := &cobra.Command{
		Use: "post ADJUSTMENT", Short: "Mark an adjustment as booked", Args: cobra.ExactArgs(1),
		Example: `  matcher adjust post ADJ-7F3K2 --context "Bank account" --reference "JE 4711"`,
		RunE: func(command *cobra.Command, args []string) error {
			return c.move(command.Context(), args[0], "post", map[string]string{"reference": c.reference})
		},
	}
	post.Flags().StringVar(&c.reference, "reference", "", "`REFERENCE` of the entry in the books that carries it")
	reverse := &cobra.Command{
		Use: "reverse ADJUSTMENT", Short: "Take an adjustment back", Args: cobra.ExactArgs(1),
		Example: `  matcher adjust reverse ADJ-7F3K2 --context "Bank account"`,
		RunE: func(command *cobra.Command, args []string) error {
			return c.move(command.Context(), args[0], "reverse", nil)
		},
	}
	command.AddCommand(list, post, reverse)
	return command
}

func (c *adjustCommand) adjust(ctx context.Context, given string) error {
	if err := c.open(); err != nil {
		return err
	}
	contextID, err := c.contextID(ctx, c.context)
	if err != nil {
		return err
	}
	g, err := c.group(ctx, given, contextID)
	if err != nil {
		return err
	}
	body := map[string]string{"reason": code(c.difference), "note": c.note}
	if c.amount != "" {
		body["amount"] = c.amount
	}
	var made recon.Adjustment
	if err := c.post(ctx, "/v1/groups/"+g.ID+"/adjustments", body, &made); err != nil {
		return err
	}
	return c.print(&made)
}

func (c *adjustCommand) print(a *recon.Adjustment) error {
	if c.json {
		return c.printJSON(a)
	}
	_, err := fmt.Fprintf(c.stdout, "adjustment %s of %s %s, %s, is %s (%s)\n", a.Number, report.Grouped(a.Amount),
		a.Currency, report.Words(a.Reason), report.Words(a.PostingStatus), a.ID)
	return err
}

// path returns the list of a context's adjustments.
func (c *adjustCommand) path(ctx context.Context) (string, error) {
	of, err := c.remote.context(ctx, c.context)
	return "/v1/contexts/" + of.ID + "/adjustments", err
}

func (c *adjustCommand) list(ctx context.Context) error {
	if err := c.open(); err != nil {
		return err
	}
	path, err := c.path(ctx)
	if err != nil {
		return err
	}
	if c.status != "" {
		path += "?status=" + code(c.status)
	}
	table, n := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0), 0
	err = each(ctx, c.client, path, func(a recon.Adjustment) error {
		if c.json {
			return c.printJSON(a)
		}
		if n++; n == 1 {
			fmt.Fprintln(table, "NUMBER\tSTATUS\tREASON\tAMOUNT\tMADE BY\tGROUP\tNOTE")
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s %s\t%s\t%s\t%s\n", a.Number, report.Words(a.PostingStatus),
			report.Words(a.Reason), report.Grouped(a.Amount), a.Currency, report.OneLine(a.CreatedBy), a.GroupID,
			report.OneLine(a.Note))
		return err
	})
	if err == nil && n == 0 && !c.json {
		_, err = fmt.Fprintln(c.stdout, "no adjustments match these filters")
	}
	if err != nil {
		return err
	}
	return table.Flush()
}

// move marks an adjustment as booked, or takes it back.
func (c *adjustCommand) move(ctx context.Context, given, verb string, body any) error {
	if err := c.open(); err != nil {
		return err
	}
	id, err := c.find(ctx, given)
	if err != nil {
		return err
	}
	var moved recon.Adjustment
	err = c.do(ctx, apiCall{
		method: http.MethodPost, path: "/v1/adjustments/" + id + "/" + verb, key: newKey(), json: body,
	}, &moved)
	if err := c.unknown(ctx, err, lookup{"adjustment", given, nil}); err != nil {
		return err
	}
	return c.print(&moved)
}

// find returns the id of an adjustment by its id or number.
func (c *adjustCommand) find(ctx context.Context, given string) (id string, err error) {
	if auth.IsUUID(given) {
		return given, nil
	}
	if c.context == "" {
		return "", usageError("%q is no id: give --context, the context in which it is the number of an adjustment",
			given)
	}
	path, err := c.path(ctx)
	if err != nil {
		return "", err
	}
	err = each(ctx, c.client, path, func(a recon.Adjustment) error {
		if a.Number != given {
			return nil
		}
		id = a.ID
		return errEnough
	})
	if err == nil && id == "" {
		err = fmt.Errorf("no adjustment of %q has the number %q: matcher adjust list shows those there are",
			c.context, given)
	}
	return id, err
}
