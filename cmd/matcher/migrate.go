package main

import (
	"github.com/spf13/cobra"

	"matcher/internal/bootstrap"
)

func newMigrateCommand(o outside) *cobra.Command {
	return &cobra.Command{
		Use: "migrate [up]", Short: "Bring the control and work schemas and every tenant's up to date",
		Args: cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs), ValidArgs: []string{"up"},
		Example: "  matcher migrate",
		RunE: func(command *cobra.Command, _ []string) (err error) {
			ctx := command.Context()
			cfg, err := bootstrap.LoadConfig(o.env)
			if err != nil {
				return err
			}
			app, err := bootstrap.OpenTenants(ctx, cfg, bootstrap.NewLogger(quietUnlessAsked(cfg), o.stderr))
			if err != nil {
				return err
			}
			defer closeApp(ctx, app, &err)
			return migrateTenants(ctx, localTenants{app.Tenants()}, o.stdout, false)
		},
	}
}
