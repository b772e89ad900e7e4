package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"matcher/internal/recon"
)

// WriteStatement writes a statement an item a line; bridges are the same, checked.
func WriteStatement(to io.Writer, s *recon.Statement, bridges []recon.Bridge) error {
	if len(s.Currencies) == 0 {
		_, err := fmt.Fprintln(to, "there are no rows yet")
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for i := range s.Currencies {
		c := &s.Currencies[i]
		fmt.Fprintf(table, "%s\tas of %s\t\t\t%s\n", c.Currency, s.AsOf, kindsOf(&bridges[i]))
		fmt.Fprintf(table, "\tleft balance\t\t%s\n", Grouped(c.Left))
		for j, item := range c.Items {
			noun := "row"
			if item.Side == "" {
				noun = "group"
			}
			fmt.Fprintf(table, "\t%s\t%s\t%s\t%s\t%s\n", item.Label,
				strings.TrimSpace(strings.Join([]string{Words(item.Class), Words(item.Reason)}, " ")),
				Grouped(item.Amount),
				Plural(item.Count, noun), Words(bridges[i].Items[j].Kind()))
		}
		fmt.Fprintf(table, "\tright balance\t\t%s\t✓\n", Grouped(c.Right))
		for _, stated := range c.Stated {
			fmt.Fprintf(table, "\t%s balance of %s\t%s\t%s\tstated\n", strings.ToLower(string(stated.Side)), stated.To,
				OneLine(stated.Account), Grouped(stated.Closing))
		}
	}
	return table.Flush()
}

// kindsOf returns what the items of a bridge ask of the books.
func kindsOf(b *recon.Bridge) string {
	sum := b.Summary()
	return fmt.Sprintf("to book %s · timing %s · unexplained %s", Grouped(sum.ToBook), Grouped(sum.Timing),
		Grouped(sum.Unexplained))
}

// WriteAgeing writes how old open money is, a line for each currency and side.
func WriteAgeing(to io.Writer, a *recon.Ageing) error {
	if len(a.Currencies) == 0 {
		_, err := fmt.Fprintln(to, "nothing is open")
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "as of %s\tSIDE\tOPEN", a.AsOf)
	for _, b := range a.Currencies[0].Left.Buckets {
		if b.ToDays == nil {
			fmt.Fprintf(table, "\t%d DAYS AND MORE", b.FromDays)
		} else {
			fmt.Fprintf(table, "\t%d–%d DAYS", b.FromDays, *b.ToDays)
		}
	}
	fmt.Fprintln(table, "\tOLDEST")
	for i := range a.Currencies {
		c := &a.Currencies[i]
		ageingLine(table, c.Currency+"\tLEFT", &c.Left)
		ageingLine(table, c.Currency+"\tRIGHT", &c.Right)
	}
	return table.Flush()
}

func ageingLine(table io.Writer, of string, side *recon.AgeingSide) {
	fmt.Fprintf(table, "%s\t%s in %s", of, Grouped(side.Amount), Plural(side.Count, "item"))
	for _, b := range side.Buckets {
		fmt.Fprintf(table, "\t%s (%s)", Grouped(b.Amount), Grouped(b.Count))
	}
	fmt.Fprintf(table, "\t%s\n", side.Oldest)
}
