package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matcher/internal/setup"
)

const schemaHelp = `Print the JSON Schema of a setup, a reading (a map) or a rule, so that an editor completes and checks such files.

What --save writes names the schema on its first line by a file in the same folder: keep it there once, and every editor
with a YAML language server finds it, with no network.`

func newSchemaCommand(o outside) *cobra.Command {
	return &cobra.Command{
		Use: "schema " + strings.Join(setup.Schemas, "|"), Short: "Print the JSON Schema of what people write",
		Long: schemaHelp,
		Example: "  matcher schema reading > reading.schema.json\n" +
			"  matcher schema setup > setup.schema.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(setup.Schemas, args[0]) {
				return usageError("name one of %s: matcher schema reading", strings.Join(setup.Schemas, ", "))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			_, err := o.stdout.Write(setup.Schema(args[0]))
			return err
		},
	}
}
