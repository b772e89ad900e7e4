package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"matcher/internal/engine"
)

func newVersionCommand(o outside) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use: "version", Short: "Say what this binary is", Args: cobra.NoArgs, Example: "  matcher version --json",
		RunE: func(*cobra.Command, []string) error {
			v := engine.ThisBuild()
			if asJSON {
				return json.NewEncoder(o.stdout).Encode(v)
			}
			_, err := fmt.Fprintf(o.stdout, "matcher %s (%s, %s) %s\n", v.Version, v.Engine, v.Go, v.Commit)
			return err
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "for machines")
	return command
}
