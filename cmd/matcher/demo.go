package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"matcher/examples"
	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	"matcher/internal/setup"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
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

func newDemoCommand(env []string, stdout, stderr io.Writer) *cobra.Command {
	var exit bool
	command := &cobra.Command{
		Use: "demo", Short: "Serve with two tenants and reconciled sample data", Long: demoHelp, Args: cobra.NoArgs,
		Example: "  matcher demo\n  matcher demo --exit",
		RunE: func(command *cobra.Command, _ []string) error {
			cfg, err := demoConfig(env)
			if err != nil {
				return err
			}
			return demo(command.Context(), cfg, exit, stdout, stderr)
		},
	}
	command.Flags().BoolVar(&exit, "exit", false, "end after the summary instead of serving on")
	return command
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

func demo(ctx context.Context, cfg bootstrap.Config, exit bool, stdout, stderr io.Writer) (err error) {
	log := bootstrap.NewLogger(cfg, stderr)
	listener, err := bootstrap.Listen(ctx, cfg.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Fprintln(stderr, "starting the embedded database in", cfg.DataDir, "…")
	app, err := bootstrap.Open(ctx, cfg, bootstrap.RoleAll, log)
	if err != nil {
		return err
	}
	defer closeApp(ctx, app, &err)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- app.Serve(serving, listener) }()

	address := "http://" + listener.Addr().String()
	err = showDemo(ctx, app, address, stdout, stderr)
	if err != nil || exit {
		stop()
		return errors.Join(err, <-served)
	}
	fmt.Fprintf(stdout, "\nServing %s (docs at %s/docs). Ctrl-C stops it; the next start finds its data.\n", address,
		address)
	return <-served
}

func showDemo(ctx context.Context, app *bootstrap.App, address string, stdout, stderr io.Writer) error {
	for _, shown := range demoTenants {
		tenant, err := demoTenant(ctx, app, shown.slug, shown.name)
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
		fmt.Fprintf(stdout, "\n%s  (tenant %s)\n", shown.name, tenant.TenantID)
		api := client{url: address, token: token}
		for _, scenario := range shown.scenarios {
			fmt.Fprintln(stderr, "loading and reconciling", scenario.folder, "…")
			if err := showScenario(ctx, api, scenario, stdout); err != nil {
				return fmt.Errorf("%s: %w", scenario.folder, err)
			}
		}
		fmt.Fprintf(stdout, "  try  curl -H 'Authorization: Bearer %s' '%s/v1/exceptions?limit=5'\n", token, address)
	}
	return nil
}

// demoTenant returns the tenant of that slug, which it creates if necessary.
func demoTenant(ctx context.Context, app *bootstrap.App, slug, name string) (*ports.TenantConfig, error) {
	tenant, err := app.Tenant(ctx, slug)
	if recon.KindOf(err) != recon.KindNotFound {
		return tenant, err
	}
	return app.CreateTenant(ctx, tenancy.NewTenant{Slug: slug, Name: name})
}

func showScenario(ctx context.Context, api client, scenario demoScenario, stdout io.Writer) error {
	contextID, runID, err := loadScenario(ctx, api, scenario)
	if err != nil {
		return err
	}
	run, err := awaitRun(ctx, api, runID)
	if err != nil {
		return err
	}
	return printScenario(scenario.name, contextID, run, stdout)
}

// loadScenario does each step under an idempotency key of its own: a second start gets the stored answers of steps that
// are done, and does the others.
func loadScenario(ctx context.Context, api client, scenario demoScenario) (contextID, runID string, err error) {
	text, err := examples.FS.ReadFile(scenario.folder + "/recon.yaml")
	if err != nil {
		return "", "", err
	}
	setup, faults := setup.Decode(text)
	if len(faults) > 0 {
		return "", "", recon.Unprocessable(recon.CodeSetupInvalid, "recon.yaml cannot be used", faults...)
	}
	key := "demo/" + scenario.folder + "/"
	var made struct {
		ID string `json:"id"`
	}
	keyed := func(path, step string, body any) error {
		return api.do(ctx, apiCall{method: http.MethodPost, path: path, key: key + step, json: body}, &made)
	}
	if err := keyed("/v1/contexts", "context", map[string]string{"name": scenario.name}); err != nil {
		return "", "", err
	}
	contextID = made.ID
	for _, side := range []demoSide{{recon.Left, "left.csv", setup.Left}, {recon.Right, "right.csv", setup.Right}} {
		if err := side.load(ctx, api, contextID, scenario.folder); err != nil {
			return "", "", err
		}
	}
	for _, rule := range setup.Rules {
		if err := keyed("/v1/contexts/"+contextID+"/rules", "rule/"+rule.Name, rule); err != nil {
			return "", "", err
		}
	}
	start := map[string]string{"mode": "COMMIT"}
	if setup.AsOf != nil && setup.AsOf.Set() {
		start["asOf"] = setup.AsOf.String()
	}
	err = keyed("/v1/contexts/"+contextID+"/runs", "run", start)
	return contextID, made.ID, err
}

// demoSide is one file of a scenario and how its source is set up.
type demoSide struct {
	side  recon.Side
	file  string
	setup setup.Side
}

func (d demoSide) load(ctx context.Context, api client, contextID, folder string) error {
	side := string(d.side)
	key := "demo/" + folder + "/" + side
	source := map[string]any{
		"name": cmp.Or(d.setup.Source, strings.ToLower(side)), "side": side,
		"currency": d.setup.Currency,
	}
	var made struct {
		ID              string `json:"id"`
		FieldMapVersion int    `json:"fieldMapVersion"`
	}
	create := apiCall{method: http.MethodPost, path: "/v1/contexts/" + contextID + "/sources", key: key, json: source}
	if err := api.do(ctx, create, &made); err != nil {
		return err
	}
	if err := api.get(ctx, "/v1/sources/"+made.ID, &made); err != nil { // the stored answer is as old as the source
		return err
	}
	if d.setup.Map != nil && made.FieldMapVersion == 0 {
		call := apiCall{method: http.MethodPut, path: "/v1/sources/" + made.ID + "/field-map", json: d.setup.Map}
		if err := api.do(ctx, call, nil); err != nil {
			return err
		}
	}
	body, err := examples.FS.Open(folder + "/" + d.file)
	if err != nil {
		return err
	}
	return api.do(ctx, apiCall{
		method: http.MethodPost, path: "/v1/sources/" + made.ID + "/imports?name=" + url.QueryEscape(folder+"/"+d.file),
		key: key + "/file", contentType: "application/octet-stream",
		body: func() (io.ReadCloser, error) { return body, nil }, bodyOnce: true,
	}, nil)
}

const (
	demoPollEvery = 100 * time.Millisecond
	demoRunWait   = 5 * time.Minute
)

// awaitRun polls a run until it has ended.
func awaitRun(ctx context.Context, api client, id string) (run recon.Run, err error) {
	ctx, cancel := context.WithTimeout(ctx, demoRunWait)
	defer cancel()
	for {
		if err := api.get(ctx, "/v1/runs/"+id, &run); err != nil {
			return run, err
		}
		switch run.Status {
		case recon.RunCompleted:
			return run, nil
		case recon.RunFailed, recon.RunCancelled:
			return run, fmt.Errorf("the run is %s: %s", run.Status, run.ErrorMessage)
		}
		if err := pauseFor(ctx, demoPollEvery); err != nil {
			return run, fmt.Errorf("waiting for run %s: %w", id, err)
		}
	}
}

func printScenario(name, contextID string, run recon.Run, stdout io.Writer) error {
	s, err := summaryOf(run)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "  %s  (context %s)\n", name, contextID)
	fmt.Fprintf(stdout, "    groups      %d confirmed, %d proposed\n", s.Groups.Confirmed, s.Groups.Proposed)
	fmt.Fprintf(stdout, "    exceptions  %d left, %d right\n", s.Left.Unmatched, s.Right.Unmatched)
	fmt.Fprintf(stdout, "    money       left %s, right %s\n", sumsOf(s.Left.Amount), sumsOf(s.Right.Amount))
	return nil
}
