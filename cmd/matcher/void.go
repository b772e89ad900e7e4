package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/report"
)

const voidHelp = `Take the rows of an import of the service out again. The import is named by its id, as matcher import prints it, or by
the name of its file in a source. It is refused while one of its rows is in a group; the import, its refused rows and
the audit log stay, and the same file can be loaded again.` + remoteHelp

const voidExample = `  matcher void 0190f3c2-…
  matcher void bank-2026-01.csv --source bank --context "Bank account"`

// voidCommand is one call of `matcher void`.
type voidCommand struct {
	remote
	source, context string
}

func newVoidCommand(o outside) *cobra.Command {
	c := &voidCommand{remote: remote{outside: o}}
	command := &cobra.Command{
		Use: "void IMPORT", Short: "Take an import of the service back", Long: voidHelp, Example: voidExample,
		Args: oneArgument("which import? matcher void IMPORT, by its id, or by the name of its file with --source"),
		RunE: func(command *cobra.Command, args []string) error { return c.run(command.Context(), args[0]) },
	}
	f := command.Flags()
	f.StringVar(&c.source, "source", "", "`SOURCE` of the import: its name or id")
	f.StringVar(&c.context, "context", "", "`CONTEXT` of the source, where several have one of that name")
	f.BoolVar(&c.json, "json", false, "print one JSON object: the import")
	return command
}

func (c *voidCommand) run(ctx context.Context, given string) error {
	if c.source == "" && !auth.IsUUID(given) {
		return usageError("%q is no id: give --source, the source into which a file of that name was loaded", given)
	}
	if err := c.open(); err != nil {
		return err
	}
	id, err := c.find(ctx, given)
	if err != nil {
		return err
	}
	var voided recon.Import
	err = c.post(ctx, "/v1/imports/"+id+"/void", nil, &voided)
	if err := c.unknown(ctx, err, lookup{"import", given, nil}); err != nil {
		return err
	}
	if c.json {
		return c.printJSON(voided)
	}
	fmt.Fprintf(c.stdout, "import %s of %s is voided: %s out again\n", voided.ID, voided.FileName,
		report.Plural(voided.RowsInserted, "row"))
	return nil
}

// find returns the id of an import by its id, or by the name of its file in a source.
func (c *voidCommand) find(ctx context.Context, given string) (string, error) {
	if c.source == "" {
		return given, nil
	}
	source, err := c.remote.source(ctx, c.source, c.context)
	if err != nil {
		return "", err
	}
	imports, err := all[recon.Import](ctx, c.client, "/v1/sources/"+source.ID+"/imports")
	if err != nil {
		return "", err
	}
	var names []string
	var fitting []recon.Import
	for _, in := range imports {
		names = append(names, in.FileName)
		if in.ID == given || in.FileName == given && in.Status == recon.ImportCompleted {
			fitting = append(fitting, in)
		}
	}
	switch len(fitting) {
	case 0:
		return "", c.unknown(ctx, recon.NotFound("import"),
			lookup{"import", given, func(context.Context) ([]string, error) { return names, nil }})
	case 1:
		return fitting[0].ID, nil
	}
	return "", usageError("%d files called %q were loaded into %q: %s; name one by its id", len(fitting), given,
		source.Name, listed(fitting, func(in recon.Import) string {
			return fmt.Sprintf("%s with %s (%s)", in.CreatedAt.UTC().Format("2006-01-02 15:04"),
				report.Plural(in.RowsInserted, "new row"), in.ID)
		}))
}
