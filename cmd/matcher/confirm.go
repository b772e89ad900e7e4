package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matcher/internal/recon"
	"matcher/internal/report"
)

const confirmHelp = `Confirm groups of the service: named by their id or by the external id of one of their rows, or all proposals of a
context that a filter leaves, with the number of them that matcher review showed. Where another number is left by now,
nothing is confirmed. Groups that are held by REVERSED, KEY_CONTRADICTS or DUPLICATE are confirmed one by one only.` +
	remoteHelp

const confirmExample = `  matcher confirm GL-26222 --context "Bank account"
  matcher confirm 0b5f2c1e-… 0b5f2c1f-… --difference FEE --note "agreed with the bank"
  matcher confirm --context "Bank account" --rule "same amount" --min-score 90 --count 12`

const rejectHelp = `Reject proposed groups of the service: named by their id or by the external id of one of their rows, or all proposals
of a context that a filter leaves, with the number of them that matcher review showed. Their rows are open again, and no
run proposes the same rows together.` + remoteHelp

const rejectExample = `  matcher reject GL-26222 --context "Bank account" --reason "another customer"
  matcher reject --context "Bank account" --held-by AMBIGUOUS --count 3 --reason "ask the bank first"`

const unmatchHelp = `Take confirmed or partial groups of the service apart: named by their id or by the external id of one of their rows.
Their rows are open again; adjustments of the group that are not in the books are owed no more.` + remoteHelp

const unmatchExample = `  matcher unmatch GL-26222 --context "Bank account" --reason "paid another invoice"
  matcher unmatch 0b5f2c1e-… --reason "wrong month"`

// decideCommand is one call of `matcher confirm`, `reject` or `unmatch`.
type decideCommand struct {
	remote
	groupFilter
	action           recon.GroupAction
	note, difference string
	count            int
}

func newConfirmCommand(o outside) *cobra.Command {
	c := &decideCommand{remote: remote{outside: o}, action: recon.ActionConfirm}
	command := c.command("Confirm groups", confirmHelp, confirmExample)
	c.filterFlags(command)
	command.Flags().StringVar(&c.difference, "difference", "", differenceUsage)
	command.Flags().StringVar(&c.note, "note", "", "why, for the group's history")
	return command
}

func newRejectCommand(o outside) *cobra.Command {
	c := &decideCommand{remote: remote{outside: o}, action: recon.ActionReject}
	command := c.command("Reject proposed groups", rejectHelp, rejectExample)
	c.filterFlags(command)
	c.reasonFlag(command)
	return command
}

func newUnmatchCommand(o outside) *cobra.Command {
	c := &decideCommand{remote: remote{outside: o}, action: recon.ActionUnmatch}
	command := c.command("Take confirmed groups apart", unmatchHelp, unmatchExample)
	c.reasonFlag(command)
	return command
}

// differenceUsage is of the flag that names what two sides differ by.
const differenceUsage = "what the sides differ by: `REASON` is FEE, ROUNDING, DISCOUNT, TAX, FX_DIFFERENCE, …"

func (c *decideCommand) command(short, long, example string) *cobra.Command {
	verb := strings.ToLower(string(c.action))
	command := &cobra.Command{
		Use: verb + " [GROUP…]", Short: short + " of the service", Long: long, Example: example,
		RunE: func(command *cobra.Command, args []string) error { return c.run(command.Context(), args) },
	}
	command.Flags().StringVar(&c.contextName, "context", "", "`CONTEXT` of the groups: its name or id")
	command.Flags().BoolVar(&c.json, "json", false, "print one JSON object: the group, or the outcome of each")
	return command
}

func (c *decideCommand) filterFlags(command *cobra.Command) {
	c.flags(command.Flags())
	command.Flags().IntVar(&c.count, "count", 0,
		"decide on all proposals that the filter leaves, which are so many: `N`")
}

func (c *decideCommand) reasonFlag(command *cobra.Command) {
	command.Flags().StringVar(&c.note, "reason", "", "`WHY` these rows do not belong together, for the group's history")
	needs(command, "reason")
}

// namedMost is how many groups or exceptions the API decides on by name in one commit.
const namedMost = 500

func (c *decideCommand) check(args []string) error {
	switch byFilter := c.count != 0 || c.given(); {
	case len(args) > 0 && byFilter:
		return usageError("name the groups, or narrow them by a filter with --count: not both")
	case len(args) > namedMost:
		return usageError("%d groups were named: at most %d are decided on in one commit", len(args), namedMost)
	case len(args) > 0:
		return nil
	case c.action == recon.ActionUnmatch:
		return usageError("which group? matcher unmatch GROUP…, by its id or by the external id of one of its rows")
	case c.count < 1:
		return usageError("which groups? name them, or give --context, a filter and --count, the number of groups " +
			"that matcher review shows by it")
	}
	return nil
}

func (c *decideCommand) run(ctx context.Context, args []string) error {
	if err := c.check(args); err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	body := map[string]any{"action": c.action, "note": c.note}
	if c.difference != "" {
		body["adjustmentReason"] = code(c.difference)
	}
	if len(args) == 0 {
		filter, err := c.proposals(ctx, &c.remote)
		if err != nil {
			return err
		}
		body["filter"], body["count"] = filter, c.count
		return c.many(ctx, body)
	}
	contextID, err := c.contextID(ctx, c.contextName)
	if err != nil {
		return err
	}
	ids := make([]string, 0, len(args))
	for _, given := range args {
		g, err := c.group(ctx, given, contextID)
		if err != nil {
			return err
		}
		if !slices.Contains(ids, g.ID) { // two rows of one group may be named
			ids = append(ids, g.ID)
		}
	}
	if len(ids) == 1 {
		return c.single(ctx, ids[0], body)
	}
	body["groupIds"] = ids
	return c.many(ctx, body)
}

// single decides on one group, which may also be what many at once may not.
func (c *decideCommand) single(ctx context.Context, id string, body map[string]any) error {
	delete(body, "action")
	if c.action != recon.ActionConfirm {
		body = map[string]any{"reason": c.note}
	}
	var g recon.StoredGroup
	if err := c.post(ctx, "/v1/groups/"+id+"/"+strings.ToLower(string(c.action)), body, &g); err != nil {
		return err
	}
	return c.printGroup(&g)
}

func (c *decideCommand) many(ctx context.Context, body map[string]any) error {
	var out bulkAnswer
	if err := c.post(ctx, "/v1/groups/bulk", body, &out); err != nil {
		return err
	}
	done := map[recon.GroupAction]string{
		recon.ActionConfirm: "confirmed", recon.ActionReject: "rejected", recon.ActionUnmatch: "unmatched",
	}[c.action]
	return c.printBulk(&out, "group", done)
}

// printGroup prints what became of one group.
func (r *remote) printGroup(g *recon.StoredGroup) error {
	if r.json {
		return r.printJSON(g)
	}
	fmt.Fprintf(r.stdout, "group %s is %s: %s\n", g.ID, report.Words(g.Status), report.GroupText(g))
	return nil
}

// bulkAnswer is what became of many groups or exceptions that were decided on at once.
type bulkAnswer struct {
	Done  int        `json:"done"`
	Items []bulkItem `json:"items"`
}

type bulkItem struct {
	GroupID     string `json:"groupId,omitempty"`
	ExceptionID string `json:"exceptionId,omitempty"`
	Status      string `json:"status,omitempty"`
	Code        string `json:"code,omitempty"`
	Message     string `json:"message,omitempty"`
}

// refusalsListed is how many of the refused ones are listed for people.
const refusalsListed = 20

// printBulk prints to how many it was done, and why not to the others, which is an error.
func (r *remote) printBulk(out *bulkAnswer, noun, done string) error {
	all, left := int64(len(out.Items)), 0
	if r.json {
		if err := r.printJSON(out); err != nil {
			return err
		}
	} else {
		for _, item := range out.Items {
			if item.Code == "" {
				continue
			}
			if left++; left <= refusalsListed {
				fmt.Fprintf(r.stdout, "REFUSED  %s%s  %s\n", item.GroupID, item.ExceptionID, item.Message)
			}
		}
		if left > refusalsListed {
			fmt.Fprintf(r.stdout, "         … and %d more; --json lists all\n", left-refusalsListed)
		}
		fmt.Fprintf(r.stdout, "%s of %s %s\n", report.Grouped(int64(out.Done)), report.Plural(all, noun), done)
	}
	if int64(out.Done) < all {
		return fmt.Errorf("%s of %s could not be %s and are as they were", report.Grouped(all-int64(out.Done)),
			report.Plural(all, noun), done)
	}
	return nil
}
