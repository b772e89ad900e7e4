package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"matcher/examples"
	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/ports"
)

const demoHelp = `Serve on the embedded default with two tenants, each with sample data that is loaded and reconciled through the real
API, and print what came out, with a token for each tenant. It stays in the foreground; a second start finds its data.`

// demoTenants are who the demo shows, with their scenarios from examples/.
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

// demoConfig is the environment's, on the embedded default and with several tenants.
func demoConfig(env []string) (bootstrap.Config, error) {
	kept := []string{"MULTI_TENANT_ENABLED=true"}
	for _, variable := range env {
		if !strings.HasPrefix(variable, "POSTGRES_") && !strings.HasPrefix(variable, "MULTI_TENANT_ENABLED=") {
			kept = append(kept, variable)
		}
	}
	cfg, err := bootstrap.LoadConfig(kept)
	if err == nil && cfg.Production() {
		err = errors.New("the demo makes tenants and tokens for everybody to see: it does not run in production")
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
	fmt.Fprintf(stdout, "\nServing %s (docs at %s/docs). Ctrl-C stops it; the next start finds its data.\n", address, address)
	return <-served
}

func showDemo(ctx context.Context, app *bootstrap.App, address string, stdout, stderr io.Writer) error {
	for _, shown := range demoTenants {
		tenant, err := demoTenant(ctx, app, shown.slug, shown.name)
		if err != nil {
			return err
		}
		token, err := app.Token(auth.MintOptions{
			Subject: "demo", TenantID: tenant.TenantID, Roles: []auth.Role{auth.RoleAdmin}, TTL: demoTokenTTL, Now: time.Now(),
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

// demoTenant is the tenant of that slug, made when it is not there yet.
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
	run, err := api.await(ctx, runID)
	if err != nil {
		return err
	}
	return printScenario(scenario.name, contextID, run, stdout)
}

// loadScenario does each step under an idempotency key of its own: a start that finds the work done, or half done, gets
// the stored answers and goes on where there is none.
func loadScenario(ctx context.Context, api client, scenario demoScenario) (contextID, runID string, err error) {
	text, err := examples.FS.ReadFile(scenario.folder + "/recon.yaml")
	if err != nil {
		return "", "", err
	}
	setup, faults := recon.DecodeSetup(text)
	if len(faults) > 0 {
		return "", "", recon.Unprocessable("SETUP_INVALID", "recon.yaml cannot be used", faults...)
	}
	key := "demo/" + scenario.folder + "/"
	var made struct {
		ID string `json:"id"`
	}
	if err := api.post(ctx, "/v1/contexts", key+"context", map[string]string{"name": scenario.name}, &made); err != nil {
		return "", "", err
	}
	contextID = made.ID
	if err := loadSide(ctx, api, contextID, key, "LEFT", scenario.folder+"/left.csv", setup.Left); err != nil {
		return "", "", err
	}
	if err := loadSide(ctx, api, contextID, key, "RIGHT", scenario.folder+"/right.csv", setup.Right); err != nil {
		return "", "", err
	}
	for _, rule := range setup.Rules {
		if err := api.post(ctx, "/v1/contexts/"+contextID+"/rules", key+"rule/"+rule.Name, rule, &made); err != nil {
			return "", "", err
		}
	}
	start := map[string]string{"mode": "COMMIT"}
	if setup.AsOf != nil && setup.AsOf.Set() {
		start["asOf"] = setup.AsOf.String()
	}
	err = api.post(ctx, "/v1/contexts/"+contextID+"/runs", key+"run", start, &made)
	return contextID, made.ID, err
}

func loadSide(ctx context.Context, api client, contextID, key, side, file string, setup recon.SetupSide) error {
	name := setup.Source
	if name == "" {
		name = strings.ToLower(side)
	}
	source := map[string]any{"name": name, "side": side, "currency": setup.Currency}
	var made struct {
		ID              string `json:"id"`
		FieldMapVersion int    `json:"fieldMapVersion"`
	}
	if err := api.post(ctx, "/v1/contexts/"+contextID+"/sources", key+side, source, &made); err != nil {
		return err
	}
	if err := api.get(ctx, "/v1/sources/"+made.ID, &made); err != nil { // the stored answer is as old as the source
		return err
	}
	if setup.Map != nil && made.FieldMapVersion == 0 {
		if err := api.put(ctx, "/v1/sources/"+made.ID+"/field-map", setup.Map, &struct{}{}); err != nil {
			return err
		}
	}
	body, err := examples.FS.ReadFile(file)
	if err != nil {
		return err
	}
	path := "/v1/sources/" + made.ID + "/imports?name=" + url.QueryEscape(file)
	return api.upload(ctx, path, key+side+"/file", bytes.NewReader(body), &struct{}{})
}

// demoSummary is what the summary line needs of a run's own.
type demoSummary struct {
	Left   demoSide `json:"left"`
	Right  demoSide `json:"right"`
	Groups struct {
		Confirmed int64 `json:"confirmed"`
		Proposed  int64 `json:"proposed"`
	} `json:"groups"`
}

type demoSide struct {
	Unmatched int64             `json:"unmatched"`
	Amount    map[string]string `json:"amount"`
}

func printScenario(name, contextID string, run runStatus, stdout io.Writer) error {
	var s demoSummary
	if err := json.Unmarshal(run.Summary, &s); err != nil {
		return fmt.Errorf("reading the run's summary: %w", err)
	}
	fmt.Fprintf(stdout, "  %s  (context %s)\n", name, contextID)
	fmt.Fprintf(stdout, "    groups      %d confirmed, %d proposed\n", s.Groups.Confirmed, s.Groups.Proposed)
	fmt.Fprintf(stdout, "    exceptions  %d left, %d right\n", s.Left.Unmatched, s.Right.Unmatched)
	fmt.Fprintf(stdout, "    money       left %s, right %s\n", amounts(s.Left.Amount), amounts(s.Right.Amount))
	return nil
}

func amounts(byCurrency map[string]string) string {
	parts := make([]string, 0, len(byCurrency))
	for currency, amount := range byCurrency {
		parts = append(parts, amount+" "+currency)
	}
	slices.Sort(parts)
	return strings.Join(parts, " + ")
}
