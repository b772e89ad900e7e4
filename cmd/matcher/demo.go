package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"matcher/examples"
	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	"matcher/internal/setup"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

const demoHelp = `Serve on the embedded default with two tenants, each with sample data that is loaded and reconciled through the real
API, and print what came out, with a token for each tenant. It stays in the foreground; a second start finds its data.`

// demoTenants are the demo's tenants, with their scenarios from examples/.
var demoTenants = []struct {
	slug, name string
	scenarios  []demoScenario
}{
	{"acme-trading", "Acme Trading", []demoScenario{{"bank-ledger", "Bank against ledger"}}},
	{"globex-retail", "Globex Retail", []demoScenario{
		{"card-settlement", "Card settlement"}, {"marketplace", "Marketplace payouts"},
	}},
}

type demoScenario struct{ folder, name string }

// demoTokenTTL is a working day and its evening.
const demoTokenTTL = 12 * time.Hour

func newDemoCommand(o outside) *cobra.Command {
	d := demoCommand{outside: o}
	command := &cobra.Command{
		Use: "demo", Short: "Serve with two tenants and reconciled sample data", Long: demoHelp, Args: cobra.NoArgs,
		Example: "  matcher demo\n  matcher demo --exit",
		RunE: func(command *cobra.Command, _ []string) error {
			cfg, err := demoConfig(d.env)
			if err != nil {
				return err
			}
			return d.run(command.Context(), cfg)
		},
	}
	command.Flags().BoolVar(&d.exit, "exit", false, "end after the summary instead of serving on")
	return command
}

// demoCommand is one call of `matcher demo`.
type demoCommand struct {
	outside
	exit bool
}

// demoConfig is the environment's configuration, on the embedded default and with several tenants.
func demoConfig(env []string) (bootstrap.Config, error) {
	kept := []string{"MULTI_TENANT_ENABLED=true"}
	for _, variable := range env {
		if !strings.HasPrefix(variable, "POSTGRES_") && !strings.HasPrefix(variable, "MULTI_TENANT_ENABLED=") {
			kept = append(kept, variable)
		}
	}
	cfg, err := bootstrap.LoadConfig(kept)
	if err == nil && cfg.Production() {
		err = errors.New("the demo prints tokens: it does not run in production")
	}
	return quietUnlessAsked(cfg), err
}

func (d *demoCommand) run(ctx context.Context, cfg bootstrap.Config) (err error) {
	listener, err := bootstrap.Listen(ctx, cfg.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Fprintln(d.stderr, "starting the embedded database in", cfg.DataDir, "…")
	app, err := bootstrap.Open(ctx, cfg, bootstrap.RoleAll, bootstrap.NewLogger(cfg, d.stderr))
	if err != nil {
		return err
	}
	defer closeApp(ctx, app, &err)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- app.Serve(serving, listener) }()

	address := "http://" + listener.Addr().String()
	err = d.show(ctx, app, address)
	if err != nil || d.exit {
		stop()
		return errors.Join(err, <-served)
	}
	fmt.Fprintf(d.stdout, "\nServing %s (docs at %s/docs). Ctrl-C stops it; the next start finds its data.\n", address,
		address)
	return <-served
}

func (d *demoCommand) show(ctx context.Context, app *bootstrap.App, address string) error {
	for _, shown := range demoTenants {
		tenant, err := app.Tenant(ctx, shown.slug)
		if recon.KindOf(err) == recon.KindNotFound {
			tenant, err = app.CreateTenant(ctx, tenancy.NewTenant{Slug: shown.slug, Name: shown.name})
		}
		if err != nil {
			return err
		}
		token, err := app.Token(auth.MintOptions{
			Subject: "demo", TenantID: tenant.TenantID, Roles: []auth.Role{auth.RoleAdmin}, TTL: demoTokenTTL,
			Now: time.Now(),
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(d.stdout, "\n%s  (tenant %s)\n", shown.name, tenant.TenantID)
		api := remote{
			client: client{url: address, token: token}, outside: d.outside, progress: newProgress(io.Discard),
		}
		for _, scenario := range shown.scenarios {
			fmt.Fprintln(d.stderr, "loading and reconciling", scenario.folder, "…")
			if err := scenario.show(ctx, api); err != nil {
				return fmt.Errorf("%s: %w", scenario.folder, err)
			}
		}
		fmt.Fprintf(d.stdout, "  try  curl -H 'Authorization: Bearer %s' '%s/v1/exceptions?limit=5'\n", token, address)
	}
	return nil
}

// show does what matcher apply, import and run do. The files and the run have idempotency keys, so that a second start
// gets the stored answers.
func (d demoScenario) show(ctx context.Context, api remote) error {
	text, err := examples.FS.ReadFile(d.folder + "/recon.yaml")
	if err != nil {
		return err
	}
	setup, faults := setup.Decode(text)
	if len(faults) > 0 {
		return recon.Unprocessable(recon.CodeSetupInvalid, "recon.yaml cannot be used", faults...)
	}
	apply := applyCommand{remote: api, context: d.name}
	plan, err := apply.plan(ctx, &setup, "recon.yaml")
	if err != nil {
		return err
	}
	if len(plan.rules) == 0 { // they are written last; with them the context is as people have changed it since
		if err := apply.write(ctx, plan); err != nil {
			return err
		}
	}
	key := "demo/" + d.folder + "/"
	for _, side := range [2]struct{ name, source string }{{"left", setup.Left.Source}, {"right", setup.Right.Source}} {
		source, err := api.source(ctx, cmp.Or(side.source, side.name), plan.context.ID)
		if err != nil {
			return err
		}
		path := d.folder + "/" + side.name + ".csv"
		file, err := examples.FS.Open(path)
		if err != nil {
			return err
		}
		load := importCommand{remote: api, name: path, key: key + side.name}
		load.stdin = file
		if _, err := load.load(ctx, source, "-", 0); err != nil {
			return err
		}
	}
	run := runCommand{remote: api, key: key + "run"}
	if setup.AsOf != nil && setup.AsOf.Set() {
		run.asOf = setup.AsOf.String()
	}
	started, err := run.start(ctx, plan.context)
	if err != nil {
		return err
	}
	if started, err = run.follow(ctx, started); err != nil {
		return err
	}
	s, err := summaryOf(started)
	if err != nil {
		return err
	}
	fmt.Fprintf(api.stdout, "  %s  (context %s)\n", d.name, plan.context.ID)
	fmt.Fprintf(api.stdout, "    groups      %d confirmed, %d proposed\n", s.Groups.Confirmed, s.Groups.Proposed)
	fmt.Fprintf(api.stdout, "    exceptions  %d left, %d right\n", s.Left.Unmatched, s.Right.Unmatched)
	fmt.Fprintf(api.stdout, "    money       left %s, right %s\n", sumsOf(s.Left.Amount), sumsOf(s.Right.Amount))
	return nil
}
