package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/report"
)

const reviewHelp = `List the groups of a context that wait for a decision, with their rows and what the rule compared. What is listed
is decided on by matcher confirm and matcher reject: one by one,
	or all of them by the same filter and their count.` + remoteHelp

const reviewExample = `  matcher review --context "Bank account"
  matcher review --context "Bank account" --held-by NO_KEY --min-score 80 --limit 0
  matcher review --context "Bank account" --rule "same amount" --json
  matcher review --context "Bank account" --status partial`

// groupFilter is what groups are narrowed by, in a list and in a decision on many.
type groupFilter struct {
	contextName, run, rule, currency, heldBy string
	minScore                                 int
}

func (f *groupFilter) flags(set *pflag.FlagSet) {
	set.StringVar(&f.run, "run", "", "only groups of this `RUN`, by its id")
	set.StringVar(&f.rule, "rule", "", "only groups of this `RULE`: its name or id")
	set.StringVar(&f.currency, "currency", "", "only groups in this `CURRENCY`")
	set.StringVar(&f.heldBy, "held-by", "",
		"only groups that this `GATE` kept from being confirmed: NO_KEY, AMBIGUOUS, MAX_DIFFERENCE, …")
	set.IntVar(&f.minScore, "min-score", 0, "only groups of this `SCORE` (0 to 100) or a higher one")
}

// given reports whether the filter narrows anything.
func (f *groupFilter) given() bool { return *f != groupFilter{contextName: f.contextName} }

// proposals is a groupFilter as the API reads it.
type proposals struct {
	ContextID string `json:"contextId"`
	RunID     string `json:"runId,omitempty"`
	RuleID    string `json:"ruleId,omitempty"`
	Currency  string `json:"currency,omitempty"`
	HeldBy    string `json:"heldBy,omitempty"`
	MinScore  int    `json:"minScore,omitempty"`
}

// query returns the filter for a list, without the context, which is in the path.
func (p *proposals) query() url.Values {
	query := url.Values{"minScore": {strconv.Itoa(p.MinScore)}}
	for name, value := range map[string]string{
		"runId": p.RunID, "ruleId": p.RuleID, "currency": p.Currency, "heldBy": p.HeldBy,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// proposals returns the filter with ids for names.
func (f *groupFilter) proposals(ctx context.Context, r *remote) (out proposals, err error) {
	out = proposals{
		RunID: f.run, RuleID: f.rule, Currency: strings.ToUpper(f.currency), MinScore: f.minScore,
		HeldBy: code(f.heldBy),
	}
	if f.minScore < 0 || f.minScore > 100 {
		return out, usageError("--min-score is 0 to 100, not %d", f.minScore)
	}
	of, err := r.context(ctx, f.contextName)
	if err != nil {
		return out, err
	}
	out.ContextID = of.ID
	if f.rule == "" || auth.IsUUID(f.rule) {
		return out, nil
	}
	var rules page[recon.StoredRule]
	err = r.get(ctx, "/v1/contexts/"+of.ID+"/rules", &rules)
	names := make([]string, len(rules.Items))
	for i := range rules.Items {
		if names[i] = rules.Items[i].Rule.Name; names[i] == f.rule {
			out.RuleID = rules.Items[i].ID
		}
	}
	if err == nil && out.RuleID == f.rule {
		err = r.unknown(ctx, recon.NotFound("rule"),
			lookup{"rule", f.rule, func(context.Context) ([]string, error) { return names, nil }})
	}
	return out, err
}

// code returns a code as the API writes it: no key as NO_KEY.
func code(text string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(text))
}

// reviewCommand is one call of `matcher review`.
type reviewCommand struct {
	remote
	groupFilter
	status, after string
	limit         int
}

func newReviewCommand(o outside) *cobra.Command {
	c := &reviewCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "review --context CONTEXT", Short: "List the groups of the service that wait for a decision",
		Long: reviewHelp, Example: reviewExample, Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if c.json && !command.Flags().Changed("limit") {
				c.limit = 0
			}
			return c.run(command.Context())
		},
	}
	f := command.Flags()
	f.StringVar(&c.contextName, "context", "", "`CONTEXT` to review: its name or id")
	c.flags(f)
	f.StringVar(&c.status, "status", "proposed", "proposed, partial or confirmed")
	f.IntVar(&c.limit, "limit", 20, "how many at most, up to 200; 0 is all, as is --json without a limit")
	f.StringVar(&c.after, "after", "", "go on at this `CURSOR`, as the page before printed it")
	f.BoolVar(&c.json, "json", false, "print one JSON object a line")
	return command
}

func (c *reviewCommand) run(ctx context.Context) error {
	if c.limit < 0 || c.limit > pageItems {
		return usageError("--limit is 0 for all, or at most %d a page", pageItems)
	}
	if err := c.open(); err != nil {
		return err
	}
	of, err := c.proposals(ctx, &c.remote)
	if err != nil {
		return err
	}
	query := of.query()
	query.Set("status", code(c.status))
	path := "/v1/contexts/" + of.ContextID + "/groups?" + query.Encode()
	n := int64(0)
	show := func(g recon.StoredGroup) error {
		n++
		if c.json {
			return c.printJSON(g)
		}
		return report.WriteGroup(c.stdout, &g)
	}
	next := ""
	if c.limit == 0 {
		err = each(ctx, c.client, path, show)
	} else {
		next, err = c.page(ctx, path, show)
	}
	if err == nil && !c.json {
		c.sum(n, next)
	}
	return err
}

// page shows one page of a list and returns where the next one begins, "" after the last.
func (c *reviewCommand) page(ctx context.Context, path string, show func(recon.StoredGroup) error) (string, error) {
	path += "&limit=" + strconv.Itoa(c.limit)
	if c.after != "" {
		path += "&cursor=" + url.QueryEscape(c.after)
	}
	var part page[recon.StoredGroup]
	if err := c.get(ctx, path, &part); err != nil {
		return "", err
	}
	for _, g := range part.Items {
		if err := show(g); err != nil {
			return "", err
		}
	}
	return part.NextCursor, nil
}

// sum ends a list with its count, or the way to its next page.
func (c *reviewCommand) sum(n int64, next string) {
	switch {
	case next != "":
		fmt.Fprintf(c.stdout, "%s and more: --after %s goes on, --limit 0 lists all\n", report.Plural(n, "group"), next)
	case n == 0:
		fmt.Fprintln(c.stdout, "no groups match these filters")
	case c.after == "" && code(c.status) == recon.GroupProposed.String():
		fmt.Fprintf(c.stdout,
			"%s; matcher confirm or reject decides on all of them by the same filter and --count %d\n",
			report.Plural(n, "group"), n)
	default:
		fmt.Fprintln(c.stdout, report.Plural(n, "group"))
	}
}
