package adapters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
	"matcher/internal/shared/outbound"
	"matcher/internal/shared/ports"
)

const (
	// maxRemoteAnswer bounds a tenant manager's answer: a configuration takes under 1 KiB.
	maxRemoteAnswer = 64 << 10
	// remoteAttempts: one question is put twice at most, each within half of the timeout.
	remoteAttempts = 2
	// remoteBackoff is about how long the second attempt waits.
	remoteBackoff = 200 * time.Millisecond
	// defaultRemoteTimeout is MULTI_TENANT_TIMEOUT's.
	defaultRemoteTimeout = 30 * time.Second
)

// RemoteConfiguration is the address of the tenant manager and its limits. Zero values are the defaults.
type RemoteConfiguration struct {
	URL         string // https, or http on this machine
	APIKey      string // goes out as X-API-Key and nowhere else
	Environment string // ?environment=; empty leaves it out
	AtRunTime   bool   // the address was set at run time: no private address is dialed, whatever its name resolves to

	Timeout          time.Duration // of one question, its second attempt included; 30 s
	BreakerThreshold int           // failures in a row that open a breaker; 5
	BreakerTimeout   time.Duration // until an open one lets a probe through; 30 s
	Log              *slog.Logger  // nil discards
}

// RemoteConfigurationAdapter asks a tenant manager over HTTP for the configuration of tenants. Its answers are
// checked like any other input; silence, errors and malformed answers are recon.Unavailable.
type RemoteConfigurationAdapter struct{ current atomic.Pointer[tenantManager] }

var _ ports.ConfigurationPort = (*RemoteConfigurationAdapter)(nil)

// NewRemoteConfigurationAdapter refuses settings that would send the key in the clear, or none.
func NewRemoteConfigurationAdapter(settings RemoteConfiguration) (*RemoteConfigurationAdapter, error) {
	r := &RemoteConfigurationAdapter{}
	if err := r.Reconfigure(settings); err != nil {
		return nil, err
	}
	return r, nil
}

// Reconfigure applies new settings from the next request on. Breakers start closed: failures under the old settings
// do not count.
func (r *RemoteConfigurationAdapter) Reconfigure(settings RemoteConfiguration) error {
	next, err := newTenantManager(settings)
	if err != nil {
		return err
	}
	if last := r.current.Swap(next); last != nil {
		last.client.CloseIdleConnections()
	}
	return nil
}

// Close closes idle connections.
func (r *RemoteConfigurationAdapter) Close() { r.current.Load().client.CloseIdleConnections() }

// tenantManager is a tenant manager under one set of settings.
type tenantManager struct {
	settings RemoteConfiguration
	base     *url.URL
	client   *http.Client
	breakers *remoteBreakers
	log      *slog.Logger
}

func newTenantManager(settings RemoteConfiguration) (*tenantManager, error) {
	base, err := url.Parse(settings.URL)
	if fault := ManagerURLFault(settings.URL); err != nil || fault != "" {
		return nil, errors.New("the tenant manager's URL (MULTI_TENANT_URL) " + fault)
	}
	if strings.TrimSpace(settings.APIKey) == "" || strings.ContainsAny(settings.APIKey, "\r\n\x00") {
		return nil, errors.New("the tenant manager needs a service key (MULTI_TENANT_SERVICE_API_KEY) of one line")
	}
	if settings.Timeout < 0 || settings.BreakerThreshold < 0 || settings.BreakerTimeout < 0 {
		return nil, errors.New("the tenant manager's timeouts and threshold must not be negative")
	}
	if settings.Timeout == 0 {
		settings.Timeout = defaultRemoteTimeout
	}
	log := settings.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // the standard library's own
	transport.MaxIdleConnsPerHost, transport.ForceAttemptHTTP2 = 16, true
	if settings.AtRunTime {
		dialer := net.Dialer{Timeout: settings.Timeout, Control: refusePrivate}
		transport.DialContext, transport.Proxy = dialer.DialContext, nil
	}
	return &tenantManager{
		settings: settings, base: base, log: log, breakers: newRemoteBreakers(settings),
		client: &http.Client{
			Transport: transport,
			// it would carry the key along
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// ManagerURLFault returns what is wrong with the address of a tenant manager, "" when nothing is. Over plain http the
// service key would travel in the clear.
func ManagerURLFault(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "must be a plain address such as https://tenants.example.com"
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !auth.IsLoopback(u.Hostname())) {
		return "must be an https address (plain http only to this machine)"
	}
	return ""
}

// RuntimeURLFault is ManagerURLFault of an address that is set at run time: its host must be one of hosts, and no
// private address. An administrator of settings could otherwise send the service key anywhere, or make this process ask
// what only its own network answers.
func RuntimeURLFault(text string, hosts []string) string {
	if fault := ManagerURLFault(text); fault != "" {
		return fault
	}
	u, _ := url.Parse(text)
	if !slices.Contains(hosts, u.Hostname()) {
		return "must name a host of MULTI_TENANT_URL_HOSTS"
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && outbound.Private(address) {
		return "must not be a private, link-local or metadata address"
	}
	return ""
}

// refusePrivate looks at what a name has resolved to, just before it is dialed.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	dialed, err := netip.ParseAddrPort(address)
	if err == nil && outbound.Private(dialed.Addr()) {
		err = errors.New("the tenant manager's name leads to a private address")
	}
	return err
}

// GetTenantConfig asks the tenant manager, unless it has just failed too often.
func (r *RemoteConfigurationAdapter) GetTenantConfig(
	ctx context.Context, tenantID string,
) (*ports.TenantConfig, error) {
	if !auth.IsUUID(tenantID) {
		return nil, recon.NotFound("tenant")
	}
	m := r.current.Load()
	ctx, cancel := context.WithTimeout(ctx, m.settings.Timeout)
	defer cancel()
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = remoteBackoff
	config, err := backoff.Retry(ctx, func() (*ports.TenantConfig, error) {
		config, err := m.guarded(ctx, tenantID)
		var fault *managerError
		if err != nil && (!errors.As(err, &fault) || fault.final) {
			return nil, backoff.Permanent(err)
		}
		return config, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(remoteAttempts))
	var fault *managerError
	if errors.As(err, &fault) {
		m.log.WarnContext(ctx, "the tenant manager failed", "tenant", tenantID, "reason", fault.reason)
	}
	return config, remoteError(err)
}

// remoteError turns an error into a recon.Error for callers; the reason stays in the chain for logs.
func remoteError(err error) error {
	if err == nil || recon.KindOf(err) != "" {
		return err
	}
	return errors.Join(recon.Unavailable(recon.CodeTenantManagerUnavailable, failurePause,
		"the tenant manager is unavailable; retry later"), err)
}

// guarded asks unless a breaker is open.
func (m *tenantManager) guarded(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	done, err := m.breakers.allow(tenantID)
	if err != nil {
		return nil, err
	}
	attempt, cancel := context.WithTimeout(ctx, m.settings.Timeout/remoteAttempts)
	defer cancel()
	config, err := m.ask(attempt, tenantID)
	if errors.Is(ctx.Err(), context.Canceled) { // the caller hung up, which does not count against the manager
		done(nil)
		return nil, fmt.Errorf("asking the tenant manager: %w", context.Cause(ctx))
	}
	done(err)
	return config, err
}

// ask tries both paths under which tenant managers answer. A 404 may mean either that the tenant is unknown or that the
// path is, so a tenant is unknown if both answer 404.
func (m *tenantManager) ask(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	config, err := m.get(ctx, tenantID, "tenants", tenantID, "services", "matcher", "settings")
	if recon.KindOf(err) != recon.KindNotFound {
		return config, err
	}
	return m.get(ctx, tenantID, "v1", "tenants", tenantID, "associations", "matcher", "connections")
}

func (m *tenantManager) get(ctx context.Context, tenantID string, path ...string) (*ports.TenantConfig, error) {
	address := m.base.JoinPath(path...)
	if m.settings.Environment != "" {
		address.RawQuery = url.Values{"environment": {m.settings.Environment}}.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking the tenant manager: %w", err)
	}
	request.Header.Set("X-API-Key", m.settings.APIKey)
	request.Header.Set("Accept", "application/json")
	response, err := m.client.Do(request)
	if err != nil {
		return nil, unreachable(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxRemoteAnswer+1))
	if err != nil {
		return nil, unreachable(err)
	}
	return readAnswer(response.StatusCode, body, tenantID)
}

// readAnswer decodes a response.
func readAnswer(status int, body []byte, tenantID string) (*ports.TenantConfig, error) {
	switch {
	case status == http.StatusOK && len(body) > maxRemoteAnswer:
		return nil, &managerError{reason: "its answer is too long"}
	case status == http.StatusOK:
		config, err := decodeRemoteConfig(body, tenantID)
		if err != nil {
			return nil, &managerError{reason: err.Error()}
		}
		return config, nil
	case status == http.StatusForbidden:
		return &ports.TenantConfig{TenantID: tenantID, Status: ports.TenantSuspended}, nil
	case status == http.StatusNotFound:
		return nil, recon.NotFound("tenant")
	case status >= 400 && status < 500: // it is up, and a retry is useless
		return nil, &managerError{reason: fmt.Sprintf("status %d", status), final: true, ours: true}
	case status == http.StatusBadGateway || status == http.StatusServiceUnavailable ||
		status == http.StatusGatewayTimeout:
		return nil, &managerError{reason: fmt.Sprintf("status %d", status), unreachable: true}
	default: // a redirect too
		return nil, &managerError{reason: fmt.Sprintf("status %d", status), final: status < 500}
	}
}

// managerError is a failure without information on the tenant. Its reason never quotes the answer or the key.
type managerError struct {
	reason      string
	unreachable bool // no answer: it concerns every tenant
	final       bool // a retry is useless
	ours        bool // a 4xx: never counts against the manager
	repeated    bool // of a tenant that has failed already since the manager's last good answer
}

func (f *managerError) Error() string { return "the tenant manager failed: " + f.reason }

// unreachable keeps of a transport's error what is safe to show.
func unreachable(err error) *managerError {
	var netErr net.Error
	reason := "it cannot be reached"
	if errors.As(err, &netErr) && netErr.Timeout() {
		reason = "it does not answer in time"
	}
	return &managerError{reason: reason, unreachable: true}
}
