package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"matcher/internal/bootstrap"
)

const serveHelp = `Serve the API and work on its jobs.

With no POSTGRES_* set, everything runs on this machine: a private PostgreSQL under MATCHER_DATA_DIR and a signing key of
its own. Ctrl-C stops both; the next start finds its data.`

func newServeCommand(o outside) *cobra.Command {
	var role string
	command := &cobra.Command{
		Use: "serve", Short: "Serve the API and work on its jobs", Long: serveHelp, Args: cobra.NoArgs,
		Example: "  matcher serve\n  POSTGRES_DSN=… POSTGRES_OWNER_DSN=… matcher serve --role api",
		RunE: func(command *cobra.Command, _ []string) (err error) {
			ctx := command.Context()
			cfg, err := bootstrap.LoadConfig(o.env)
			if err != nil {
				return err
			}
			if !slices.Contains([]bootstrap.Role{bootstrap.RoleAll, bootstrap.RoleAPI, bootstrap.RoleWorker},
				bootstrap.Role(role)) {
				return usageError("--role is all, api or worker, not %q", role)
			}
			listener, err := bootstrap.Listen(ctx, cfg.Addr) // first: a port in use is an error at once
			if err != nil {
				return err
			}
			defer listener.Close()
			app, err := bootstrap.Open(ctx, cfg, bootstrap.Role(role), bootstrap.NewLogger(cfg, o.stderr))
			if err != nil {
				return err
			}
			defer closeApp(ctx, app, &err)
			fmt.Fprintf(o.stdout, "matcher serves http://%s (docs at /docs)\n", listener.Addr())
			return app.Serve(ctx, listener)
		},
	}
	command.Flags().StringVar(&role, "role", "all", "all, api (queues jobs only) or worker (answers probes only)")
	return command
}

// closeApp stops an installation even when ctx has ended, and keeps the first error.
func closeApp(ctx context.Context, app *bootstrap.App, err *error) {
	if closing := app.Close(context.WithoutCancel(ctx)); *err == nil {
		*err = closing
	}
}
