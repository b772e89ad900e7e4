package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"matcher/internal/engine"
	"matcher/internal/recon"
)

// printRemoteSummary writes a run's summary for people: the sides, the rules, why rows are open, the bridge.
func printRemoteSummary(to io.Writer, s engine.Summary) {
	printSideSummary(to, recon.Left, &s.Left)
	printSideSummary(to, recon.Right, &s.Right)
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, rule := range s.ByRule {
		fmt.Fprintf(table, "RULE   %s\t%s\n", rule.Rule, partsOf([]part{
			{"confirmed", rule.Confirmed}, {"proposed", rule.Proposed}, {"partial", rule.Partial}, {"of the best assignment missed", rule.Gap},
		}))
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(table, "OPEN   %s  %s\t%s  %s\n", r.Side, words(r.Code), plural(r.Rows, "row"), words(r.Class))
	}
	_ = table.Flush() // the writer beneath it is a terminal or a test's
	for _, d := range s.Difference {
		fmt.Fprintf(to, "DIFF   %s %s  %s in %s\n", d.Currency, grouped(d.Amount), differenceName(d), plural(d.Groups, "group"))
	}
	for _, b := range s.Bridge {
		fmt.Fprintln(to, bridgeText(b))
	}
}

type part struct {
	word string
	n    int64
}

// partsOf names the counts that are not zero.
func partsOf(parts []part) string {
	var texts []string
	for _, p := range parts {
		if p.n != 0 {
			texts = append(texts, p.word+" "+grouped(p.n))
		}
	}
	if len(texts) == 0 {
		return "nothing"
	}
	return strings.Join(texts, " · ")
}

func printSideSummary(to io.Writer, side recon.Side, s *engine.SideSummary) {
	fmt.Fprintf(to, "%-5s  %s: %s\n", side, plural(s.Rows, "row"), partsOf([]part{
		{"confirmed", s.Matched},
		{"proposed", s.Proposed},
		{"partial", s.Partial},
		{"in transit", s.InTransit},
		{"open", s.Unmatched - s.InTransit},
		{"outside the period", s.Outside},
		{"duplicates", s.Duplicates},
		{"rejected", s.Rejected},
	}))
}

func differenceName(d engine.DifferenceSummary) string {
	if d.Reason == "" {
		return words(d.Status)
	}
	return words(d.Reason)
}

// bridgeText is one currency's bridge on a line; items of one name are one sum of the service already.
func bridgeText(b engine.BridgeSummary) string {
	var line strings.Builder
	fmt.Fprintf(&line, "%s  left %s", b.Currency, grouped(b.Left))
	for _, item := range bridgeItems(b) {
		sign, amount := "+", item.Amount
		if strings.HasPrefix(amount, "-") {
			sign, amount = "−", amount[1:]
		}
		fmt.Fprintf(&line, " %s %s %s", sign, item.Label, grouped(amount))
	}
	fmt.Fprintf(&line, " = right %s ✓", grouped(b.Right))
	return line.String()
}

// bridgeItems sums the items that people call by one name, in the order in which names first occur.
func bridgeItems(b engine.BridgeSummary) (named []engine.BridgeItemSummary) {
	sums := map[string]recon.Minor{}
	for _, item := range b.Items {
		if item.Label == engine.LabelDifference {
			item.Label = words(item.Reason)
		}
		money, err := recon.ParseMoney(item.Amount, b.Currency)
		if err != nil {
			return b.Items // a currency that this version does not know: as it came
		}
		if _, seen := sums[item.Label]; !seen {
			named = append(named, item)
		}
		sums[item.Label] += money.Amount
	}
	shown := named[:0]
	for _, item := range named {
		if sums[item.Label] != 0 {
			item.Amount = recon.Money{Amount: sums[item.Label], Currency: b.Currency}.String()
			shown = append(shown, item)
		}
	}
	return shown
}
