package systemplane

import (
	"net"
	"net/url"
)

// Names of keys that consumers look up.
const (
	DefaultTenantID       = "tenancy.default_tenant_id"
	DefaultTenantSlug     = "tenancy.default_tenant_slug"
	MultiTenantEnabled    = "tenancy.multi_tenant_enabled"
	ManagerURL            = "tenancy.multi_tenant_url"
	ManagerEnvironment    = "tenancy.multi_tenant_environment"
	ManagerAPIKey         = "tenancy.multi_tenant_service_api_key" //nolint:gosec // a name
	BreakerThreshold      = "tenancy.multi_tenant_circuit_breaker_threshold"
	BreakerTimeoutSeconds = "tenancy.multi_tenant_circuit_breaker_timeout_sec"
	MaxTenantPools        = "tenancy.multi_tenant_max_tenant_pools"
	PoolIdleSeconds       = "tenancy.multi_tenant_idle_timeout_sec"
	ConfigTTLSeconds      = "tenancy.multi_tenant_config_cache_ttl_sec"

	BodyBytes             = "limits.body_bytes"
	ImportBytes           = "limits.import_bytes"
	RequestTimeoutSeconds = "limits.request_timeout_sec"
	TenantRate            = "limits.tenant_requests_per_second"
	TenantBurst           = "limits.tenant_burst"
	SubjectRate           = "limits.subject_requests_per_second"
	SubjectBurst          = "limits.subject_burst"
)

const (
	// MaxBodyBytes is what no setting exceeds: a body is held in memory.
	MaxBodyBytes = 64 << 20
	// MaxImportBytes is what no setting exceeds: a file lies on a disk.
	MaxImportBytes = 1 << 40
	// maxRate is far above what one instance can answer.
	maxRate = 1_000_000
	// A day bounds what is counted in seconds.
	maxSeconds = 86_400
)

// Keys are all settings that can be read at run time, in the order in which they are listed.
var Keys = []Key{
	{
		Name: DefaultTenantID, Variable: "DEFAULT_TENANT_ID", Kind: Text, Default: "11111111-1111-1111-1111-111111111111", BootOnly: true,
		Description: "The tenant that owns everything while there is only one",
	},
	{
		Name: DefaultTenantSlug, Variable: "DEFAULT_TENANT_SLUG", Kind: Text, Default: "default", BootOnly: true,
		Description: "Its short name",
	},
	{
		Name: MultiTenantEnabled, Variable: "MULTI_TENANT_ENABLED", Kind: Boolean, Default: false, BootOnly: true,
		Description: "Whether a token must name its tenant",
	},
	{
		Name: ManagerURL, Variable: "MULTI_TENANT_URL", Kind: Text, Default: "", Check: managerURL,
		Description: "The tenant manager that says who a tenant is; empty: the built-in registry does. Its address may change at run time; whether there is one is decided when a process starts",
	},
	{
		Name: ManagerEnvironment, Variable: "MULTI_TENANT_ENVIRONMENT", Kind: Text, Default: "",
		Description: "The environment that the tenant manager is asked about; empty leaves it out",
	},
	{
		Name: MaxTenantPools, Variable: "MULTI_TENANT_MAX_TENANT_POOLS", Kind: Integer, Default: int64(100), Min: 1, Max: 10_000,
		Description: "Databases with an open connection pool, softly: a pool in use is never closed",
	},
	{
		Name: PoolIdleSeconds, Variable: "MULTI_TENANT_IDLE_TIMEOUT_SEC", Kind: Integer, Default: int64(300), Min: 1, Max: maxSeconds,
		Description: "Seconds until the pool of a database that nobody uses is closed",
	},
	{
		Name: BreakerThreshold, Variable: "MULTI_TENANT_CIRCUIT_BREAKER_THRESHOLD", Kind: Integer, Default: int64(5), Min: 1, Max: 1000,
		Description: "Failures of the tenant manager in a row until it is left alone",
	},
	{
		Name: BreakerTimeoutSeconds, Variable: "MULTI_TENANT_CIRCUIT_BREAKER_TIMEOUT_SEC", Kind: Integer, Default: int64(30), Min: 1, Max: maxSeconds,
		Description: "Seconds until it is tried again",
	},
	{
		Name: ManagerAPIKey, Variable: "MULTI_TENANT_SERVICE_API_KEY", Kind: Text, Default: "", Secret: true,
		Description: "The key that the tenant manager asks for",
	},
	{
		Name: ConfigTTLSeconds, Variable: "MULTI_TENANT_CONFIG_CACHE_TTL_SEC", Kind: Integer, Default: int64(300), Max: maxSeconds,
		Description: "Seconds for which a tenant's configuration is believed; 0 asks every time. A process that starts with 0 keeps none until it ends",
	},
	{
		Name: BodyBytes, Variable: "MATCHER_MAX_BODY_BYTES", Kind: Integer, Default: int64(1 << 20), Min: 1024, Max: MaxBodyBytes,
		Description: "Largest JSON body",
	},
	{
		Name: ImportBytes, Variable: "MATCHER_MAX_IMPORT_BYTES", Kind: Integer, Default: int64(10 << 30), Min: 1024, Max: MaxImportBytes,
		Description: "Largest uploaded file",
	},
	{
		Name: RequestTimeoutSeconds, Variable: "MATCHER_REQUEST_TIMEOUT_SEC", Kind: Integer, Default: int64(30), Min: 1, Max: 3600,
		Description: "Seconds until a request is given up, uploads and streams aside",
	},
	{
		Name: TenantRate, Variable: "MATCHER_TENANT_RPS", Kind: Integer, Default: int64(2000), Max: maxRate,
		Description: "Requests a second of one tenant, unless its configuration says otherwise; 0 is no limit",
	},
	{
		Name: TenantBurst, Variable: "MATCHER_TENANT_BURST", Kind: Integer, Default: int64(4000), Min: 1, Max: maxRate,
		Description: "Requests of one tenant that may come at once",
	},
	{
		Name: SubjectRate, Variable: "MATCHER_SUBJECT_RPS", Kind: Integer, Default: int64(1000), Max: maxRate,
		Description: "Requests a second of one caller; 0 is no limit",
	},
	{
		Name: SubjectBurst, Variable: "MATCHER_SUBJECT_BURST", Kind: Integer, Default: int64(2000), Min: 1, Max: maxRate,
		Description: "Requests of one caller that may come at once",
	},
}

// managerURL refuses an address over which the service key would travel in the clear.
func managerURL(text string) string {
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "must be a plain address such as https://tenants.example.com"
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback) {
		return "must be an https address (plain http only on this machine)"
	}
	return ""
}
