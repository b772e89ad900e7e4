package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"matcher/internal/bootstrap"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

func newTenantCommand(o outside) *cobra.Command {
	command := &cobra.Command{
		Use: "tenant", Short: "Create, suspend, delete and migrate the tenants of an installation",
		Long: "Keep the tenants of the installation that this configuration names; or, where MATCHER_URL is set, of " +
			"the one that\n" +
			"answers there, with MATCHER_ADMIN_API_KEY or a platform-admin's MATCHER_TOKEN.",
	}
	t := &tenantCommand{outside: o}
	command.AddCommand(t.create(), t.list(), t.show(), t.limits(), t.migrate(),
		t.step("suspend", "Refuse a tenant's callers and park its work"),
		t.step("resume", "Let a suspended tenant go on"),
		t.step("delete", "Delete a tenant; it can be restored until the grace is over"),
		t.step("restore", "Bring a deleted tenant back"))
	command.PersistentFlags().BoolVar(&t.json, "json", false, "for machines")
	return command
}

type tenantCommand struct {
	outside
	json bool
}

// with opens the tenants, of this configuration or behind MATCHER_URL, for one piece of work.
func (t *tenantCommand) with(ctx context.Context, do func(tenantAdmin) error) (err error) {
	if url := settingOf(t.env, "MATCHER_URL"); url != "" {
		return do(remoteTenants{client{
			url: url, token: settingOf(t.env, "MATCHER_TOKEN"),
			apiKey: settingOf(t.env, "MATCHER_ADMIN_API_KEY"),
		}})
	}
	cfg, err := bootstrap.LoadConfig(t.env)
	if err != nil {
		return err
	}
	app, err := bootstrap.OpenTenants(ctx, cfg, bootstrap.NewLogger(quietUnlessAsked(cfg), t.stderr))
	if err != nil {
		return err
	}
	defer closeApp(ctx, app, &err)
	return do(localTenants{app.Tenants()})
}

// quietUnlessAsked keeps the database's start and stop out of a short command's output.
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
			return t.one(command, func(admin tenantAdmin) (*tenancy.TenantRecord, error) {
				return admin.create(command.Context(), tenant)
			})
		},
	}
	flags := command.Flags()
	flags.StringVar(&tenant.Slug, "slug", "", "short name: a-z, 0-9 and single hyphens")
	flags.StringVar(&tenant.Name, "name", "", "full name; the slug where there is none")
	flags.StringVar(&tenant.ID, "id", "", "lower-case UUID; a new one where there is none")
	flags.StringVar(&tenant.Cluster, "cluster", "",
		"a PostgreSQL server that the settings name; the installation's own where there is none")
	flags.StringVar(&tenant.Database, "database", "", "a database of its own, made where it is not there")
	flags.IntVar(&tenant.Connections, "connections", 0, "share of the database's connections; 0 is the default")
	flags.IntVar(&tenant.RequestsPerSecond, "requests-per-second", 0, "0 is the default")
	flags.IntVar(&tenant.Weight, "weight", 0, weightUsage)
	needs(command, "slug")
	return command
}

func (t *tenantCommand) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the tenants", Args: cobra.NoArgs, Example: "  matcher tenant list --json",
		RunE: func(command *cobra.Command, _ []string) error {
			return t.with(command.Context(), func(admin tenantAdmin) error {
				tenants, err := admin.list(command.Context())
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
		Use: "show TENANT", Short: "Show a tenant by id or slug", Args: cobra.ExactArgs(1),
		Example: "  matcher tenant show acme",
		RunE: func(command *cobra.Command, args []string) error {
			return t.one(command, func(admin tenantAdmin) (*tenancy.TenantRecord, error) {
				return admin.show(command.Context(), args[0])
			})
		},
	}
}

// step returns a command that moves a tenant, by id or slug, to another state.
func (t *tenantCommand) step(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " TENANT", Short: short, Args: cobra.ExactArgs(1), Example: "  matcher tenant " + verb + " acme",
		RunE: func(command *cobra.Command, args []string) error {
			return t.found(command, args[0], func(admin tenantAdmin, id string) (*tenancy.TenantRecord, error) {
				return admin.step(command.Context(), verb, id)
			})
		},
	}
}

const weightUsage = "runs that start for one of another tenant while both wait; 0 is 1"

func (t *tenantCommand) limits() *cobra.Command {
	var connections, requests, weight int
	command := &cobra.Command{
		Use: "limits TENANT", Short: "Set what a tenant may use", Args: cobra.ExactArgs(1),
		Example: "  matcher tenant limits acme --connections 4 --requests-per-second 200",
		RunE: func(command *cobra.Command, args []string) error {
			var change tenancy.TenantChange
			if command.Flags().Changed("connections") {
				change.Connections = &connections
			}
			if command.Flags().Changed("requests-per-second") {
				change.RequestsPerSecond = &requests
			}
			if command.Flags().Changed("weight") {
				change.Weight = &weight
			}
			return t.found(command, args[0], func(admin tenantAdmin, id string) (*tenancy.TenantRecord, error) {
				return admin.change(command.Context(), id, change)
			})
		},
	}
	command.Flags().IntVar(&connections, "connections", 0, "share of the database's connections; 0 is the default")
	command.Flags().IntVar(&requests, "requests-per-second", 0, "0 is the default")
	command.Flags().IntVar(&weight, "weight", 0, weightUsage)
	command.MarkFlagsOneRequired("connections", "requests-per-second", "weight")
	return command
}

func (t *tenantCommand) migrate() *cobra.Command {
	return &cobra.Command{
		Use: "migrate", Short: "Bring the schemas of all tenants up to date", Args: cobra.NoArgs,
		Example: "  matcher tenant migrate",
		RunE: func(command *cobra.Command, _ []string) error {
			return t.with(command.Context(), func(admin tenantAdmin) error {
				return migrateTenants(command.Context(), admin, t.stdout, t.json)
			})
		},
	}
}

// migrateTenants repeats bounded requests until no tenant remains, or no more are migrated.
func migrateTenants(ctx context.Context, admin tenantAdmin, stdout io.Writer, asJSON bool) error {
	for migrated := 0; ; {
		done, err := admin.migrate(ctx)
		if err != nil {
			return err
		}
		migrated += done.Migrated
		if done.Remaining > 0 && done.Migrated > 0 {
			continue
		}
		done.Migrated = migrated
		if asJSON {
			if err := json.NewEncoder(stdout).Encode(done); err != nil {
				return err
			}
		} else {
			fmt.Fprintf(stdout, "%d tenants are up to date\n", done.Checked-done.Remaining-len(done.Failed))
		}
		for _, failed := range done.Failed {
			err = fmt.Errorf("%d tenants are quarantined; %s (%s): %s", len(done.Failed), failed.Slug, failed.TenantID,
				failed.Fault)
		}
		if done.Remaining > 0 {
			err = fmt.Errorf("%d tenants were unreachable: run it again", done.Remaining)
		}
		return err
	}
}

func (t *tenantCommand) one(command *cobra.Command, do func(tenantAdmin) (*tenancy.TenantRecord, error)) error {
	return t.with(command.Context(), func(admin tenantAdmin) error {
		tenant, err := do(admin)
		if err != nil {
			return err
		}
		return t.print(*tenant)
	})
}

// found is one for the tenant of an id or slug.
func (t *tenantCommand) found(
	command *cobra.Command, idOrSlug string, do func(admin tenantAdmin, id string) (*tenancy.TenantRecord, error),
) error {
	return t.one(command, func(admin tenantAdmin) (*tenancy.TenantRecord, error) {
		tenant, err := admin.show(command.Context(), idOrSlug)
		if err != nil {
			return nil, err
		}
		return do(admin, tenant.TenantID)
	})
}

func (t *tenantCommand) print(tenants ...tenancy.TenantRecord) error {
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
	fmt.Fprintln(table, "ID\tSLUG\tSTATUS\tNAME\tNOTE")
	for _, tenant := range tenants {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", tenant.TenantID, tenant.Slug, tenant.Status, tenant.Name,
			noteOf(tenant))
	}
	return table.Flush()
}

func noteOf(tenant tenancy.TenantRecord) string {
	switch {
	case tenant.Purging:
		return "being erased"
	case tenant.PurgeAt != nil:
		return "can be restored until " + tenant.PurgeAt.UTC().Format(time.RFC3339)
	case tenant.Fault != "":
		return "quarantined: " + tenant.Fault
	default:
		return ""
	}
}
