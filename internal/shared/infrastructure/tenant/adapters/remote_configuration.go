package adapters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"matcher/internal/auth"
	"matcher/internal/recon"
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

// RemoteConfiguration says where the tenant manager is and how patient to be with it. Zero values are the defaults.
type RemoteConfiguration struct {
	URL         string // https, or http on this machine
	APIKey      string // goes out as X-API-Key and nowhere else
	Environment string // ?environment=; empty leaves it out

	Timeout          time.Duration // of one question, its second attempt included; 30 s
	BreakerThreshold int           // failures in a row that open a breaker; 5
	BreakerTimeout   time.Duration // until an open one lets a probe through; 30 s
	AllowHTTP        bool          // plain http to another machine, where the network in between is trusted
	Log              *slog.Logger  // nil discards
}

// RemoteConfigurationAdapter asks a tenant manager over HTTP who a tenant is. Its answers are checked like any other
// input; its silence, its errors and its nonsense are recon.Unavailable.
type RemoteConfigurationAdapter struct {
	settings RemoteConfiguration
	base     *url.URL
	client   *http.Client
	breakers *remoteBreakers
	log      *slog.Logger
}

var _ ports.ConfigurationPort = (*RemoteConfigurationAdapter)(nil)

// NewRemoteConfigurationAdapter refuses what would send the key in the clear or send none.
func NewRemoteConfigurationAdapter(settings RemoteConfiguration) (*RemoteConfigurationAdapter, error) {
	base, err := url.Parse(settings.URL)
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("the tenant manager's URL (MULTI_TENANT_URL) is not a plain address such as https://tenants.example.com")
	case base.Scheme == "https":
	case base.Scheme == "http" && (settings.AllowHTTP || isLoopback(base.Hostname())):
	default:
		return nil, errors.New("the tenant manager's URL (MULTI_TENANT_URL) must be https: the service key would travel in the clear")
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
	return &RemoteConfigurationAdapter{
		settings: settings, base: base, log: log, breakers: newRemoteBreakers(settings),
		client: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would carry the key along
		},
	}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Close lets idle connections go.
func (r *RemoteConfigurationAdapter) Close() { r.client.CloseIdleConnections() }

// GetTenantConfig asks the tenant manager, unless it has just failed too often.
func (r *RemoteConfigurationAdapter) GetTenantConfig(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	if !auth.IsUUID(tenantID) {
		return nil, recon.NotFound("tenant")
	}
	ctx, cancel := context.WithTimeout(ctx, r.settings.Timeout)
	defer cancel()
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = remoteBackoff
	config, err := backoff.Retry(ctx, func() (*ports.TenantConfig, error) {
		config, err := r.guarded(ctx, tenantID)
		var fault *managerError
		if err != nil && (!errors.As(err, &fault) || fault.final) {
			return nil, backoff.Permanent(err)
		}
		return config, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(remoteAttempts))
	var fault *managerError
	if errors.As(err, &fault) {
		r.log.WarnContext(ctx, "the tenant manager failed", "tenant", tenantID, "reason", fault.reason)
	}
	return config, remoteError(err)
}

// remoteError shows callers a recon.Error; the reason stays in the chain for logs.
func remoteError(err error) error {
	if err == nil || recon.KindOf(err) != "" {
		return err
	}
	return errors.Join(recon.Unavailable("TENANT_MANAGER_UNAVAILABLE", failurePause, "nobody can say at the moment who this tenant is"), err)
}

// guarded puts the question unless a breaker is open.
func (r *RemoteConfigurationAdapter) guarded(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	done, err := r.breakers.allow(tenantID)
	if err != nil {
		return nil, err
	}
	attempt, cancel := context.WithTimeout(ctx, r.settings.Timeout/remoteAttempts)
	defer cancel()
	config, err := r.ask(attempt, tenantID)
	if errors.Is(ctx.Err(), context.Canceled) { // the caller hung up, which is no fault of the manager's
		done(nil)
		return nil, fmt.Errorf("asking the tenant manager: %w", context.Cause(ctx))
	}
	done(err)
	return config, err
}

// ask knows both paths under which tenant managers answer. A 404 may mean either that the tenant is unknown or that the
// path is, so a tenant is unknown when both say so.
func (r *RemoteConfigurationAdapter) ask(ctx context.Context, tenantID string) (*ports.TenantConfig, error) {
	config, err := r.get(ctx, tenantID, "tenants", tenantID, "services", "matcher", "settings")
	if recon.KindOf(err) != recon.KindNotFound {
		return config, err
	}
	return r.get(ctx, tenantID, "v1", "tenants", tenantID, "associations", "matcher", "connections")
}

func (r *RemoteConfigurationAdapter) get(ctx context.Context, tenantID string, path ...string) (*ports.TenantConfig, error) {
	address := r.base.JoinPath(path...)
	if r.settings.Environment != "" {
		address.RawQuery = url.Values{"environment": {r.settings.Environment}}.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking the tenant manager: %w", err)
	}
	request.Header.Set("X-API-Key", r.settings.APIKey)
	request.Header.Set("Accept", "application/json")
	response, err := r.client.Do(request)
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

// readAnswer is what a status and a body mean.
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
	case status >= 400 && status < 500: // it is up, and repeating the question helps nobody
		return nil, &managerError{reason: fmt.Sprintf("status %d", status), final: true, ours: true}
	case status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout:
		return nil, &managerError{reason: fmt.Sprintf("status %d", status), unreachable: true}
	default: // a redirect too
		return nil, &managerError{reason: fmt.Sprintf("status %d", status), final: status < 500}
	}
}

// managerError is an answer that says nothing about the tenant. Its reason never quotes the answer or the key.
type managerError struct {
	reason      string
	unreachable bool // nobody answered: it concerns every tenant
	final       bool // repeating the question is no use
	ours        bool // a 4xx: never counts against the manager
	repeated    bool // of a tenant that has failed already since the manager's last good answer
}

func (f *managerError) Error() string { return "the tenant manager failed: " + f.reason }

// unreachable keeps of a transport's error what is safe to tell.
func unreachable(err error) *managerError {
	var netErr net.Error
	reason := "it cannot be reached"
	if errors.As(err, &netErr) && netErr.Timeout() {
		reason = "it does not answer in time"
	}
	return &managerError{reason: reason, unreachable: true}
}
