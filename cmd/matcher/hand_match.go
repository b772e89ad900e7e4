package main

import (
	"context"

	"github.com/spf13/cobra"

	"matcher/internal/recon"
)

const handMatchHelp = `Match open rows of the service by hand, named by their ids or external ids. Where both sides do not add up to the
same, --difference names what they differ by, and the group keeps it as an adjustment. A role that may not confirm, and
a context with four eyes, only propose the group; --propose does so on request.` + remoteHelp

const handMatchExample = `  matcher hand-match --context "Bank account" --left GL-26233 --right B-991
  matcher hand-match --context "Bank account" --left INV-1 --left INV-2 --right PAY-7 --difference FEE --note "bank's charge"`

// handMatchCommand is one call of `matcher hand-match`.
type handMatchCommand struct {
	remote
	context, note, difference string
	left, right               []string
	propose                   bool
}

func newHandMatchCommand(o outside) *cobra.Command {
	c := &handMatchCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "hand-match --left ROW… --right ROW…", Short: "Match open rows of the service by hand",
		Long: handMatchHelp, Example: handMatchExample, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return c.run(command.Context()) },
	}
	f := command.Flags()
	f.StringVar(&c.context, "context", "", "`CONTEXT` of the rows: its name or id")
	f.StringArrayVar(&c.left, "left", nil, "a `ROW` of the left side: its id or external id (repeatable)")
	f.StringArrayVar(&c.right, "right", nil, "a `ROW` of the right side: its id or external id (repeatable)")
	f.StringVar(&c.difference, "difference", "", differenceUsage)
	f.StringVar(&c.note, "note", "", "why, for the group's history")
	f.BoolVar(&c.propose, "propose", false, "leave the confirming to another person")
	f.BoolVar(&c.json, "json", false, "print one JSON object: the group")
	return command
}

func (c *handMatchCommand) run(ctx context.Context) error {
	if len(c.left)+len(c.right) < 2 {
		return usageError("which rows? name at least two, as --left ROW and --right ROW")
	}
	if err := c.open(); err != nil {
		return err
	}
	contextID, err := c.contextID(ctx, c.context)
	if err != nil {
		return err
	}
	ids := map[recon.Side][]string{recon.Left: {}, recon.Right: {}}
	for side, names := range map[recon.Side][]string{recon.Left: c.left, recon.Right: c.right} {
		for _, given := range names {
			row, err := c.openRow(ctx, rowName{given, contextID, side})
			if err != nil {
				return err
			}
			ids[side], contextID = append(ids[side], row.ID), row.ContextID
		}
	}
	body := map[string]any{"leftIds": ids[recon.Left], "rightIds": ids[recon.Right], "note": c.note}
	if c.difference != "" {
		body["adjustmentReason"] = code(c.difference)
	}
	if c.propose {
		body["status"] = recon.GroupProposed
	}
	var g recon.StoredGroup
	if err := c.post(ctx, "/v1/contexts/"+contextID+"/groups", body, &g); err != nil {
		return err
	}
	return c.printGroup(&g)
}
