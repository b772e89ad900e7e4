package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"matcher/internal/bootstrap"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

func newTenantCommand(env []string, stdout, stderr io.Writer) *cobra.Command {
	command := &cobra.Command{Use: "tenant", Short: "Create, list and show the tenants of an installation"}
	t := &tenantCommand{env: env, stdout: stdout, stderr: stderr}
	command.AddCommand(t.create(), t.list(), t.show())
	command.PersistentFlags().BoolVar(&t.json, "json", false, "for machines")
	return command
}

type tenantCommand struct {
	env            []string
	stdout, stderr io.Writer
	json           bool
}

// with opens the installation for one piece of work.
func (t *tenantCommand) with(ctx context.Context, do func(*bootstrap.App) error) (err error) {
	cfg, err := bootstrap.LoadConfig(t.env)
	if err != nil {
		return err
	}
	app, err := bootstrap.OpenTenants(ctx, cfg, bootstrap.NewLogger(quietUnlessAsked(cfg), t.stderr))
	if err != nil {
		return err
	}
	defer closeApp(ctx, app, &err)
	return do(app)
}

// quietUnlessAsked keeps a short command's output free of the database's start and stop.
func quietUnlessAsked(cfg bootstrap.Config) bootstrap.Config {
	if cfg.LogLevel == "info" {
		cfg.LogLevel = "warn"
	}
	return cfg
}

func (t *tenantCommand) create() *cobra.Command {
	var tenant tenancy.NewTenant
	command := &cobra.Command{
		Use: "create", Short: "Create a tenant and its schema", Args: cobra.NoArgs,
		Example: `  matcher tenant create --slug acme --name "Acme Ltd"`,
		RunE: func(command *cobra.Command, _ []string) error {
			tenant.Name = cmp.Or(tenant.Name, tenant.Slug)
			return t.with(command.Context(), func(app *bootstrap.App) error {
				created, err := app.CreateTenant(command.Context(), tenant)
				if err != nil {
					return err
				}
				return t.print(*created)
			})
		},
	}
	command.Flags().StringVar(&tenant.Slug, "slug", "", "short name: a-z, 0-9 and single hyphens")
	command.Flags().StringVar(&tenant.Name, "name", "", "full name; the slug where there is none")
	command.Flags().StringVar(&tenant.ID, "id", "", "lower-case UUID; a new one where there is none")
	_ = command.MarkFlagRequired("slug") // fails only for a flag that does not exist
	return command
}

func (t *tenantCommand) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the tenants", Args: cobra.NoArgs, Example: "  matcher tenant list --json",
		RunE: func(command *cobra.Command, _ []string) error {
			return t.with(command.Context(), func(app *bootstrap.App) error {
				tenants, err := app.Tenants(command.Context())
				if err != nil {
					return err
				}
				return t.print(tenants...)
			})
		},
	}
}

func (t *tenantCommand) show() *cobra.Command {
	return &cobra.Command{
		Use: "show TENANT", Short: "Show a tenant by id or slug", Args: cobra.ExactArgs(1), Example: "  matcher tenant show acme",
		RunE: func(command *cobra.Command, args []string) error {
			return t.with(command.Context(), func(app *bootstrap.App) error {
				tenant, err := app.Tenant(command.Context(), args[0])
				if err != nil {
					return err
				}
				return t.print(*tenant)
			})
		},
	}
}

func (t *tenantCommand) print(tenants ...ports.TenantConfig) error {
	if t.json {
		enc := json.NewEncoder(t.stdout)
		for _, tenant := range tenants {
			if err := enc.Encode(tenant); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tSLUG\tSTATUS\tNAME")
	for _, tenant := range tenants {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", tenant.TenantID, tenant.Slug, tenant.Status, tenant.Name)
	}
	return table.Flush()
}
