package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"time"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

const (
	tenantsMeasured = 30
	readsMeasured   = 2000
)

// measureService times the whole service on the embedded default, over HTTP: provisioning, a read, files in, runs.
func measureService(r *report) error {
	s, err := openService()
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.provisioning(r); err != nil {
		return err
	}
	if err := s.read(r); err != nil {
		return err
	}
	for _, n := range []int{r.rows / 10, r.rows} {
		if err := s.filesAndRun(r, n); err != nil {
			return err
		}
	}
	return s.history(r, r.rows/20)
}

// historyRuns is how many times as many rows as are open have been matched before.
const historyRuns = 10

// history compares a run over n open rows a side with the same run in a context that has matched ten times as many.
func (s *service) history(r *report, n int) error {
	var alone, beside figure
	for _, runs := range []int{0, historyRuns} {
		var made recon.Context
		if err := s.post("/v1/contexts", map[string]string{"name": fmt.Sprintf("history %d", runs)}, &made); err != nil {
			return err
		}
		sources := map[recon.Side]string{}
		for past := range runs + 1 {
			left, right, err := writeFilesFrom(s.folder, n, past*n, n)
			if err != nil {
				return err
			}
			for side, path := range map[recon.Side]string{recon.Left: left, recon.Right: right} {
				if err := s.loadInto(sources, made.ID, side, path, n); err != nil {
					return err
				}
			}
			started, before := time.Now(), processorNow()
			if _, err := s.run(made.ID); err != nil {
				return err
			}
			beside = figure{time.Since(started), processorNow().total() - before.total()}
		}
		if runs == 0 {
			alone = beside
		}
	}
	times := beside.clock.Seconds() / alone.clock.Seconds()
	r.line(fmt.Sprintf("COMMIT run, %s open a side beside %s matched / without", count(n), count(n*historyRuns)), "1.3 x", times <= 1.3,
		fmt.Sprintf("%.2f x (%.1f s / %.1f s), of processor time %.2f x", times,
			beside.clock.Seconds(), alone.clock.Seconds(), beside.processor.Seconds()/alone.processor.Seconds()))
	return nil
}

// figure is what some work took by the clock, and of processor over Matcher and PostgreSQL.
type figure struct{ clock, processor time.Duration }

type service struct {
	client

	app    *bootstrap.App
	server *httptest.Server
	folder string
}

// client calls a service for one tenant.
type client struct {
	url, token string
	http       *http.Client
}

func openService(settings ...string) (*service, error) {
	folder, err := os.MkdirTemp("", "matcher-bench-")
	if err != nil {
		return nil, err
	}
	s := &service{folder: folder}
	cfg, err := bootstrap.LoadConfig(append(settings, "MULTI_TENANT_ENABLED=true", "MATCHER_DATA_DIR="+folder, "MATCHER_LOG_LEVEL=error"))
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	if s.app, err = bootstrap.Open(ctx, cfg, bootstrap.RoleAll, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	s.server = httptest.NewServer(s.app.Handler())
	s.url, s.http = s.server.URL, s.server.Client()
	tenant, err := s.app.CreateTenant(ctx, tenancy.NewTenant{Slug: "bench", Name: "Bench"})
	if err != nil {
		return nil, err
	}
	s.token, err = s.app.Token(auth.MintOptions{
		Subject: "bench", TenantID: tenant.TenantID, Roles: []auth.Role{auth.RoleAdmin}, TTL: time.Hour, Now: time.Now(),
	})
	return s, err
}

func (s *service) close() {
	s.server.Close()
	_ = s.app.Close(context.Background())
	_ = os.RemoveAll(s.folder)
}

func (s *service) provisioning(r *report) error {
	took := make([]time.Duration, tenantsMeasured)
	for i := range took {
		slug := fmt.Sprintf("bench-%d", i)
		started := time.Now()
		if _, err := s.app.CreateTenant(context.Background(), tenancy.NewTenant{Slug: slug, Name: slug}); err != nil {
			return err
		}
		took[i] = time.Since(started)
	}
	r.line(fmt.Sprintf("provisioning a tenant, p50 of %d", tenantsMeasured), "250 ms", median(took) <= 250*time.Millisecond, milliseconds(median(took)))
	return nil
}

func (s *service) read(r *report) error {
	var made recon.Context
	if err := s.post("/v1/contexts", map[string]string{"name": "read"}, &made); err != nil {
		return err
	}
	took := make([]time.Duration, readsMeasured)
	for i := range took {
		started := time.Now()
		if err := s.call(http.MethodGet, "/v1/contexts/"+made.ID, "", nil, &made); err != nil {
			return err
		}
		took[i] = time.Since(started)
	}
	r.line(fmt.Sprintf("GET of a context over HTTP, p50 of %d", readsMeasured), "2 ms", median(took) <= 2*time.Millisecond, milliseconds(median(took)))
	return nil
}

// filesAndRun loads n rows a side and commits a run of the default rules over them.
func (s *service) filesAndRun(r *report, n int) error {
	left, right, err := writeFiles(s.folder, n)
	if err != nil {
		return err
	}
	var made recon.Context
	if err := s.post("/v1/contexts", map[string]string{"name": "run " + count(n)}, &made); err != nil {
		return err
	}
	started, before := time.Now(), processorNow()
	for side, path := range map[recon.Side]string{recon.Left: left, recon.Right: right} {
		if err := s.load(made.ID, side, path, n); err != nil {
			return err
		}
	}
	perSecond := float64(2*n) / time.Since(started).Seconds()
	r.line(fmt.Sprintf("CSV of %s rows through the API to committed, twice", count(n)), "100 k rows/s", perSecond >= 100_000,
		fmt.Sprintf("%.0f k rows/s; %s", perSecond/1000, processorNow().since(before, 2*n)))
	forgetPeak()
	started, before = time.Now(), processorNow()
	run, err := s.run(made.ID)
	if err != nil {
		return err
	}
	took, most := time.Since(started), bar{seconds: 8}
	if n != r.rows/10 {
		most = bar{seconds: 40, megabytes: 1024}
	}
	phases, err := phasesOf(run, took)
	if err != nil {
		return err
	}
	r.line(fmt.Sprintf("COMMIT run through PostgreSQL, %s x %s", count(n), count(n)), most.String(), most.holds(took, uint64(peakMB())),
		fmt.Sprintf("%s, peak %d MB; %s", phases, peakMB(), processorNow().since(before, 2*n)))
	return s.again(r, run, n)
}

// again does a run again, as it was and under other rules. It has no bar.
func (s *service) again(r *report, run recon.Run, n int) error {
	started := time.Now()
	var replay recon.Replay
	if err := s.post("/v1/runs/"+run.ID+"/replay", struct{}{}, &replay); err != nil {
		return err
	}
	if !replay.Identical {
		return fmt.Errorf("the replay differs: %+v", replay)
	}
	r.line(fmt.Sprintf("replay of that run, %d groups byte for byte", replay.GroupsCompared), "none", true, fmt.Sprintf("%.1f s", time.Since(started).Seconds()))

	started = time.Now()
	var test recon.BackTest
	change := map[string]any{"rules": []any{map[string]any{"name": "exact", "type": "EXACT", "priority": 10}}}
	if err := s.post("/v1/contexts/"+run.ContextID+"/back-tests", change, &test); err != nil {
		return err
	}
	if err := s.call(http.MethodGet, "/v1/runs/"+test.ID+"/progress", "", nil, nil); err != nil {
		return err
	}
	if err := s.call(http.MethodGet, "/v1/back-tests/"+test.ID, "", nil, &test); err != nil {
		return err
	}
	if test.Status != recon.RunCompleted {
		return fmt.Errorf("the back-test ended as %s: %s", test.Status, test.ErrorMessage)
	}
	r.line(fmt.Sprintf("back-test of EXACT alone over its history, %s x %s", count(n), count(n)), "none", true,
		fmt.Sprintf("%.1f s, %d of its groups kept", time.Since(started).Seconds(), test.Totals.Groups.Unchanged))
	return nil
}

// phasesOf returns how long a run took and for what. What it took apart from reading and matching is saving, and waiting to be
// picked up.
func phasesOf(run recon.Run, took time.Duration) (string, error) {
	var said struct {
		Seconds struct{ Read, Match float64 } `json:"seconds"`
	}
	if err := json.Unmarshal(run.Summary, &said); err != nil {
		return "", err
	}
	rest := took.Seconds() - said.Seconds.Read - said.Seconds.Match
	return fmt.Sprintf("%.1f s (read %.1f, match %.1f, save %.1f)", took.Seconds(), said.Seconds.Read, said.Seconds.Match, rest), nil
}

func (c *client) load(contextID string, side recon.Side, path string, n int) error {
	return c.loadInto(map[recon.Side]string{}, contextID, side, path, n)
}

// loadInto loads a file into the source of its side, and makes that where there is none yet.
func (c *client) loadInto(sources map[recon.Side]string, contextID string, side recon.Side, path string, n int) error {
	if sources[side] == "" {
		var source recon.Source
		if err := c.post("/v1/contexts/"+contextID+"/sources", map[string]any{"name": string(side), "side": side}, &source); err != nil {
			return err
		}
		sources[side] = source.ID
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var imported recon.Import
	if err := c.call(http.MethodPost, "/v1/sources/"+sources[side]+"/imports?name="+string(side)+".csv", "text/csv", file, &imported); err != nil {
		return err
	}
	if imported.RowsInserted != int64(n) {
		return fmt.Errorf("%d of %d rows were stored", imported.RowsInserted, n)
	}
	return nil
}

func (c *client) run(contextID string) (run recon.Run, err error) {
	if err = c.post("/v1/contexts/"+contextID+"/runs", map[string]string{"mode": "COMMIT"}, &run); err != nil {
		return run, err
	}
	// The stream of progress ends with the run.
	if err = c.call(http.MethodGet, "/v1/runs/"+run.ID+"/progress", "", nil, nil); err != nil {
		return run, err
	}
	if err = c.call(http.MethodGet, "/v1/runs/"+run.ID, "", nil, &run); err == nil && run.Status != recon.RunCompleted {
		err = fmt.Errorf("the run ended as %s: %s", run.Status, run.ErrorMessage)
	}
	return run, err
}

func (c *client) post(path string, body, to any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.call(http.MethodPost, path, "application/json", bytes.NewReader(text), to)
}

func (c *client) call(method, path, contentType string, body io.Reader, to any) error {
	request, err := http.NewRequestWithContext(context.Background(), method, c.url+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return &refusedError{method + " " + path, response.StatusCode, text}
	}
	if to == nil {
		return nil
	}
	return json.Unmarshal(text, to)
}

func median(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)/2]
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }

// refusedError is an answer that is no success.
type refusedError struct {
	request string
	status  int
	body    []byte
}

func (e *refusedError) Error() string { return fmt.Sprintf("%s: %d %s", e.request, e.status, e.body) }
