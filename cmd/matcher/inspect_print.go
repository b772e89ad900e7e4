package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/report"
)

// inspectTextMax bounds what a line shows of one row.
const inspectTextMax = 160

// print writes what is seen of a file for people.
func (s *inspection) print(to io.Writer) {
	fmt.Fprintf(to, "FILE   %s\n", strings.TrimSuffix(s.File+"  "+s.Format+" · "+s.Found, " · "))
	if e, err := mapping.ExportNamed(s.Export); err == nil {
		fmt.Fprintf(to, "KNOWN  known export: %s (%s)\n", e.Name, e.Owner)
	}
	if s.Refused != "" {
		fmt.Fprintf(to, "REFUSED  %s\n", s.Refused)
		for _, p := range s.Problems {
			fmt.Fprintf(to, "  %s: %s\n", strings.TrimPrefix(p.Pointer, "/"), p.Message)
		}
	}
	s.printColumns(to)
	s.printFirst(to)
	if s.Rows.Read > 0 {
		s.printMoney(to)
	}
	if s.Proof != "" {
		fmt.Fprintf(to, "PROOF  %s\n", s.Proof)
	}
	for _, faults := range []struct {
		label string
		first []recon.RowError
		count int64
	}{{"ASIDE ", s.SetAside, s.Rows.SetAside}, {"REJECT", s.Rejected, s.Rows.Rejected}} {
		for i := range faults.first {
			fmt.Fprintf(to, "%s line %d: %s\n", faults.label, faults.first[i].Line, report.Fault(&faults.first[i]))
		}
		if more := faults.count - int64(len(faults.first)); more > 0 {
			fmt.Fprintf(to, "         … and %s more\n", report.Grouped(more))
		}
	}
	for _, note := range s.Notes {
		fmt.Fprintf(to, "NOTE   %s\n", note)
	}
	for i := range s.Questions {
		fmt.Fprintf(to, "QUESTION %s: %s\n", s.Questions[i].ID, strings.ReplaceAll(s.Questions[i].String(), "\n",
			"\n       "))
	}
}

// printColumns writes the fate of every column, and the settings.
func (s *inspection) printColumns(to io.Writer) {
	if len(s.Columns) == 0 {
		return
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COLUMN\tREAD AS\tEVIDENCE\tWHY")
	for _, f := range s.Columns {
		readAs, why := strings.Join(f.UsedAs, " and "), f.Why
		switch {
		case f.PassedOver:
			readAs = "passed over"
		case readAs == "" && f.Empty:
			readAs, why = "metadata", "empty in the rows read"
		case readAs == "":
			readAs, why = "metadata", "no field needs it; rules may, as "+recon.MetadataPrefix+f.Column
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", report.OneLine(f.Column), readAs, f.Evidence, report.OneLine(why))
	}
	for _, c := range s.Choices {
		if len(c.Columns) == 0 {
			fmt.Fprintf(table, "\t%s = %s\t%s\t%s\n", c.Field, report.OneLine(c.Value), c.Evidence,
				report.OneLine(c.Why))
		}
	}
	table.Flush()
}

// printFirst writes the first rows as the file has them, each with what is read of it.
func (s *inspection) printFirst(to io.Writer) {
	for i := range s.First {
		row := &s.First[i]
		fields := report.OneLine(strings.Join(row.Fields, " | "))
		fmt.Fprintf(to, "line %-4d %s\n", row.Line, recon.Clip(fields, inspectTextMax))
		switch {
		case row.Not != "":
			fmt.Fprintf(to, "      →   not read: %s\n", row.Not)
		case row.Read != nil:
			fmt.Fprintf(to, "      →   %s\n", readRow(row.Read))
		}
	}
}

// readRow is a transaction on a line.
func readRow(tx *recon.Transaction) string {
	parts := []string{
		tx.Date.String(), map[bool]string{true: "out", false: "in"}[tx.Amount < 0],
		report.Grouped(recon.Money{Amount: tx.Amount.Abs(), Currency: tx.Currency}.String()), currencyName(tx.Currency),
	}
	if tx.BookingStatus == recon.Pending {
		parts = append(parts, "pending")
	}
	for _, field := range [][2]string{
		{"id", tx.ExternalID}, {"reference", tx.Reference}, {"kind", tx.Kind}, {"description", tx.Description},
	} {
		if field[1] != "" {
			parts = append(parts, field[0]+" "+fmt.Sprintf("%q", field[1]))
		}
	}
	return recon.Clip(strings.Join(parts, " "), inspectTextMax)
}

// currencyName is a currency for people.
func currencyName(code string) string {
	if code == recon.NoCurrency {
		return "(no currency)"
	}
	return code
}

// printMoney writes counts, days and sums.
func (s *inspection) printMoney(to io.Writer) {
	rows := fmt.Sprintf("the first %s (--all reads the rest)", report.Plural(s.Rows.Read, "row"))
	if s.Whole {
		rows = "all " + report.Plural(s.Rows.Read, "row")
	}
	if len(s.Questions) > 0 {
		rows += ", as if nothing were open"
	}
	fmt.Fprintf(to, "ROWS   %s: booked %s · pending %s · set aside %s · rejected %s · duplicates %s\n", rows,
		report.Grouped(s.Rows.Booked), report.Grouped(s.Rows.Pending), report.Grouped(s.Rows.SetAside),
		report.Grouped(s.Rows.Rejected), report.Grouped(s.Rows.Duplicates))
	for _, sum := range s.Sums {
		fmt.Fprintf(to, "%-5s  in %s (%s) · out %s (%s)\n", currencyName(sum.Currency), report.Grouped(sum.In),
			report.Plural(sum.InRows, "row"), report.Grouped(sum.Out), report.Plural(sum.OutRows, "row"))
	}
	if s.From.Set() {
		fmt.Fprintf(to, "DAYS   %s to %s\n", s.From, s.To)
	}
}
