package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"matcher/internal/auth"
	"matcher/internal/bootstrap"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

const (
	neighbourRequests = 3000             // of tenant B alone, and at least a tenth of them while A floods
	neighbourFlood    = 60 * time.Second // at most
	neighbourBar      = 50 * time.Millisecond
	floodRows         = 20_000 // of a file of A
	readyWithin       = time.Minute
	refusedPause      = 50 * time.Millisecond
)

// measureNeighbours compares tenant B's requests while tenant A floods the same service with its requests alone. The
// service is a process of its own on a private PostgreSQL, with the limits of the defaults.
func measureNeighbours(r *report) error {
	folder, err := os.MkdirTemp("", "matcher-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	p, err := startProcess(folder)
	if err != nil {
		return err
	}
	defer p.stop()
	a, err := p.tenant("a")
	if err != nil {
		return err
	}
	b, err := p.tenant("b")
	if err != nil {
		return err
	}
	calm, err := newBooks(b, folder, "calm", 2000)
	if err != nil {
		return err
	}
	alone := calm.measure(neighbourRequests, neighbourFlood)
	end, err := startFlood(a, folder)
	if err != nil {
		return err
	}
	flooded := calm.measure(neighbourRequests, neighbourFlood)
	waited, runErr := calm.again()
	noisy, err := end()
	if err != nil {
		return err
	}
	most := max(2*alone.p99(), neighbourBar)
	r.line(fmt.Sprintf("B's p99 while A floods, of %d requests; of %d alone", len(flooded.took), len(alone.took)),
		"max(2 x alone, 50 ms)", flooded.p99() <= most, fmt.Sprintf("%s; alone %s (p50 %s; %s)", milliseconds(flooded.p99()),
			milliseconds(alone.p99()), milliseconds(median(flooded.took)), milliseconds(median(alone.took))))
	r.line("requests of B refused meanwhile", "0", flooded.refused+alone.refused == 0, fmt.Sprint(flooded.refused+alone.refused))
	r.line("a run of B from request to end, while A has runs waiting", "none", true, fmt.Sprintf("%.1f s", waited.Seconds()))
	r.line("requests of A meanwhile", "some refused", noisy.Refused > 0,
		fmt.Sprintf("%d answered, %d refused, %d errors", noisy.Answered, noisy.Refused, noisy.Errors))
	return errors.Join(runErr, alone.fault, flooded.fault)
}

// instance is a running `matcher serve`.
type instance struct {
	command  *exec.Cmd
	cfg      bootstrap.Config
	operator client
}

func startProcess(folder string) (*instance, error) {
	binary := filepath.Join(folder, "matcher")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/matcher").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the command: %w: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	listener.Close()
	env := []string{
		"MULTI_TENANT_ENABLED=true", "MATCHER_DATA_DIR=" + folder, "MATCHER_LOG_LEVEL=error", "MATCHER_ADDR=" + address,
		"AUTH_HS256_SECRET=" + strings.Repeat("bench", 8),
	}
	p := &instance{command: exec.Command(binary, "serve"), operator: client{url: "http://" + address, http: &http.Client{}}}
	if p.cfg, err = bootstrap.LoadConfig(env); err != nil {
		return nil, err
	}
	if p.operator.token, err = p.token("", auth.RolePlatformAdmin); err != nil {
		return nil, err
	}
	p.command.Env, p.command.Stderr = append(os.Environ(), env...), os.Stderr
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	for started := time.Now(); p.operator.call(http.MethodGet, "/readyz", "", nil, nil) != nil; time.Sleep(50 * time.Millisecond) {
		if time.Since(started) > readyWithin {
			p.stop()
			return nil, fmt.Errorf("the service was not ready within %s", readyWithin)
		}
	}
	return p, nil
}

func (p *instance) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	_ = p.command.Wait()
}

func (p *instance) token(tenant string, role auth.Role) (string, error) {
	return bootstrap.DevelopmentToken(p.cfg, auth.MintOptions{
		Subject: "bench", TenantID: tenant, Roles: []auth.Role{role}, TTL: time.Hour, Now: time.Now(),
	})
}

// tenant makes one, and returns a client with connections of its own.
func (p *instance) tenant(slug string) (*client, error) {
	var made tenancy.TenantRecord
	if err := p.operator.post("/admin/tenants", map[string]string{"slug": slug, "name": slug}, &made); err != nil {
		return nil, err
	}
	token, err := p.token(made.TenantID, auth.RoleAdmin)
	return &client{p.operator.url, token, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}, err
}

// books are a context with both its sources.
type books struct {
	*client

	folder, context string
	sources         map[recon.Side]string
	loads, rows     int
}

// newBooks makes a context of n rows a side that a run has matched.
func newBooks(c *client, folder, name string, n int) (*books, error) {
	var made recon.Context
	if err := c.post("/v1/contexts", map[string]string{"name": name}, &made); err != nil {
		return nil, err
	}
	b := &books{client: c, folder: filepath.Join(folder, name), context: made.ID, sources: map[recon.Side]string{}, rows: n}
	if err := os.Mkdir(b.folder, 0o700); err != nil {
		return nil, err
	}
	_, err := b.again()
	return b, err
}

// load sends the next file of each side.
func (b *books) load() error {
	left, right, err := writeFilesFrom(b.folder, b.rows, b.loads*b.rows, 10)
	if err != nil {
		return err
	}
	b.loads++
	return errors.Join(b.loadInto(b.sources, b.context, recon.Left, left, b.rows),
		b.loadInto(b.sources, b.context, recon.Right, right, b.rows))
}

// again loads more rows and runs; it returns how long the run took from its request to its end.
func (b *books) again() (time.Duration, error) {
	if err := b.load(); err != nil {
		return 0, err
	}
	started := time.Now()
	_, err := b.run(b.context)
	return time.Since(started), err
}

type latencies struct {
	took    []time.Duration
	refused int
	fault   error // what was refused first
}

func (l *latencies) p99() time.Duration {
	slices.Sort(l.took)
	return l.took[len(l.took)*99/100]
}

// measure sends n requests of a clerk one after the other, reads and writes, but stops after most.
func (b *books) measure(n int, most time.Duration) *latencies {
	var l latencies
	for begun := time.Now(); len(l.took) < n && time.Since(begun) < most; {
		started, at := time.Now(), len(l.took)
		var err error
		switch at % 4 {
		case 0:
			err = b.call(http.MethodGet, "/v1/contexts/"+b.context, "", nil, nil)
		case 1:
			err = b.call(http.MethodGet, "/v1/contexts/"+b.context+"/transactions?limit=50", "", nil, nil)
		case 2:
			err = b.call(http.MethodGet, "/v1/contexts/"+b.context+"/groups?limit=50", "", nil, nil)
		default:
			err = b.post("/v1/contexts", map[string]string{"name": fmt.Sprintf("%d %d", begun.UnixNano(), at)}, nil)
		}
		l.took = append(l.took, time.Since(started))
		if err != nil {
			l.refused++
			l.fault = errors.Join(l.fault, err)
			if l.refused > 3 {
				return &l
			}
		}
	}
	return &l
}

// startFlood floods from a process of its own with the lowest priority: in life the flood comes from other machines, and
// what it costs to make it may not delay the requests that are measured.
func startFlood(c *client, folder string) (end func() (floodCount, error), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.Command("nice", "-n", "19", self, floodCommand, c.url, folder)
	command.Env, command.Stderr = append(os.Environ(), floodToken+"="+c.token), os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	lines := json.NewDecoder(stdout)
	var counted floodCount
	end = func() (floodCount, error) {
		stdin.Close()
		err := lines.Decode(&counted)
		return counted, errors.Join(err, command.Wait())
	}
	if err := lines.Decode(&counted); err != nil { // it has begun
		return nil, errors.Join(err, command.Wait())
	}
	return end, nil
}

const (
	floodCommand = "flood"
	floodToken   = "BENCH_FLOOD_TOKEN"
)

// floodCount is what became of the flood's requests.
type floodCount struct{ Answered, Refused, Errors int64 }

// runFlood is the process of startFlood. It prints a count when it begins and when standard input has ended.
func runFlood(url, folder string, out io.Writer) error {
	f, err := openFlood(&client{url, os.Getenv(floodToken), &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}, folder)
	if err != nil {
		return err
	}
	flooding, end := context.WithCancel(context.Background())
	ended := f.start(flooding)
	counts := json.NewEncoder(out)
	_ = counts.Encode(floodCount{})
	_, _ = io.Copy(io.Discard, os.Stdin)
	end()
	ended()
	return counts.Encode(floodCount{f.answered.Load(), f.refused.Load(), f.errors.Load()})
}

// flood is what tenant A does at once, as fast as it is answered; it tries again refusedPause after a refusal, since the
// machine has the same cores for the flood as for the service.
type flood struct {
	*client

	books    []*books
	finished recon.Run // to be replayed

	answered, refused, errors atomic.Int64
}

func openFlood(c *client, folder string) (*flood, error) {
	f := &flood{client: c}
	for n := range 4 {
		b, err := newBooks(c, folder, fmt.Sprintf("noisy-%d", n), floodRows)
		if err != nil {
			return nil, err
		}
		f.books = append(f.books, b)
	}
	var err error
	f.finished, err = f.run(f.books[0].context)
	return f, err
}

// start floods until ctx ends; ended waits for what is under way.
func (f *flood) start(ctx context.Context) (ended func()) {
	var running sync.WaitGroup
	again := func(request func() error) {
		running.Go(func() {
			for ctx.Err() == nil {
				f.count(ctx, request())
			}
		})
	}
	for _, b := range f.books {
		again(b.load)
		again(func() error { return f.post("/v1/contexts/"+b.context+"/runs", struct{}{}, nil) })
		for _, list := range []string{"transactions", "groups", "runs"} {
			again(func() error {
				return f.call(http.MethodGet, "/v1/contexts/"+b.context+"/"+list+"?limit=200", "", nil, nil)
			})
		}
		again(func() error { return f.post("/v1/runs/"+f.finished.ID+"/replay", struct{}{}, nil) })
	}
	for range 12 {
		again(func() error { return f.slowUpload(ctx, f.books[0].sources[recon.Left]) })
	}
	return running.Wait
}

// slowUpload holds a place for as long as it may.
func (f *flood) slowUpload(ctx context.Context, source string) error {
	body, write := io.Pipe()
	go func() {
		_, _ = io.WriteString(write, "id,date,amount,currency\n")
		<-ctx.Done()
		_ = write.CloseWithError(io.ErrUnexpectedEOF)
	}()
	return f.call(http.MethodPost, "/v1/sources/"+source+"/imports?name=slow.csv", "text/csv", body, nil)
}

func (f *flood) count(ctx context.Context, err error) {
	var answer *refusedError
	switch {
	case ctx.Err() != nil: // cut off by the end
	case err == nil:
		f.answered.Add(1)
	case errors.As(err, &answer) && answer.status < http.StatusInternalServerError || answer != nil && answer.status == http.StatusServiceUnavailable:
		f.refused.Add(1)
		time.Sleep(refusedPause)
	default:
		f.errors.Add(1)
	}
}
