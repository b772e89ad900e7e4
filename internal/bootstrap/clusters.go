package bootstrap

import (
	"bytes"
	"encoding/json"
	"errors"

	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

// errClusters quotes nothing: the text holds passwords.
var errClusters = errors.New("POSTGRES_CLUSTERS cannot be read")

// clusters reads POSTGRES_CLUSTERS.
func (pg PostgresConfig) clusters() (map[string]tenancy.ClusterSettings, error) {
	if pg.Clusters == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	var named map[string]struct {
		DSN         string `json:"dsn"`
		ReplicaDSN  string `json:"replicaDsn"`
		Connections int    `json:"connections"`
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(pg.Clusters)))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&named) != nil || decoder.More() {
		return nil, errClusters
	}
	clusters := make(map[string]tenancy.ClusterSettings, len(named))
	for name, one := range named {
		if name == "" || one.DSN == "" || one.Connections < 0 {
			return nil, errClusters
		}
		clusters[name] = tenancy.ClusterSettings{DSN: one.DSN, ReplicaDSN: one.ReplicaDSN, MaxConnections: one.Connections}
	}
	return clusters, nil
}
