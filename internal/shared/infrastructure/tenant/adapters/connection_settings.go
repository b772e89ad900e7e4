package adapters

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/metric"

	"matcher/internal/shared/ports"
)

// ConnectionSettings is how the application reaches its databases. The zero value of each field but DSN and Database
// is its default.
type ConnectionSettings struct {
	DSN        string // the application role's; its database is replaced by the one asked for
	Database   string // the installation's own: where tenants live whose configuration names none
	ReplicaDSN string // a streaming replica of DSN's server; "" is none
	// Clusters are further servers, by the name that a tenant's configuration has for them.
	Clusters map[string]ClusterSettings

	MaxConnections    int           // of one database's pool; 20
	TenantConnections int           // a tenant's share of them unless its configuration has another; 8
	MaxPools          int           // soft cap on databases with an open pool; 100
	IdleTimeout       time.Duration // after which an unused pool is closed; 5 min
	AcquireTimeout    time.Duration // that a caller waits for a connection; 10 s
	ConnectTimeout    time.Duration // a server has to answer a connection, and its first statement; 5 s
	StatementTimeout  time.Duration // 5 min: one COPY of a large file is one statement
	IdleInTransaction time.Duration // 1 min: between two statements no code of ours takes long

	WithoutRoles bool // the roles could not be made: schemas are the only wall
	Tracer       pgx.QueryTracer
	Meter        metric.MeterProvider // nil is the process's

	generation int64 // rises with each Reconfigure
}

// Defaults of ConnectionSettings.
const (
	defaultMaxConnections    = 20
	defaultTenantConnections = 8
	defaultMaxPools          = 100
	defaultIdleTimeout       = 5 * time.Minute
	defaultAcquireTimeout    = 10 * time.Second
	defaultConnectTimeout    = 5 * time.Second
	defaultStatementTimeout  = 5 * time.Minute
	defaultIdleInTransaction = time.Minute

	// A backend keeps about 0.44 MB for every tenant it has touched: 100 tenants or half an hour end a connection.
	maxTenantsPerConnection = 100
	maxConnectionLifetime   = 30 * time.Minute
	connectionLifeJitter    = 5 * time.Minute
	// Workers, listener and maintenance of one job client.
	workConnections    = 8
	controlConnections = 4
	// keepAlive finds a dead host behind a silent connection.
	keepAlive = 15 * time.Second
	// homePath is the search path of every connection between two transactions: no tenant's schema.
	homePath = "pg_catalog"
)

func (s ConnectionSettings) withDefaults() ConnectionSettings {
	s.MaxConnections = cmp.Or(s.MaxConnections, defaultMaxConnections)
	s.TenantConnections = min(cmp.Or(s.TenantConnections, defaultTenantConnections), s.MaxConnections)
	s.MaxPools = cmp.Or(s.MaxPools, defaultMaxPools)
	s.IdleTimeout = cmp.Or(s.IdleTimeout, defaultIdleTimeout)
	s.AcquireTimeout = cmp.Or(s.AcquireTimeout, defaultAcquireTimeout)
	s.ConnectTimeout = cmp.Or(s.ConnectTimeout, defaultConnectTimeout)
	s.StatementTimeout = cmp.Or(s.StatementTimeout, defaultStatementTimeout)
	s.IdleInTransaction = cmp.Or(s.IdleInTransaction, defaultIdleInTransaction)
	return s
}

// check finds faults that the first lease would find otherwise.
func (s ConnectionSettings) check() error {
	if s.DSN == "" || s.Database == "" {
		return errors.New("the connection manager needs a DSN and a database name")
	}
	s = s.withDefaults()
	dsns := []string{s.DSN, s.ReplicaDSN}
	for _, cluster := range s.Clusters {
		if cluster.DSN == "" {
			return errors.New("a cluster has no DSN")
		}
		dsns = append(dsns, cluster.DSN, cluster.ReplicaDSN)
	}
	for _, dsn := range dsns {
		if _, err := s.configFor(poolTarget{dsn: dsn, connections: s.MaxConnections}); err != nil {
			return err
		}
	}
	return nil
}

// ownTarget returns a database on the installation's own server.
func (s ConnectionSettings) ownTarget(database string) poolTarget {
	return poolTarget{dsn: s.DSN, database: cmp.Or(database, s.Database), connections: s.MaxConnections}
}

// configFor configures connections whose path has no schema but the catalog, so that a statement outside db.Tx finds no
// table.
func (s ConnectionSettings) configFor(target poolTarget) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(target.dsn)
	if err != nil {
		return nil, errors.New("the application's DSN cannot be read") // its text holds a password
	}
	config.ConnConfig.Database = cmp.Or(target.database, config.ConnConfig.Database)
	config.ConnConfig.Tracer = s.Tracer
	config.ConnConfig.ConnectTimeout = s.ConnectTimeout
	config.ConnConfig.DialFunc = (&net.Dialer{KeepAlive: keepAlive, Timeout: s.ConnectTimeout}).DialContext
	params := config.ConnConfig.RuntimeParams
	params["search_path"] = homePath
	params["statement_timeout"] = milliseconds(s.StatementTimeout)
	params["idle_in_transaction_session_timeout"] = milliseconds(s.IdleInTransaction)
	params["application_name"] = cmp.Or(params["application_name"], "matcher")
	config.MaxConns = int32(target.connections)
	config.MinConns = 0
	config.MaxConnLifetime = maxConnectionLifetime
	config.MaxConnLifetimeJitter = connectionLifeJitter
	return config, nil
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// OpenRolePool opens a pool whose every connection has taken one of the application's roles from its start: the control
// role for the registry, the worker role for the job queue.
func OpenRolePool(ctx context.Context, settings ConnectionSettings, database, role string) (*pgxpool.Pool, error) {
	settings = settings.withDefaults()
	config, err := settings.rolePool(settings.ownTarget(database), role)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the pool of %s: %w", role, err)
	}
	return pool, nil
}

func (s ConnectionSettings) rolePool(target poolTarget, role string) (*pgxpool.Config, error) {
	config, err := s.configFor(target)
	if err != nil {
		return nil, err
	}
	config.MaxConns = workConnections
	if role == RoleControl {
		config.MaxConns = controlConnections
	}
	if !s.WithoutRoles {
		config.ConnConfig.RuntimeParams["role"] = role
	}
	return config, nil
}

// connectionError turns the loss of the database into recon.Unavailable and leaves any other error as it is.
func connectionError(err error) error {
	var connectErr *pgconn.ConnectError
	var netErr *net.OpError
	if errors.As(err, &connectErr) || errors.As(err, &netErr) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.Join(unreachableNow(), err)
	}
	return err
}

const (
	maxDSN = 2048
	// maxDedicatedConnections is beyond what one server gives its clients.
	maxDedicatedConnections = 1000
)

// poolTarget is one database on one server, as the settings or a tenant's configuration describe it at the moment. Two
// that differ in anything but their version need two pools.
type poolTarget struct {
	key         string // which database it is; stays when the way there changes
	dsn         string
	database    string // "" is the DSN's
	connections int
	version     int64 // of what describes it: an older description never replaces a newer
}

func (t poolTarget) same(other poolTarget) bool {
	other.version = t.version
	return t == other
}

// placementOf returns the database that holds a tenant's schema.
func (s *ConnectionSettings) placementOf(tenant *ports.TenantConfig) (poolTarget, error) {
	target, cluster := poolTarget{version: s.generation, connections: s.MaxConnections}, ClusterSettings{DSN: s.DSN}
	switch {
	case tenant.Dedicated.DSN != "":
		target.key, target.version = "tenant/"+tenant.TenantID, tenant.Version
		target.dsn = tenant.Dedicated.DSN.Reveal()
		target.database = tenant.Database
		target.connections = cmp.Or(tenant.Dedicated.Connections, s.MaxConnections)
		return target, nil
	case tenant.Cluster == "":
		target.database = cmp.Or(tenant.Database, s.Database)
	default:
		var known bool
		if cluster, known = s.Clusters[tenant.Cluster]; !known {
			return poolTarget{}, errors.Join(unreachableNow(),
				fmt.Errorf("the cluster %q of the tenant's configuration is not configured here", tenant.Cluster))
		}
		target.database, target.connections = tenant.Database, cmp.Or(cluster.MaxConnections, s.MaxConnections)
	}
	target.key, target.dsn = "cluster/"+tenant.Cluster+"/"+target.database, cluster.DSN
	return target, nil
}

// replicaOf returns the replica of a placement; false if it has none.
func (s *ConnectionSettings) replicaOf(tenant *ports.TenantConfig, primary poolTarget) (poolTarget, bool) {
	replica := primary
	replica.key = "replica/" + primary.key
	switch {
	case tenant.Dedicated.DSN != "":
		replica.dsn = tenant.Dedicated.ReplicaDSN.Reveal()
	case tenant.Cluster != "":
		replica.dsn = s.Clusters[tenant.Cluster].ReplicaDSN
	default:
		replica.dsn = s.ReplicaDSN
	}
	return replica, replica.dsn != ""
}

// shareOf returns how many connections of its pool a tenant may hold: all of a pool of its own.
func (s *ConnectionSettings) shareOf(tenant *ports.TenantConfig, target poolTarget) int {
	usual := s.TenantConnections
	if tenant.Dedicated.DSN != "" {
		usual = target.connections
	}
	return min(cmp.Or(tenant.Connections, usual), target.connections)
}

// checkPlacement refuses what cannot be a placement. Errors never quote it.
func checkPlacement(tenant *ports.TenantConfig) error {
	dedicated := tenant.Dedicated
	switch {
	case len(tenant.Cluster) > maxDatabaseName || strings.ContainsAny(tenant.Cluster, "/\x00"):
		return errors.New("its answer names a cluster that cannot be one")
	case dedicated.Connections < 0 || dedicated.Connections > maxDedicatedConnections:
		return errors.New("its answer has a pool size out of range")
	case dedicated.DSN == "" && dedicated.ReplicaDSN != "":
		return errors.New("its answer has a replica of no database")
	case !isServerURL(dedicated.DSN) || !isServerURL(dedicated.ReplicaDSN):
		return errors.New("its answer has an address of a database that cannot be one")
	default:
		return nil
	}
}

// isServerURL: nothing that reads this machine's files (sslkey, passfile, service, a socket) comes from outside.
func isServerURL(dsn ports.Secret) bool {
	if dsn == "" {
		return true
	}
	u, err := url.Parse(dsn.Reveal())
	if err != nil || len(dsn) > maxDSN || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Hostname() == "" {
		return false
	}
	settings, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return false
	}
	for name := range settings {
		if name != "sslmode" && name != "target_session_attrs" && name != "application_name" {
			return false
		}
	}
	return true
}

// InDatabase returns the DSN with another database: the path of a URL, or the last of key=value pairs.
func InDatabase(dsn, database string) string {
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return dsn + " dbname=" + database
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return dsn + " dbname=" + database // the driver reports what is wrong with it
	}
	query.Del("dbname")
	query.Del("database")
	u.Path, u.RawQuery = "/"+database, query.Encode()
	return u.String()
}

// DatabaseOf returns the database that a DSN names, "" if it cannot be read.
func DatabaseOf(dsn string) string {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return ""
	}
	return config.Database
}
