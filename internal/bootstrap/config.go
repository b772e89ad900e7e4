package bootstrap

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5"

	"matcher/internal/auth"
	"matcher/internal/secret"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/outbound"
	"matcher/internal/telemetry"
)

// Config is every setting of an installation. A setting is one field: its tags name the variable, the default, the
// bounds and, for one that can be read and changed at run time, its key (see setting). Nothing else reads the
// environment.
type Config struct {
	// Environment is "development" or "production". Production refuses what is convenient and unsafe: a known signing
	// key, no authentication, development tokens, passwords in the clear. ENV is an alias.
	Environment string `env:"MATCHER_ENV" envDefault:"development"`
	// Addr is where the API listens.
	Addr string `env:"MATCHER_ADDR" envDefault:"127.0.0.1:8080"`
	// DataDir holds the embedded default: the private PostgreSQL cluster and spooled uploads.
	DataDir string `env:"MATCHER_DATA_DIR" envDefault:"./data"`
	// PGBin is the folder with initdb and postgres for the embedded default; empty searches the usual places.
	PGBin string `env:"MATCHER_PG_BIN"`
	// LogLevel is debug, info, warn or error; LogFormat is json or text.
	LogLevel  string `env:"MATCHER_LOG_LEVEL" envDefault:"info"`
	LogFormat string `env:"MATCHER_LOG_FORMAT" envDefault:"text"`
	// MetricsToken is what /metrics asks for. Empty leaves it open in development, and there is none in production.
	MetricsToken string `env:"MATCHER_METRICS_TOKEN"`
	// PublicDocs=false answers 404 for /docs and /openapi.json.
	PublicDocs bool `env:"MATCHER_PUBLIC_DOCS" envDefault:"true"`
	// AllowPlaintext names the servers that production may reach over a network without TLS; see unencrypted.
	AllowPlaintext []string `env:"MATCHER_ALLOW_PLAINTEXT"`

	named bool // whether MATCHER_ENV was set at all

	Tenancy   TenancyConfig
	Limits    LimitsConfig
	Objects   ObjectsConfig
	Fetch     FetchConfig
	Postgres  PostgresConfig
	Redis     RedisConfig
	RabbitMQ  RabbitMQConfig
	Auth      AuthConfig
	Telemetry TelemetryConfig
}

// LimitsConfig bounds what one request may take.
type LimitsConfig struct {
	// BodyBytes bounds a JSON body, which is held in memory; ImportBytes an uploaded file, which is kept on disk: 10
	// GiB hold 50 to 100 million rows.
	BodyBytes   int64 `env:"MATCHER_MAX_BODY_BYTES" envDefault:"1048576" min:"1024" max:"67108864" runtime:"limits.body_bytes" doc:"Largest JSON body"`
	ImportBytes int64 `env:"MATCHER_MAX_IMPORT_BYTES" envDefault:"10737418240" min:"1024" max:"1099511627776" runtime:"limits.import_bytes" doc:"Largest uploaded file"`
	// RequestTimeoutSec bounds every request but uploads and progress streams.
	RequestTimeoutSec int `env:"MATCHER_REQUEST_TIMEOUT_SEC" envDefault:"30" min:"1" max:"3600" runtime:"limits.request_timeout_sec" doc:"Seconds after which a request is cancelled, uploads and streams excepted"`
	TenantRPS         int `env:"MATCHER_TENANT_RPS" envDefault:"2000" min:"0" max:"1000000" runtime:"limits.tenant_requests_per_second" doc:"Requests a second of one tenant, unless its configuration sets another number; 0 is no limit"`
	TenantBurst       int `env:"MATCHER_TENANT_BURST" envDefault:"4000" min:"1" max:"1000000" runtime:"limits.tenant_burst" doc:"Requests of one tenant that may arrive at once"`
	SubjectRPS        int `env:"MATCHER_SUBJECT_RPS" envDefault:"1000" min:"0" max:"1000000" runtime:"limits.subject_requests_per_second" doc:"Requests a second of one caller; 0 is no limit"`
	SubjectBurst      int `env:"MATCHER_SUBJECT_BURST" envDefault:"2000" min:"1" max:"1000000" runtime:"limits.subject_burst" doc:"Requests of one caller that may arrive at once"`
	// ShutdownTimeoutSec is how long a stopping server waits for requests and jobs under way.
	ShutdownTimeoutSec int `env:"MATCHER_SHUTDOWN_TIMEOUT_SEC" envDefault:"20" min:"1"`
}

// ObjectsConfig is the place of tenants' files, each under its tenant's prefix.
type ObjectsConfig struct {
	// Place is a folder, or s3://bucket?region=…&endpoint=… with the credentials of AWS_*. Empty is a folder next to
	// the embedded database, and nowhere with an external one.
	Place string `env:"MATCHER_OBJECTS"`
	// KeepOriginalsDays is how long the bytes of imported files are kept there.
	KeepOriginalsDays int `env:"MATCHER_KEEP_ORIGINALS_DAYS" envDefault:"3650" min:"0" max:"36500" doc:"Days for which the originals of imported files are kept; 0 keeps none"`
}

// FetchConfig is about the places that files of sources are fetched from.
type FetchConfig struct {
	// WatchRoot is the folder that has one for each tenant, {tenantID}/, below which sources may watch folders.
	WatchRoot string `env:"MATCHER_WATCH_ROOT"`
	// Networks are those other than the internet in which tenants may name servers, as 10.1.0.0/16.
	Networks []string `env:"MATCHER_FETCH_NETWORKS"`
	// SecretsKey seals tenants' credentials: the base64 of 32 random bytes. Older keys, behind commas, only open.
	SecretsKey string `env:"MATCHER_SECRETS_KEY"`
}

// PostgresConfig names the database. With none of it set, Matcher runs a private cluster under MATCHER_DATA_DIR.
type PostgresConfig struct {
	// DSN replaces the fields up to SSLMode.
	DSN      string `env:"POSTGRES_DSN"`
	Host     string `env:"POSTGRES_HOST"` // or the folder of its socket
	Port     int    `env:"POSTGRES_PORT" envDefault:"5432"`
	User     string `env:"POSTGRES_USER" envDefault:"matcher_app"`
	Password string `env:"POSTGRES_PASSWORD"`
	DB       string `env:"POSTGRES_DB" envDefault:"matcher"`
	SSLMode  string `env:"POSTGRES_SSLMODE" envDefault:"prefer"`

	// ReplicaDSN is a streaming replica of the same server. Lists and reports are read from it while it is level.
	ReplicaDSN string `env:"POSTGRES_REPLICA_DSN"`
	// Clusters are further servers by the name that a tenant's configuration has for them, as JSON:
	// {"cell-2": {"dsn": "postgres://…", "ownerDsn": "postgres://…", "replicaDsn": "postgres://…", "connections": 40}}.
	Clusters string `env:"POSTGRES_CLUSTERS"`

	// The owner creates schemas and roles and migrates; the application's own role may do none of it.
	OwnerDSN      string `env:"POSTGRES_OWNER_DSN"`
	OwnerUser     string `env:"POSTGRES_OWNER_USER" envDefault:"matcher_owner"`
	OwnerPassword string `env:"POSTGRES_OWNER_PASSWORD"`

	// WithoutRoles is for a server on which the owner may not create roles: schemas are then the only wall between
	// tenants, and the application logs in as the owner.
	WithoutRoles bool `env:"POSTGRES_WITHOUT_ROLES" envDefault:"false"`
}

// RedisConfig names the Redis server through which several instances share rate limits and tenant events. Without one,
// each process limits by itself, and others learn of a tenant's change by their sweep.
type RedisConfig struct {
	URL string `env:"REDIS_URL"`
}

// RabbitMQConfig names the broker that events are relayed to; without one they are read from the event feed alone.
type RabbitMQConfig struct {
	// URL is an amqp:// or amqps:// address; its path is the virtual host.
	URL string `env:"RABBITMQ_URL"`
}

// AuthConfig is about the tokens that are accepted.
type AuthConfig struct {
	// Enabled=false admits every caller as the default tenant's administrator; never in production nor with tenants.
	Enabled bool `env:"AUTH_ENABLED" envDefault:"true"`
	// Secret signs HS256 tokens. With neither it nor JWKSURL, development uses a public key.
	Secret string `env:"AUTH_HS256_SECRET"`
	// JWKSURL publishes the identity provider's keys (RS256, ES256, EdDSA).
	JWKSURL  string `env:"AUTH_JWKS_URL"`
	Issuer   string `env:"AUTH_ISSUER" envDefault:"matcher"`
	Audience string `env:"AUTH_AUDIENCE" envDefault:"matcher"`
	// MaxTokenLife is how long a token may be good, from iat, or from now on where it has none.
	MaxTokenLife time.Duration `env:"AUTH_MAX_TOKEN_LIFE" envDefault:"24h"`
	// Revocation=true wants a jti in every token, and refuses those of POST /admin/revoked-tokens within a minute.
	Revocation bool `env:"AUTH_REVOCATION" envDefault:"false"`
	// AdminAPIKey opens /admin and /system to callers that send it as X-API-Key, and makes the first stored key.
	AdminAPIKey string `env:"MATCHER_ADMIN_API_KEY"`
}

// TenancyConfig is about tenants; names and defaults are those of the multi-tenant standard.
type TenancyConfig struct {
	DefaultTenantID    string `env:"DEFAULT_TENANT_ID" envDefault:"11111111-1111-1111-1111-111111111111" runtime:"tenancy.default_tenant_id,boot" doc:"The tenant that owns all data while multi-tenancy is off; it has a schema of its own"`
	DefaultTenantSlug  string `env:"DEFAULT_TENANT_SLUG" envDefault:"default" runtime:"tenancy.default_tenant_slug,boot" doc:"Its short name"`
	MultiTenantEnabled bool   `env:"MULTI_TENANT_ENABLED" envDefault:"false" runtime:"tenancy.multi_tenant_enabled,boot" doc:"Whether a token must name its tenant"`

	// GraceHours is how long a deleted tenant can be restored before its data is erased; 0 erases at once.
	GraceHours int `env:"MATCHER_TENANT_GRACE_HOURS" envDefault:"720" min:"0"`

	MultiTenantURL string `env:"MULTI_TENANT_URL" check:"https" runtime:"tenancy.multi_tenant_url" doc:"The tenant manager that has the tenants' configuration; empty: the built-in registry. Its address may change at run time; whether there is one is decided when a process starts"`
	// MultiTenantURLHosts may be named by an address that is set at run time; the environment's own address needs none.
	MultiTenantURLHosts    []string `env:"MULTI_TENANT_URL_HOSTS"`
	MultiTenantEnvironment string   `env:"MULTI_TENANT_ENVIRONMENT" runtime:"tenancy.multi_tenant_environment" doc:"The environment that requests to the tenant manager name; empty leaves it out"`
	// MaxTenantPools and IdleTimeoutSec matter where tenants have databases of their own: a pool is one database's.
	MultiTenantMaxTenantPools           int `env:"MULTI_TENANT_MAX_TENANT_POOLS" envDefault:"100" min:"1" max:"10000" runtime:"tenancy.multi_tenant_max_tenant_pools" doc:"Databases with an open connection pool, softly: a pool in use is never closed"`
	MultiTenantIdleTimeoutSec           int `env:"MULTI_TENANT_IDLE_TIMEOUT_SEC" envDefault:"300" min:"1" max:"86400" runtime:"tenancy.multi_tenant_idle_timeout_sec" doc:"Seconds until an unused pool is closed"`
	MultiTenantCircuitBreakerThreshold  int `env:"MULTI_TENANT_CIRCUIT_BREAKER_THRESHOLD" envDefault:"5" min:"1" max:"1000" runtime:"tenancy.multi_tenant_circuit_breaker_threshold" doc:"Failures of the tenant manager in a row that open the circuit breaker"`
	MultiTenantCircuitBreakerTimeoutSec int `env:"MULTI_TENANT_CIRCUIT_BREAKER_TIMEOUT_SEC" envDefault:"30" min:"1" max:"86400" runtime:"tenancy.multi_tenant_circuit_breaker_timeout_sec" doc:"Seconds until an open circuit breaker lets a request through"`
	// Without a URL, ServiceAPIKey is the key by which other installations may ask this one.
	MultiTenantServiceAPIKey string `env:"MULTI_TENANT_SERVICE_API_KEY" runtime:"tenancy.multi_tenant_service_api_key,secret" doc:"The key that the tenant manager requires"`
	// MULTI_TENANT_CACHE_TTL_SEC is an alias; 0 leaves the cache out.
	MultiTenantConfigCacheTTLSec int `env:"MULTI_TENANT_CONFIG_CACHE_TTL_SEC" envDefault:"300" min:"0" max:"86400" runtime:"tenancy.multi_tenant_config_cache_ttl_sec" doc:"Seconds for which a tenant's configuration is cached; 0 asks every time. A process that starts with 0 has no cache until it ends"`
	// MultiTenantEventChannel carries tenant events; empty turns the listener off.
	MultiTenantEventChannel string `env:"MULTI_TENANT_EVENT_CHANNEL" envDefault:"matcher.tenant.events"`
	MultiTenantTimeoutSec   int    `env:"MULTI_TENANT_TIMEOUT" envDefault:"30" min:"1"`

	trustedURL string // the environment's MULTI_TENANT_URL
}

// TelemetryConfig decides where traces go: over OTLP/HTTP, or nowhere. The exporter also reads its own
// OTEL_EXPORTER_OTLP_* variables.
type TelemetryConfig struct {
	ServiceName string `env:"OTEL_SERVICE_NAME" envDefault:"matcher"`
	Exporter    string `env:"OTEL_TRACES_EXPORTER"`
	Endpoint    string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	TracesURL   string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`
}

// NewLogger returns the logger of the settings.
func NewLogger(cfg Config, to io.Writer) *slog.Logger {
	return telemetry.NewLogger(cfg.LogLevel, cfg.LogFormat, to)
}

// ConfigError lists everything that is wrong with the environment, each line with the variable's name. It never
// repeats a value, since a value may be a secret in the wrong place.
type ConfigError struct{ Problems []string }

func (e *ConfigError) Error() string {
	return "the configuration cannot be used:\n  " + strings.Join(e.Problems, "\n  ")
}

// LoadConfig reads and checks the settings in environ, which has the form of os.Environ().
func LoadConfig(environ []string) (Config, error) {
	set := env.ToMap(environ)
	problems := resolveAliases(set)
	var cfg Config
	if err := env.ParseWithOptions(&cfg, env.Options{Environment: set}); err != nil {
		problems = append(problems, parseProblems(err)...)
	}
	applyEmpty(&cfg, set)
	cfg.Tenancy.trustedURL = cfg.Tenancy.MultiTenantURL
	cfg.named = set["MATCHER_ENV"] != ""
	problems = append(problems, cfg.check()...)
	if len(problems) > 0 {
		slices.Sort(problems)
		return Config{}, &ConfigError{Problems: slices.Compact(problems)}
	}
	return cfg, nil
}

// aliases map the other accepted name of a variable to its own.
var aliases = map[string]string{
	"ENV":                        "MATCHER_ENV",
	"MULTI_TENANT_CACHE_TTL_SEC": "MULTI_TENANT_CONFIG_CACHE_TTL_SEC",
}

func resolveAliases(set map[string]string) (problems []string) {
	for alias, name := range aliases {
		value, given := set[alias]
		own, both := set[name]
		switch {
		case !given || value == "":
		case !both || own == "":
			set[name] = value
		case own != value:
			problems = append(problems, fmt.Sprintf("%s and its alias %s differ: set one of them", name, alias))
		}
	}
	return problems
}

// applyEmpty is the pass over what is set to nothing: the library takes VAR="" for unset, but empty turns these off.
func applyEmpty(cfg *Config, set map[string]string) {
	if value, given := set["MULTI_TENANT_EVENT_CHANNEL"]; given && strings.TrimSpace(value) == "" {
		cfg.Tenancy.MultiTenantEventChannel = ""
	}
}

// parseProblems names the variable of each field that could not be read.
func parseProblems(err error) (problems []string) {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return []string{err.Error()}
	}
	names := variableNames(reflect.TypeFor[Config]())
	for _, one := range all.Errors {
		var bad env.ParseError
		if !errors.As(one, &bad) {
			problems = append(problems, one.Error())
			continue
		}
		problems = append(problems, fmt.Sprintf("%s is not %s", names[bad.Name], kindText(bad.Type)))
	}
	return problems
}

func kindText(t reflect.Type) string {
	if t == reflect.TypeFor[time.Duration]() {
		return "a duration such as 24h"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	default:
		return "readable as " + t.String()
	}
}

func variableNames(t reflect.Type) map[string]string {
	names := map[string]string{}
	for field := range t.Fields() {
		if field.Type.Kind() == reflect.Struct {
			maps.Copy(names, variableNames(field.Type))
			continue
		}
		names[field.Name] = field.Tag.Get("env")
	}
	return names
}

// check returns what cannot be true, one line a problem.
func (cfg Config) check() []string {
	p := &problemList{}
	p.oneOf("MATCHER_ENV", strings.ToLower(cfg.Environment), "development", "production")
	p.oneOf("MATCHER_LOG_LEVEL", cfg.LogLevel, "debug", "info", "warn", "error")
	p.oneOf("MATCHER_LOG_FORMAT", cfg.LogFormat, "json", "text")
	if _, port, err := net.SplitHostPort(cfg.Addr); err != nil || !isPort(port) {
		p.add("MATCHER_ADDR is not host:port")
	}
	for _, one := range bounded {
		if fault := one.fault(&cfg); fault != "" {
			p.add(one.variable + " " + fault)
		}
	}
	cfg.Postgres.check(p)
	if cfg.Redis.URL != "" && !hasScheme(cfg.Redis.URL, "redis", "rediss", "unix") {
		p.add("REDIS_URL is not a redis:// or rediss:// address")
	}
	if cfg.RabbitMQ.URL != "" && !hasScheme(cfg.RabbitMQ.URL, "amqp", "amqps") {
		p.add("RABBITMQ_URL is not an amqp:// or amqps:// address")
	}
	p.oneOf("OTEL_TRACES_EXPORTER", cfg.Telemetry.Exporter, "", "otlp", "none")
	cfg.Tenancy.check(p)
	cfg.Fetch.check(p)
	cfg.checkAuth(p)
	cfg.checkDoors(p)
	for _, name := range cfg.AllowPlaintext {
		p.oneOf("MATCHER_ALLOW_PLAINTEXT", name, unencrypted...)
	}
	return p.lines
}

func (pg PostgresConfig) check(p *problemList) {
	p.oneOf("POSTGRES_SSLMODE", pg.SSLMode, "disable", "allow", "prefer", "require", "verify-ca", "verify-full")
	if pg.Port < 1 || pg.Port > 65535 {
		p.add("POSTGRES_PORT is not a port")
	}
	if _, err := tenancy.ParseClusters(pg.Clusters); err != nil {
		p.add("POSTGRES_CLUSTERS is not a JSON object of clusters, each with its dsn")
	}
	if (pg.ReplicaDSN != "" || pg.Clusters != "") && !pg.External() {
		p.add("POSTGRES_REPLICA_DSN or POSTGRES_CLUSTERS is set, but neither POSTGRES_DSN nor POSTGRES_HOST is")
	}
	if pg.DSN != "" && pg.Host != "" {
		p.add("POSTGRES_DSN and POSTGRES_HOST are both set: use one of them")
	}
	if pg.DSN != "" && pg.OwnerDSN == "" {
		p.add("POSTGRES_OWNER_DSN is required with POSTGRES_DSN: it creates schemas and roles")
	}
	if pg.WithoutRoles && !pg.External() {
		p.add("POSTGRES_WITHOUT_ROLES is set, but the embedded database can have its roles")
	}
	if pg.OwnerDSN != "" && !pg.External() {
		p.add("POSTGRES_OWNER_DSN is set, but neither POSTGRES_DSN nor POSTGRES_HOST is")
	}
	if pg.Host != "" && (pg.User == "" || pg.DB == "" || pg.OwnerDSN == "" && pg.OwnerUser == "") {
		p.add("POSTGRES_HOST needs POSTGRES_USER, POSTGRES_DB and POSTGRES_OWNER_USER")
	}
}

func (t TenancyConfig) check(p *problemList) {
	if !auth.IsUUID(t.DefaultTenantID) {
		p.add("DEFAULT_TENANT_ID is not a lower-case UUID")
	}
	if strings.TrimSpace(t.DefaultTenantSlug) == "" {
		p.add("DEFAULT_TENANT_SLUG is empty")
	}
	if t.MultiTenantURL != "" && t.MultiTenantServiceAPIKey == "" {
		p.add("MULTI_TENANT_SERVICE_API_KEY is required with MULTI_TENANT_URL")
	}
}

func (f FetchConfig) check(p *problemList) {
	if _, err := outbound.ParseNetworks(f.Networks); err != nil {
		p.add("MATCHER_FETCH_NETWORKS is no list of networks as 10.1.0.0/16")
	}
	if _, err := secret.Parse(f.SecretsKey); err != nil {
		p.add("MATCHER_SECRETS_KEY " + err.Error())
	}
}

func (cfg Config) checkAuth(p *problemList) {
	if cfg.Auth.MaxTokenLife < time.Minute {
		p.add("AUTH_MAX_TOKEN_LIFE is under a minute")
	}
	if key := cfg.Auth.AdminAPIKey; key != "" && len(key) < minAPIKey {
		p.add("MATCHER_ADMIN_API_KEY has fewer than 32 bytes")
	}
	switch {
	case cfg.Production(): // see checkProduction
	case !cfg.Auth.Enabled && cfg.Tenancy.MultiTenantEnabled:
		p.add("AUTH_ENABLED=false cannot be used with MULTI_TENANT_ENABLED=true: the token names the tenant")
	case cfg.Auth.Enabled:
		if cfg.Auth.Secret != "" && len(cfg.Auth.Secret) < 32 {
			p.add("AUTH_HS256_SECRET has fewer than 32 bytes")
		}
		if cfg.Auth.JWKSURL != "" && !hasScheme(cfg.Auth.JWKSURL, "https", "http") {
			p.add("AUTH_JWKS_URL is not an http or https address")
		}
	}
}

// minAPIKey is beyond guessing, even of hexadecimal digits.
const minAPIKey = 32

// Production reports whether unsafe conveniences are refused.
func (cfg Config) Production() bool { return auth.IsProduction(cfg.Environment) }

// AuthConfig returns the configuration of package auth. Development without a key gets a public one.
func (cfg Config) AuthConfig() auth.Config {
	secret := cfg.Auth.Secret
	if secret == "" && cfg.Auth.JWKSURL == "" && !cfg.Production() {
		secret = auth.DevelopmentSecret
	}
	return auth.Config{
		Disabled: !cfg.Auth.Enabled, Production: cfg.Production(),
		Secret: secret, JWKSURL: cfg.Auth.JWKSURL, Issuer: cfg.Auth.Issuer, Audience: cfg.Auth.Audience,
		MaxTokenLife: cfg.Auth.MaxTokenLife,
		Tenancy: auth.Tenancy{
			MultiTenant:     cfg.Tenancy.MultiTenantEnabled,
			DefaultTenantID: cfg.Tenancy.DefaultTenantID,
		},
	}
}

// External reports whether a database was named; otherwise the embedded default runs.
func (pg PostgresConfig) External() bool { return pg.DSN != "" || pg.Host != "" }

// AppDSN is the application role's connection string.
func (pg PostgresConfig) AppDSN() string {
	if pg.DSN != "" {
		return pg.DSN
	}
	return pg.dsn(pg.User, pg.Password)
}

// installation names the logins of every server, of which each has its own.
func (pg PostgresConfig) installation() tenancy.Installation {
	i := tenancy.Installation{WithoutRoles: pg.WithoutRoles}
	for dsn := range pg.dsns() {
		if parsed, err := pgx.ParseConfig(dsn); err == nil {
			i.Logins = append(i.Logins, parsed.User)
		}
	}
	return i
}

// OwnerConnDSN is the owner's connection string.
func (pg PostgresConfig) OwnerConnDSN() string {
	if pg.OwnerDSN != "" {
		return pg.OwnerDSN
	}
	return pg.dsn(pg.OwnerUser, pg.OwnerPassword)
}

// dsn names a host, or the folder of a socket.
func (pg PostgresConfig) dsn(user, password string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Path: "/" + pg.DB}
	query, port := url.Values{"sslmode": {pg.SSLMode}}, strconv.Itoa(pg.Port)
	if strings.HasPrefix(pg.Host, "/") {
		query["host"], query["port"] = []string{pg.Host}, []string{port}
	} else {
		u.Host = net.JoinHostPort(pg.Host, port)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// ShutdownTimeout is the grace of a stopping server.
func (l LimitsConfig) ShutdownTimeout() time.Duration {
	return time.Duration(l.ShutdownTimeoutSec) * time.Second
}

// TracesWanted reports whether an exporter or its endpoint is configured.
func (t TelemetryConfig) TracesWanted() bool {
	return t.Exporter != "none" && (t.Exporter != "" || t.Endpoint != "" || t.TracesURL != "")
}

type problemList struct{ lines []string }

func (p *problemList) add(line string) { p.lines = append(p.lines, line) }

func (p *problemList) oneOf(name, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		p.add(fmt.Sprintf("%s is none of %s", name, strings.TrimPrefix(strings.Join(allowed, ", "), ", ")))
	}
}

func isPort(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n >= 0 && n <= 65535
}

func hasScheme(address string, schemes ...string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.Contains(schemes, u.Scheme) && (u.Host != "" || u.Path != "")
}
