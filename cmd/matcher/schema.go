package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"matcher/internal/engine"
	"matcher/internal/httpapi"
	"matcher/internal/setup"
)

const schemaHelp = `Print the JSON Schema of a setup, a reading (a map) or a rule, so that an editor completes and checks such files;
or the OpenAPI document of the service, so that clients are generated from it. Nothing is running for that.

What --save writes names the schema on its first line by a file in the same folder: keep it there once, and every editor
with a YAML language server finds it, with no network.`

// openAPI names the document of the service among the schemas.
const openAPI = "openapi"

func newSchemaCommand(o outside) *cobra.Command {
	known := append(slices.Clone(setup.Schemas), openAPI)
	return &cobra.Command{
		Use: "schema " + strings.Join(known, "|"), Short: "Print the JSON Schema of what people write",
		Long: schemaHelp,
		Example: "  matcher schema reading > reading.schema.json\n" +
			"  matcher schema setup > setup.schema.json\n" +
			"  matcher schema openapi > openapi.json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(known, args[0]) {
				return usageError("name one of %s: matcher schema reading", strings.Join(known, ", "))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] == openAPI {
				text, err := httpapi.Document(engine.ThisBuild())
				if err == nil {
					_, err = o.stdout.Write(text)
				}
				return err
			}
			_, err := o.stdout.Write(setup.Schema(args[0]))
			return err
		},
	}
}
