package adapters

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"matcher/internal/shared/ports"
)

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
