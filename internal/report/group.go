package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"matcher/internal/recon"
)

// WriteGroup writes a stored group with its first rows, and what the rule compared.
func WriteGroup(to io.Writer, g *recon.StoredGroup) error {
	fmt.Fprintf(to, "%s  %s by %q, score %d of 100", g.ID, Words(g.Status), g.RuleName, g.Score)
	if g.HeldBy != recon.HeldByNothing {
		fmt.Fprintf(to, ", held by %s", Words(g.HeldBy))
	}
	if g.Alternatives > 0 {
		fmt.Fprintf(to, "; other partners that are as good: %d", g.Alternatives)
	}
	if !isZero(g.Difference) {
		fmt.Fprintf(to, "; difference %s %s", Grouped(g.Difference), g.Currency)
		if g.DifferenceReason != recon.AdjustmentNone {
			fmt.Fprintf(to, " (%s)", Words(g.DifferenceReason))
		}
	}
	if g.Residual != "" {
		fmt.Fprintf(to, "; %s %s left open", Grouped(g.Residual), g.Currency)
	}
	fmt.Fprintln(to)
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, item := range g.Items {
		text := item.Description
		if text == "" && item.Reference != item.ExternalID && item.ExternalID != "" {
			text = item.Reference
		}
		fmt.Fprintf(table, "    %s\t%s\t%s %s\t%s\t%s\n", item.Side, item.Date, Grouped(item.Amount), item.Currency,
			OneLine(itemName(&item)), OneLine(text))
	}
	if more := g.LeftCount + g.RightCount - len(g.Items); more > 0 {
		fmt.Fprintf(table, "    … and %s\n", Plural(int64(more), "more row"))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	writeEvidence(to, g.Evidence)
	return nil
}

// GroupText returns what is in a group, on one line.
func GroupText(g *recon.StoredGroup) string {
	names := map[recon.Side][]string{}
	for i := range g.Items {
		names[g.Items[i].Side] = append(names[g.Items[i].Side], OneLine(itemName(&g.Items[i])))
	}
	text := fmt.Sprintf("%s with %s, %s %s", someOf(names[recon.Left], g.LeftCount),
		someOf(names[recon.Right], g.RightCount), Grouped(g.LeftAmount), g.Currency)
	if !isZero(g.Difference) {
		text += fmt.Sprintf(", difference %s %s", Grouped(g.Difference), Words(g.DifferenceReason))
	}
	return strings.TrimRight(text, " ")
}

func itemName(item *recon.GroupItem) string {
	return cmp.Or(item.ExternalID, item.Reference, fmt.Sprintf("row %d", item.Row))
}

// isZero reports whether a decimal is nothing: 0.00 as 0.
func isZero(amount string) bool { return strings.Trim(amount, "-0.") == "" }
