package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"matcher/internal/recon"
)

// Names are what sentences call the two sides.
type Names struct{ Left, Right string }

// WriteFiles writes a line for each file: its rows, and how it was read.
func (r *Run) WriteFiles(to io.Writer) {
	for i := range r.Sides {
		for _, f := range r.Sides[i].Files {
			fmt.Fprintf(to, "%-5s  %s  %s   %s\n", r.Sides[i].Side, f.Path, Plural(f.Rows, "row"), f.ReadAs)
		}
	}
}

// WriteCounts writes a line for each side: where its rows are.
func WriteCounts(to io.Writer, s *recon.Summary) {
	fmt.Fprintf(to, "%-5s  %s\n%-5s  %s\n", recon.Left, countsOf(recon.Left, s), recon.Right, countsOf(recon.Right, s))
}

// countsOf always names what is confirmed and proposed, and of the rest what is not zero.
func countsOf(side recon.Side, s *recon.Summary) string {
	c := &s.Left.Counts
	if side == recon.Right {
		c = &s.Right.Counts
	}
	open, uncovered := map[recon.Class]int64{}, int64(0)
	for _, r := range s.Reasons {
		switch {
		case r.Side != side:
		case r.Code == recon.ReasonNotCovered:
			uncovered += r.Rows
		default:
			open[r.Class] += r.Rows
		}
	}
	text := fmt.Sprintf("confirmed %s · proposed %s", Grouped(c.Matched), Grouped(c.Proposed))
	if rest := joined([]part{
		{"partial", c.Partial},
		{"in transit", open[recon.ClassTiming]},
		{"not covered", uncovered},
		{"missing", open[recon.ClassMissing]},
		{"break", open[recon.ClassBreak]},
		{"ambiguous", open[recon.ClassAmbiguous]},
		{"data", open[recon.ClassData]},
		{"outside the period", c.Outside},
		{"duplicates", c.Duplicates},
		{"rejected", c.Rejected},
		{"set aside", c.SetAside},
	}); rest != "" {
		text += " · " + rest
	}
	return text
}

// WriteBridges writes the bridge of each currency on a line.
func WriteBridges(to io.Writer, names Names, bridges []recon.BridgeSummary) {
	for i := range bridges {
		fmt.Fprintln(to, bridgeLine(names, &bridges[i]))
		if line := kindsLine(names, &bridges[i]); line != "" {
			fmt.Fprintln(to, line)
		}
	}
}

// bridgeLine leads from the left balance to the right one. Items that people call by one name are one sum here; the
// page and JSON keep them apart.
func bridgeLine(names Names, b *recon.BridgeSummary) string {
	var line strings.Builder
	fmt.Fprintf(&line, "%s  %s %s", b.Currency, names.Left, Grouped(b.Left))
	for _, item := range namedItems(names, b) {
		sign, amount := "+", item.Amount
		if strings.HasPrefix(amount, "-") {
			sign, amount = "−", amount[1:]
		}
		fmt.Fprintf(&line, " %s %s %s", sign, item.Label, Grouped(amount))
	}
	fmt.Fprintf(&line, " = %s %s ✓", names.Right, Grouped(b.Right))
	return line.String()
}

// kindsLine is what the items ask of the books, also where they cancel out; "" where there is none.
func kindsLine(names Names, b *recon.BridgeSummary) string {
	var parts []string
	for _, kind := range []struct{ kind, word, amount string }{
		{recon.KindToBook, "to book", b.ToBook},
		{recon.KindTiming, "timing", b.Timing},
		{recon.KindUnexplained, "unexplained", b.Unexplained},
	} {
		if slices.ContainsFunc(b.Items, func(i recon.BridgeItemSummary) bool { return i.Kind == kind.kind }) {
			parts = append(parts, kind.word+" "+Grouped(kind.amount))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("     %s · %s adjusted %s", strings.Join(parts, " · "), names.Left, Grouped(b.Adjusted))
}

// namedItems sums items by name, in the order in which names first occur, without those that come to nothing.
func namedItems(names Names, b *recon.BridgeSummary) (named []recon.BridgeItemSummary) {
	sums := map[string]recon.Minor{}
	for _, item := range b.Items {
		item.Label = names.item(&item)
		money, err := recon.ParseMoney(item.Amount, b.Currency)
		if err != nil {
			return b.Items // a currency that this version does not know: as it came
		}
		if _, seen := sums[item.Label]; !seen {
			named = append(named, item)
		}
		sums[item.Label] += money.Amount // the bridge ties in 64 bits, so its parts do
	}
	for i := range named {
		named[i].Amount = recon.Money{Amount: sums[named[i].Label], Currency: b.Currency}.String()
	}
	return slices.DeleteFunc(named, func(item recon.BridgeItemSummary) bool { return sums[item.Label] == 0 })
}

// item returns what people call an item of a bridge.
func (n Names) item(item *recon.BridgeItemSummary) string {
	switch item.Label {
	case recon.LabelLeftOnly:
		return "in " + n.Left + " only"
	case recon.LabelRightOnly:
		return "in " + n.Right + " only"
	case recon.LabelDifference:
		return Words(item.Reason)
	case recon.LabelEarlier:
		return "earlier " + Words(item.Reason)
	}
	return item.Label
}

// WriteStored writes the summary of a stored run: the sides, the rules, why rows are open, the differences, the
// bridges.
func WriteStored(to io.Writer, s *recon.Summary) {
	fmt.Fprintf(to, "%-5s  %s: %s\n", recon.Left, Plural(s.Left.Rows, "row"), countsOf(recon.Left, s))
	fmt.Fprintf(to, "%-5s  %s: %s\n", recon.Right, Plural(s.Right.Rows, "row"), countsOf(recon.Right, s))
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, rule := range s.ByRule {
		fmt.Fprintf(table, "RULE   %s\t%s\n", rule.Rule, cmp.Or(joined([]part{
			{"confirmed", rule.Confirmed},
			{"proposed", rule.Proposed},
			{"partial", rule.Partial},
			{"of the best assignment missed", rule.Gap},
		}), "nothing"))
	}
	for _, r := range s.Reasons {
		fmt.Fprintf(table, "OPEN   %s  %s\t%s  %s\n", r.Side, Words(r.Code), Plural(r.Rows, "row"), Words(r.Class))
	}
	_ = table.Flush() // the writer beneath it is a terminal or a buffer
	for _, d := range s.Difference {
		name := Words(d.Reason)
		if name == "" {
			name = Words(d.Status)
		}
		fmt.Fprintf(to, "DIFF   %s %s  %s in %s\n", d.Currency, Grouped(d.Amount), name, Plural(d.Groups, "group"))
	}
	WriteBridges(to, Names{"left", "right"}, s.Bridge)
}

// WriteLeftOut writes which rows of the files the bridges do not hold, so that a bridge that ties hides nothing.
func WriteLeftOut(to io.Writer, s *recon.Summary) {
	for _, side := range []struct {
		name   recon.Side
		counts *recon.Counts
	}{{recon.Left, &s.Left.Counts}, {recon.Right, &s.Right.Counts}} {
		if rest := joined([]part{{"rejected", side.counts.Rejected}, {"set aside", side.counts.SetAside}}); rest != "" {
			fmt.Fprintf(to, "       ✓ without rows of the %s side: %s\n", strings.ToLower(string(side.name)), rest)
		}
	}
}

const rejectsShown = 3

// WriteRejects writes the first faults of each file, and the first of its rows that are no money.
func (r *Run) WriteRejects(to io.Writer) {
	for i := range r.Sides {
		for _, f := range r.Sides[i].Files {
			for n := range f.Rejects {
				if n == rejectsShown {
					fmt.Fprintf(to, "         … and %s in rejected.csv\n", moreRejects(&f))
					break
				}
				fmt.Fprintf(to, "REJECT %s line %d: %s\n", f.Path, f.Rejects[n].Line, Fault(&f.Rejects[n]))
			}
			for n := range f.Aside[:min(len(f.Aside), rejectsShown)] {
				fmt.Fprintf(to, "ASIDE  %s line %d: %s\n", f.Path, f.Aside[n].Line, f.Aside[n].Reason)
			}
			if f.SetAside > rejectsShown {
				fmt.Fprintf(to, "         … and %s more; --out DIR lists them in set_aside.csv\n",
					Grouped(f.SetAside-rejectsShown))
			}
		}
	}
}

func moreRejects(f *File) string {
	listed := int64(len(f.Rejects))
	if f.Rejected > listed {
		return fmt.Sprintf("%s rows in all; --out DIR lists the first %s", Grouped(f.Rejected), Grouped(listed))
	}
	return Grouped(listed-rejectsShown) + " more; --out DIR lists them all"
}
