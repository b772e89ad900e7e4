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

// exceptionChange is one call of a command that changes exceptions.
type exceptionChange struct {
	*exceptionsCommand
	exceptionFilter // its own: a list has flags of the same names

	action        recon.ExceptionAction
	note, to      string
	until, review string
	count         int

	outcome, account, party, target, difference string
	with                                        []string
}

// changes are the commands under matcher exceptions that change one exception or many.
func (c *exceptionsCommand) changes() []*cobra.Command {
	assign := &exceptionChange{exceptionsCommand: c, action: recon.ExceptionAssign}
	assigning := assign.command("Assign exceptions to a person or a queue",
		`GL-26233 --context "Bank account" --to treasury`)
	assigning.Flags().StringVar(&assign.to, "to", "", "subject of a person, or name of a queue: `WHO`")
	needs(assigning, "to")

	unassign := &exceptionChange{exceptionsCommand: c, action: recon.ExceptionUnassign}
	unassigning := unassign.command("Take the assignee of exceptions away", "0b5f2c1e-…")

	comment := &exceptionChange{exceptionsCommand: c, action: recon.ExceptionComment}
	commenting := comment.command("Comment on exceptions", `0b5f2c1e-… --note "asked the bank"`)
	needs(commenting, "note")

	snooze := &exceptionChange{exceptionsCommand: c, action: recon.ExceptionSnooze}
	snoozing := snooze.command("Take exceptions out of the queue until a day", "0b5f2c1e-… --until 2026-02-03")
	snoozing.Flags().StringVar(&snooze.until, "until", "", "the `DAY` on which they are back, not after they are due")
	needs(snoozing, "until")

	reopen := &exceptionChange{exceptionsCommand: c, action: recon.ExceptionReopen}
	reopening := reopen.command("Reopen resolved exceptions, taking their trace back",
		`0b5f2c1e-… --note "wrong account"`)
	needs(reopening, "note")

	return []*cobra.Command{
		assigning, unassigning, commenting, snoozing, c.resolving(), reopening,
		c.decision("approve", "Approve how another person proposed to end an exception, or accept a transfer"),
		c.decision("refuse", "Refuse how another person proposed to end an exception"),
	}
}

func (c *exceptionsCommand) resolving() *cobra.Command {
	r := &exceptionChange{exceptionsCommand: c, action: recon.ExceptionResolve}
	command := r.command("End exceptions with a trace, or propose to",
		`GL-26233 --context "Bank account" --as BOOKED --account 6850 --note "bank charge"`)
	command.Long = `End exceptions, each with a balanced trace: MATCHED or CORRECTED --with rows, BOOKED or SUSPENSE to an --account,
UNAPPLIED of a --party, WRITTEN_OFF, TRANSFERRED to the --target exception of another context, IGNORED until
--review-on. Where you may not decide alone the end is proposed, and another person approves it.` + remoteHelp
	f := command.Flags()
	f.StringVar(&r.outcome, "as", "", "`HOW` it ends: MATCHED, BOOKED, SUSPENSE, UNAPPLIED, WRITTEN_OFF, TRANSFERRED, "+
		"CORRECTED or IGNORED")
	f.StringArrayVar(&r.with, "with", nil, "MATCHED, CORRECTED: the other `ROW`, by its id or external id (repeatable)")
	f.StringVar(&r.difference, "difference", "", "MATCHED: "+differenceUsage)
	f.StringVar(&r.account, "account", "",
		"BOOKED, SUSPENSE, UNAPPLIED, WRITTEN_OFF: the `ACCOUNT` that takes the amount")
	f.StringVar(&r.party, "party", "", "UNAPPLIED: `WHOSE` money it is")
	f.StringVar(&r.target, "target", "", "TRANSFERRED: the `EXCEPTION` of the other context, by its id")
	f.StringVar(&r.review, "review-on", "", "IGNORED: the `DAY` on which it is looked at again")
	needs(command, "as", "note")
	return command
}

func (c *exceptionChange) command(short, example string) *cobra.Command {
	verb := strings.ToLower(string(c.action))
	command := &cobra.Command{
		Use: verb + " [EXCEPTION…]", Short: short,
		Long: short + `. An exception is named by its id, or by the external id of
its row in --context; without a name it is done to all of the context that a filter leaves, with --count, the number
that matcher exceptions lists by it.` + remoteHelp,
		Example: "  matcher exceptions " + verb + " " + example,
		RunE:    func(command *cobra.Command, args []string) error { return c.run(command.Context(), args) },
	}
	c.flags(command.Flags())
	command.Flags().StringVar(&c.note, "note", "", "why, for the history")
	command.Flags().IntVar(&c.count, "count", 0, "do it to all that the filter leaves, which are so many: `N`")
	return command
}

func (c *exceptionChange) check(args []string) error {
	switch {
	case len(args) > 0 && c.count != 0:
		return usageError("name the exceptions, or narrow them by a filter with --count: not both")
	case len(args) > namedMost:
		return usageError("%d exceptions were named: at most %d are changed in one commit", len(args), namedMost)
	case len(args) == 0 && (c.count < 1 || c.exceptionsCommand.contextName == ""):
		return usageError("which exceptions? name them, or give --context, a filter and --count, the number " +
			"that matcher exceptions lists by it")
	}
	for _, day := range []struct{ flag, value string }{{"--until", c.until}, {"--review-on", c.review}} {
		if _, err := recon.ParseDay(day.value); day.value != "" && err != nil {
			return usageError("%s: %q is no day: write it as 2026-01-31", day.flag, day.value)
		}
	}
	return nil
}

func (c *exceptionChange) run(ctx context.Context, args []string) error {
	if err := c.check(args); err != nil {
		return err
	}
	query, err := c.query()
	if err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	contextID, err := c.contextID(ctx, c.exceptionsCommand.contextName)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		filter := map[string]string{"contextId": contextID}
		for name := range query {
			filter[name] = query.Get(name)
		}
		return c.many(ctx, map[string]any{"filter": filter, "count": c.count})
	}
	found := make([]recon.Exception, len(args))
	ids := make([]string, len(args))
	for i, given := range args {
		if found[i], err = c.exception(ctx, given, contextID); err != nil {
			return err
		}
		ids[i] = found[i].ID
	}
	if len(ids) > 1 {
		return c.many(ctx, map[string]any{"exceptionIds": ids})
	}
	return c.single(ctx, &found[0])
}

// single changes one exception, which may also end in what names other rows.
func (c *exceptionChange) single(ctx context.Context, e *recon.Exception) error {
	body, err := c.resolution(ctx, e)
	if err != nil {
		return err
	}
	c.describe(body)
	verb := strings.ToLower(string(c.action))
	if c.action == recon.ExceptionComment {
		verb = "comments"
	}
	if err := c.post(ctx, "/v1/exceptions/"+e.ID+"/"+verb, body, nil); err != nil {
		return err
	}
	return c.printException(ctx, e.ID)
}

// describe adds to a body what every change may have.
func (c *exceptionChange) describe(body map[string]any) {
	for name, value := range map[string]string{"note": c.note, "assignee": c.to, "until": c.until} {
		if value != "" {
			body[name] = value
		}
	}
}

func (c *exceptionChange) many(ctx context.Context, body map[string]any) error {
	body["action"] = c.action
	c.describe(body)
	resolution, err := c.resolution(ctx, nil)
	if err != nil {
		return err
	}
	if len(resolution) > 0 {
		body["resolution"] = resolution
	}
	var out bulkAnswer
	if err := c.post(ctx, "/v1/exceptions/bulk", body, &out); err != nil {
		return err
	}
	done := map[recon.ExceptionAction]string{
		recon.ExceptionAssign: "assigned", recon.ExceptionUnassign: "unassigned",
		recon.ExceptionComment: "commented on",
		recon.ExceptionSnooze:  "snoozed", recon.ExceptionResolve: "resolved", recon.ExceptionReopen: "reopened",
	}[c.action]
	if c.action == recon.ExceptionResolve && slices.ContainsFunc(out.Items, func(item bulkItem) bool {
		return item.Status == recon.ExceptionWaiting && item.Code == ""
	}) {
		done = "resolved, or proposed to be where another person has to approve"
	}
	return c.printBulk(&out, "exception", done)
}

// resolution returns how an exception ends, with ids for the rows that are named. Many at once name none.
func (c *exceptionChange) resolution(ctx context.Context, e *recon.Exception) (map[string]any, error) {
	body := map[string]any{}
	for name, value := range map[string]string{
		"outcome": code(c.outcome), "account": c.account, "party": c.party, "targetId": c.target, "reviewOn": c.review,
		"adjustmentReason": code(c.difference),
	} {
		if value != "" {
			body[name] = value
		}
	}
	if len(c.with) == 0 {
		return body, nil
	}
	if e == nil {
		return nil, usageError("--with is of one exception: name one, or end many in another way")
	}
	side := map[recon.Side]recon.Side{recon.Left: recon.Right, recon.Right: recon.Left}[e.Side]
	if code(c.outcome) == recon.OutcomeCorrected.String() {
		side = e.Side
	}
	ids := make([]string, len(c.with))
	for i, given := range c.with {
		row, err := c.openRow(ctx, rowName{given, e.ContextID, side})
		if err != nil {
			return nil, err
		}
		ids[i] = row.ID
	}
	body["with"] = ids
	return body, nil
}

// decision is a command of the second person, on what the first one proposed.
func (c *exceptionsCommand) decision(verb, short string) *cobra.Command {
	note := ""
	command := &cobra.Command{
		Use: verb + " EXCEPTION", Short: short, Args: cobra.ExactArgs(1),
		Example: "  matcher exceptions " + verb + ` GL-26233 --context "Bank account"`,
		RunE: func(command *cobra.Command, args []string) error {
			return c.decide(command.Context(), args[0], verb, note)
		},
	}
	command.Flags().StringVar(&note, "note", "", "why, for the history")
	return command
}

func (c *exceptionsCommand) decide(ctx context.Context, given, verb, note string) error {
	e, err := c.find(ctx, given)
	if err != nil {
		return err
	}
	if e.ResolutionID == "" {
		return fmt.Errorf("exception %s is %s, and no end of it is proposed: matcher exceptions resolve proposes one",
			e.ID,
			report.Words(e.Status))
	}
	if err := c.post(ctx, "/v1/resolutions/"+e.ResolutionID+"/"+verb, map[string]string{"note": note},
		nil); err != nil {
		return err
	}
	return c.printException(ctx, e.ID)
}

// printException prints what became of one exception.
func (c *exceptionsCommand) printException(ctx context.Context, id string) error {
	var e recon.Exception
	if err := c.get(ctx, "/v1/exceptions/"+id, &e); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(e)
	}
	text := report.Words(e.Status)
	if e.Resolution != "" && e.Status == recon.ExceptionResolved {
		text += " as " + report.Words(e.Resolution)
	}
	if e.ResolutionID != "" && e.Status == recon.ExceptionWaiting {
		text += " for another person to approve how it ends"
	}
	if e.SnoozedUntil.Set() {
		text += " until " + e.SnoozedUntil.String()
	}
	if e.Assignee != "" {
		text += ", assigned to " + report.OneLine(e.Assignee)
	}
	_, err := fmt.Fprintf(c.stdout, "%s  %s %s  %s: %s\n", e.ID, report.Grouped(e.Amount), e.Currency,
		report.ExceptionName(&e), text)
	return err
}
