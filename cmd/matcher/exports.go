package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"matcher/internal/mapping"
	"matcher/internal/recon"
	"matcher/internal/report"
)

const exportsHelp = `List the known exports: files of banks, processors, marketplaces and ledgers that need no map.

A file is known by the names of its columns. What is a fact of such files is stated then: which amount moved and its sign,
its currency, the words for booked, pending and void. The rest is found in the file, and where its rows contradict the
facts it is read by what is in it, with a note. --as NAME of ` + "`matcher inspect`" + `, and --left-as and --right-as of
` + "`matcher match`" + `, read a file as one of them whatever its columns are; "none" turns them off.`

// knownExport is a known export as --json prints it.
type knownExport struct {
	Name    string         `json:"name"`
	Owner   string         `json:"owner"`
	Kind    string         `json:"kind"`
	Header  []string       `json:"header"`
	Needs   []string       `json:"needs,omitempty"`
	Match   []string       `json:"match,omitempty"`
	Reading recon.FieldMap `json:"reading"`
}

func newExportsCommand(o outside) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "exports", Short: "List the files that are known and need no map", Long: exportsHelp,
		Example: "  matcher exports\n  matcher exports --json\n  matcher inspect bank.csv --as ing-nl",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				var list []knownExport
				for _, e := range mapping.Exports() {
					list = append(list, knownExport{e.Name, e.Owner, e.Kind, e.Header, e.Needs, e.Match, e.Map})
				}
				return report.WriteJSON(o.stdout, list)
			}
			return listExports(o.stdout)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print a JSON array, with the columns and the reading of each")
	return command
}

func listExports(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKIND\tOWNER\tMATCH BY")
	for _, e := range mapping.Exports() {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", e.Name, e.Kind, e.Owner, strings.Join(e.Match, ", "))
	}
	return table.Flush()
}

// checkExport refuses a name that no known export has, as a mistake of the command line.
func checkExport(flag, name string) error {
	if name == "" || name == mapping.NoExport {
		return nil
	}
	if _, err := mapping.ExportNamed(name); err != nil {
		return usageError("--%s: %w", flag, err)
	}
	return nil
}
