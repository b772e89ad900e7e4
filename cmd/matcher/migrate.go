package main

import (
	"io"

	"github.com/spf13/cobra"

	"matcher/internal/bootstrap"
)

func newMigrateCommand(env []string, stdout, stderr io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "migrate [up]", Short: "Bring the control and work schemas and every tenant's up to date",
		Args: cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"up"},
		Example: "  matcher migrate",
		RunE: func(command *cobra.Command, _ []string) (err error) {
			ctx := command.Context()
			cfg, err := bootstrap.LoadConfig(env)
			if err != nil {
				return err
			}
			app, err := bootstrap.OpenTenants(ctx, cfg, bootstrap.NewLogger(quietUnlessAsked(cfg), stderr))
			if err != nil {
				return err
			}
			defer closeApp(ctx, app, &err)
			return migrateTenants(ctx, localTenants{app.Tenants()}, stdout, false)
		},
	}
}
